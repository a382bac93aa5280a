// Contract: qdiscs, classes and filters.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Kernel, NewFilter, NewQdisc, Qdisc } from '../../../host/kernel/kernel.ts';
import { makeVeth, refuses, upVeth, type Cases } from '../case.ts';

const ROOT = 0xffffffff;
const INGRESS = 0xfffffff1;
const INGRESS_HANDLE = 0xffff0000;
const ETH_P_ALL = 3;
const ETH_P_IP = 0x800;
const TBF = { rate: 125000, limit: 1003125, bufferUs: 8000000 };
const tbf = (index: number, handle = 0x10000): NewQdisc => ({ index, kind: 'tbf', handle, parent: ROOT, tbf: TBF });
const htb = (index: number): NewQdisc => ({ index, kind: 'htb', handle: 0x10000, parent: ROOT, defaultClass: 0x30 });
const htbClass = (index: number, minor: number) => ({ index, classid: 0x10000 + minor, parent: 0x10000, rate: 125000, ceil: 250000, bufferUs: 2000 });

/** Without what every link that is up has. */
const set = (kernel: Kernel, index: number): Qdisc[] => kernel.tc.qdiscs('host', index).filter(({ handle }) => handle !== 0);

interface Shaped { veth1: number; ifb: number; redirect: NewFilter }
function shaped(kernel: Kernel): Shaped {
  const { veth1 } = makeVeth(kernel);
  const ifb = kernel.link.create('host', { kind: 'ifb', name: 'bwp0' });
  kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
  return { veth1, ifb, redirect: { index: veth1, parent: INGRESS_HANDLE, priority: 1, protocol: ETH_P_ALL, classid: 0x10001, redirect: ifb } };
}

