// Rules as the reference tells them iptables, and as we say them.
// SPDX-License-Identifier: Apache-2.0

import type { Family, Rule } from '../../host/kernel/rule.ts';

const comment = 'dnat name: "blue" id: "c1"';
/** The reference's own commands and the rules we say instead. */
export const IPTABLES_CASES: [Family, string, Rule][] = [
  ['ip', '-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000', { match: [], action: { setMark: { value: 0x2000, mask: 0x2000 } }, comment: 'CNI portfwd masquerade mark' }],
  ['ip', '-m mark --mark 0x2000/0x2000 -j MASQUERADE', { match: [{ mark: { value: 0x2000, mask: 0x2000 } }], action: { masquerade: true } }],
  ['ip', '-m comment --comment "CNI portfwd requiring masquerade" -j OTHER-1', { match: [], action: { jump: 'OTHER-1' }, comment: 'CNI portfwd requiring masquerade' }],
  ['ip', '-m addrtype --dst-type LOCAL -j OTHER-1', { match: [{ dstType: 'local' }], action: { jump: 'OTHER-1' } }],
  ['ip', '-p tcp --dport 8080 -s 10.1.0.5/24 -j OTHER-1', { match: [{ proto: 'tcp', dport: 8080 }, { saddr: '10.1.0.5/24' }], action: { jump: 'OTHER-1' } }],
  ['ip', '-p udp --dport 53 -d 192.0.2.1 -s 127.0.0.1 -j OTHER-1', { match: [{ saddr: '127.0.0.1' }, { daddr: '192.0.2.1' }, { proto: 'udp', dport: 53 }], action: { jump: 'OTHER-1' } }],
  ['ip', '-p tcp --dport 8080 -s 0.0.0.0/0 -j OTHER-1', { match: [{ saddr: '0.0.0.0/0' }, { proto: 'tcp', dport: 8080 }], action: { jump: 'OTHER-1' } }],
  ['ip', '-p tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80', { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: '10.1.0.5', port: 80 } } }],
  ['ip6', '-p sctp --dport 8080 -j DNAT --to-destination [fd00::5]:80', { match: [{ proto: 'sctp', dport: 8080 }], action: { dnat: { to: 'fd00::5', port: 80 } } }],
  ['ip6', '-j DNAT --to-destination fd00::5', { match: [], action: { dnat: { to: 'fd00::5' } } }],
  ['ip', `-m comment --comment ${JSON.stringify(comment)} -m multiport -p tcp --destination-ports 80,443 -j OTHER-1`, { match: [{ proto: 'tcp', dports: [80, 443] }], action: { jump: 'OTHER-1' }, comment }],
  ['ip', '-d 10.1.0.5/24 -j ACCEPT -m comment --comment "name: \\"blue\\" id: \\"c1\\""', { match: [{ daddr: '10.1.0.0/24' }], action: { verdict: 'accept' }, comment: 'name: "blue" id: "c1"' }],
  ['ip', '! -d 224.0.0.0/4 -j MASQUERADE -m comment --comment x', { match: [{ daddr: '224.0.0.0/4', not: true }], action: { masquerade: true }, comment: 'x' }],
  ['ip6', '! -d ff00::/8 -j MASQUERADE', { match: [{ daddr: 'ff00::/8', not: true }], action: { masquerade: true } }],
  ['ip', '! -p tcp -g OTHER-1', { match: [{ proto: 'tcp', not: true }], action: { goto: 'OTHER-1' } }],
  ['ip', '-p udp ! --dport 80 -j RETURN', { match: [{ proto: 'udp', dport: 80, not: true }], action: { verdict: 'return' } }],
  ['ip', '-p udp -m multiport ! --dports 80,81 -j RETURN', { match: [{ proto: 'udp', dports: [80, 81], not: true }], action: { verdict: 'return' } }],
  ['ip', '-m addrtype ! --dst-type LOCAL -m mark ! --mark 5 -j ACCEPT', { match: [{ dstType: 'local', not: true }, { mark: { value: 5, mask: 0xffffffff }, not: true }], action: { verdict: 'accept' } }],
  ['ip', '-m comment --comment "a\\\\b \'c\' $(d) `e`" -j ACCEPT', { match: [], action: { verdict: 'accept' }, comment: 'a\\b \'c\' $(d) `e`' }],
  ['ip', '-m comment --comment -j -j ACCEPT', { match: [], action: { verdict: 'accept' }, comment: '-j' }],
  ['ip', '-d 10.1.0.5/32 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT', { match: [{ daddr: '10.1.0.5/32' }, { ctState: ['established', 'related'] }], action: { verdict: 'accept' } }],
  ['ip6', '-m conntrack ! --ctstate UNTRACKED,NEW,INVALID -j RETURN', { match: [{ ctState: ['new', 'invalid', 'untracked'], not: true }], action: { verdict: 'return' } }],
  ['ip', '-m comment --comment "CNI firewall plugin rules (ingressPolicy: same-bridge)" -p udp -i cni0 ! -o cni0 -j OTHER-1', {
    match: [{ proto: 'udp' }, { oif: 'cni0', not: true }, { iif: 'cni0' }], action: { jump: 'OTHER-1' }, comment: 'CNI firewall plugin rules (ingressPolicy: same-bridge)',
  }],
  ['ip6', '! -i eth0.1@x -s fd00::5 -j ACCEPT', { match: [{ saddr: 'fd00::5' }, { iif: 'eth0.1@x', not: true }], action: { verdict: 'accept' } }],
  ['ip6', '-p icmpv6 -j ACCEPT', { match: [{ proto: 'icmpv6' }], action: { verdict: 'accept' } }],
];
