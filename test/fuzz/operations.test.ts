// A module that asks for anything within its grants, in any order: in ADD it then fails, CHECK and STATUS it ends well, and the node is as it was before,
// whatever it was.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS, type Op } from '../../abi/ops.ts';
import { CniError, CODE } from '../../host/cni-error.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall, RunGuest } from '../../host/sandbox/sandbox.ts';
import { mismatch } from '../../host/sandbox/validate-shape.ts';
import { differing } from '../support/differing.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';
import { fitting } from './from-shape.ts';
import { answerOf, runs } from './runs.ts';

/** `name` is "link.create". */
interface Ask { name: string; request: Record<string, unknown> }

const NAMED = new Map<string, Op>(OPS.map((op) => [`${op.domain}.${op.name}`, op]));

const FAILED = 'the module has had enough';

/** What others made before: a refusal to make it again must not lead to its end. */
function furnish({ link, addr, route, sysctl }: Kernel): void {
  const bridge = link.create('host', { kind: 'bridge', name: 'cni0', mac: '02:00:00:00:00:b0', up: true });
  // Once its MTU was set, nothing makes a bridge follow its ports again (BROPT_MTU_SET_BY_USER of the kernel).
  link.set('host', bridge, { mtu: 1400 });
  // Detection that comes to an end, and the neighbours that a new hardware address makes the kernel forget, are not ours to keep as they were.
  sysctl.set('host', 'net/ipv6/conf/cni0/accept_dad', '0');
  for (const address of ['192.0.2.1/24', '2001:db8:88::1/64']) addr.add('host', bridge, address);
  route.add('host', { dst: '198.51.100.0/24', gw: '192.0.2.9' });
}
/** Asked for before anything else, so that there is something to change; of links, those that the plugin may make get handles 1 to 3. */
const FIRST: Record<string, Record<string, unknown>[]> = {
  'link.create': [
    { ns: 'host', name: 'cni0', kind: 'bridge', life: 'network' }, { name: 'eth0', kind: 'veth', peer: { ns: 'host' } },
    { ns: 'host', name: 'bwp1e7c4cbd4f83', kind: 'ifb' },
  ],
  'link.get': [{ ns: 'host', name: 'cni0' }, { name: 'eth0' }, { endOf: 1 }],
  'addr.add': [{ link: 1, address: '192.0.2.1/24' }],
};

function asksOf(plugin: string): fc.Arbitrary<Ask[]> {
  const names = [...granted(plugin)];
  const any = fc.oneof(...names.map((name) => fitting(NAMED.get(name)!.request).map((request): Ask => ({ name, request: request as Ask['request'] }))));
  const first = Object.keys(FIRST).filter((name) => names.includes(name)).flatMap((name) => FIRST[name]!.map((request): Ask => ({ name, request })));
  return fc.array(any, { minLength: 1, maxLength: 30 }).map((asks) => [...first, ...asks]);
}

/** What the plugin imports, seen once in a run of it. */
function granted(plugin: string): ReadonlySet<string> {
  let seen: ReadonlySet<string> = new Set();
  const node = fakeNode({}, (call) => {
    if (call.name === plugin) seen = call.granted;
    return runGuest(call);
  });
  node.add(chainOf('ADD', blueChain('nftables')));
  node.remove();
  return seen;
}

/** Plays the module `plugin`; the others of the chain run as they are. */
const playing = (plugin: string, asks: readonly Ask[], answers: string[], entries: readonly GuestCall['entry'][] = ['cni_add']): RunGuest => (call) => {
  if (call.name !== plugin || !entries.includes(call.entry)) return runGuest(call);
  for (const { name, request } of asks) answers.push(ask(call, NAMED.get(name)!, request));
  if (call.entry !== 'cni_add') return undefined;
  throw new CniError(CODE.plugin, FAILED);
};

function ask(call: GuestCall, op: Op, request: Record<string, unknown>): string {
  assert.is(mismatch(op.request, request), undefined);
  const answered = answerOf(() => call.perform(op, request));
  if ('error' in answered) return answered.error.facts.kind ?? String(answered.error.code);
  // What a delegate answers is a CNI result, which has a form of its own.
  if (op.domain !== 'delegate') assert.is(mismatch(op.answer, answered.value), undefined, `${op.domain}.${op.name} ${JSON.stringify(request)} answered ${JSON.stringify(answered.value)}`);
  return 'done';
}

/** As assert.is, but with the lines that differ in the message, which is all that a report of fast-check has of an error. */
const sameAs = (before: string, after: string): void => assert.is(after, before, differing(before, after).join('\n'));

const PLUGINS = ['bridge', 'host-local', 'portmap', 'bandwidth'];
for (const plugin of PLUGINS) {
  test(`${plugin}: anything it may ask for is taken back`, () => {
    const tally: Record<string, number> = {};
    fc.assert(fc.property(asksOf(plugin), fc.constantFrom('nftables' as const, 'iptables' as const), fc.boolean(), (asks, backend, furnished) => {
      const answers: string[] = [];
      const node = fakeNode({}, playing(plugin, asks, answers));
      if (furnished) furnish(node.kernel);
      const before = node.picture();
      const failed = answerOf(() => node.add(chainOf('ADD', blueChain(backend))));
      assert.ok('error' in failed && failed.error.message === FAILED, 'error' in failed ? failed.error.message : 'ADD succeeded');
      sameAs(before, node.picture());
      node.remove();
      for (const answer of answers) tally[answer] = (tally[answer] ?? 0) + 1;
    }), runs(200, PLUGINS.length));
    // A fuzz that is refused everything would show nothing.
    assert.ok((tally['done'] ?? 0) > 100, JSON.stringify(tally));
  });
}

for (const plugin of PLUGINS) {
  test(`${plugin}: CHECK and STATUS change nothing, whatever they ask for`, () => {
    fc.assert(fc.property(asksOf(plugin), fc.constantFrom('nftables' as const, 'iptables' as const), (asks, backend) => {
      const answers: string[] = [];
      const node = fakeNode({}, playing(plugin, asks, answers, ['cni_check', 'cni_status']));
      const plugins = blueChain(backend);
      const prevResult = node.add(chainOf('ADD', plugins));
      const before = node.picture();
      node.check(chainOf('CHECK', plugins, { prevResult }));
      if (plugin !== 'host-local') node.status(chainOf('STATUS', plugins));
      sameAs(before, node.picture());
      node.remove();
      assert.ok(answers.length > 0);
    }), runs(100, PLUGINS.length));
  });
}

test.run();
