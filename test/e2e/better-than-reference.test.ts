// Where we do better on purpose: each scenario is run on the reference 1.9.1, which must fail as we say it does, and on ours, which must not.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import { deleteNetns, inNetns, sh, skip } from '../support/node.ts';
import { bandwidth, bridge, differs, leases, list, nat, ok, pool, portmap, ruleset } from './scenes.ts';
import { add, C1, call, del, type Container } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

differs('1. two interfaces of a container share a masquerade chain: DEL of one leaves the other alone', (who) => {
  const chain = list(bridge({ ipMasq: true }));
  const [eth0, net1] = [C1, { ...C1, ifname: 'net1' }];
  const first = add(who, chain, eth0);
  add(who, chain, net1);
  const ended = ok(call(who, 'DEL', chain, chain.plugins[0]!, eth0, first));
  return { ended, masquerades: /MASQUERADE/.test(nat()) };
}, { reference: { ended: false, masquerades: false }, ours: { ended: true, masquerades: true } });

for (const [gone, netns] of [['is empty', ''], ['is gone', C1.netns]] as const) {
  differs(`2. DEL when the namespace ${gone} takes the masquerade rules away`, (who) => {
    const chain = list(bridge({ ipMasq: true }));
    const result = add(who, chain, C1);
    deleteNetns('c1');
    const left: Container = { ...C1, netns };
    return { ended: ok(call(who, 'DEL', chain, chain.plugins[0]!, left, result)), rules: /CNI-[0-9a-f]{24}/.test(nat()) };
  }, { reference: { ended: true, rules: true }, ours: { ended: true, rules: false } });
}

differs('3. an ADD that fails takes its links and its lease back', (who) => {
  const chain = list(bridge({ ipMasq: true, ipMasqBackend: 'ipfw' }));
  const failed = !ok(call(who, 'ADD', chain, chain.plugins[0]!, C1));
  return { failed, link: /eth0/.test(inNetns('c1', 'ip', 'link')), lease: /c1/.test(leases()) };
}, { reference: { failed: true, link: true, lease: false }, ours: { failed: true, link: false, lease: false } });

differs('3. an ingress qdisc of another plugin: the reference fails and leaves its ifb', (who) => {
  const chain = list(bridge(), bandwidth);
  const result = add(who, list(bridge()), C1) as { interfaces: { name: string }[] };
  // Somebody else polices the link.
  sh('tc', 'qdisc', 'add', 'dev', result.interfaces[1]!.name, 'ingress');
  const failed = !ok(call(who, 'ADD', chain, bandwidth, C1, result));
  return { failed, ifb: /bwp/.test(sh('ip', 'link')) };
}, { reference: { failed: true, ifb: true }, ours: { failed: false, ifb: true } });

differs('4. CHECK of a bridge without IPAM', (who) => {
  const chain = list(bridge({ isGateway: false, ipam: {} }));
  const result = add(who, chain, C1);
  return ok(call(who, 'CHECK', chain, chain.plugins[0]!, C1, result));
}, { reference: false, ours: true });

differs('5. bandwidth that is not chained says so', (who) => {
  const { exitCode, stdout } = call(who, 'ADD', list(bandwidth), { type: 'bandwidth' }, C1);
  return { exitCode, said: stdout.includes('must be called as chained plugin') };
}, { reference: { exitCode: 2, said: false }, ours: { exitCode: 1, said: true } });

differs('6. CHECK sees that the masquerade rules are gone', (who) => {
  const chain = list(bridge({ ipMasq: true }));
  const result = add(who, chain, C1);
  sh('iptables', '-t', 'nat', '-F', 'POSTROUTING');
  return ok(call(who, 'CHECK', chain, chain.plugins[0]!, C1, result));
}, { reference: true, ours: false });

differs('6. CHECK sees that nothing leads to the limit any more', (who) => {
  const chain = list(bridge(), bandwidth);
  const result = add(who, chain, C1) as { interfaces: { name: string }[] };
  const before = ok(call(who, 'CHECK', chain, bandwidth, C1, result));
  sh('tc', 'qdisc', 'delete', 'dev', result.interfaces[1]!.name, 'ingress');
  return { before, after: ok(call(who, 'CHECK', chain, bandwidth, C1, result)) };
}, { reference: { before: true, after: true }, ours: { before: true, after: false } });

differs('6. CHECK sees that no packet reaches the port mappings any more', (who) => {
  const chain = list(bridge(), portmap());
  const result = add(who, chain, C1);
  const before = ok(call(who, 'CHECK', chain, chain.plugins[1]!, C1, result));
  sh('iptables', '-t', 'nat', '-F', 'PREROUTING');
  return { before, after: ok(call(who, 'CHECK', chain, chain.plugins[1]!, C1, result)) };
}, { reference: { before: true, after: true }, ours: { before: true, after: false } });