export const trafficControlCases: Cases = {
  'a link that was never up has no qdisc'(kernel) {
    const { veth1 } = makeVeth(kernel);
    assert.equal(kernel.tc.qdiscs('host', veth1), []);
  },

  'a link that is up has one without handle, and an own one takes its place'(kernel) {
    const { veth1 } = upVeth(kernel);
    assert.equal(kernel.tc.qdiscs('host', veth1), [{ index: veth1, kind: 'noqueue', handle: 0, parent: ROOT }]);
    kernel.tc.addQdisc('host', tbf(veth1));
    assert.equal(kernel.tc.qdiscs('host', veth1).map(({ kind }) => kind), ['tbf']);
    kernel.tc.deleteQdisc('host', { index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT });
    assert.equal(kernel.tc.qdiscs('host', veth1).map(({ kind }) => kind), ['noqueue']);
  },

  'a tbf comes back as it was asked for'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', tbf(veth1));
    assert.equal(set(kernel, veth1), [{ index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT, tbf: TBF }]);
  },

  'the qdiscs of all links at once'(kernel) {
    const { veth1, ifb } = shaped(kernel);
    kernel.tc.addQdisc('host', tbf(ifb));
    assert.equal(kernel.tc.qdiscs('host').filter(({ handle }) => handle !== 0).map(({ index, kind }) => [index, kind]).sort(), [[veth1, 'ingress'], [ifb, 'tbf']].sort());
    assert.equal(set(kernel, ifb).map(({ kind }) => kind), ['tbf']);
  },

  'what hangs below a root with classes is listed with it'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', htb(veth1));
    kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
    assert.equal(set(kernel, veth1).map(({ kind }) => kind).sort(), ['htb', 'ingress']);
  },

  'rates of more than 32 bits are kept'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const fast = { rate: 5_000_000_000, limit: 500_000_000, bufferUs: 4000 };
    kernel.tc.addQdisc('host', { index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT, tbf: fast });
    assert.equal(set(kernel, veth1)[0]!.tbf, fast);
  },

  'root and ingress each take one qdisc (EEXIST)'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', tbf(veth1));
    kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
    refuses(() => kernel.tc.addQdisc('host', tbf(veth1)), 'EEXIST');
    refuses(() => kernel.tc.addQdisc('host', tbf(veth1, 0x20000)), 'EEXIST');
    refuses(() => kernel.tc.addQdisc('host', htb(veth1)), 'EEXIST');
    refuses(() => kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' }), 'EEXIST');
    assert.equal(set(kernel, veth1).map(({ kind, handle, parent }) => [kind, handle, parent]).sort(), [['ingress', INGRESS_HANDLE, INGRESS], ['tbf', 0x10000, ROOT]]);
  },

  'a link that is not there takes none (ENODEV)'(kernel) {
    refuses(() => kernel.tc.addQdisc('host', tbf(999)), 'ENODEV');
    refuses(() => kernel.tc.addQdisc('host', { index: 999, kind: 'ingress' }), 'ENODEV');
    refuses(() => kernel.tc.addFilter('host', { index: 999, parent: INGRESS_HANDLE, priority: 1, protocol: ETH_P_ALL }), 'ENODEV');
  },

  'a tbf without rate is EINVAL'(kernel) {
    const { veth1 } = makeVeth(kernel);
    refuses(() => kernel.tc.addQdisc('host', { index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT, tbf: { ...TBF, rate: 0 } }), 'EINVAL');
  },

  'a qdisc is deleted once'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', tbf(veth1));
    kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
    kernel.tc.deleteQdisc('host', { index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT });
    kernel.tc.deleteQdisc('host', { index: veth1, kind: 'ingress', handle: INGRESS_HANDLE, parent: INGRESS });
    assert.equal(set(kernel, veth1), []);
    refuses(() => kernel.tc.deleteQdisc('host', { index: veth1, kind: 'tbf', handle: 0x10000, parent: ROOT }), 'ENOENT', 'EINVAL');
    refuses(() => kernel.tc.deleteQdisc('host', { index: veth1, kind: 'ingress', handle: INGRESS_HANDLE, parent: INGRESS }), 'ENOENT', 'EINVAL');
    refuses(() => kernel.tc.deleteQdisc('host', { index: 999, kind: 'tbf', handle: 0x10000, parent: ROOT }), 'ENODEV');
  },

  'a qdisc of another kind is not deleted (EINVAL)'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', tbf(veth1));
    refuses(() => kernel.tc.deleteQdisc('host', { index: veth1, kind: 'htb', handle: 0x10000, parent: ROOT }), 'EINVAL', 'ENOENT');
    assert.is(set(kernel, veth1).length, 1);
  },

  'htb has classes'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', htb(veth1));
    kernel.tc.addClass('host', htbClass(veth1, 0x30));
    const [cls, ...others] = kernel.tc.classes('host', veth1);
    assert.equal(others, []);
    assert.equal([cls!.classid, cls!.rate, cls!.ceil], [0x10030, 125000, 250000]);
    refuses(() => kernel.tc.addClass('host', htbClass(veth1, 0x30)), 'EEXIST');
    kernel.tc.deleteClass('host', veth1, 0x10030);
    assert.equal(kernel.tc.classes('host', veth1), []);
    refuses(() => kernel.tc.deleteClass('host', veth1, 0x10030), 'ENOENT');
  },

  'a class without its htb is ENOENT or EINVAL'(kernel) {
    const { veth1 } = makeVeth(kernel);
    refuses(() => kernel.tc.addClass('host', htbClass(veth1, 0x30)), 'ENOENT', 'EINVAL');
    kernel.tc.addQdisc('host', htb(veth1));
    refuses(() => kernel.tc.addClass('host', { ...htbClass(veth1, 0x30), parent: 0x20000 }), 'ENOENT', 'EINVAL');
  },

  'a filter redirects everything'(kernel) {
    const { veth1, ifb, redirect } = shaped(kernel);
    kernel.tc.addFilter('host', redirect);
    const [filter, ...others] = kernel.tc.filters('host', veth1, INGRESS_HANDLE);
    assert.equal(others, []);
    const { kind, parent, priority, protocol, src, dst } = filter!;
    assert.equal([kind, parent, priority, protocol, filter!.redirect, src, dst], ['u32', INGRESS_HANDLE, 1, ETH_P_ALL, ifb, undefined, undefined]);
    assert.ok(filter!.handle > 0);
  },

  'filters of a range, a class and an order'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.tc.addQdisc('host', htb(veth1));
    kernel.tc.addClass('host', htbClass(veth1, 1));
    const base = { index: veth1, parent: 0x10000, classid: 0x10001 };
    kernel.tc.addFilter('host', { ...base, priority: 20, protocol: ETH_P_IP, dst: '10.1.0.0/16' });
    kernel.tc.addFilter('host', { ...base, priority: 10, protocol: ETH_P_IP, src: '10.2.0.5/32' });
    assert.equal(kernel.tc.filters('host', veth1, 0x10000).map(({ priority, src, dst, classid }) => [priority, src, dst, classid]), [
      [10, '10.2.0.5/32', undefined, 0x10001], [20, undefined, '10.1.0.0/16', 0x10001],
    ]);
    refuses(() => kernel.tc.deleteClass('host', veth1, 0x10001), 'EBUSY');
  },

  'equal filters are two filters, each with its handle, and each can be deleted'(kernel) {
    const { veth1, redirect } = shaped(kernel);
    kernel.tc.addFilter('host', redirect);
    kernel.tc.addFilter('host', redirect);
    const [first, second] = kernel.tc.filters('host', veth1, INGRESS_HANDLE);
    assert.is.not(first!.handle, second!.handle);
    kernel.tc.deleteFilter('host', first!);
    assert.equal(kernel.tc.filters('host', veth1, INGRESS_HANDLE), [second]);
    refuses(() => kernel.tc.deleteFilter('host', first!), 'ENOENT');
    kernel.tc.deleteFilter('host', second!);
    assert.equal(kernel.tc.filters('host', veth1, INGRESS_HANDLE), []);
  },

  'a filter needs its qdisc, its target and one protocol for each priority'(kernel) {
    const { veth1, ifb, redirect } = shaped(kernel);
    refuses(() => kernel.tc.addFilter('host', { ...redirect, index: ifb }), 'EINVAL', 'ENOENT');
    refuses(() => kernel.tc.addFilter('host', { ...redirect, redirect: 999 }), 'ENODEV');
    kernel.tc.addFilter('host', redirect);
    refuses(() => kernel.tc.addFilter('host', { ...redirect, protocol: ETH_P_IP }), 'EINVAL');
    assert.is(kernel.tc.filters('host', veth1, INGRESS_HANDLE).length, 1);
  },

  'a filter whose target went away redirects to 0'(kernel) {
    const { veth1, ifb, redirect } = shaped(kernel);
    kernel.tc.addFilter('host', redirect);
    kernel.link.delete('host', ifb);
    assert.equal(kernel.tc.filters('host', veth1, INGRESS_HANDLE).map((filter) => filter.redirect), [0]);
  },

  'filters go with their qdisc'(kernel) {
    const { veth1, redirect } = shaped(kernel);
    kernel.tc.addFilter('host', redirect);
    kernel.tc.deleteQdisc('host', { index: veth1, kind: 'ingress', handle: INGRESS_HANDLE, parent: INGRESS });
    kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
    assert.equal(kernel.tc.filters('host', veth1, INGRESS_HANDLE), []);
  },

  'qdiscs go with their link'(kernel) {
    const { veth1, ifb } = shaped(kernel);
    kernel.tc.addQdisc('host', tbf(ifb));
    kernel.link.delete('host', veth1);
    assert.is(kernel.tc.qdiscs('host', ifb).length, 1);
    assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo', 'bwp0']);
  },
};
