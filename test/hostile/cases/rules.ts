// Packet filter rules: chains and tables of others, traffic to others' addresses, and words that would become rules of their own.
// SPDX-License-Identifier: Apache-2.0

import { hashesOf } from '../../../host/ledger/attachment-id.ts';
import { PAIR, VETH_GRANT, type Case } from '../case.ts';
import { RED, type Furnished } from '../node.ts';

const IPTABLES = { iptables: { nat: { chains: ['ACME-*'], jumpFrom: ['PREROUTING'] }, filter: { chains: ['ACME-*'], jumpFrom: ['FORWARD'] } } };
const NFT = { nft: ['inet acme', 'bridge nat acme-*', 'bridge nat PREROUTING jump'] };
const nat = (rules: object) => ['iptables.apply', { ns: 'host', family: 'ip', table: 'nat', ...rules }] as const;
const filter = (rules: object) => ['iptables.apply', { ns: 'host', family: 'ip', table: 'filter', ...rules }] as const;
const acme = (rules: object) => ['nft.apply', { ns: 'host', family: 'inet', table: 'acme', ...rules }] as const;
const accept = { match: [], action: { verdict: 'accept' } };
const apply = { code: 101, operation: 'iptables.apply' } as const;

export const rules = ({ neighbour }: Furnished): Case[] => [
  { name: 'empties a chain of kube-proxy', grants: IPTABLES, asks: [nat({ set: [{ chain: 'KUBE-SERVICES', rules: [] }] })], ...apply, says: /chain "KUBE-SERVICES"/, object: /^nat KUBE-SERVICES$/ },
  { name: 'deletes a chain of kube-proxy', grants: IPTABLES, asks: [filter({ drop: [{ chain: 'KUBE-FORWARD' }] })], ...apply, says: /chain "KUBE-FORWARD"/, object: /^filter KUBE-FORWARD$/ },
  { name: 'takes the jump to kube-proxy\'s chain away', grants: IPTABLES, asks: [nat({ remove: [{ chain: 'PREROUTING', jump: 'KUBE-SERVICES' }] })], ...apply, says: /no jump to an own chain/, object: /^nat PREROUTING$/ },
  { name: 'takes rules of others away by their comment', grants: IPTABLES, asks: [nat({ remove: [{ chain: 'PREROUTING', commentPrefix: 'CNI' }] })], ...apply, says: /no jump to an own chain/, object: /^nat PREROUTING$/ },
  { name: 'accepts all that is forwarded', grants: IPTABLES, asks: [filter({ add: [{ chain: 'FORWARD', rule: accept, at: 'start' }] })], ...apply, says: /no jump to an own chain/, object: /^filter FORWARD$/ },
  { name: 'jumps from a built-in chain it was not granted', grants: IPTABLES, asks: [filter({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'INPUT', rule: { match: [], action: { jump: 'ACME-A' } } }] })], ...apply, says: /chain "INPUT"/, object: /^filter INPUT$/ },
  { name: 'empties a built-in chain', grants: { iptables: { filter: { chains: ['*'], jumpFrom: ['FORWARD'] } } }, asks: [filter({ set: [{ chain: 'FORWARD', rules: [] }] })], ...apply, says: /chain "FORWARD"/, object: /^filter FORWARD$/ },
  { name: 'uses a table it was not granted', grants: IPTABLES, asks: [['iptables.apply', { ns: 'host', family: 'ip', table: 'mangle', chains: [{ name: 'ACME-A' }] }]], ...apply, says: /table "mangle"/, object: /^mangle$/ },
  { name: 'names a table that every object has', grants: IPTABLES, asks: [['iptables.apply', { ns: 'host', family: 'ip', table: 'constructor', chains: [{ name: 'ACME-A' }] }]], ...apply, says: /table "constructor"/, object: /^constructor$/ },
  { name: 'publishes a port to the other container', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: neighbour, port: 80 } } } }] })], ...apply, says: /no address of this attachment/, object: new RegExp(`^${neighbour}$`) },
  {
    name: 'empties the chain of another network\'s living container on GC', verb: 'GC', grants: { iptables: { nat: { chains: ['CNI-DN-{attachment:21}'], jumpFrom: [] } } },
    conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] }, asks: [nat({ set: [{ chain: `CNI-DN-${hashesOf(RED).attachment.slice(0, 21)}`, rules: [] }] })],
    ...apply, says: /chain "CNI-DN-/, object: /^nat CNI-DN-/,
  },
  {
    name: 'gives itself the address of somebody else, and then sends traffic there', grants: { ...VETH_GRANT, ...IPTABLES, addr: ['container'] },
    asks: [PAIR, ['addr.add', { link: 1, address: '198.51.100.2/32' }], nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: '198.51.100.2' } } } }] })],
    ...apply, says: /no address of this attachment/, object: /^198\.51\.100\.2$/,
  },
  { name: 'goes on in the chain that publishes another\'s port', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [], action: { jump: 'CNI-HOSTPORT-DNAT' } } }] })], ...apply, says: /jump to "CNI-HOSTPORT-DNAT"/, object: /^nat CNI-HOSTPORT-DNAT$/ },
  { name: 'hides such a jump in the content of a chain', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], set: [{ chain: 'ACME-A', rules: [{ match: [], action: { goto: 'KUBE-SERVICES' } }] }] })], ...apply, says: /jump to "KUBE-SERVICES"/, object: /^nat KUBE-SERVICES$/ },
  { name: 'ends a line of iptables-restore in a chain\'s name', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A\n-F KUBE-SERVICES' }] })], code: 999, says: /must be 1 to 28 signs/, operation: 'iptables.apply', object: /KUBE-SERVICES/ },
  { name: 'puts options into a chain\'s name', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A -j DNAT --to', rule: accept }] })], code: 999, says: /must be 1 to 28 signs/, operation: 'iptables.apply', object: /--to/ },
  { name: 'ends a line of iptables-restore in a comment', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { ...accept, comment: 'a"\nCOMMIT\n*filter\n-F FORWARD\nCOMMIT' } }] })], code: 999, says: /control characters/, operation: 'iptables.apply', object: /-F FORWARD/ },
  { name: 'ends a quotation in a comment', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { ...accept, comment: 'x" -j ACCEPT -m comment --comment "' } }] }), nat({ set: [{ chain: 'KUBE-SERVICES', rules: [] }] })], ...apply, says: /chain "KUBE-SERVICES"/, object: /^nat KUBE-SERVICES$/ },
  { name: 'puts options into the name of an interface', grants: IPTABLES, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [{ iif: 'a -j ACCEPT' }], action: { verdict: 'return' } } }] })], code: 999, says: /interface|iif/, operation: 'iptables.apply', object: /ACCEPT/ },
  { name: 'uses words of iptables that the operator did not write', grants: { ...IPTABLES, rawMatch: ['conditionsV4'] }, conf: { conditionsV4: ['-m', 'mark'] }, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [{ raw: ['-j', 'DNAT'] }], action: { verdict: 'return' } } }] })], ...apply, says: /not those of a key of the configuration/, object: /^-j DNAT$/ },
  { name: 'uses words that the operator wrote under another key', grants: { ...IPTABLES, rawMatch: ['conditionsV4'] }, conf: { args: ['-m', 'mark'] }, asks: [nat({ chains: [{ name: 'ACME-A' }], add: [{ chain: 'ACME-A', rule: { match: [{ raw: ['-m', 'mark'] }], action: { verdict: 'return' } } }] })], ...apply, says: /not those of a key/, object: /^-m mark$/ },
  { name: 'changes the operator\'s nft table', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'inet', table: 'operator', set: [{ chain: 'office', rules: [] }] }]], code: 101, says: /table "inet operator"/, operation: 'nft.apply', object: /^inet operator$/ },
  { name: 'reads the operator\'s nft table', grants: NFT, asks: [['nft.list', { ns: 'host', family: 'inet', table: 'operator' }]], code: 101, says: /table "inet operator"/, operation: 'nft.list', object: /^inet operator$/ },
  { name: 'asks whether a rule is in the operator\'s nft table', grants: NFT, asks: [['nft.check', { ns: 'host', family: 'inet', table: 'operator', add: [{ chain: 'office', rule: accept }] }]], code: 101, says: /table "inet operator"/, operation: 'nft.check', object: /^inet operator$/ },
  { name: 'reaches iptables\' own rules by nft', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'ip', table: 'nat', drop: [{ chain: 'KUBE-SERVICES' }] }]], code: 101, says: /table "ip nat"/, operation: 'nft.apply', object: /^ip nat$/ },
  { name: 'empties a base chain that others use too', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'bridge', table: 'nat', drop: [{ chain: 'PREROUTING' }] }]], code: 101, says: /chain "PREROUTING"/, operation: 'nft.apply', object: /^bridge nat PREROUTING$/ },
  { name: 'drops in a base chain that others use too', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'bridge', table: 'nat', chains: [{ name: 'PREROUTING', hook: { type: 'filter', hook: 'prerouting', priority: -300 } }], add: [{ chain: 'PREROUTING', rule: { match: [], action: { verdict: 'drop' } } }] }]], code: 101, says: /no jump to an own chain/, operation: 'nft.apply', object: /^bridge nat PREROUTING$/ },
  { name: 'hooks its own chain of a table of others before everything', grants: { nft: ['inet operator acme-*'] }, asks: [['nft.apply', { ns: 'host', family: 'inet', table: 'operator', chains: [{ name: 'acme-x', hook: { type: 'filter', hook: 'input', priority: -1000 } }], add: [{ chain: 'acme-x', rule: { match: [], action: { verdict: 'drop' } } }] }]], code: 101, says: /a hook for chain "acme-x"/, operation: 'nft.apply', object: /^inet operator acme-x$/ },
  { name: 'hooks its own chain beside the base chain that it may jump from', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'bridge', table: 'nat', chains: [{ name: 'acme-a', hook: { type: 'filter', hook: 'input', priority: -1000 } }], set: [{ chain: 'acme-a', rules: [{ match: [], action: { verdict: 'drop' } }] }] }]], code: 101, says: /a hook for chain "acme-a"/, operation: 'nft.apply', object: /^bridge nat acme-a$/ },
  { name: 'makes a base chain that others use with another hook, so that theirs see nothing', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'bridge', table: 'nat', chains: [{ name: 'PREROUTING', life: 'network', hook: { type: 'filter', hook: 'output', priority: -300 } }] }]], code: 101, says: /"PREROUTING" in table "bridge nat" with the hook "output", which is not that of its name/, operation: 'nft.apply', object: /^bridge nat PREROUTING$/ },
  { name: 'makes a base chain that others use without a hook', grants: NFT, asks: [['nft.apply', { ns: 'host', family: 'bridge', table: 'nat', chains: [{ name: 'PREROUTING', life: 'network' }] }]], code: 101, says: /with no hook/, operation: 'nft.apply', object: /^bridge nat PREROUTING$/ },
  { name: 'sends traffic to another\'s address from its own nft table', grants: NFT, asks: [acme({ chains: [{ name: 'in', hook: { type: 'nat', hook: 'prerouting', priority: -100 } }], add: [{ chain: 'in', rule: { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: '198.51.100.2', port: 22 } } } }] })], code: 101, says: /no address of this attachment/, operation: 'nft.apply', object: /^198\.51\.100\.2$/ },
  { name: 'writes a table\'s name that is a line of its own', grants: { nft: ['inet acme*'] }, asks: [['nft.apply', { ns: 'host', family: 'inet', table: 'acme; flush ruleset', chains: [{ name: 'a' }] }]], code: 999, says: /table|name/, operation: 'nft.apply', object: /flush ruleset/ },
  { name: 'binds another\'s address to a zone of firewalld', grants: { firewalld: ['trusted'] }, asks: [['firewalld.add', { zone: 'trusted', sources: ['0.0.0.0/0'] }]], code: 101, says: /no address of this attachment/, operation: 'firewalld.add', object: /^0\.0\.0\.0\/0$/ },
  { name: 'names a zone of firewalld that it was not granted', grants: { firewalld: ['trusted'] }, asks: [['firewalld.query', { zone: 'public; reboot', sources: [] }]], code: 101, says: /zone "public; reboot"/, operation: 'firewalld.query', object: /^public; reboot$/ },
];
