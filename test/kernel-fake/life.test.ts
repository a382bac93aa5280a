// What only the fake has: a container that ends, and changes that fail when a test says so.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Rule } from '../../host/kernel/rule.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { makeBridge, refuses, upVeth } from '../contract/case.ts';

test('a container that ends takes its links and their peers along', () => {
  const kernel = fakeKernel();
  const bridge = makeBridge(kernel);
  const before = kernel.dump();
  const { veth1 } = upVeth(kernel);
  kernel.link.set('host', veth1, { master: bridge });
  kernel.addr.add('host', veth1, '10.1.0.1/24');
  kernel.tc.addQdisc('host', { index: veth1, kind: 'ingress' });
  kernel.removeContainer();
  assert.is(kernel.netnsId('container'), undefined);
  assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo', 'cni0']);
  const [host] = before.split('namespace container');
  assert.is(kernel.dump(), host!.replace(/(cni0 .*mac )\S+/, '$100:00:00:00:00:00'));
});

test('without its container a kernel answers ENOENT for it', () => {
  const kernel = fakeKernel();
  kernel.removeContainer();
  kernel.removeContainer();
  refuses(() => kernel.link.list('container'), 'ENOENT');
  refuses(() => kernel.addr.add('container', 1, '10.1.0.5/24'), 'ENOENT');
  refuses(() => upVeth(kernel), 'ENOENT');
  assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo']);
});

test('two kernels of the same state do not share it', () => {
  const kernel = fakeKernel();
  const other = fakeKernel(kernel.state);
  makeBridge(kernel);
  assert.is(other.link.get('host', { name: 'cni0' }), undefined);
});

test('the same changes give the same text', () => {
  const [one, two] = [fakeKernel(), fakeKernel()];
  for (const kernel of [one, two]) {
    upVeth(kernel);
    makeBridge(kernel);
  }
  assert.is(one.dump(), two.dump());
});

test('every change is announced, reads are not, and a fault leaves all as it was', () => {
  const seen: string[] = [];
  let fail = '';
  const kernel = fakeKernel(undefined, {
    before(method, args) {
      seen.push(`${method} ${String(args[0])}`);
      if (method === fail) throw new KernelError('EIO', method);
    },
  });
  const { eth0 } = upVeth(kernel);
  kernel.addr.add('container', eth0, '10.1.0.5/24');
  kernel.route.list('container');
  assert.equal(seen, ['link.create container', 'link.set host', 'link.set container', 'addr.add container']);
  const before = kernel.dump();
  fail = 'addr.delete';
  refuses(() => kernel.addr.delete('container', eth0, '10.1.0.5/24'), 'EIO');
  assert.is(kernel.dump(), before);
  fail = '';
  const calls = seen.length;
  kernel.nft.apply('host', []);
  kernel.iptables.restore('host', 'ip', 'nat', []);
  kernel.conntrack.delete('host', { family: 'ip', proto: 'udp', dports: [53] });
  kernel.sysctl.set('host', 'net/ipv4/ip_forward', '1');
  assert.equal(seen.slice(calls), ['nft.apply host', 'iptables.restore host', 'conntrack.delete host', 'sysctl.set host']);
});

test('a packet filter that cannot be used says why', () => {
  const kernel = fakeKernel(fakeKernel().dump().replace('\n', '\nunusable nft "no nf_tables"\nunusable ip "no iptables"\n'));
  assert.is(kernel.nft.unusable('host'), 'no nf_tables');
  refuses(() => kernel.nft.read('host', 'inet', 'blue'), 'EPROTONOSUPPORT');
  refuses(() => kernel.iptables.read('host', 'ip', 'nat'), 'EIPTABLES');
  const untranslated = fakeKernel(fakeKernel().dump().replace('\n', '\nunusable raw "no nft program"\n'));
  assert.equal([untranslated.nft.unusable('host'), untranslated.nft.unusable('host', true)], [undefined, 'no nft program']);
  const at = { family: 'inet', table: 'blue', chain: 'checks' } as const;
  const rule: Rule = { match: [{ raw: ['tcp', 'sport', '7'] }], action: { verdict: 'accept' } };
  refuses(() => untranslated.nft.apply('host', [{ do: 'add table', ...at }, { do: 'add chain', ...at }, { do: 'add rule', ...at, at: 'end', rule }]), 'ENFT');
  assert.equal([kernel.nft.unusable('container'), kernel.iptables.unusable('host', 'ip6')], [undefined, undefined]);
});

test.run();
