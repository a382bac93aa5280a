// Qdiscs, htb classes and u32 filters of the fake kernel.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { NewQdisc, TcKernel } from '../kernel.ts';
import { INGRESS_PLACE, ROOT } from '../tc-handles.ts';
import { filterMethods } from './filters.ts';
import { defaultQdisc } from './link-events.ts';
import { linkOf, namespaceOf, type FakeQdisc, type FakeState } from './state.ts';

export const fakeTc = (state: FakeState): TcKernel => ({
  qdiscs(nsName, index) {
    const all = namespaceOf(state, nsName, 'list qdiscs').qdiscs.filter((qdisc) => index === undefined || qdisc.index === index);
    return structuredClone(all.map(({ defaultClass: _, ...qdisc }) => qdisc));
  },

  addQdisc(nsName, wanted) {
    const action = `add qdisc ${wanted.kind} to interface ${wanted.index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, wanted.index, action);
    const qdisc = complete(wanted);
    if (qdisc.tbf && (qdisc.tbf.rate === 0 || qdisc.tbf.limit === 0)) throw new KernelError('EINVAL', action);
    const old = ns.qdiscs.find((other) => other.index === qdisc.index && other.parent === qdisc.parent);
    // A default qdisc has no handle and gives way.
    if (old && old.handle !== 0) throw new KernelError('EEXIST', action, 'Exclusivity flag on, cannot modify');
    ns.qdiscs = [...ns.qdiscs.filter((other) => other !== old), qdisc];
  },

  deleteQdisc(nsName, { index, kind, handle, parent }) {
    const action = `delete qdisc ${kind} of interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    const link = linkOf(ns, index, action);
    const found = ns.qdiscs.find((qdisc) => qdisc.index === index && qdisc.parent === parent);
    if (!found || found.handle === 0) throw new KernelError('ENOENT', action, 'Cannot delete qdisc with handle of zero');
    if (found.kind !== kind || (handle !== 0 && found.handle !== handle)) throw new KernelError('EINVAL', action, 'Invalid qdisc name or handle');
    const below = (of: number): boolean => of >>> 16 === found.handle >>> 16;
    ns.qdiscs = ns.qdiscs.filter((qdisc) => qdisc !== found);
    ns.filters = ns.filters.filter((filter) => filter.index !== index || !below(filter.parent));
    ns.classes = ns.classes.filter((cls) => cls.index !== index || !below(cls.classid));
    if (parent === ROOT && link.up) ns.qdiscs.push(defaultQdisc(link));
  },

  classes: (ns, index) => structuredClone(namespaceOf(state, ns, 'list classes').classes.filter((cls) => cls.index === index)),

  addClass(nsName, cls) {
    const action = `add class ${cls.classid.toString(16)} to interface ${cls.index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, cls.index, action);
    const qdisc = ns.qdiscs.find((each) => each.index === cls.index && each.handle === (cls.parent & 0xffff0000) >>> 0);
    if (!qdisc) throw new KernelError('ENOENT', action);
    // tbf_find() finds the one class that a tbf has, whatever is asked for.
    if (qdisc.kind === 'tbf') throw new KernelError('EEXIST', action);
    if (cls.classid >>> 16 !== qdisc.handle >>> 16) throw new KernelError('EINVAL', action);
    if (ns.classes.some((other) => other.index === cls.index && other.classid === cls.classid)) throw new KernelError('EEXIST', action);
    ns.classes.push({ ...cls });
  },

  deleteClass(nsName, index, classid) {
    const action = `delete class ${classid.toString(16)} of interface ${index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, index, action);
    const at = ns.classes.findIndex((cls) => cls.index === index && cls.classid === classid);
    if (at < 0) throw new KernelError('ENOENT', action);
    if (ns.filters.some((filter) => filter.index === index && filter.classid === classid)) throw new KernelError('EBUSY', action, 'HTB class in use');
    ns.classes.splice(at, 1);
  },

  ...filterMethods(state),
});

function complete(qdisc: NewQdisc): FakeQdisc {
  switch (qdisc.kind) {
    case 'ingress': return { ...qdisc, ...INGRESS_PLACE };
    case 'tbf': return { ...qdisc, tbf: { ...qdisc.tbf } };
    case 'htb': return { ...qdisc };
    default: return qdisc satisfies never;
  }
}
