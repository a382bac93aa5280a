// Messages of errors that say the same in other words, each for a reason. What the groups of both hold is one thing, and has to be the same.
// SPDX-License-Identifier: Apache-2.0

export interface Pair { why: string; reference: RegExp; ours: RegExp }

/** What Go calls them, and the kernel. */
const ERRNOS = {
  'file exists': 'EEXIST', 'invalid argument': 'EINVAL', 'network is unreachable': 'ENETUNREACH', 'no route to host': 'EHOSTUNREACH', 'cannot assign requested address': 'EADDRNOTAVAIL',
  'numerical result out of range': 'ERANGE', 'permission denied': 'EACCES', 'no such device': 'ENODEV', 'network is down': 'ENETDOWN', 'operation not supported': 'EOPNOTSUPP',
};

const KERNEL: readonly Pair[] = Object.entries(ERRNOS).flatMap(([words, errno]) => {
  const pair = (reference: string, ours: string): Pair => ({ why: 'what was asked for, and in its own words which bound was missed', reference: new RegExp(`^${reference}${words}$`), ours: new RegExp(`^${ours}.*\\b${errno}\\)?$`) });
  return [
    pair('(failed to add IP addr) \\{.* Address:\\{IP:(\\S+) .*\\} (to ".*"): ', '(failed to add IP addr) ([^/]+)/\\d+ (to "[^"]*"): '),
    pair("(failed to add route) '\\{(\\S+) [0-9a-f]+\\} (.*)': ", "(failed to add route) '([^/]+)/\\d+ ([^']*)': "),
    pair('(.*: )', '(.*: )(?:add|change|create) '),
    pair('', 'cannot set '),
  ];
});

export const PAIRS: readonly Pair[] = [
  ...KERNEL,
  { why: 'the host looks before it asks the kernel', reference: /^(.*: could not add ".*": )invalid argument$/, ours: /^(.*: could not add ".*": )link\.create: mtu must be \d+ to \d+, got -?\d+$/ },
  { why: 'the same', reference: /^invalid argument$/, ours: /^cannot set \w+ \S+ of "\w+": link\.set: \w+ must be / },
  { why: 'the same', reference: /^(failed to create bridge ".*": )could not add ".*": numerical result out of range$/, ours: /^(failed to create bridge ".*": )link\.get: name must be at most 15 bytes, got \d+$/ },
  { why: 'the same; and the length is that of the address, not of an IPv4 mask in it', reference: /^(.*: could not add IP address [^/]+)\/\d+( to ".*": )invalid argument$/, ours: /^(.*: could not add IP address [^/]+)\/\d+( to ".*": )read the address .* \(EINVAL\)$/ },
  { why: 'a route as people write it', reference: /^(failed to add route) '\{(\S+) [0-9a-f]+\} (.*)': (gateway, source, .*)$/, ours: /^(failed to add route) '([^/]+)\/\d+ ([^']*)': use .*: (gateway, source, .*) \(EINVAL\)$/ },
  { why: 'the same', reference: /^(Expected Route )\{Dst:\{IP:(\S+) .*( not found in routing table)$/, ours: /^(Expected Route )\{Dst:([^/]+)\/.*( not found in routing table)$/ },
  { why: 'a rule as iptables-save prints it', reference: /^(could not check ipv[46] dnat: rule ).*( in chain \S+ not found in table nat)$/, ours: /^(could not check ipv[46] dnat: rule ).*( in chain \S+ not found in table nat)$/ },
  { why: 'one call for all rules', reference: /^(unable to setup DNAT: )running .*: ip6?tables v\S+ \(nf_tables\): ([^\n]*)\nTry /, ours: /^(unable to setup DNAT: )change ip6?tables table nat: ip6?tables-restore v\S+ \(nf_tables\): ([^\n]*) \(EIPTABLES\)$/ },
  { why: 'the host reads them', reference: /^(unable to setup DNAT: )running .*/s, ours: /^(unable to setup DNAT: )write an iptables rule: condition ".*" is no match; / },
  { why: 'the configuration is read first', reference: /^must be called as chained plugin$|^create (?:ifb qdisc: create )?qdisc: invalid argument$/, ours: /^invalid rate: \d; / },
  { why: 'the same', reference: /^(container interface \w+ has no veth peer: )could not look up ("\w+"): Link not found$/, ours: /^(container interface \w+ has no veth peer: )link ("\w+") not found$/ },
  { why: "the order of Go's maps", reference: /^(failed to allocate all requested IPs: )/, ours: /^(failed to allocate all requested IPs: )/ },
  { why: 'there is no such peer', reference: /^(container veth name \("\w+"\)) peer provided \("veth"\) (already exists)$/, ours: /^(container veth name \("\w+"\)) (already exists)$/ },
  { why: 'which address', reference: /^(failed to make veth pair: )invalid argument$/, ours: /^(failed to make veth pair: )address \S+: invalid MAC address$/ },
  { why: 'which route, where there is no gateway', reference: /^(Failed to find Gateway )<nil>( for interface \w+)$/, ours: /^(Failed to find Gateway )\S+\/\d+( for interface \w+)$/ },
  { why: 'null is no value', reference: /^invalid CIDR address: $/, ours: /^invalid range set \d: IP <nil> not v4 nor v6$/ },
  { why: 'which link', reference: /^(.*: )file exists$/, ours: /^(.*: )link "bwp\w+" already exists$/ },
  { why: 'which sysctl, and where', reference: /^(.*: )open \/proc\/sys\/(\S+): no such file or directory$/, ours: /^(.*: )sysctl "(\S+)" does not exist in the \w+ namespace$/ },
  { why: 'what to do', reference: /^(failed to save file \w+\.json: )(?:open|mkdir) /, ours: /^(failed to save file \w+\.json: )(?:mkdir|store) / },
  { why: "structs are Go's; the key, and what stands there, are the same", reference: /^(.*json: cannot unmarshal \w+).* into Go struct field \S*?(\w+) of type /, ours: /^(.*json: cannot unmarshal \w+).* into Go struct field \S*?(\w+) of type / },
];

export function saysTheSame(...messages: readonly [their: string, own: string]): boolean {
  const [their, own] = messages.map(withoutRandom) as [string, string];
  return their === own || PAIRS.some(({ reference, ours }) => {
    const [theirs, owns] = [reference.exec(their)?.slice(1), ours.exec(own)?.slice(1)];
    return theirs !== undefined && owns !== undefined && theirs.join('\0') === owns.join('\0');
  });
}

const withoutRandom = (message: string): string => message.replace(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'mac').replace(/\bveth[0-9a-f]{8}\b/g, 'veth');
