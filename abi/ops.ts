// THE table of operations: every capability a module can import, its request, its answer, its right and its inverse.
// Host types, AssemblyScript bindings, JSON Schemas and the tables in abi/README.md are generated from here (build.mjs).
// SPDX-License-Identifier: Apache-2.0

import { handle, ifname, link, mtu, vlans } from './link-shapes.ts';
import { boolean, either, integer, list, nothing, object, oneWord, string, type Shape } from './shape.ts';

/** `read` never changes anything; `write` is journalled before it is made; `effect` changes only what heals by itself. */
export type Right = 'read' | 'write' | 'effect';

export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';

export interface Op {
  readonly domain: string;
  readonly name: string;
  readonly right: Right;
  /** What it does, in one sentence, for the reference page. */
  readonly does: string;
  readonly request: Shape;
  readonly answer: Shape;
  /** How the host takes it back; `none` for reads and pure effects. */
  readonly inverse: string;
  /** Those that may ask for it: only ADD has a journal, so that what makes something is for ADD alone. */
  readonly verbs: readonly Verb[];
}

export const ABI = 1;
/** What a module imports the functions from that are always there. */
export const ABI_MODULE = `cni:abi/${ABI}`;

// --- words that several operations share ---

const ns = oneWord('which of the two namespaces; "container" when absent', 'host', 'container');
const mac = string('hardware address, lower-case hex with colons', { pattern: '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' });
const ip = string('IPv4 or IPv6 address');
const cidr = string('address with prefix length, host bits kept');
const life = oneWord('"attachment" (default): goes with DEL; "network": stays until nobody of the network uses it', 'attachment', 'network');
const empty = object({});

const match = object({
  'saddr?': cidr, 'daddr?': cidr,
  'proto?': string('tcp, udp, sctp or another protocol name', { pattern: '^[a-z0-9-]{1,16}$' }),
  'dport?': integer('destination port', 1, 65535),
  'dports?': list(integer('destination port', 1, 65535), 'destination ports, at most 15 (xt_multiport)', 15),
  'dstType?': oneWord('address type of the destination in the FIB', 'local'),
  'mark?': object({ value: integer('mark', 0, 0xffffffff), mask: integer('mask', 0, 0xffffffff) }),
  'iif?': string('the interface the packet came in by, exactly this name', { maxLength: 15 }),
  'oif?': string('the interface it will leave by, exactly this name', { maxLength: 15 }),
  'ctState?': list(oneWord('state of its connection', 'invalid', 'established', 'related', 'new', 'untracked'), 'one of them must be', 5),
  'ethSaddr?': mac,
  'raw?': list(string('one word', { maxLength: 256 }), 'words of the backend itself, which the operator wrote (grant rawMatch); they end the matches of the rule', 64),
  'not?': boolean('inverts this match'),
}, 'exactly one criterion, and proto beside dport and dports; ethSaddr in family bridge alone, which knows iif, oif and mark besides');

const action = object({
  'verdict?': oneWord('a final verdict', 'accept', 'drop', 'return'),
  'jump?': string('chain to call', { maxLength: 255 }),
  'goto?': string('chain to continue in', { maxLength: 255 }),
  'masquerade?': boolean('source address of the outgoing interface'),
  'dnat?': object({ to: ip, 'port?': integer('new destination port', 1, 65535) }),
  'setMark?': object({ value: integer('mark', 0, 0xffffffff), mask: integer('mask', 0, 0xffffffff) }),
}, 'exactly one of them');

const rule = object({
  match: list(match, 'all of them must hold, in this order', 16),
  action,
  'comment?': string('shown in listings; the owner of the rule', { maxLength: 255 }),
});

