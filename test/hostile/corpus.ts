// Plays cases on one furnished node: all modules are put in place first, so that one dump holds for all of them.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Target } from '../../host/cli/run-conflist.ts';
import { blobPath, digestOf } from '../../host/selection/find-module.ts';
import { differing } from '../support/differing.ts';
import { BIN, has, skip } from '../support/node.ts';
import { moduleOf, type Case, type Installed } from './case.ts';
import { dump, furnish, settled, type Furnished } from './node.ts';

const LOG = '/run/audit.log';
const STATE = '/var/lib/cni-wasm';

interface Placed extends Installed { one: Case }

export function play(casesOf: (node: Furnished) => readonly Case[]): void {
  for (const program of ['nft', 'iptables', 'conntrack']) if (!has(program)) skip(`needs ${program}`);
  const placed = putInPlace(casesOf(furnish()));
  const before = settled();
  for (const each of placed) {
    test(each.one.name, () => {
      rmSync(LOG, { force: true });
      each.one.before?.(each);
      const { exitCode, stdout, stderr } = call(each);
      each.one.after?.(each);
      same(before, dump());
      assert.is(stderr, '');
      assert.is(exitCode, each.one.code === 0 ? 0 : 1, `it got through: ${stdout}`);
      if (each.one.code !== 0) isError(each.one, stdout);
      inAudit(each);
    });
  }
  test.run();
}

function isError({ code, says }: Case, stdout: string): void {
  const error = JSON.parse(stdout) as { code: number; msg: string; details?: string };
  assert.is(error.code, code, stdout);
  assert.match(`${error.msg}\n${error.details ?? ''}`, says);
}

/** As an operator would have done it, without asking what they are. */
function putInPlace(cases: readonly Case[]): Placed[] {
  const placed = cases.map((one, i) => {
    const name = `hostile-${i}`;
    const bytes = moduleOf(one, name);
    const digest = digestOf(bytes);
    const blob = blobPath(STATE, digest);
    mkdirSync(dirname(blob), { recursive: true });
    writeFileSync(blob, bytes);
    return { name, blob, digest, one };
  });
  mkdirSync('/etc/cni/wasm', { recursive: true });
  writeFileSync('/etc/cni/wasm/modules.lock', JSON.stringify(Object.fromEntries(placed.map(({ name, digest }) => [name, { digest }]))));
  const modules = Object.fromEntries(placed.map(({ digest, one }) => [digest, { grants: one.grants ?? {}, limits: one.limits ?? {} }]));
  writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, modules }));
  return placed;
}

function call({ name, one: { verb = 'ADD', conf = {} } }: Placed) {
  const target: Target = {
    containerId: 'c1', netns: '/run/netns/c1', ifname: 'eth0', path: [BIN, '/run/programs'],
    env: { CNI_WASM_LOG_FILE: LOG, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  };
  return execute('cni-wasm', verb, target, JSON.stringify({ cniVersion: '1.1.0', name: 'blue', type: 'cni-wasm', module: name, ...conf }).replaceAll('SELF', name));
}

interface AuditLine { module?: string; verb?: string; attachment?: object; operation?: string; object?: string }

function inAudit({ name, one: { verb = 'ADD', operation, object } }: Placed): void {
  if (operation === undefined || object === undefined) return;
  const lines = existsSync(LOG) ? readFileSync(LOG, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as AuditLine) : [];
  const found = lines.some((line) => line.module === name && line.verb === verb && line.attachment !== undefined && line.operation === operation && object.test(line.object ?? ''));
  assert.ok(found, `no line of ${name}, ${operation} and ${object} in\n${lines.map((line) => JSON.stringify(line)).join('\n')}`);
}

function same(before: string, after: string): void {
  assert.is(after, before, `the node is not as it was:\n${differing(before, after).slice(0, 40).join('\n')}`);
}
