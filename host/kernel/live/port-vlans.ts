// The VLANs of bridge ports over rtnetlink (linux/if_bridge.h): each message with the one change, as the reference's library sends it.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Ns } from '../kernel.ts';
import { normalVlans, vlanChanges, type PortVlans } from '../vlans.ts';
import { attributesAfter, Body, listAttributes } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { AF_BRIDGE, header, IFLA, RTM } from './link-wire.ts';

const IFLA_BRIDGE = { FLAGS: 0, VLAN_INFO: 2 } as const;
const BRIDGE_FLAGS_MASTER = 1;
const VLAN_INFO = { PVID: 2, UNTAGGED: 4, RANGE_BEGIN: 8, RANGE_END: 16 } as const;
/** Ranges in place of single VLANs, of which 4094 do not fit into one message of a dump. */
const RTEXT_FILTER_BRVLAN_COMPRESSED = 4;
const ACTION = 'the VLANs of interface';

/** All ports of the namespace are listed: the kernel has no question about one. */
export function readPortVlans(context: LiveContext, ns: Ns, index: number): PortVlans[] {
  const question = new Body(header({ family: AF_BRIDGE })).u32(IFLA.EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED).done();
  const ports = context.route(ns).dump(RTM.GETLINK, question, `list ${ACTION} ${index}`);
  return normalVlans(ports.filter(({ body }) => body.length >= 8 && body.readInt32LE(4) === index).flatMap(({ body }) => parsed(attributesAfter(body, 16).get(IFLA.AF_SPEC))));
}

export function setPortVlans(context: LiveContext, ns: Ns, index: number, wanted: readonly PortVlans[]): void {
  const { remove, set } = vlanChanges(readPortVlans(context, ns, index), wanted);
  const send = (type: number, vlans: PortVlans): void => void context.route(ns).request(type, 0, vlanMessage(index, vlans), `set ${ACTION} ${index}`);
  try {
    for (const vlans of remove) send(RTM.DELLINK, vlans);
    for (const vlans of set) send(RTM.SETLINK, vlans);
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== 'EOPNOTSUPP') throw error;
    throw new KernelError('EOPNOTSUPP', `set ${ACTION} ${index}`, 'it is no port of a bridge, or the kernel was built without CONFIG_BRIDGE_VLAN_FILTERING');
  }
}

export function vlanMessage(index: number, { id, last, pvid, untagged }: PortVlans): Buffer {
  const flags = (pvid ? VLAN_INFO.PVID : 0) | (untagged ? VLAN_INFO.UNTAGGED : 0);
  return new Body(header({ family: AF_BRIDGE, index })).nest(IFLA.AF_SPEC, (spec) => {
    spec.u16(IFLA_BRIDGE.FLAGS, BRIDGE_FLAGS_MASTER);
    spec.attribute(IFLA_BRIDGE.VLAN_INFO, info(id, flags | (last === undefined ? 0 : VLAN_INFO.RANGE_BEGIN)));
    if (last !== undefined) spec.attribute(IFLA_BRIDGE.VLAN_INFO, info(last, flags | VLAN_INFO.RANGE_END));
  }, 0).done();
}

/** struct bridge_vlan_info */
function info(id: number, flags: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(flags, 0);
  bytes.writeUInt16LE(id, 2);
  return bytes;
}

function parsed(spec: Buffer | undefined): PortVlans[] {
  let begin = 0;
  return listAttributes(spec ?? Buffer.alloc(0)).filter(({ type, payload }) => type === IFLA_BRIDGE.VLAN_INFO && payload.length >= 4).flatMap(({ payload }) => {
    const [flags, id] = [payload.readUInt16LE(0), payload.readUInt16LE(2)];
    if (flags & VLAN_INFO.RANGE_BEGIN) {
      begin = id;
      return [];
    }
    return [{
      ...(flags & VLAN_INFO.RANGE_END ? { id: begin, last: id } : { id }),
      ...(flags & VLAN_INFO.PVID ? { pvid: true } : {}), ...(flags & VLAN_INFO.UNTAGGED ? { untagged: true } : {}),
    }];
  });
}
