// Qdiscs, classes and filters: what we make, `tc` shows, and we read back what we asked for.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { isExists } from '../../host/kernel/kernel-error.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { carryOut, type Undo } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { tcOps } from '../../host/ops/tc.ts';
import { sh } from '../support/node.ts';

const ROOT = 0xffffffff;
const INGRESS = 0xfffffff1;
const kernel = liveKernel(openLibc(), '');
const newIfb = (name: string): number => kernel.link.create('host', { kind: 'ifb', name, txqlen: 0, up: true });

// Rates and bursts in bits from the reference's own arithmetic: [rate, limit, buffer in µs, what tc shows].
const SHAPES = [
  [125_000, 1_003_125, 8_000_000, 'rate 1Mbit burst 1000000b lat 25ms'],
  [2_500_000, 536_933_411, 214_748_364, 'rate 20Mbit burst 512Mb lat 25ms'],
  [15, 57, 3_800_000, 'rate 120bit burst 57b lat 0us'],
  [5_000_000_000, 1_000_000, 1000, 'rate 40Gbit burst 5000000b limit 1000000b'],
] as const;

for (const [rate, limit, bufferUs, shown] of SHAPES) {
  test(`tbf ${shown}`, () => {
    const index = newIfb('bw0');
    const place = { index, kind: 'tbf', handle: 0x10000, parent: ROOT } as const;
    kernel.tc.addQdisc('host', { ...place, tbf: { rate, limit, bufferUs } });
    assert.match(sh('tc', 'qdisc', 'show', 'dev', 'bw0'), new RegExp(`^qdisc tbf 1: root refcnt \\d+ ${shown}`));
    assert.equal(kernel.tc.qdiscs('host', index), [{ ...place, tbf: { rate, limit, bufferUs } }]);
    assert.throws(() => kernel.tc.addQdisc('host', { ...place, tbf: { rate, limit, bufferUs } }), isExists);
    kernel.tc.deleteQdisc('host', place);
    assert.not.match(sh('tc', 'qdisc', 'show', 'dev', 'bw0'), /tbf/);
    kernel.link.delete('host', index);
  });
}

test('ingress qdisc with a redirect of everything', () => {
  const [from, to] = [newIfb('bw0'), newIfb('bw1')];
  kernel.tc.addQdisc('host', { index: from, kind: 'ingress' });
  kernel.tc.addFilter('host', { index: from, parent: 0xffff0000, priority: 1, protocol: 3, classid: 0x10001, redirect: to });
  assert.match(sh('tc', 'filter', 'show', 'dev', 'bw0', 'parent', 'ffff:'),
    /protocol all pref 1 u32 .*flowid 1:1[^\n]*\s+match 00000000\/00000000 at 0\s+action order 1: mirred \(Egress Redirect to device bw1\) stolen/);
  const ingress = kernel.tc.qdiscs('host', from).find(({ kind }) => kind === 'ingress');
  assert.equal(ingress, { index: from, kind: 'ingress', handle: 0xffff0000, parent: INGRESS });
  const filters = kernel.tc.filters('host', from, 0xffff0000);
  assert.equal(filters.map(({ handle, ...rest }) => rest), [{ index: from, kind: 'u32', parent: 0xffff0000, priority: 1, protocol: 3, classid: 0x10001, redirect: to }]);
  kernel.link.delete('host', to);
  assert.is(kernel.tc.filters('host', from, 0xffff0000)[0]?.redirect, 0);
  kernel.tc.deleteFilter('host', filters[0]!);
  assert.equal(kernel.tc.filters('host', from, 0xffff0000), []);
  kernel.tc.deleteQdisc('host', ingress!);
  assert.not.ok(kernel.tc.qdiscs('host', from).some(({ kind }) => kind === 'ingress'));
  kernel.link.delete('host', from);
});

