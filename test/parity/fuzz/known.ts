// What is known to differ in any scene: who refuses what the other takes. Each has a row in docs/differences.md; from there on a scene says nothing more.
// SPDX-License-Identifier: Apache-2.0

/** Lines that say the same without these words. */
export const PASSED_OVER: readonly [section: RegExp, words: RegExp, by: string][] = [
  // Of routes they are only in the reference's result.
  [/^c1 routes$/, / (mtu|advmss) (lock )?\d+/g, ''],
  // The number of the other end, which `bridge` takes for one of the host's; a scene before may have used up more of them on one side.
  [/^host ports$/, /^(veth\d+ link) \S+$/g, '$1'],
  // A bridge without carrier says so late.
  [/^host routes$/, / linkdown/g, ''],
  // What the reference's loopback leaves out its library says to be nothing.
  [/^answer$/, /"version": "[46]?"/g, '"version"'],
  // The second redirection to one ifb, which is never reached, and may be gone.
  [/^host tc veth\d+$/, /.*(action order 2: mirred|index \* ref 1 bind 1).*/g, ''],
  // A port that is mapped twice.
  [/^host (nft|ip6?tables)$/, /\{ (\d+), \1 \}/g, '$1'], [/^host (nft|ip6?tables)$/, /\b(\d+)(,\1)+\b/g, '$1'],
];

/** What the kernel keeps of a bridge that had a port for a moment, or settles late, and what host-local makes for the next ADD as well. */
export const KEPT: readonly RegExp[] = [
  /^(cni0|br\d) (mtu|tso_max_size|qdisc|flags|operstate) |^33:33:00:00:00:01 dev (cni0|br\d) self permanent$|^qdisc noqueue 0: dev (cni0|br\d) root$/,
  /^\w+ addr_info .*"local":"fe80\(|^(local |anycast )?fe80|^multicast ff00::\/8 dev|^33:33:ff:\* dev/,
  /^\/(run\/leases|var\/lib\/cni\/networks)(\/(blue|green)(\/lock)?)? /,
];

/** Names its link, its namespace (`lo` is down after a DEL of loopback), its container, or the chain that is called after it. */
export const OF_ATTACHMENT = /\bveth\d|has in c[12] (?!links: lo )|\bc[12](\b|\.2_x-y)|CNI-(DN|[0-9a-f]{24})/;

/** In our words: what we refuse. */
export const REFUSED: readonly RegExp[] = [
  /invalid CIDR address: "$/,
  /expected to be in CIDR notation, got: '::ffff:/,
  /invalid protocol \\".*\\" of host port|Invalid (host|container) port number: \d{5,}/,
  /route\.add: (metric|table|scope|mtu|advmss) must be /,
  /could not parse prevResult: /,
  /a dnat to \S+, which is no address of this attachment/,
  // STATUS says what an ADD would not get.
  /"code": 5[01],/,
];

/** In the reference's words: what we take. */
export const TAKEN: readonly RegExp[] = [
  /Go struct field [\w.]*Conf\.(dns(\.\w+)?|ipam(\.type)?) of type/,
  /IPNet IP and Mask version mismatch/,
  /Go struct field Address\.ipam\.addresses\.Address of type net\.IPNet/,
  // The second of two routes that differ in mtu or advmss alone.
  /failed to add route .*: file exists"/,
  /Tuning configured value of \S+ is \d+ \d+, current value is \d+\\t\d+/,
  /already has an IP address different from \\u003cnil\\u003e/,
  // Names that are empty.
  /LinkAttrs.Name cannot be empty|unknown ipmasq backend \\"\\"|Invalid target name \(too short\)/,
];
