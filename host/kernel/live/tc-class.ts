// htb classes over rtnetlink (linux/pkt_sched.h, struct tc_htb_opt).
// SPDX-License-Identifier: Apache-2.0

import type { HtbClass, TcKernel } from '../kernel.ts';
import { attributesAfter, attributesOf, Body, textOf } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink.ts';
import { inMicroseconds, inTicks, type Ticks } from './psched.ts';
import { addWideRate, rateOf, rateSpec, TCA_KIND, TCA_OPTIONS, tcFacts, tcHeader } from './tc-message.ts';

const RTM_NEWTCLASS = 40;
const RTM_DELTCLASS = 41;
const RTM_GETTCLASS = 42;
const TCA_HTB = { PARMS: 1, RATE64: 6, CEIL64: 7 } as const;
/** two rate specs, then buffer, cbuffer, quantum, level, prio */
const HTB_OPT = { CEIL: 12, BUFFER: 24, CBUFFER: 28, SIZE: 44 } as const;

export function classKernel(context: LiveContext, ticks: Ticks): Pick<TcKernel, 'classes' | 'addClass' | 'deleteClass'> {
  return {
    classes: (ns, index) => context.route(ns).dump(RTM_GETTCLASS, tcHeader({ index }), `list classes of interface ${index}`).flatMap(({ body }) => parseClass(body, ticks) ?? []),
    addClass: (ns, cls) => void context.route(ns).request(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL, wire(cls, ticks), `create a class on interface ${cls.index}`),
    deleteClass: (ns, index, classid) => void context.route(ns).request(RTM_DELTCLASS, 0, tcHeader({ index, handle: classid }), `delete a class of interface ${index}`),
  };
}

function wire({ index, classid, parent, rate, ceil, bufferUs }: HtbClass, ticks: Ticks): Buffer {
  const options = Buffer.alloc(HTB_OPT.SIZE);
  options.set(rateSpec(rate), 0);
  options.set(rateSpec(ceil), HTB_OPT.CEIL);
  options.writeUInt32LE(inTicks(bufferUs, ticks), HTB_OPT.BUFFER);
  options.writeUInt32LE(inTicks(bufferUs, ticks), HTB_OPT.CBUFFER);
  return new Body(tcHeader({ index, handle: classid, parent })).text(TCA_KIND, 'htb').nest(TCA_OPTIONS, (nested) => {
    nested.attribute(TCA_HTB.PARMS, options);
    addWideRate(nested, TCA_HTB.RATE64, rate);
    addWideRate(nested, TCA_HTB.CEIL64, ceil);
  }, 0).done();
}

function parseClass(body: Buffer, ticks: Ticks): HtbClass | undefined {
  const attributes = attributesAfter(body, 20);
  const { index, handle, parent } = tcFacts(body);
  const nested = textOf(attributes.get(TCA_KIND)) === 'htb' ? attributesOf(attributes.get(TCA_OPTIONS)) : undefined;
  const options = nested?.get(TCA_HTB.PARMS);
  if (!nested || !options || options.length < HTB_OPT.SIZE) return undefined;
  return {
    index, parent, classid: handle,
    rate: rateOf(nested, TCA_HTB.RATE64, options, 0),
    ceil: rateOf(nested, TCA_HTB.CEIL64, options, HTB_OPT.CEIL),
    bufferUs: inMicroseconds(options.readUInt32LE(HTB_OPT.BUFFER), ticks),
  };
}
