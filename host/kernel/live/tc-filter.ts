// u32 filters with a mirred redirect or a class, over rtnetlink (linux/pkt_cls.h, linux/tc_act/tc_mirred.h).
// SPDX-License-Identifier: Apache-2.0

import { AF, formatPrefix, parsePrefix, type AddressFamily } from '../address.ts';
import type { Filter, NewFilter, TcKernel } from '../kernel.ts';
import { attributesAfter, attributesOf, Body, textOf, u32Of } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';
import { TCA_KIND, TCA_OPTIONS, tcFacts, tcHeader } from './tc-message.ts';

const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TCA_U32 = { CLASSID: 1, SEL: 5, ACT: 7 } as const;
const TCA_ACT = { KIND: 1, OPTIONS: 2 } as const;
const TCA_MIRRED_PARMS = 2;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;
const TC_U32_TERMINAL = 1;
const ETH_P_IPV6 = 0x86dd;
/** struct tc_u32_sel, then 16 bytes for each struct tc_u32_key */
const SEL = { FLAGS: 0, NKEYS: 2, SIZE: 16, KEY: 16 } as const;
/** offsets of source and destination address in the IPv4 and IPv6 header */
const OFFSET = { src: { [AF.ip]: 12, [AF.ip6]: 8 }, dst: { [AF.ip]: 16, [AF.ip6]: 24 } } as const;

export function filterKernel(context: LiveContext): Pick<TcKernel, 'filters' | 'addFilter' | 'deleteFilter'> {
  return {
    filters: (ns, index, parent) => context.route(ns).dump(RTM_GETTFILTER, tcHeader({ index, parent }), `list filters of interface ${index}`)
      .flatMap(({ body }) => parseFilter(body) ?? []),
    addFilter: (ns, filter) => void context.route(ns).request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, wire(filter), `add filter to interface ${filter.index}`),
    deleteFilter: (ns, filter) => void context.route(ns).request(
      RTM_DELTFILTER, 0, new Body(tcHeader({ ...filter, info: infoOf(filter) })).text(TCA_KIND, filter.kind).done(), `delete filter of interface ${filter.index}`),
  };
}

/** Priority above, protocol below in network byte order. */
const infoOf = ({ priority, protocol }: Pick<Filter, 'priority' | 'protocol'>): number => ((priority << 16) | swapped(protocol)) >>> 0;
const swapped = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);

function wire(filter: NewFilter): Buffer {
  const { index, parent, classid, redirect } = filter;
  return new Body(tcHeader({ index, parent, info: infoOf(filter) })).text(TCA_KIND, 'u32').nest(TCA_OPTIONS, (options) => {
    if (classid !== undefined) options.u32(TCA_U32.CLASSID, classid);
    options.attribute(TCA_U32.SEL, selector(filter));
    if (redirect !== undefined) options.nest(TCA_U32.ACT, (list) => list.nest(1, (act) => mirred(act, redirect), 0), 0);
  }, 0).done();
}

function mirred(act: Body, index: number): void {
  // struct tc_mirred: index, capab, action, refcnt, bindcnt, eaction, ifindex
  const parms = Buffer.alloc(28);
  parms.writeInt32LE(TC_ACT_STOLEN, 8);
  parms.writeInt32LE(TCA_EGRESS_REDIR, 20);
  parms.writeUInt32LE(index, 24);
  act.text(TCA_ACT.KIND, 'mirred').nest(TCA_ACT.OPTIONS, (options) => options.attribute(TCA_MIRRED_PARMS, parms), 0);
}

/** Keys compare 32 bits under a mask; one with mask 0 matches everything, as the reference's filter does. */
function selector({ src, dst }: NewFilter): Buffer {
  const keys = [...(src ? keysFor(src, 'src') : []), ...(dst ? keysFor(dst, 'dst') : [])];
  const all = keys.length > 0 ? keys : [{ mask: Buffer.alloc(4), value: Buffer.alloc(4), offset: 0 }];
  const bytes = Buffer.alloc(SEL.SIZE + all.length * SEL.KEY);
  bytes.writeUInt8(TC_U32_TERMINAL, SEL.FLAGS);
  bytes.writeUInt8(all.length, SEL.NKEYS);
  for (const [i, { mask, value, offset }] of all.entries()) {
    const at = SEL.SIZE + i * SEL.KEY;
    bytes.set(mask, at);
    bytes.set(value, at + 4);
    bytes.writeInt32LE(offset, at + 8);
  }
  return bytes;
}

function keysFor(text: string, end: 'src' | 'dst'): { mask: Buffer; value: Buffer; offset: number }[] {
  const { family, bytes, length } = parsePrefix(text);
  return Array.from({ length: Math.ceil(length / 32) }, (_, word) => {
    const bits = Math.min(32, length - word * 32);
    const mask = Buffer.alloc(4);
    mask.writeUInt32BE(bits === 32 ? 0xffffffff : (~(0xffffffff >>> bits)) >>> 0);
    const value = Buffer.from(bytes.subarray(word * 4, word * 4 + 4).map((byte, i) => byte & mask[i]!));
    return { mask, value, offset: OFFSET[end][family] + word * 4 };
  });
}

function parseFilter(body: Buffer): Filter | undefined {
  const attributes = attributesAfter(body, 20);
  const { index, handle, parent, info } = tcFacts(body);
  const options = attributesOf(attributes.get(TCA_OPTIONS));
  const sel = options.get(TCA_U32.SEL);
  const kind = textOf(attributes.get(TCA_KIND));
  // A hash table of u32, or the frame that the kernel lists before the filters of any kind.
  if (kind === 'u32' ? !sel : handle === 0) return undefined;
  const act = attributesOf(attributesOf(options.get(TCA_U32.ACT)).get(1));
  const parms = textOf(act.get(TCA_ACT.KIND)) === 'mirred' ? attributesOf(act.get(TCA_ACT.OPTIONS)).get(TCA_MIRRED_PARMS) : undefined;
  const redirect = parms && parms.length >= 28 && parms.readInt32LE(20) === TCA_EGRESS_REDIR ? parms.readUInt32LE(24) : undefined;
  const classid = options.get(TCA_U32.CLASSID);
  const protocol = swapped(info & 0xffff);
  return {
    index, kind, parent, handle, priority: info >>> 16, protocol,
    ...(classid ? { classid: u32Of(classid) } : {}),
    ...(redirect === undefined ? {} : { redirect }),
    ...(sel ? ranges(sel, protocol === ETH_P_IPV6 ? AF.ip6 : AF.ip) : {}),
  };
}

function ranges(sel: Buffer, family: AddressFamily): { src?: string; dst?: string } {
  const found: { src?: string; dst?: string } = {};
  for (const end of ['src', 'dst'] as const) {
    const bytes = Buffer.alloc(family === AF.ip ? 4 : 16);
    let length = 0;
    for (let at = SEL.SIZE; at + SEL.KEY <= sel.length; at += SEL.KEY) {
      const word = sel.readInt32LE(at + 8) - OFFSET[end][family];
      const bits = 32 - Math.clz32(~sel.readUInt32BE(at) >>> 0);
      if (word < 0 || word + 4 > bytes.length || word % 4 !== 0) continue;
      bytes.set(sel.subarray(at + 4, at + 8), word);
      length = Math.max(length, word * 8 + (32 - bits));
    }
    if (length > 0) found[end] = formatPrefix(bytes, length);
  }
  return found;
}
