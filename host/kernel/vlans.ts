// The VLANs of a bridge port as data: one normal form, and what leads from one set to another.
// SPDX-License-Identifier: Apache-2.0

import { WrongValue } from './kernel-error.ts';

/** VLAN `id`, or all from `id` to `last`. */
export interface PortVlans {
  id: number;
  last?: number;
  /** where frames without a tag belong; a port has at most one */
  pvid?: boolean;
  /** leave the port without a tag */
  untagged?: boolean;
}

const HIGHEST = 4094;

/** In order, in as few ranges as can be; of two entries for a VLAN the later counts, as when one is set after the other. Throws EINVAL. */
export function normalVlans(vlans: readonly PortVlans[]): PortVlans[] {
  const ranges: PortVlans[] = [];
  for (const [id, flags] of [...flagsOf(vlans)].sort(([a], [b]) => a - b)) {
    const before = ranges.at(-1);
    const follows = before && (before.last ?? before.id) === id - 1 && wordOf(before) === flags && !before.pvid;
    if (follows) before.last = id;
    else ranges.push(entry(id, flags));
  }
  return ranges;
}

/** What must go, and what must be set, so that a port with `before` has `wanted`. */
export function vlanChanges(before: readonly PortVlans[], wanted: readonly PortVlans[]): { remove: PortVlans[]; set: PortVlans[] } {
  const [is, shall] = [flagsOf(before), flagsOf(wanted)];
  const ids = [...is.keys()].filter((id) => !shall.has(id)).map((id) => ({ id }));
  return { remove: normalVlans(ids), set: normalVlans([...shall].filter(([id, flags]) => is.get(id) !== flags).map(([id, flags]) => entry(id, flags))) };
}

function flagsOf(vlans: readonly PortVlans[]): Map<number, string> {
  const flags = new Map<number, string>();
  for (const vlan of vlans.flatMap(each)) {
    // The port's PVID moves to the VLAN that was set last.
    if (vlan.pvid) for (const [id, word] of flags) flags.set(id, word.replace('p', ''));
    flags.set(vlan.id, wordOf(vlan));
  }
  return flags;
}

function each({ id, last = id, ...flags }: PortVlans): PortVlans[] {
  const valid = [id, last].every((one) => Number.isInteger(one) && one >= 1 && one <= HIGHEST) && id <= last && (!flags.pvid || id === last);
  if (!valid) throw new WrongValue('set the VLANs of a port', `${id} to ${last}${flags.pvid ? ' as PVID' : ''}: give VLANs from 1 to ${HIGHEST}, and one as PVID`);
  return Array.from({ length: last - id + 1 }, (_, i) => ({ id: id + i, ...flags }));
}

const wordOf = ({ pvid, untagged }: PortVlans): string => `${pvid ? 'p' : ''}${untagged ? 'u' : ''}`;
const entry = (id: number, word: string): PortVlans => ({ id, ...(word.includes('p') ? { pvid: true } : {}), ...(word.includes('u') ? { untagged: true } : {}) });
