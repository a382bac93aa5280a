// GC by us on a node where the reference ran before: it frees what is not listed, whoever made it, and nothing of another network.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Conflist } from '../../host/cli/run-conflist.ts';
import { deleteNetns, files, sh, skip } from '../support/node.ts';
import { add, call, del, fresh, must, nodePicture, type Container } from './switch-node.ts';
import { casesFor, listOf, MISSING, REFERENCES } from './switch-table.ts';

if (MISSING.length > 0) skip(`no reference plugins ${MISSING.join(' and ')}`);

const container = (id: string): Container => ({ id, netns: `/run/netns/${id}`, ifname: 'eth0' });
const [one, two, other] = ['c1', 'c2', 'c3'].map(container) as [Container, Container, Container];
const listed = (...containers: Container[]): object[] => containers.map(({ id, ifname }) => ({ containerID: id, ifname }));

/** GC needs 1.1.0, whatever the attachments were made with. */
function gc(list: Conflist, attachments: Record<string, unknown>): void {
  for (const plugin of list.plugins) {
    must(call('ours', 'GC', { ...list, cniVersion: '1.1.0' }, plugin, { id: '', netns: '', ifname: '' }, undefined, attachments), `GC of ${plugin.type}`);
  }
}

const GREEN = { type: 'host-local', ranges: [[{ subnet: '198.51.100.0/24' }], [{ subnet: '2001:db8:1::/64' }]] };
/** Not port mappings of the reference's in nf_tables: their comment names a container and no network, so they are not known to be of this one. */
const COLLECTED = /^(everything, iptables|masqueraded by nftables|host-local alone)$/;
const rules = (): string => sh('nft', 'list', 'ruleset');

for (const version of REFERENCES) {
  for (const [what, chain] of casesFor(version).filter(([name]) => COLLECTED.test(name))) {
    const blue = listOf(version, chain);
    const green: Conflist = {
      ...listOf(version, { plugins: chain.plugins.map((plugin) => ({ ...plugin, ...(plugin.type === 'bridge' ? { bridge: 'cni1' } : {}), ...(plugin['ipam'] ? { ipam: GREEN } : {}) })) }), name: 'green',
    };

    test(`${version}, ${what}: absent, some, none`, () => {
      fresh('c1', 'c2', 'c3');
      for (const who of [version, 'ours'] as const) del(who, blue, one, add(who, blue, one));
      del(version, green, other, add(version, green, other));
      const empty = hosts(nodePicture());
      add(version, green, other);
      const withOther = hosts(nodePicture());
      const made = add(version, blue, two);
      add(version, blue, one);
      // The container goes and nobody tells the plugins.
      deleteNetns('c1');
      const full = nodePicture();

      gc(blue, {});
      assert.is(nodePicture(), full, 'an absent list is no list');
      gc(blue, { 'cni.dev/valid-attachments': listed(one, two) });
      assert.is(hosts(nodePicture()), hosts(full), 'both are valid');
      gc(blue, { 'cni.dev/attachments': listed(two) });
      assert.not.match(`${files('/var/lib/cni/networks').join('\n')}${rules()}`, /\bc1\b/);
      for (const id of ['c2', 'c3']) assert.match(files('/var/lib/cni/networks').join('\n'), id);
      del('ours', blue, two, made);
      assert.is(hosts(nodePicture()), withOther, 'only the listed one was left, and the other network');

      add(version, blue, two);
      deleteNetns('c2');
      gc(blue, { 'cni.dev/valid-attachments': null, 'cni.dev/attachments': null });
      assert.is(hosts(nodePicture()), withOther, 'null lists nobody');
      deleteNetns('c3');
      gc(green, { 'cni.dev/valid-attachments': [] });
      assert.is(hosts(nodePicture()), empty);
    });
  }
}

/** Without ifbs: GC takes those that nothing is redirected to any more, whoever made them. */
const hosts = (picture: string): string => picture.split('\n').filter((line) => !/\bbwp[0-9a-f]{12}\b/.test(line)).map((line) => line.trim()).join('\n');

test.run();
