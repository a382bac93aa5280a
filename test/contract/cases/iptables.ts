// Contract: iptables through iptables-restore and iptables-save.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { builtInChains } from '../../../host/kernel/built-in-chains.ts';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import type { Kernel } from '../../../host/kernel/kernel.ts';
import { restoreLines } from '../../support/iptables-lines.ts';
import { refuses, type Cases } from '../case.ts';

const change = (kernel: Kernel, ...lines: string[]): void => restoreLines(kernel.iptables, 'host', 'ip', 'nat', ...lines);
const chainOf = (kernel: Kernel, name: string): string[] | undefined => kernel.iptables.read('host', 'ip', 'nat').chains.find((chain) => chain.name === name)?.rules.map(({ text }) => text);

export const iptablesCases: Cases = {
  'iptables can be used for both families'(kernel) {
    assert.is(kernel.iptables.unusable('host', 'ip'), undefined);
    assert.is(kernel.iptables.unusable('host', 'ip6'), undefined);
  },

  'a table nobody used has no rules and no chains but the built-in ones'(kernel) {
    const { family, name, chains } = kernel.iptables.read('host', 'ip', 'nat');
    assert.equal([family, name], ['ip', 'nat']);
    for (const { policy, rules } of chains) assert.equal([policy, rules], ['ACCEPT', []]);
  },

  'chains and rules are made, and read back as iptables-save prints them'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -s 192.0.2.5/32 -p tcp -m comment --comment "a \\"b\\" c" -m tcp --dport 80 -j ACCEPT', '-A CNI-x ! -d 224.0.0.0/4 -j MASQUERADE', '-A POSTROUTING -s 192.0.2.0/24 -j CNI-x');
    assert.equal(chainOf(kernel, 'CNI-x'), ['-s 192.0.2.5/32 -p tcp -m comment --comment "a \\"b\\" c" -m tcp --dport 80 -j ACCEPT', '! -d 224.0.0.0/4 -j MASQUERADE']);
    assert.equal(chainOf(kernel, 'POSTROUTING'), ['-s 192.0.2.0/24 -j CNI-x']);
    assert.is(kernel.iptables.read('host', 'ip', 'nat').chains.find(({ name }) => name === 'POSTROUTING')!.policy, 'ACCEPT');
    assert.is(kernel.iptables.read('host', 'ip', 'nat').chains.find(({ name }) => name === 'CNI-x')!.policy, undefined);
  },

  'built-in chains come first, others by name'(kernel) {
    change(kernel, '-N CNI-z', '-N CNI-a', '-A CNI-z -j RETURN');
    assert.equal(kernel.iptables.read('host', 'ip', 'nat').chains.map(({ name }) => name), ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING', 'CNI-a', 'CNI-z']);
  },

  'the families are apart'(kernel) {
    restoreLines(kernel.iptables, 'host', 'ip6', 'nat', '-N CNI-x', '-A CNI-x -s 2001:db8::5/128 -j ACCEPT');
    assert.is(chainOf(kernel, 'CNI-x'), undefined);
    assert.equal(kernel.iptables.read('host', 'ip6', 'nat').chains.find(({ name }) => name === 'CNI-x')?.rules.map(({ text }) => text), ['-s 2001:db8::5/128 -j ACCEPT']);
  },

  'rules about interfaces and connections are read back as iptables-save prints them'(kernel) {
    restoreLines(kernel.iptables, 'host', 'ip', 'filter',
      '-N CNI-x', '-A CNI-x -d 192.0.2.5/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A CNI-x -i cni0 ! -o cni0 -p tcp -m comment --comment "a b" -j DROP',
      '-I FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-x');
    const chains = kernel.iptables.read('host', 'ip', 'filter').chains;
    assert.equal(chains.map(({ name, rules }) => [name, rules.map(({ text }) => text)]), [
      ['INPUT', []], ['FORWARD', ['-m comment --comment "CNI firewall plugin rules" -j CNI-x']], ['OUTPUT', []],
      ['CNI-x', ['-d 192.0.2.5/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-i cni0 ! -o cni0 -p tcp -m comment --comment "a b" -j DROP']],
    ]);
  },

  'the namespaces are apart'(kernel) {
    change(kernel, '-N CNI-x');
    assert.is(kernel.iptables.read('container', 'ip', 'nat').chains.some(({ name }) => name === 'CNI-x'), false);
    restoreLines(kernel.iptables, 'container', 'ip', 'nat', '-N CNI-y');
    assert.is(chainOf(kernel, 'CNI-y'), undefined);
  },

  'rules are put first and last'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -s 192.0.2.1/32 -j RETURN');
    change(kernel, '-I CNI-x -s 192.0.2.2/32 -j RETURN', '-A CNI-x -s 192.0.2.3/32 -j RETURN');
    assert.equal(chainOf(kernel, 'CNI-x'), ['-s 192.0.2.2/32 -j RETURN', '-s 192.0.2.1/32 -j RETURN', '-s 192.0.2.3/32 -j RETURN']);
  },

  'a rule is deleted as it was read'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -s 192.0.2.1/32 -j RETURN', '-A CNI-x -j ACCEPT');
    change(kernel, '-D CNI-x -s 192.0.2.1/32 -j RETURN');
    assert.equal(chainOf(kernel, 'CNI-x'), ['-j ACCEPT']);
    refuses(() => change(kernel, '-D CNI-x -s 192.0.2.1/32 -j RETURN'), 'EIPTABLES');
  },

  'whether a rule is there is asked in its own words'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -s 192.0.2.1/32 -m comment --comment "a b" -j RETURN');
    assert.is(kernel.iptables.has('host', 'ip', 'nat', 'CNI-x', '-s 192.0.2.1/32 -m comment --comment "a b" -j RETURN'), true);
    assert.is(kernel.iptables.has('host', 'ip', 'nat', 'CNI-x', '-s 192.0.2.2/32 -m comment --comment "a b" -j RETURN'), false);
    assert.is(kernel.iptables.has('host', 'ip6', 'nat', 'CNI-x', '-s 2001:db8::1/128 -j RETURN'), false);
  },

  'other chains stay as they are'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -j ACCEPT', '-A POSTROUTING -j CNI-x');
    change(kernel, '-N CNI-y', '-A POSTROUTING -j CNI-y');
    assert.equal([chainOf(kernel, 'CNI-x'), chainOf(kernel, 'POSTROUTING')], [['-j ACCEPT'], ['-j CNI-x', '-j CNI-y']]);
  },

  'a chain is deleted once it is empty and nobody calls it'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -j ACCEPT', '-A POSTROUTING -j CNI-x');
    refuses(() => change(kernel, '-X CNI-x'), 'EIPTABLES');
    refuses(() => change(kernel, '-F CNI-x', '-X CNI-x'), 'EIPTABLES');
    change(kernel, '-D POSTROUTING -j CNI-x', '-F CNI-x', '-X CNI-x');
    assert.is(chainOf(kernel, 'CNI-x'), undefined);
  },

  'what a change needs must be there'(kernel) {
    refuses(() => change(kernel, '-A CNI-none -j ACCEPT'), 'EIPTABLES');
    refuses(() => change(kernel, '-F CNI-none'), 'EIPTABLES');
    refuses(() => change(kernel, '-X CNI-none'), 'EIPTABLES');
    refuses(() => change(kernel, '-A POSTROUTING -j CNI-none'), 'EIPTABLES');
    refuses(() => change(kernel, '-N CNI-x', '-N CNI-x'), 'EIPTABLES');
    refuses(() => change(kernel, `-N ${'x'.repeat(29)}`), 'EINVAL');
    refuses(() => restoreLines(kernel.iptables, 'host', 'ip', 'none', '-N CNI-x'), 'EIPTABLES');
  },

  'of changes of which one fails none is made'(kernel) {
    change(kernel, '-N CNI-x', '-A CNI-x -j ACCEPT');
    refuses(() => change(kernel, '-N CNI-y', '-F CNI-x', '-A CNI-none -j ACCEPT'), 'EIPTABLES');
    assert.equal([chainOf(kernel, 'CNI-x'), chainOf(kernel, 'CNI-y')], [['-j ACCEPT'], undefined]);
  },

  'nat targets belong where nat happens'(kernel) {
    refuses(() => change(kernel, '-A PREROUTING -j MASQUERADE'), 'EIPTABLES');
    refuses(() => change(kernel, '-A POSTROUTING -j DNAT --to-destination 192.0.2.5'), 'EIPTABLES');
    change(kernel, '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.5:8080');
    assert.is(chainOf(kernel, 'PREROUTING')!.length, 1);
  },

  'a table that iptables does not have is refused, whatever it is called'(kernel) {
    for (const table of ['none', 'constructor', '__proto__']) {
      assert.equal(builtInChains(table), [], table);
      assert.throws(() => kernel.iptables.read('host', 'ip', table), (error: unknown) => error instanceof KernelError);
    }
  },
};