test('htb classes and filters by address', () => {
  const index = newIfb('bw0');
  kernel.tc.addQdisc('host', { index, kind: 'htb', handle: 0x10000, parent: ROOT, defaultClass: 0x30 });
  kernel.tc.addClass('host', { index, classid: 0x10030, parent: 0x10000, rate: 125_000, ceil: 250_000, bufferUs: 1000 });
  assert.match(sh('tc', 'qdisc', 'show', 'dev', 'bw0'), /qdisc htb 1: root .*default 0x30/);
  assert.match(sh('tc', 'class', 'show', 'dev', 'bw0'), /class htb 1:30 root prio 0 rate 1Mbit ceil 2Mbit/);
  assert.equal(kernel.tc.classes('host', index).map(({ parent, ...rest }) => rest), [{ index, classid: 0x10030, rate: 125_000, ceil: 250_000, bufferUs: 1000 }]);
  const v4 = { index, parent: 0x10000, priority: 16, protocol: 0x800, classid: 0x10030, dst: '10.1.16.0/20' };
  const v6 = { index, parent: 0x10000, priority: 17, protocol: 0x86dd, classid: 0x10030, src: '2001:db8:f000::/36', dst: '2001:db8::5/128' };
  for (const filter of [v4, v6]) kernel.tc.addFilter('host', filter);
  const shown = sh('tc', 'filter', 'show', 'dev', 'bw0');
  assert.match(shown, /match 0a011000\/fffff000 at 16/);
  assert.match(shown, /match 20010db8\/ffffffff at 8\s+match f0000000\/f0000000 at 12\s+match 20010db8\/ffffffff at 24/);
  const read = kernel.tc.filters('host', index, 0x10000);
  assert.equal(read.map(({ handle, kind, ...rest }) => rest), [v4, v6]);
  for (const filter of read) kernel.tc.deleteFilter('host', filter);
  assert.equal(kernel.tc.filters('host', index, 0x10000), []);
  kernel.tc.deleteClass('host', index, 0x10030);
  assert.equal(kernel.tc.classes('host', index), []);
  kernel.link.delete('host', index);
});

test('a filter taken back is not one of others of the same priority', () => {
  const index = newIfb('bw0');
  kernel.tc.addQdisc('host', { index, kind: 'htb', handle: 0x10000, parent: ROOT, defaultClass: 0 });
  for (const classid of [0x10001, 0x10005]) kernel.tc.addClass('host', { index, classid, parent: 0x10000, rate: 1000, ceil: 1000, bufferUs: 1000 });
  sh('tc', 'filter', 'add', 'dev', 'bw0', 'parent', '1:', 'protocol', 'all', 'prio', '1', 'u32', 'match', 'u32', '0', '0', 'flowid', '1:5');
  const filter = { index, parent: 0x10000, priority: 1, protocol: 3, classid: 0x10001 };
  kernel.tc.addFilter('host', filter);
  carryOut({ do: 'delete filter', ns: 'host', netns: kernel.netnsId('host')!, filter }, { kernel, tables: undefined!, openStore: undefined! });
  assert.equal(kernel.tc.filters('host', index, 0x10000).map(({ classid }) => classid), [0x10005]);
  kernel.link.delete('host', index);
});

test('nor is it missed for the way in which its range was spelled', () => {
  const index = newIfb('bw0');
  kernel.tc.addQdisc('host', { index, kind: 'htb', handle: 0x10000, parent: ROOT, defaultClass: 0 });
  const undos: Undo[] = [];
  const handles = newHandles();
  const call = {
    plugin: 'acme', module: 'acme', kernel, handles, grants: { ...NO_GRANTS, tc: ['host'] }, journal: { intend: (_plugin: string, undo: Undo) => undos.push(undo) - 1 },
  } as unknown as Call;
  const link = handles.mint({ ns: 'host', index, name: 'bw0', kind: 'ifb', right: 'own' });
  for (const [i, range] of [{ src: '10.1.0.5/16' }, { dst: '2001:DB8:0::5/64' }].entries()) tcOps['tc.filter'](call, { link, parent: 'root', priority: i + 1, ...range });
  assert.is(kernel.tc.filters('host', index, 0x10000).length, 2);
  for (const { inverse } of undos.toReversed()) carryOut(inverse, { kernel, tables: undefined!, openStore: undefined! });
  assert.equal(kernel.tc.filters('host', index, 0x10000), []);
  kernel.link.delete('host', index);
});

test.run();
