// `cni-wasm gc` on the fake node: when an attachment is over, and when that cannot be said.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE, type ErrorFacts } from '../../host/cni-error.ts';
import { gc as collect } from '../../host/cli/gc.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import type { Chain, Host } from '../../host/verbs/host.ts';
import type { Judged } from '../../host/verbs/collect-gone.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

const plugins = blueChain('iptables');

/** Of what goes well. */
function gc(words: readonly string[], host: Host): string {
  const { text, failure } = collect(words, host);
  if (failure) throw failure;
  return text;
}

/** The namespace at the path is what `open` gives or throws; with `endGone` the kernel has taken the veth away. */
function judge(open: (kernel: Kernel) => Kernel, { endGone = true, changed = {} }: { endGone?: boolean; changed?: Partial<Host> } = {}): { gone: Judged[]; kept: Judged[]; before: string; after: string; clean: string } {
  const node = fakeNode();
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  const clean = node.picture();
  node.add(chainOf('ADD', plugins));
  if (endGone) node.kernel.link.delete('host', node.kernel.link.list('host').find(({ kind }) => kind === 'veth')!.index);
  const { openKernel } = node.host;
  const host = { ...node.host, openKernel: (netns: string) => (netns === '' ? openKernel('') : open(openKernel(netns))), ...changed };
  const before = node.picture();
  const dry = gc(['--dry-run', '--json'], host);
  assert.is(node.picture(), before, 'a dry run changes nothing');
  const { gone, kept } = JSON.parse(gc(['--json'], host)) as { gone: Judged[]; kept: Judged[] };
  assert.equal(JSON.parse(dry), { dryRun: true, gone, kept, torn: [], unclaimed: [] });
  const after = node.picture();
  node.remove();
  return { gone, kept, before, after, clean };
}

const fails = (facts: ErrorFacts) => (): never => { throw new CniError(CODE.plugin, 'failed to open netns', facts); };
const anotherNamespace = (kernel: Kernel): Kernel => ({ ...kernel, netnsId: (ns) => (ns === 'host' ? kernel.netnsId(ns) : '4:999'), isNetns: (ns, mark) => (ns === 'host' ? kernel.isNetns(ns, mark) : mark === '4:999') });

test('a record that is no more than half written goes, and is told before', () => {
  const node = fakeNode();
  const clean = node.picture();
  for (const [network, name] of [['blue', '0123'], ['blue', 'abcd.new'], ['only', '4567']] as const) {
    mkdirSync(join(node.host.roots.state, 'ledger', network), { recursive: true });
    writeFileSync(join(node.host.roots.state, 'ledger', network, name), '{"version":1,"att');
  }
  const said = (verb: string): string[] => ['blue/0123', 'blue/abcd.new', 'only/4567'].map((path) => `${verb}: "${node.host.roots.state}/ledger/${path}": a record that says nothing: a kill or a loss of power came while it was written\n`);
  assert.is(gc(['--dry-run'], node.host), said('would take away').join(''));
  assert.is(gc(['--dry-run'], node.host), said('would take away').join(''));
  assert.is(gc([], node.host), said('taken away').join(''));
  assert.is(gc([], node.host), 'nothing to collect\n');
  assert.is(node.picture(), clean);
  node.remove();
});

for (const [name, open, why] of [
  ['no such path', fails({ kind: 'not-found', errno: 'ENOENT' }), 'its network namespace is gone'],
  ['a plain file', fails({ kind: 'invalid', errno: 'EINVAL' }), 'its network namespace is gone'],
  ['another namespace', anotherNamespace, 'another network namespace is at its path'],
] as const) {
  test(`${name} at its path: it goes`, () => {
    const { gone, kept, after, clean } = judge(open);
    assert.equal(kept, []);
    assert.equal(gone.map(({ network, containerId, ifname, netns, why: said }) => ({ network, containerId, ifname, netns, said })),
      [{ network: 'blue', containerId: 'c1', ifname: 'eth0', netns: '/run/netns/c1', said: why }]);
    assert.ok(gone[0]!.objects.some(({ plugin, object }) => plugin === 'portmap' && object.includes('CNI-DN-')));
    assert.is(after.replace(/last_reserved.*/g, ''), clean.replace(/last_reserved.*/g, ''));
  });
}

