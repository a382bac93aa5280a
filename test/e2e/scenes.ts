// Scenes that are played on the reference 1.9.1 and on ours, each on a fresh node.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer, Conflist, PluginConf } from '../../host/cli/run-conflist.ts';
import { files, sh } from '../support/node.ts';
import { fresh } from './switch-node.ts';

export const list = (...plugins: PluginConf[]): Conflist => ({ cniVersion: '1.1.0', name: 'blue', plugins });
export const pool = { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] };
export const bridge = (more: object = {}): PluginConf => ({ type: 'bridge', bridge: 'cni0', isGateway: true, ipam: pool, ...more });
export const portmap = (more: object = {}): PluginConf => ({ type: 'portmap', capabilities: { portMappings: true }, ...more });
export const bandwidth: PluginConf = { type: 'bandwidth', capabilities: { bandwidth: true } };

export const nat = (): string => sh('iptables-save', '-t', 'nat');
export const ruleset = (): string => sh('nft', 'list', 'ruleset');
export const leases = (): string => files('/var/lib/cni/networks').join('\n');
export const ok = (answer: Answer): boolean => answer.exitCode === 0;

/** `scene` on a fresh node for each; what it finds is compared with what we say of both. */
export function differs<T>(what: string, scene: (who: '1.9.1' | 'ours') => T, says: { reference: T; ours: T }): void {
  test(what, () => {
    for (const [who, expected] of [['1.9.1', says.reference], ['ours', says.ours]] as const) {
      fresh('c1');
      assert.equal(scene(who), expected, who);
    }
  });
}

/** What the reference does is what we do. */
export function same<T>(what: string, scene: (who: '1.9.1' | 'ours') => T, says: T): void {
  differs(what, scene, { reference: says, ours: says });
}