/** One vocabulary for both backends; the host renders nf_tables messages or the input of one iptables-restore. */
const ruleSet = object({
  'ns?': ns,
  family: oneWord('inet and bridge only for nft', 'ip', 'ip6', 'inet', 'bridge'),
  table: string('table name', { maxLength: 64 }),
  'tableComment?': string('comment of the table when it is made (nft)', { maxLength: 127 }),
  'remove?': list(object({
    chain: string('chain', { maxLength: 255 }),
    'rule?': rule,
    'comment?': string('every rule with exactly this comment'),
    'commentPrefix?': string('every rule whose comment starts so'),
    'address?': string('every rule that names this address, as source, destination or where it sends to'),
    'except?': list(ip, 'addresses; no rule that names one of them'),
    'jump?': string('every rule that jumps there'),
  }), 'rules to take away; none found is fine'),
  'drop?': list(object({
    chain: string('chain to empty and delete', { maxLength: 255 }),
    'unreferenced?': boolean('only when no rule jumps there; else the jumps are removed too'),
  }), 'chains to take away; none found is fine'),
  'chains?': list(object({
    name: string('chain', { maxLength: 255 }),
    'hook?': object({
      type: oneWord('chain type', 'nat', 'filter', 'route'),
      hook: oneWord('netfilter hook', 'prerouting', 'input', 'forward', 'output', 'postrouting'),
      priority: integer('hook priority', -1000, 1000),
    }),
    'comment?': string('comment of the chain when it is made (nft)', { maxLength: 127 }),
    'life?': life,
  }), 'chains that must exist'),
  'set?': list(object({ chain: string('chain', { maxLength: 255 }), rules: list(rule, 'its whole content, in order') }),
    'chains whose content must be exactly this'),
  'add?': list(object({
    chain: string('chain', { maxLength: 255 }),
    rule,
    'at?': oneWord('"end" when absent', 'start', 'end'),
    'life?': life,
  }), 'rules that must be there once; an equal one is left where it is'),
}, 'remove, drop, chains, set, add, in this order, as one transaction');

const missing = object({ missing: list(object({ chain: string('chain'), 'rule?': string('the rule as text') }), 'what is not as asked') });
const usable = object({ usable: boolean('can be used on this node'), 'why?': string('why not') });
const rules = object({
  chains: list(object({
    name: string('chain'),
    rules: list(object({ text: string('the rule as a listing shows it', { maxLength: 4096 }), 'comment?': string('its comment') }), 'in order'),
  }), 'the chains of the table this module may see'),
});

const route = object({
  'ns?': ns, 'link?': handle, dst: cidr, 'gw?': ip, 'src?': ip,
  'table?': integer('routing table, main when absent', 0, 0xffffffff),
  'metric?': integer('priority; 0 and absent are the kernel\'s default for a new route, any for one to delete', 0, 0xffffffff),
  'scope?': integer('rtnetlink scope: 0 universe, 253 link, 254 host; when absent universe for a new route, any for one to delete', 0, 255),
  'mtu?': mtu, 'advmss?': integer('bytes', 0, 0xffff),
});

const policyRule = object({
  'ns?': ns, family: oneWord('address family', 'ip', 'ip6'), 'from?': cidr, 'to?': cidr,
  table: integer('routing table', 1, 0xffffffff), 'priority?': integer('preference', 0, 0xffffffff),
});
const neighbour = object({ link: handle, ip, mac });
const zoned = object({ zone: string('firewalld zone', { maxLength: 64 }), sources: list(cidr, 'addresses of the attachment, as prefixes of all their bits', 64) });
const storeKey = string('an entry\'s name', { pattern: '^[0-9a-z._:-]{1,128}$' });
const storeValue = string('up to 4096 bytes', { maxLength: 4096 });

const ALL: readonly Verb[] = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'];
/** What takes away. */
const TAKES: readonly Verb[] = ['ADD', 'DEL', 'GC'];
/** What sets something, and may set it back. */
const SETS: readonly Verb[] = ['ADD', 'DEL'];
/** What has no inverse: after it an ADD could not be taken back. */
const ENDS: readonly Verb[] = ['DEL', 'GC'];

const op = (domain: string, name: string, right: Right, does: string, request: Shape, answer: Shape, inverse = 'none', verbs = right === 'read' ? ALL : ['ADD' as const]): Op =>
  ({ domain, name, right, does, request, answer, inverse, verbs });

