// What a grant of sysctls reaches: the namespace it names, keys below net alone, and names of links whatever is in them.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel, type FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Ns } from '../../host/kernel/kernel.ts';
import { forwardJournal } from '../../host/ledger/journal.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { perform } from '../../host/ops/perform.ts';

const SET = OPS.find(({ domain, name }) => domain === 'sysctl' && name === 'set')!;
const FORWARD = 'net/ipv4/ip_forward';

/** `$'` and `$&` mean something to who replaces texts. */
const NAMES = ['eth0.1', 'eth0', "a$'", '$&'];

function node(...sysctl: string[]): { kernel: FakeKernel; set(request: object): object; handle(name: string): number } {
  const kernel = fakeKernel();
  for (const name of NAMES) kernel.link.create('container', { kind: 'veth', name, peer: { ns: 'host', name: `p${name}` } });
  const handles = newHandles();
  const call = {
    kernel, handles, journal: forwardJournal, module: 'acme', plugin: 'acme', verb: 'ADD', meanings: new Map(), grants: { ...NO_GRANTS, sysctl }, hashes: { attachment: '' },
    request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0.1' }, netconf: { value: {} } },
  } as unknown as Call;
  return {
    kernel,
    set: (request) => perform(call, SET, { ...request }),
    handle: (name) => handles.mint({ ns: 'container', index: kernel.link.get('container', { name })!.index, name, kind: 'veth', right: 'own' }),
  };
}

const denied = (act: () => unknown, kind: string): void => assert.throws(act, (error: unknown) => error instanceof CniError && error.facts.kind === kind);
const valueOf = (kernel: FakeKernel, ns: Ns, key: string): string | undefined => kernel.sysctl.get(ns, key);

test('all of the container is not the host', () => {
  const { kernel, set } = node('container:net/**');
  set({ key: FORWARD, value: '1' });
  set({ ns: 'container', key: 'net/ipv6/conf/eth0/accept_ra', value: '0' });
  denied(() => set({ ns: 'host', key: FORWARD, value: '1' }), 'denied');
  assert.equal([valueOf(kernel, 'container', FORWARD), valueOf(kernel, 'host', FORWARD)], ['1', '0']);
  assert.is(valueOf(kernel, 'container', 'net/ipv6/conf/eth0/accept_ra'), '0');
});

test('a key without a namespace is for both, one of the host for the host', () => {
  const both = node(FORWARD);
  for (const ns of ['host', 'container'] as const) both.set({ ns, key: FORWARD, value: '1' });
  const host = node(`host:${FORWARD}`);
  host.set({ ns: 'host', key: FORWARD, value: '1' });
  denied(() => host.set({ key: FORWARD, value: '1' }), 'denied');
});

test('nothing leads out of net', () => {
  const { set } = node('container:net/**', 'container:**');
  for (const key of ['net/../kernel/msgmax', 'net/./ipv4/ip_forward', 'net/ipv4/..', 'net//ipv4', 'net', 'kernel/msgmax', '/net/ipv4/ip_forward', 'net/ipv4/ip_forward/', 'net/a b', 'net/ipv4/conf/{link}/arp_notify']) {
    denied(() => set({ key, value: '1' }), 'invalid');
  }
});

test('a link\'s name may hold dots, written out or as a handle', () => {
  const { kernel, set, handle } = node('container:net/**');
  set({ key: 'net/ipv4/conf/eth0.1/arp_accept', value: '1' });
  set({ key: 'net/ipv4/conf/{link}/arp_notify', link: handle('eth0.1'), value: '1' });
  for (const name of ['arp_accept', 'arp_notify']) assert.is(valueOf(kernel, 'container', `net/ipv4/conf/eth0.1/${name}`), '1');
});

test('a link\'s name is put in as it is', () => {
  const { kernel, set, handle } = node('container:net/**');
  for (const name of NAMES) {
    set({ key: 'net/ipv4/conf/{link}/arp_notify', link: handle(name), value: '1' });
    assert.is(valueOf(kernel, 'container', `net/ipv4/conf/${name}/arp_notify`), '1');
  }
});

test('a link stands where the kernel has one, and nowhere else', () => {
  const { set, handle } = node('net/**');
  for (const key of ['net/{link}/somaxconn', 'net/ipv4/{link}', 'net/ipv4/conf/{link}', 'net/ipv4/conf/x{link}/arp_notify', 'net/ipv4/conf/{link}{link}/arp_notify', 'net/ipv4/xconf/{link}/arp_notify', 'net/{link}/conf/{link}/arp_notify']) {
    denied(() => set({ key, link: handle('eth0'), value: '1' }), 'invalid');
  }
});

test('what can only be written is written', () => {
  node('container:net/**').set({ key: 'net/ipv4/route/flush', value: '1' });
  denied(() => node('container:net/**').set({ key: 'net/ipv4/none', value: '1' }), 'not-found');
});

test.run();