differs('8. DEL of port mappings cleans the backend that ADD used, whatever the configuration says by now', (who) => {
  const chain = list(bridge(), portmap({ backend: 'nftables' }));
  const result = add(who, chain, C1);
  const ended = ok(call(who, 'DEL', chain, portmap({ backend: 'iptables' }), C1, result));
  return { ended, rules: /dnat to/.test(ruleset()) };
}, { reference: { ended: true, rules: true }, ours: { ended: true, rules: false } });

differs('8. a port above 65535 is refused before anything is changed', (who) => {
  const chain = list(bridge(), portmap());
  const result = add(who, list(bridge()), C1);
  const runtimeConfig = { portMappings: [{ hostPort: 70_000, containerPort: 80, protocol: 'tcp' }] };
  const failed = !ok(call(who, 'ADD', chain, { type: 'portmap', runtimeConfig }, C1, result));
  return { failed, chains: /CNI-HOSTPORT-DNAT/.test(nat()) };
}, { reference: { failed: true, chains: true }, ours: { failed: true, chains: false } });

differs('9. GC frees what is not listed', (who) => {
  const chain = list(bridge({ ipMasq: true }));
  add(who, chain, C1);
  deleteNetns('c1');
  const answer = call(who, 'GC', chain, chain.plugins[0]!, { id: '', netns: '', ifname: '' }, undefined, { 'cni.dev/valid-attachments': [] });
  return { done: ok(answer), lease: /c1/.test(leases()), rules: /CNI-[0-9a-f]{24}/.test(nat()) };
}, { reference: { done: true, lease: true, rules: true }, ours: { done: true, lease: false, rules: false } });

differs('9. STATUS says that the pool is exhausted', (who) => {
  const chain = list(bridge({ ipam: { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' } }));
  const ask = (): string => call(who, 'STATUS', chain, chain.plugins[0]!, { id: '', netns: '', ifname: '' }).stdout;
  const before = ask();
  add(who, chain, C1);
  return { before, after: /"code": 50,/.test(ask()) };
}, { reference: { before: '', after: false }, ours: { before: '', after: true } });

differs('10. a lease whose writer was killed is free', (who) => {
  const chain = list({ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' } });
  mkdirSync('/var/lib/cni/networks/blue', { recursive: true });
  writeFileSync('/var/lib/cni/networks/blue/192.0.2.9', '');
  return ok(call(who, 'ADD', chain, chain.plugins[0]!, C1));
}, { reference: false, ours: true });

differs('11. a route has the mtu and advmss it was configured with', (who) => {
  add(who, list(bridge({ ipam: { ...pool, routes: [{ dst: '203.0.113.0/24', mtu: 1300, advmss: 1200 }] } })), C1);
  return /203\.0\.113\.0\/24 .*mtu 1300.*advmss 1200/.test(inNetns('c1', 'ip', 'route'));
}, { reference: false, ours: true });

differs('12. the node as CNI_NETNS is refused before anything is made', (who) => {
  const chain = list(bridge({ isGateway: false, ipam: {} }));
  const { stdout } = call(who, 'ADD', chain, chain.plugins[0]!, { ...C1, netns: `/proc/${process.pid}/ns/net` });
  const found = { documents: stdout.split('}{').length, code8: /"code": 8,/.test(stdout), link: /\beth0\b/.test(sh('ip', 'link')) };
  spawnSync('ip', ['link', 'delete', 'eth0']);
  return found;
}, { reference: { documents: 2, code8: true, link: true }, ours: { documents: 1, code8: true, link: false } });

differs('13. addresses that do not settle are told in seconds', (who) => {
  const chain = list(bridge({ enabledad: true, ipam: { type: 'host-local', ranges: [[{ subnet: '2001:db8::/64' }]] } }));
  inNetns('c1', 'sysctl', '-q', 'net.ipv6.conf.default.dad_transmits=30');
  const { exitCode, stdout } = call(who, 'ADD', chain, chain.plugins[0]!, C1);
  return { exitCode, after: /still has tentative addresses after (\d+) seconds/.exec(stdout)?.[1] };
}, { reference: { exitCode: 1, after: '5000000000' }, ours: { exitCode: 1, after: '5' } });

differs('nf_tables masquerading ends without an error where iptables can be used, too', (who) => {
  const chain = list(bridge({ ipMasq: true, ipMasqBackend: 'nftables' }));
  const result = add(who, chain, C1);
  return { ended: ok(call(who, 'DEL', chain, chain.plugins[0]!, C1, result)), rules: /192\.0\.2\.2/.test(ruleset()) };
}, { reference: { ended: false, rules: false }, ours: { ended: true, rules: false } });

differs('a bridge that has lost its last port, and its hardware address with it, becomes a gateway', (who) => {
  const plain = list(bridge({ isGateway: false }));
  del(who, plain, C1, add(who, plain, C1));
  const chain = list(bridge());
  const addressed = !/00:00:00:00:00:00/.test(sh('ip', 'link', 'show', 'cni0'));
  return { addressed, attached: ok(call(who, 'ADD', chain, chain.plugins[0]!, C1)) };
}, { reference: { addressed: false, attached: false }, ours: { addressed: false, attached: true } });

test.run();
