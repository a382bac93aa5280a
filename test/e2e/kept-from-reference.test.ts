// What others may depend on stays as it is: names, files, words and habits of the reference 1.9.1, each scene with the same outcome for both.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import { deleteNetns, inNetns, sh, skip } from '../support/node.ts';
import { bandwidth, bridge, list, nat, ok, portmap, ruleset, same } from './scenes.ts';
import { add, C1, call, check } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

const matches = (text: string, pattern: RegExp): string[] => [...new Set(text.match(pattern) ?? [])].sort();
const said = (stdout: string): unknown => JSON.parse(stdout) as unknown;
const only9 = { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' };
const LEASES = '/var/lib/cni/networks/blue';

same('the names of chains, and the hashes in them', (who) => {
  add(who, list(bridge({ ipMasq: true }), portmap()), C1);
  return matches(nat(), /(?<=^:)CNI-\S+/gm);
}, ['CNI-1e7c4cbd4f830a53cc84fc80', 'CNI-DN-1e7c4cbd4f830a53cc84f', 'CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-MASQ', 'CNI-HOSTPORT-SETMARK']);

same('the names of tables and chains of nf_tables', (who) => {
  add(who, list(bridge({ ipMasq: true, ipMasqBackend: 'nftables' }), portmap({ backend: 'nftables' })), C1);
  return matches(ruleset(), /^table \S+ \S+|chain \S+/gm);
}, [
  ...['hostip_hostports', 'hostports', 'hostports_all', 'masq_checks', 'masquerading', 'output', 'postrouting', 'prerouting'].map((name) => `chain ${name}`),
  'table inet cni_plugins_masquerade', 'table ip cni_hostport',
]);

for (const [what, portMappings, keys] of [
  ['without snat', [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], { snat: false }],
  ['for an address of one family', [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '198.51.100.9' }], {}],
] as const) {
  same(`the chains that nf_tables gets ${what}`, (who) => {
    const dual = { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] };
    const result = add(who, list(bridge({ ipam: dual })), C1);
    call(who, 'ADD', list(), portmap({ backend: 'nftables', capabilities: {}, ...keys }), C1, result, { runtimeConfig: { portMappings } });
    return matches(ruleset(), /^table \S+ \S+|chain \S+|hook \S+/gm);
  }, [
    ...['hostip_hostports', 'hostports', 'hostports_all', ...('snat' in keys ? [] : ['masquerading']), 'output', 'prerouting'].map((name) => `chain ${name}`),
    'hook output', ...('snat' in keys ? [] : ['hook postrouting']), 'hook prerouting', 'table ip cni_hostport', 'table ip6 cni_hostport',
  ]);
}

same('masqAll with nf_tables, which the reference ignores: what it made passes CHECK', (who) => {
  const chain = list(bridge(), portmap({ backend: 'nftables', masqAll: true }));
  return check(who, chain, C1, add('1.9.1', chain, C1));
}, {});

same('the spoof check of a container with a long id: what the reference made passes CHECK', (who) => {
  const chain = list(bridge({ macspoofchk: true }));
  const long = { ...C1, id: 'c'.repeat(200) };
  return check(who, chain, long, add('1.9.1', chain, long));
}, {});

same('the name of an ifb', (who) => {
  add(who, list(bridge(), bandwidth), C1);
  return matches(sh('ip', '-o', 'link'), /bwp[0-9a-f]+/g);
}, ['bwp1e7c4cbd4f83']);

same('the files of leases', (who) => {
  add(who, list(bridge()), C1);
  return Object.fromEntries(readdirSync(LEASES).sort().map((name) => [name, readFileSync(`${LEASES}/${name}`, 'utf8')]));
}, { '192.0.2.2': 'c1\r\neth0', 'last_reserved_ip.0': '192.0.2.2', 'lock': '' });

same('an error that has no code of its own is 999, in the words that go-cni looks for', (who) => {
  const chain = list(bridge());
  deleteNetns('c1');
  const gone = said(call(who, 'ADD', chain, chain.plugins[0]!, C1).stdout);
  return gone;
}, { code: 999, msg: 'failed to open netns "/run/netns/c1": failed to Statfs "/run/netns/c1": no such file or directory' });

same('an exhausted pool', (who) => {
  const chain = list(bridge({ ipam: only9 }));
  add(who, chain, C1);
  const { code, msg } = JSON.parse(call(who, 'ADD', chain, chain.plugins[0]!, { ...C1, id: 'c2', ifname: 'net1' }).stdout) as { code: number; msg: string };
  return { code, msg };
}, { code: 999, msg: 'failed to allocate for range 0: no IP addresses available in range set: 192.0.2.9-192.0.2.9' });

same('keys in any case', (who) => {
  add(who, list({ type: 'bridge', BRIDGE: 'br7', IsGateWAY: true, Ipam: { type: 'host-local', SUBNET: '192.0.2.0/24' } }), C1);
  return matches(sh('ip', '-o', 'addr', 'show', 'br7'), /192\.0\.2\.\d+\/24/g);
}, ['192.0.2.1/24']);

same('the bytes of an answer', (who) => {
  const chain = list({ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24', routes: [{ dst: '0.0.0.0/0' }] }, dns: { nameservers: ['192.0.2.53'] } });
  return call(who, 'ADD', chain, chain.plugins[0]!, C1).stdout;
}, `{
    "cniVersion": "1.1.0",
    "ips": [
        {
            "address": "192.0.2.2/24",
            "gateway": "192.0.2.1"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0"
        }
    ]
}`);

same('limits of the configuration are stronger than those of the runtime', (who) => {
  const result = add(who, list(bridge()), C1) as { interfaces: { name: string }[] };
  const chain = list({ ...bandwidth, ingressRate: 5e6, ingressBurst: 5e6 });
  call(who, 'ADD', chain, chain.plugins[0]!, C1, result);
  return matches(sh('tc', 'qdisc', 'show', 'dev', result.interfaces[1]!.name), /rate \S+/g);
}, ['rate 5Mbit']);

same('host-local always says a gateway', (who) => {
  const chain = list({ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } });
  return (said(call(who, 'ADD', chain, chain.plugins[0]!, C1).stdout) as { ips: { gateway?: string }[] }).ips.map(({ gateway }) => gateway);
}, ['192.0.2.1']);

same('the other plugins of a container are not in the way of a DEL that is repeated', (who) => {
  const chain = list(bridge());
  const result = add(who, chain, C1);
  const twice = [1, 2].map(() => ok(call(who, 'DEL', chain, chain.plugins[0]!, C1, result)));
  return { twice, lease: existsSync(`${LEASES}/192.0.2.2`), link: inNetns('c1', 'ip', 'link').includes('eth0') };
}, { twice: [true, true], lease: false, link: false });

test.run();
