// u32 filters of the fake kernel, numbered as cls_u32 does: a hash table for each priority, its keys from 0x800 on.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { Filter, TcKernel } from '../kernel.ts';
import { linkOf, namespaceOf, type FakeNamespace, type FakeState } from './state.ts';

const FIRST = 0x800;

export const filterMethods = (state: FakeState): Pick<TcKernel, 'filters' | 'addFilter' | 'deleteFilter'> => ({
  filters(nsName, index, parent) {
    const { filters } = namespaceOf(state, nsName, 'list filters');
    return structuredClone(filters.filter((filter) => filter.index === index && filter.parent === parent));
  },

  addFilter(nsName, filter) {
    const action = `add filter to interface ${filter.index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, filter.index, action);
    checkParent(ns, filter, action);
    if (filter.redirect !== undefined && !ns.links.some(({ index }) => index === filter.redirect)) {
      throw new KernelError('ENODEV', action, `no interface ${filter.redirect} to redirect to`);
    }
    const siblings = besides(ns, filter);
    if (siblings.some(({ priority, protocol }) => priority === filter.priority && protocol !== filter.protocol)) {
      throw new KernelError('EINVAL', action, 'Protocol mismatch for filter with specified priority');
    }
    ns.filters.push({ ...filter, kind: 'u32', handle: freeHandle(siblings, filter.priority) });
    ns.filters.sort((a, b) => a.index - b.index || a.parent - b.parent || a.priority - b.priority || a.handle - b.handle);
  },

  deleteFilter(nsName, filter) {
    const action = `delete filter of interface ${filter.index}`;
    const ns = namespaceOf(state, nsName, action);
    linkOf(ns, filter.index, action);
    checkParent(ns, filter, action);
    const found = besides(ns, filter).find(({ priority, handle }) => priority === filter.priority && handle === filter.handle);
    if (!found) throw new KernelError('ENOENT', action, 'Specified filter handle not found');
    ns.filters.splice(ns.filters.indexOf(found), 1);
  },
});

type Place = Pick<Filter, 'index' | 'parent' | 'priority'>;

function checkParent(ns: FakeNamespace, { index, parent }: Place, action: string): void {
  const qdisc = ns.qdiscs.find((each) => each.index === index && each.handle === parent);
  if (!qdisc) throw new KernelError('EINVAL', action, "Parent Qdisc doesn't exists");
  if (qdisc.kind === 'tbf') throw new KernelError('EOPNOTSUPP', action, "Class doesn't support blocks");
}

const besides = (ns: FakeNamespace, { index, parent }: Place): Filter[] =>
  ns.filters.filter((filter) => filter.index === index && filter.parent === parent);

function freeHandle(siblings: readonly Filter[], priority: number): number {
  const own = siblings.filter((filter) => filter.priority === priority);
  const tables = siblings.map(({ handle }) => handle >>> 20);
  const table = own[0] ? own[0].handle >>> 20 : firstWithout(tables);
  return (table << 20 >>> 0) + firstWithout(own.map(({ handle }) => handle & 0xfff));
}

function firstWithout(taken: readonly number[]): number {
  let number = FIRST;
  while (taken.includes(number)) number += 1;
  return number;
}