for (const [name, open, more, why] of [
  ['its namespace is there', (kernel: Kernel) => kernel, {}, /its network namespace is there/],
  ['its namespace cannot be entered', fails({ kind: 'invalid', errno: 'EPERM' }), {}, /failed to open netns/],
  ['its path cannot be looked at', fails({ kind: 'not-found', errno: 'EACCES' }), {}, /failed to open netns/],
  ['its path is gone but not its link', fails({ kind: 'not-found', errno: 'ENOENT' }), { endGone: false }, /its link "veth[0-9a-f]+" is there/],
] as const) {
  test(`${name}: it stays`, () => {
    const { gone, kept, before, after } = judge(open, more);
    assert.equal(gone, []);
    assert.match(kept[0]!.why, why);
    assert.is(after, before);
  });
}

test('of another boot: it goes, whatever is at its path', () => {
  const { gone } = judge((kernel) => kernel, { changed: { boot: () => 'another' } });
  assert.is(gone[0]!.why, 'it was made before the node was started anew');
});

test('a call that was killed before it had said whose it was is told as such', () => {
  const node = fakeNode();
  const folder = join(node.host.roots.run, 'journal', 'blue');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'c9-eth0'), '{"attachment":{"network":"bl');
  assert.is(gc(['--dry-run'], node.host), 'would take back: network "blue", no container: its call was killed\n');
  node.remove();
});

test('leases that name no container stay, and are told', () => {
  const node = fakeNode();
  node.add(chainOf('ADD', plugins));
  const folder = join(node.leases, 'blue');
  for (const [name, text] of [['192.0.2.2', 'garbage of c1'], ['192.0.2.7', 'c7\r\neth0'], ['192.0.2.8', '']]) writeFileSync(join(folder, name!), text!);
  const before = node.picture();
  assert.equal(JSON.parse(gc(['--dry-run', '--json'], node.host)).unclaimed, [{ ip: '192.0.2.2', folder }]);
  assert.is(node.picture(), before);
  assert.match(gc([], { ...node.host, boot: () => 'another' }), new RegExp(`^taken back: network "blue", container "c1"[^]*^stays: address 192.0.2.2, leased in ${folder}: its lease names no container`, 'm'));
  assert.is(readFileSync(join(folder, '192.0.2.2'), 'utf8'), 'garbage of c1');
  node.remove();
});

test('one that cannot be taken back: what was is told all the same, and what is left', () => {
  let refuses = false;
  const node = fakeNode({ before: (method) => { if (refuses && method === 'iptables.restore') throw new Error('no'); } });
  const named = (network: string, of: readonly Record<string, unknown>[]): Chain => {
    const chain = chainOf('ADD', of, { frame: { name: network } });
    return { ...chain, request: { ...chain.request, attachment: { ...chain.request.attachment, network, containerId: network } } };
  };
  node.add(named('blue', plugins.slice(0, 1)));
  node.add(named('green', [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }]));
  refuses = true;
  const host = { ...node.host, openKernel: (netns: string) => (netns === '' ? node.host.openKernel('') : fails({ errno: 'ENOENT' })()) };
  node.kernel.link.delete('host', node.kernel.link.list('host').find(({ kind }) => kind === 'veth')!.index);
  const { text, failure } = collect(['--json'], host);
  const { gone, left, failures } = JSON.parse(text) as Record<'gone' | 'left', Judged[]> & { failures: string[] };
  assert.equal([gone, left].map((judged) => judged.map(({ network }) => network)), [['green'], ['blue']]);
  assert.match(failure!.message, /^network "blue": could not take back everything of container "blue": /);
  assert.equal(failures, [failure!.message]);
  node.add(named('green', [{ type: 'host-local', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }]));
  assert.match(collect([], host).text, /^taken back: network "green", container "green".*\n(  .*\n)+could not take back: network "blue", container "blue".*\n(  .*\n)+$/);
  refuses = false;
  assert.match(gc([], host), /^taken back: network "blue"/);
  node.remove();
});

test('words', () => {
  const node = fakeNode();
  assert.is(gc([], node.host), 'nothing to collect\n');
  assert.throws(() => gc(['blue.conflist'], node.host), /takes no words, got "blue.conflist"; with a conflist it is cni-wasm run gc CONFLIST/);
  assert.throws(() => gc(['--dryrun'], node.host), /--dryrun/);
  node.remove();
});

test.run();
