// What each row of differences.md allows, and nothing more: lines that only one side has, in which section and after which step.
// SPDX-License-Identifier: Apache-2.0

export interface Clause {
  /** after steps of this word only */
  after?: string;
  section: RegExp;
  /** lines that only the reference has */
  reference?: RegExp;
  /** lines that our node had before an ADD that failed, for rows that are UNCHANGED */
  before?: RegExp;
  /** lines that only we have */
  ours?: RegExp;
  /** the same lines in another order */
  order?: RegExp;
}

/** Rows that say: our ADD fails and leaves the node as it was. What the reference's node looks like from then on is not compared. */
export const UNCHANGED: ReadonlySet<string> = new Set(['rollback', 'prev-result', 'nil-route']);

export const ALLOWED: Readonly<Record<string, readonly Clause[]>> = {
  'nft-masq-del': [{
    after: 'DEL', section: /^answer$/, ours: /^bridge ended with 0$|^<end>$/,
    reference: /^bridge ended with 1$|^\{$|^ {4}"code": 999,$|^ {4}"msg": "running \[\/usr\/sbin\/ip6?tables -t nat -D POSTROUTING .* exit status 2: |^\}<end>$/,
  }],
  'l2-check': [{
    after: 'CHECK', section: /^answer$/, ours: /^bridge ended with 0$|^<end>$/,
    reference: /^bridge ended with 1$|^\{$|^ {4}"code": \d+,$|^ {4}"msg": "no plugin name provided"$|^\}<end>$/,
  }],
  'rollback': [
    // What the kernel keeps of a port that has left a bridge.
    { section: /^host links$/, before: /^br1 tso_max_size 65536$/, ours: /^br1 tso_max_size 524280$/ },
    { section: /^host fdb$/, before: /^33:33:00:00:00:01 dev br1 self permanent$/ },
    // host-local makes them for the next ADD as well.
    { section: /^host files$/, ours: /^\/var\/lib\/cni\/networks(\/blue(\/lock)?)? / },
  ],
  'cursor': [{ section: /^host files$/, reference: /\/last_reserved_ip\.\d /, ours: /\/last_reserved_ip\.\d / }],
  'json-words': [{
    section: /^answer$/,
    reference: /^ {4}"code": 7,$|^ {4}"msg": "(error unmarshall network config: |decoding version from network config: json: |missing network name)/,
    ours: /^ {4}"code": 6,$|^ {4}"msg": "error unmarshall network config: /,
  }],
  'version-words': [{
    section: /^answer$/, reference: /^ {4}"msg": "failed to convert (major|minor|micro) version part /,
    ours: /^ {4}"msg": "failed to parse config version |^ {4}"details": "cniVersion is like /,
  }],
  'go-field': [{
    section: /^answer$/, reference: /Go struct field (NetConf\.NetConf|IPAM\.NetConf)\./, ours: /Go struct field (NetConf|IPAM)\.|"msg": "could not parse prevResult: a result must be an object"/,
  }],
  'kernel-words': [{
    section: /^answer$/, reference: /^ {4}"code": 999,$|^ {4}"msg": "(failed to .*: )?(invalid argument|network is unreachable)"$/,
    ours: /^ {4}"code": 102,$|^ {4}"msg": "(failed to|cannot set) .* \(E[A-Z]+\)"$/,
  }],
  'file-words': [{
    section: /^answer$/, reference: /^ {4}"msg": "failed to save file eth0\.json: open \S+: [a-z -]+"$/,
    ours: /^ {4}"msg": "failed to save file eth0\.json: store \\"\S+\\": E[A-Z]+; the folder must be writable and its entries plain files"$/,
  }],
  'spoof-comment': [{ section: /^host nft$/, reference: / comment "macspoofchk-c{200}-eth0"$/, ours: / comment "macspoofchk-c{116}"$/ }],
  'route-words': [{
    section: /^answer$/, reference: /^ {4}"msg": "Expected Route \{Dst:\{IP:[0-9.]+ Mask:[0-9a-f]+\} GW:[0-9.]+ .*\} not found in routing table"$/,
    ours: /^ {4}"msg": "Expected Route \{Dst:[0-9./]+ GW:[0-9.]+\} not found in routing table"$/,
  }],
  'check-table': [{
    after: 'CHECK', section: /^answer$/, ours: /^bridge ended with 0$|^<end>$/,
    reference: /^bridge ended with 1$|^\{$|^ {4}"code": 999,$|^ {4}"msg": "Expected Route .* Table:100 .*\} not found in routing table"$|^\}<end>$/,
  }],
  'host-address': [{
    after: 'CHECK', section: /^answer$/, ours: /^bridge ended with 0$|^<end>$/,
    reference: /^bridge ended with 1$|^\{$|^ {4}"code": 999,$|^ {4}"msg": "Failed to find Gateway \S+ for interface eth0"$|^\}<end>$/,
  }],
  'status-folder': [{ section: /^host files$/, ours: /^\/var\/lib\/cni\/networks(\/blue(\/lock)?)? / }],
  'tuning-folder': [{ section: /^host files$/, reference: /^\/run\/cni\/(tuning|elsewhere) drw-------$/, ours: /^\/run\/cni\/(tuning|elsewhere) drwx------$/ }],
  'tuning-file': [{ after: 'DEL', section: /^host files$/, reference: /^\/run\/cni\/tuning\/c1_eth0\.json / }],
  'policy-first': [
    { after: 'DEL', section: /^host nft$/, reference: /^table ip6? filter( chain |$)/ },
    { after: 'DEL', section: /^host ip6?tables$/, reference: /^\*filter$|^:(INPUT|FORWARD|OUTPUT) ACCEPT$|^(:|-A )CNI-(FORWARD|ADMIN) |^-A FORWARD .* -j CNI-FORWARD$|^COMMIT$/ },
  ],
  'peer-name': [{ section: /^answer$/, reference: /^ {4}"msg": "container veth name \(\\"eth0\\"\) peer provided \(\\"veth\d+\\"\) already exists"$/, ours: /^ {4}"msg": "container veth name \(\\"eth0\\"\) already exists"$/ }],
  'details': [{ section: /^answer$/, reference: /^ {4}"msg": ".*"$/, ours: /^ {4}"msg": ".*",$|^ {4}"details": "/ }],
  'route-mtu': [{ after: 'ADD', section: /^c1 routes$/, reference: /^198\.51\.100\.0\/24 via 192\.0\.2\.1 dev eth0$/, ours: /^198\.51\.100\.0\/24 via 192\.0\.2\.1 dev eth0 mtu 1300 advmss 1200$/ }],
  'mtu': [{ section: /^answer$/, ours: /^ {12}"mtu": \d+,$/ }],
  'prev-result': [
    { after: 'CHECK', section: /^host files$/, reference: /^\/var\/lib\/cni\/networks(\/blue(\/lock)?)? / },
    { section: /^answer$/, reference: /./, ours: /^bridge ended with 1$|^\{$|^\}<end>$|^ {4}"code": 999,$|"msg": "could not parse prevResult: / },
  ],
  'del-not-a-namespace': [{
    after: 'DEL', section: /^answer$/, ours: /^bridge ended with 0$|^<end>$/,
    reference: /^bridge ended with 1$|^\{$|^ {4}"code": 999,$|"msg": "unknown FS magic on |^\}<end>$/,
  }, { section: /^host files$/, ours: /^\/var\/lib\/cni\/networks(\/blue(\/lock)?)? / }],
  'netns-first': [{
    after: 'ADD', section: /^answer$/,
    reference: /"msg": "(must be called as chained plugin|failed to Statfs )|^bandwidth ended with 2$|^<end>$/,
    ours: /"msg": "failed to open netns |^bandwidth ended with 1$|^\{$|^\}<end>$|^ {4}"code": 999,$/,
  }],
  'nil-route': [{ section: /^answer$/, reference: /./, ours: /^host-local ended with 1$|^\{$|^\}<end>$|^ {4}"code": 999,$|"msg": ".*invalid CIDR address: / }],
  'del-bad-config': [{
    after: 'DEL', section: /^answer$/, ours: /^(portmap|bandwidth|tuning|firewall|bridge) ended with 0$|^<end>$/, reference: /^(portmap|bandwidth|tuning|firewall) ended with 1$|^\{$|^ {4}"code": 999,$|^ {4}"msg": "|^\}<end>$/,
  }],
  'no-netns': [
    { after: 'DEL', section: /^host iptables$/, reference: /CNI-[0-9a-f]{24}( |$)/ },
    { after: 'DEL', section: /^host nft$/, reference: /^table ip nat chain CNI-[0-9a-f]{24}\b|^table ip nat chain POSTROUTING: ip saddr 192\.0\.2\.2  counter jump CNI-[0-9a-f]{24}$/ },
  ],
  'check-covers': [{
    after: 'CHECK', section: /^answer$/, reference: /^bandwidth ended with 0$|^<end>$/,
    ours: /^bandwidth ended with 1$|^\{$|^ {4}"code": 999,$|^ {4}"msg": "Failed to find qdisc"$|^\}<end>$/,
  }],
  'rule-words': [{
    after: 'CHECK', section: /^answer$/, reference: /^ {4}"msg": "could not check ipv4 dnat: rule \[\[-m comment .*\]\] in chain CNI-HOSTPORT-DNAT not found in table nat"$/,
    ours: /^ {4}"msg": "could not check ipv4 dnat: rule -p sctp -m comment .* in chain CNI-HOSTPORT-DNAT not found in table nat"$/,
  }],
  'masq-all': [{
    section: /^host nft$/, reference: /^table ip6? cni_hostport chain masquerading: ip6? saddr \S+ ip6? daddr \S+ masquerade comment "c1"$/,
    ours: /^table ip6? cni_hostport chain masquerading: ip6? daddr \S+ masquerade comment "c1"$/,
  }],
  'nft-conditions': [
    { section: /^host nft$/, reference: /^table ip6? cni_hostport chain (output|prerouting): ip6? saddr != \S+ fib daddr type local jump hostports_all$/, ours: /^table ip6? cni_hostport chain (output|prerouting): fib daddr type local jump hostports_all$/ },
    { section: /^host nft$/, reference: /^table ip6? cni_hostport chain hostports: (tcp|udp|sctp) dport \d+ dnat to /, ours: /^table ip6? cni_hostport chain hostports: (tcp|udp|sctp) dport \d+ ip6? saddr != \S+ dnat to / },
  ],
  'port-once': [
    { section: /^host iptables$/, reference: / --dports 8080,8080 -j /, ours: / --dports 8080 -j / },
    { section: /^host nft$/, reference: / tcp dport \{ 8080, 8080 \} counter jump /, ours: / tcp dport 8080 counter jump / },
  ],
  'bridge-of-others': [{ section: /^host sysctls$/, reference: /^\.\/ipv4\/conf\/(cni0|br\d)\/route_localnet:1$/, ours: /^\.\/ipv4\/conf\/(cni0|br\d)\/route_localnet:0$/ }],
  'one-redirect': [{ section: /^host tc veth\d$/, reference: /action order 2: mirred \(Egress Redirect to device bwp[0-9a-f]{12}\)|index \* ref 1 bind 1/ }],
};
