// STATUS on a node without the program of the configured backend: 50, and what is lacking; nothing else needs that program.
// SPDX-License-Identifier: Apache-2.0

import { realpathSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PluginConf } from '../../host/cli/run-conflist.ts';
import { has, sh, skip } from '../support/node.ts';
import { bridge, list, portmap } from './scenes.ts';
import { call } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (!has('iptables') || !has('nft')) skip('needs iptables and nft');

/** It says nothing, whatever is lacking. */
const referenceIsSilent = (plugin: PluginConf): void => {
  if (MISSING.includes('1.9.1')) return;
  const { exitCode, stdout } = call('1.9.1', 'STATUS', list(plugin), plugin, { id: '', netns: '', ifname: '' });
  assert.equal([exitCode, stdout], [0, ''], plugin.type);
};

const status = (plugin: PluginConf): { code: number; said: string } => {
  const { exitCode, stdout } = call('ours', 'STATUS', list(plugin), plugin, { id: '', netns: '', ifname: '' });
  return { code: stdout === '' ? exitCode : (JSON.parse(stdout) as { code: number }).code, said: stdout };
};

const BY = (backend: string): Record<string, PluginConf> => ({
  bridge: bridge({ ipMasq: true, ipMasqBackend: backend }), portmap: portmap({ backend }), firewall: { type: 'firewall', backend },
});

/** It is found where it was, and cannot be executed. Only this file's mount namespace sees that. */
const hide = (program: string): string => sh('mount', '--bind', '/dev/null', realpathSync(`/usr/sbin/${program}`));

test('all is well with both', () => {
  for (const plugin of [...Object.values(BY('iptables')), ...Object.values(BY('nftables')), CONDITIONS]) assert.equal(status(plugin), { code: 0, said: '' });
});

test('without iptables, what was told to use it is not available, and the rest is', () => {
  for (const program of ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore', 'iptables-save', 'ip6tables-save']) if (realpathSync(`/usr/sbin/${program}`) !== '/dev/null') hide(program);
  for (const [type, plugin] of Object.entries(BY('iptables'))) {
    const { code, said } = status(plugin);
    assert.is(code, 50, `${type}: ${said}`);
    assert.match(said, 'iptables');
    referenceIsSilent(plugin);
  }
  for (const [type, plugin] of Object.entries(BY('nftables'))) assert.equal(status(plugin), { code: 0, said: '' }, type);
});

const CONDITIONS = portmap({ backend: 'nftables', conditionsV4: ['ip', 'saddr', '198.51.100.0/24'] });

test('without nft, nf_tables serves as before: the kernel is spoken to directly', () => {
  hide('nft');
  for (const [type, plugin] of Object.entries(BY('nftables'))) assert.equal(status(plugin), { code: 0, said: '' }, type);
});

test('without nft, conditions in its language are not available', () => {
  const { code, said } = status(CONDITIONS);
  assert.is(code, 50, said);
  assert.match(said, 'nft not found in ');
  referenceIsSilent(CONDITIONS);
});

test.run();