export const OPS: readonly Op[] = [
  op('link', 'get', 'read', 'Finds one link. Exactly one of name, link, and endOf (the other end of a veth; looked up in the other namespace).',
    object({ 'ns?': ns, 'name?': ifname, 'link?': handle, 'endOf?': handle, 'upWithinMs?': integer('with link: ms to wait for its operational state to become up; it is answered as it is then', 0, 30000),
      'vlans?': boolean('answer also the VLANs of a bridge port') }), link),
  op('link', 'list', 'read', 'Lists the links of the container, or those of the host that this module may see; with `master` its ports.',
    object({ 'ns?': ns, 'kind?': string('only this kind'), 'master?': handle }), object({ links: list(link, 'in index order') })),
  op('link', 'usable', 'read', 'Says whether the kernel can make links of a kind. Makes none.', object({ 'ns?': ns, kind: oneWord('link kind', 'veth', 'bridge', 'ifb') }), usable),
  op('link', 'create', 'write', 'Makes a link, or a veth pair across the two namespaces. An existing name is an error.',
    object({
      'ns?': ns, name: ifname, kind: oneWord('link kind', 'veth', 'bridge', 'ifb'),
      'mtu?': mtu, 'mac?': mac, 'txqlen?': integer('packets', 0, 0x7fffffff), 'up?': boolean('bring it up at once'), 'life?': life,
      'peer?': object({ ns: oneWord('the namespace of this end', 'host', 'container'), 'name?': ifname, 'mtu?': mtu, 'txqlen?': integer('packets', 0, 0x7fffffff) },
        'the other end of a veth; the host picks `veth` + 8 hex digits when it has no name'),
      'vlanFiltering?': boolean('bridge only'),
    }),
    object({ link: handle, 'peer?': handle }), 'delete the link by namespace and index'),
  op('link', 'set', 'write', 'Changes attributes of a link; absent ones stay. VLANs become exactly those given, and only on a port this attachment or this call made. DEL: only in the container.',
    object({
      link: handle, 'up?': boolean('administrative state'), 'mtu?': mtu, 'mac?': mac,
      'master?': either('the bridge it becomes a port of, by its handle; null takes it out of the one it is in', handle, nothing), 'promisc?': boolean('promiscuous mode'), 'allmulti?': boolean('all multicast'),
      'txqlen?': integer('packets', 0, 0xffffffff),
      'hairpin?': boolean('bridge port flag'), 'isolated?': boolean('bridge port flag'), 'vlans?': vlans,
    }), empty, 'set back what was read before', SETS),
  op('link', 'delete', 'write', 'Deletes a link this attachment owns.', object({ link: handle }), empty, 'none: made only on DEL and GC', ENDS),

  op('addr', 'list', 'read', 'Lists the addresses of a link.', object({ link: handle }),
    object({ addrs: list(object({ address: cidr, scope: integer('rtnetlink scope'), tentative: boolean('DAD is running'), dadFailed: boolean('DAD found a duplicate') }), 'IPv4 first') })),
  op('addr', 'add', 'write', 'Adds an address. An existing one is an error.', object({ link: handle, address: cidr, 'life?': life }), empty, 'delete the address'),
  op('addr', 'delete', 'write', 'Takes an address away.', object({ link: handle, address: cidr }), empty, 'add the address', TAKES),
  op('addr', 'await', 'read', 'Waits until no IPv6 address of the link is tentative.',
    object({ link: handle, timeoutMs: integer('ms', 0, 30000) }),
    object({ settled: boolean('false when time ran out'), 'failed?': ip })),

  op('route', 'list', 'read', 'Lists the routes of a namespace; with `to` the one that the kernel takes there, or none.', object({ 'ns?': ns, 'link?': handle, 'to?': ip }),
    object({ routes: list(object({ dst: cidr, 'gw?': ip, 'src?': ip, 'index?': integer('interface index'), table: integer('table'), metric: integer('priority'), scope: integer('scope') }), 'IPv4 first') })),
  op('route', 'add', 'write', 'Adds a route; without link the kernel finds the interface by the gateway.', route, empty, 'delete the route'),
  op('route', 'delete', 'write', 'Takes a route away.', route, empty, 'add the route', TAKES),

  op('rule', 'list', 'read', 'Lists the routing policy rules.', object({ 'ns?': ns, family: oneWord('address family', 'ip', 'ip6') }),
    object({ rules: list(object({ priority: integer('preference'), table: integer('table'), 'from?': cidr, 'to?': cidr }), 'by priority') })),
  op('rule', 'add', 'write', 'Adds a routing policy rule.', policyRule, empty, 'delete the rule'),
  op('rule', 'delete', 'write', 'Takes a routing policy rule away.', policyRule, empty, 'add the rule', TAKES),

  op('neigh', 'list', 'read', 'Lists the neighbours of a link.', object({ link: handle }), object({ neighbours: list(object({ ip, 'mac?': mac, state: integer('NUD_* state') }), 'IPv4 first') })),
  op('neigh', 'add', 'write', 'Adds a permanent neighbour.', neighbour, empty, 'delete the neighbour'),
  op('neigh', 'delete', 'write', 'Takes a neighbour away.', neighbour, empty, 'add the neighbour', TAKES),

  op('nft', 'usable', 'read', 'Says whether nf_tables can be used.', object({ 'ns?': ns, 'raw?': boolean('also for rules with words of nft\'s own language, which need the nft program') }), usable),
  op('nft', 'list', 'read', 'Lists the rules of a table.', object({ 'ns?': ns, family: oneWord('family', 'ip', 'ip6', 'inet', 'bridge'), table: string('table') }), rules),
  op('nft', 'check', 'read', 'Says what of a rule set is not there as asked.', ruleSet, missing),
  op('nft', 'apply', 'write', 'Makes the table as asked in one transaction, written as one netlink batch. DEL, GC: only `remove` and `drop`.', ruleSet, empty, 'the opposite rule set', TAKES),

  op('iptables', 'usable', 'read', 'Says whether iptables (or ip6tables) can be used.',
    object({ 'ns?': ns, family: oneWord('family', 'ip', 'ip6'), 'table?': string('the table that will be used; nat when absent', { maxLength: 64 }) }), usable),
  op('iptables', 'list', 'read', 'Lists the rules of a table.', object({ 'ns?': ns, family: oneWord('family', 'ip', 'ip6'), table: string('table') }), rules),
  op('iptables', 'check', 'read', 'Says what of a rule set is not there as asked.', ruleSet, missing),
  op('iptables', 'apply', 'write', 'Makes the table as asked in one transaction, as one iptables-restore would. DEL, GC: only `remove` and `drop`.', ruleSet, empty, 'the opposite rule set', TAKES),

  op('tc', 'list', 'read', 'Lists the qdiscs and filters of a link.', object({ link: handle }),
    object({
      qdiscs: list(object({
        kind: string('tbf, ingress, htb, …'), handle: string('major:minor'), parent: string('major:minor, root or ingress'),
        'rate?': integer('bytes/s'), 'limit?': integer('bytes'), 'bufferUs?': integer('µs'),
      }), 'as the kernel lists them'),
      filters: list(object({ kind: string('u32, …'), parent: string('major:minor'), 'redirect?': integer('interface index packets are redirected to') }), 'as the kernel lists them'),
    })),
  op('tc', 'sources', 'read', 'Says which links of the same namespace have filters that redirect to this one.', object({ link: handle }),
    object({ links: list(object({ name: ifname, index: integer('interface index') }), 'in index order') })),
  op('tc', 'qdisc', 'write', 'Adds a qdisc. An existing one at that place is an error.',
    object({
      link: handle, kind: oneWord('qdisc', 'tbf', 'ingress', 'htb'),
      'rate?': integer('tbf: bytes/s', 1), 'limit?': integer('tbf: bytes of queue', 0, 0xffffffff), 'bufferUs?': integer('tbf: burst in µs at this rate', 0, 0xffffffff),
      'defaultClass?': integer('htb: minor of the class for unclassified packets; 0, which is none, when absent', 0, 0xffff),
    }), empty, 'delete the qdisc'),
  op('tc', 'class', 'write', 'Adds an htb class below the root qdisc.',
    object({ link: handle, minor: integer('class minor', 1, 0xffff), rate: integer('bytes/s', 1), 'ceil?': integer('bytes/s; rate when absent', 1), 'bufferUs?': integer('burst in µs at this rate; 0 when absent', 0, 0xffffffff) }), empty, 'delete the class'),
  op('tc', 'filter', 'write', 'Adds a u32 filter: everything, or one address range, redirected to a link or put into a class.',
    object({
      link: handle, parent: oneWord('qdisc it hangs on', 'ingress', 'root'), 'priority?': integer('preference; 1 when absent', 1, 0xffff),
      'src?': cidr, 'dst?': cidr, 'redirect?': handle, 'class?': integer('class minor; 1 when absent', 1, 0xffff),
    }), empty, 'delete the filter'),
  op('tc', 'delete', 'write', 'Takes a qdisc of a link that is this attachment\'s away, with all below it.', object({ link: handle, kind: oneWord('qdisc', 'tbf', 'ingress', 'htb') }), empty, 'none: made only on DEL and GC', ENDS),

  op('sysctl', 'get', 'read', 'Reads a sysctl below net. `{link}` in the key is the name of the link.',
    object({ 'ns?': ns, key: string('slash form, below net/'), 'link?': handle }), object({ 'value?': string('absent when the key does not exist') })),
  op('sysctl', 'usable', 'read', 'Says whether sysctls can be written, as they cannot where /proc/sys is mounted read-only. Writes none.', object({ 'ns?': ns }), usable),
  op('sysctl', 'set', 'write', 'Writes a sysctl below net. DEL: only in the container.',
    object({ 'ns?': ns, key: string('slash form, below net/'), 'link?': handle, value: string('value', { maxLength: 256 }) }), empty, 'write the previous value while the attachment is being undone', SETS),
  op('sysctl', 'allowed', 'read', 'Says whether every key, as the configuration writes it, fits a pattern of the node\'s allow-list; without that file all do.',
    object({ keys: list(string('a key'), 'as configured') }), object({ 'refused?': string('the first key that fits none'), patterns: list(string('a regular expression'), 'of the file') })),

  op('conntrack', 'flush', 'effect', 'Deletes the conntrack entries of original destination ports: `dport`, `dports` or both.',
    object({ family: oneWord('family', 'ip', 'ip6'), proto: oneWord('protocol', 'tcp', 'udp', 'sctp'), 'dport?': integer('original destination port', 1, 65535), 'dports?': list(integer('port', 1, 65535), 'looked for in one pass', 4096), 'daddr?': ip }),
    object({ 'deleted?': integer('entries, when the kernel says how many') }), 'none', TAKES),

  op('firewalld', 'query', 'read', 'Says whether firewalld runs, and which of these sources are bound to the zone. Never starts it.', zoned,
    object({ bus: boolean('the system bus answers'), running: boolean('its D-Bus name has an owner'), 'why?': string('why not'), bound: list(cidr, 'those of the sources that are bound to the zone', 64) })),
  op('firewalld', 'add', 'write', 'Binds sources to a zone, as far as they are not.', zoned, empty, 'take those out of the zone'),
  op('firewalld', 'remove', 'write', 'Takes sources out of a zone; without firewalld there is nothing to do.', zoned, empty, 'bind those that were bound', TAKES),

  op('store', 'get', 'read', 'Reads an entry of the network\'s store.', object({ key: storeKey }), object({ 'value?': storeValue, rev: integer('0 when absent') })),
  op('store', 'list', 'read', 'Lists entries, all or those with exactly this value. What does not fit into one message is asked for page by page.',
    object({ 'value?': storeValue, 'after?': string('the last key of the page before'), 'limit?': integer('entries', 1, 65536) }),
    object({ entries: list(object({ key: storeKey, value: storeValue }), 'by key', 65536) })),
  op('store', 'put', 'write', 'Writes an entry; with `rev` only if its revision is still that (0: only if it is absent).', object({ key: storeKey, value: storeValue, 'rev?': integer('revision read before') }), object({ rev: integer('new revision') }), 'write or delete as before'),
  op('store', 'delete', 'write', 'Deletes an entry, with `value` only if it holds that.', object({ key: storeKey, 'value?': storeValue }), empty, 'write the entry', TAKES),
  op('store', 'firstFree', 'read', 'First address without entry, from `start` through the ranges in turn and around once.',
    object({ ranges: list(object({ start: ip, end: ip, 'gateway?': ip }), 'in order; gateways are skipped', 256), 'after?': string('the address handed out last') }),
    object({ 'ip?': ip, 'range?': integer('index of its range') })),

  op('store', 'collect', 'write', 'Deletes the leases of attachments that GC does not list as valid; a lease\'s value is its container id, CR LF and interface, or the container id alone.', empty,
    object({ deleted: integer('entries') }), 'none: made only on GC', ['GC']),

  op('conf', 'file', 'read', 'Reads the text of a file: the one whose path the operator wrote in the configuration under this key, or one that the node has for plugins.',
    object({ key: oneWord('configuration key, or the file of the node', 'ipam.resolvConf', 'node.podCidr') }), object({ text: string('at most 64 KiB', { maxLength: 65536 }) })),

  op('delegate', 'call', 'write', 'Runs the configuration\'s IPAM plugin, in its own sandbox when it is ours, else the program on CNI_PATH.',
    object({ verb: oneWord('the verb that runs; no other', 'ADD', 'DEL', 'CHECK', 'STATUS', 'GC') }),
    object({ 'result?': object({}, 'a CNI result in 1.1.0 form') }), 'DEL of the delegate', ALL),
];
