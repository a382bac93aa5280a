// Qdiscs over rtnetlink (linux/pkt_sched.h): tbf, ingress, htb.
// SPDX-License-Identifier: Apache-2.0

import { unlessGone } from '../kernel-error.ts';
import type { NewQdisc, Ns, Qdisc, Tbf, TcKernel } from '../kernel.ts';
import { INGRESS, INGRESS_PLACE, ROOT } from '../tc-handles.ts';
import { attributesAfter, attributesOf, Body, textOf } from './attributes.ts';
import type { LiveContext } from './context.ts';
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from './netlink.ts';
import { inMicroseconds, inTicks, type Ticks } from './psched.ts';
import { addWideRate, rateOf, rateSpec, TCA_KIND, TCA_OPTIONS, tcFacts, tcHeader } from './tc-message.ts';

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_GETQDISC = 38;
const TCA_TBF = { PARMS: 1, RATE64: 4 } as const;
const TCA_HTB_INIT = 2;
/** The kinds links are born with, and tbf: there is nothing below them that is listed too. */
const LEAVES = ['noqueue', 'pfifo_fast', 'fq_codel', 'fq', 'pfifo', 'bfifo', 'tbf'];
/** struct tc_tbf_qopt: two rate specs, then limit, buffer, mtu */
const TBF_QOPT = { LIMIT: 24, BUFFER: 28, SIZE: 36 } as const;

export function qdiscKernel(context: LiveContext, ticks: Ticks): Pick<TcKernel, 'qdiscs' | 'addQdisc' | 'deleteQdisc'> {
  const all = (ns: Ns): Qdisc[] => context.route(ns).dump(RTM_GETQDISC, tcHeader({ index: 0 }), 'list qdiscs').map(({ body }) => parseQdisc(body, ticks));
  const at = (ns: Ns, index: number, parent: number): Qdisc | undefined => unlessGone(() => {
    // What every link has without anybody's doing is answered with nothing but the acknowledgement.
    const [answer] = context.route(ns).request(RTM_GETQDISC, NLM_F_ECHO, tcHeader({ index, parent }), `find the qdisc of interface ${index}`);
    return answer && parseQdisc(answer.body, ticks);
  });
  return {
    qdiscs(ns, index) {
      if (index === undefined) return all(ns);
      // The kernel lists those of all links or of none. Asked for one it looks at that link alone, and answers whoever wants an echo.
      const [root, ingress] = [at(ns, index, ROOT), at(ns, index, INGRESS)];
      if (root && !LEAVES.includes(root.kind)) return all(ns).filter((qdisc) => qdisc.index === index);
      return [root, ingress].filter((qdisc) => qdisc !== undefined);
    },
    addQdisc: (ns, qdisc) => void context.route(ns).request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, wire(qdisc, ticks), `create ${qdisc.kind} qdisc on interface ${qdisc.index}`),
    deleteQdisc: (ns, { kind, ...place }) =>
      void context.route(ns).request(RTM_DELQDISC, 0, new Body(tcHeader(place)).text(TCA_KIND, kind).done(), `delete ${kind} qdisc of interface ${place.index}`),
  };
}

function wire(qdisc: NewQdisc, ticks: Ticks): Buffer {
  const place = qdisc.kind === 'ingress' ? { ...qdisc, ...INGRESS_PLACE } : qdisc;
  const body = new Body(tcHeader(place)).text(TCA_KIND, qdisc.kind);
  switch (qdisc.kind) {
    case 'ingress': return body.done();
    case 'tbf': return body.nest(TCA_OPTIONS, (options) => {
      options.attribute(TCA_TBF.PARMS, tbfOptions(qdisc.tbf, ticks));
      addWideRate(options, TCA_TBF.RATE64, qdisc.tbf.rate);
    }, 0).done();
    case 'htb': return body.nest(TCA_OPTIONS, (options) => options.attribute(TCA_HTB_INIT, htbGlobal(qdisc.defaultClass)), 0).done();
    default: return qdisc satisfies never;
  }
}

function tbfOptions({ rate, limit, bufferUs }: Tbf, ticks: Ticks): Buffer {
  const bytes = Buffer.alloc(TBF_QOPT.SIZE);
  bytes.set(rateSpec(rate), 0);
  bytes.writeUInt32LE(limit >>> 0, TBF_QOPT.LIMIT);
  bytes.writeUInt32LE(inTicks(bufferUs, ticks), TBF_QOPT.BUFFER);
  return bytes;
}

/** struct tc_htb_glob: version 3, rate2quantum 10, defcls */
function htbGlobal(defaultClass: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(3, 0);
  bytes.writeUInt32LE(10, 4);
  bytes.writeUInt32LE(defaultClass, 8);
  return bytes;
}

function parseQdisc(body: Buffer, ticks: Ticks): Qdisc {
  const attributes = attributesAfter(body, 20);
  const { index, handle, parent } = tcFacts(body);
  const kind = textOf(attributes.get(TCA_KIND));
  const options = kind === 'tbf' ? attributesOf(attributes.get(TCA_OPTIONS)) : undefined;
  const parms = options?.get(TCA_TBF.PARMS);
  if (!options || !parms || parms.length < TBF_QOPT.SIZE) return { index, kind, handle, parent };
  return {
    index, kind, handle, parent,
    tbf: {
      rate: rateOf(options, TCA_TBF.RATE64, parms, 0),
      limit: parms.readUInt32LE(TBF_QOPT.LIMIT),
      bufferUs: inMicroseconds(parms.readUInt32LE(TBF_QOPT.BUFFER), ticks),
    },
  };
}
