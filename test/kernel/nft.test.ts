// Our messages against the nft program: what we write it lists in its own syntax, what it writes we read as the same rules.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { NftCommand } from '../../host/kernel/kernel.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import type { NetfilterSocket } from '../../host/kernel/live/netfilter-socket.ts';
import { nftKernel } from '../../host/kernel/live/nft.ts';
import { renderNftRule } from '../../host/kernel/nft-text.ts';
import { ruleKey } from '../../host/kernel/normal-rule.ts';
import type { Rule, RuleFamily } from '../../host/kernel/rule.ts';

const context = openContext(openLibc(), '');
const kernel = nftKernel(context);
const nft = (...args: string[]): string => execFileSync('nft', args, { encoding: 'utf8' });
const load = (text: string): string => execFileSync('nft', ['--', text], { encoding: 'utf8' });
const saddr = (prefix: string, not = false) => ({ saddr: prefix, ...(not ? { not } : {}) });
const daddr = (prefix: string, not = false) => ({ daddr: prefix, ...(not ? { not } : {}) });

const CASES: [RuleFamily, string, Rule][] = [
  ['ip', 'tcp dport 8080 dnat to 10.1.0.5:80 comment "c1"', { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: '10.1.0.5', port: 80 } }, comment: 'c1' }],
  ['ip', 'ip daddr 192.0.2.1 udp dport 53 dnat to 10.1.0.5:53', { match: [daddr('192.0.2.1'), { proto: 'udp', dport: 53 }], action: { dnat: { to: '10.1.0.5', port: 53 } } }],
  ['ip', 'sctp dport != 9 dnat to 10.1.0.5', { match: [{ proto: 'sctp', dport: 9, not: true }], action: { dnat: { to: '10.1.0.5' } } }],
  ['ip', 'ip saddr 10.1.0.5 ip daddr 10.1.0.5 masquerade', { match: [saddr('10.1.0.5'), daddr('10.1.0.5/32')], action: { masquerade: true } }],
  ['ip', 'ip saddr 10.0.0.0/8 ip daddr != 10.1.16.0/20 masquerade', { match: [saddr('10.9.9.9/8'), daddr('10.1.17.1/20', true)], action: { masquerade: true } }],
  ['ip', 'ip daddr != 0.0.0.0/0 drop', { match: [daddr('0.0.0.0/0', true)], action: { verdict: 'drop' } }],
  ['ip', 'ip daddr 224.0.0.0/4 return', { match: [daddr('224.0.0.0/4')], action: { verdict: 'return' } }],
  ['ip', 'fib daddr type local jump other', { match: [{ dstType: 'local' }], action: { jump: 'other' } }],
  ['ip', 'fib daddr type != local goto other', { match: [{ dstType: 'local', not: true }], action: { goto: 'other' } }],
  ['ip', 'meta mark 0x00002000 accept', { match: [{ mark: { value: 0x2000, mask: 0xffffffff } }], action: { verdict: 'accept' } }],
  ['ip', 'meta mark != 0x00002000 accept', { match: [{ mark: { value: 0x2000, mask: 0xffffffff }, not: true }], action: { verdict: 'accept' } }],
  ['ip', 'meta mark & 0x00002000 == 0x00002000 masquerade', { match: [{ mark: { value: 0x2000, mask: 0x2000 } }], action: { masquerade: true } }],
  ['ip', 'meta mark & 0x000000ff != 0x00000005 return', { match: [{ mark: { value: 5, mask: 0xff }, not: true }], action: { verdict: 'return' } }],
  ['ip', 'meta mark set 0x00000007', { match: [], action: { setMark: { value: 7, mask: 0xffffffff } } }],
  ['ip', 'meta mark set meta mark | 0x00002000', { match: [], action: { setMark: { value: 0x2000, mask: 0x2000 } } }],
  ['ip', 'meta mark set meta mark & 0xffff2fff | 0x00002000', { match: [], action: { setMark: { value: 0x2000, mask: 0xf000 } } }],
  ['ip', 'tcp dport { 80, 443 } jump other', { match: [{ proto: 'tcp', dports: [443, 80, 80] }], action: { jump: 'other' } }],
  ['ip', 'udp dport != { 80, 443 } accept', { match: [{ proto: 'udp', dports: [80, 443], not: true }], action: { verdict: 'accept' } }],
  ['ip', 'meta l4proto tcp accept', { match: [{ proto: 'tcp' }], action: { verdict: 'accept' } }],
  ['ip', 'meta l4proto != icmp accept', { match: [{ proto: 'icmp', not: true }], action: { verdict: 'accept' } }],
  ['ip6', 'ip6 saddr fd00::1 ip6 daddr != fd00::/60 masquerade', { match: [saddr('fd00:0::1'), daddr('fd00::1/60', true)], action: { masquerade: true } }],
  ['ip6', 'tcp dport 80 dnat to [fd00::5]:8080', { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: 'fd00::5', port: 8080 } } }],
  ['ip6', 'meta l4proto ipv6-icmp accept', { match: [{ proto: 'icmpv6' }], action: { verdict: 'accept' } }],
  ['inet', 'ip saddr 10.1.0.5 ip daddr != 10.1.0.0/24 masquerade comment "x-y, net: blue"', { match: [saddr('10.1.0.5'), daddr('10.1.0.5/24', true)], action: { masquerade: true }, comment: 'x-y, net: blue' }],
  ['inet', 'ip daddr 224.0.0.0/4 return', { match: [daddr('224.0.0.0/4')], action: { verdict: 'return' } }],
  ['inet', 'ip6 daddr ff00::/8 return', { match: [daddr('ff00::/8')], action: { verdict: 'return' } }],
  ['inet', 'ip6 saddr fd00::5 ip6 daddr != fd00::/64 masquerade', { match: [saddr('fd00::5'), daddr('fd00::/64', true)], action: { masquerade: true } }],
  ['inet', 'ip saddr 0.0.0.0/0 accept', { match: [saddr('0.0.0.0/0')], action: { verdict: 'accept' } }],
  ['inet', 'tcp dport 80 dnat ip to 10.1.0.5:8080', { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: '10.1.0.5', port: 8080 } } }],
  ['inet', 'tcp dport 80 dnat ip6 to [fd00::5]:8080', { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: 'fd00::5', port: 8080 } } }],
  ['ip', 'iifname "cni0" oifname != "cni0" jump other', { match: [{ iif: 'cni0' }, { oif: 'cni0', not: true }], action: { jump: 'other' } }],
  ['inet', 'iifname != "eth0.1@x" drop', { match: [{ iif: 'eth0.1@x', not: true }], action: { verdict: 'drop' } }],
  ['ip', 'ip daddr 10.1.0.5 ct state established,related accept', { match: [daddr('10.1.0.5'), { ctState: ['related', 'established', 'related'] }], action: { verdict: 'accept' } }],
  ['inet', 'ct state new accept', { match: [{ ctState: ['new'] }], action: { verdict: 'accept' } }],
  ['ip6', 'ct state invalid,established,related,new,untracked return', { match: [{ ctState: ['untracked', 'new', 'related', 'established', 'invalid'] }], action: { verdict: 'return' } }],
  ['ip', 'ct state ! established,related drop', { match: [{ ctState: ['established', 'related'], not: true }], action: { verdict: 'drop' } }],
  ['bridge', 'iifname "veth1a2b3c4d" jump other comment "macspoofchk-c1-eth0"', { match: [{ iif: 'veth1a2b3c4d' }], action: { jump: 'other' }, comment: 'macspoofchk-c1-eth0' }],
  ['bridge', 'ether saddr 02:00:00:00:00:0a return', { match: [{ ethSaddr: '02:00:00:00:00:0A' }], action: { verdict: 'return' } }],
  ['bridge', 'iifname "eth0" ether saddr != 02:00:00:00:00:01 drop', { match: [{ iif: 'eth0' }, { ethSaddr: '02:00:00:00:00:01', not: true }], action: { verdict: 'drop' } }],
  ['bridge', 'meta mark 0x00000007 oifname "eth0" accept', { match: [{ mark: { value: 7, mask: 0xffffffff } }, { oif: 'eth0' }], action: { verdict: 'accept' } }],
  ['inet', 'fib daddr type local goto other', { match: [{ dstType: 'local' }], action: { goto: 'other' } }],
];

const listed = (family: string): string[] =>
  nft('list', 'chain', family, 't', 'c').split('\n').slice(2, -3).map((line) => line.trim());

test.before.each(() => void nft('flush', 'ruleset'));

for (const [family, text, rule] of CASES) {
  test(`${family}: ${text}`, () => {
    const at = { family, table: 't' } as const;
    kernel.apply('host', [
      { do: 'add table', ...at }, { do: 'add chain', ...at, chain: 'other' }, { do: 'add chain', ...at, chain: 'c' },
      { do: 'add rule', ...at, chain: 'c', rule, at: 'end' },
    ]);
    assert.equal(listed(family), [text], 'nft lists what we wrote');
    assert.is(renderNftRule(family, rule), text, 'we say what nft lists');
    assert.is(keyIn(family), ruleKey(family, rule), 'we read what we wrote');
    nft('flush', 'chain', family, 't', 'c');
    load(`add rule ${family} t c ${text.replaceAll('ipv6-icmp', 'icmpv6')}`);
    assert.is(keyIn(family), ruleKey(family, rule), 'we read what nft wrote');
  });
}

function keyIn(family: RuleFamily): string | undefined {
  const rules = kernel.read('host', family, 't')?.chains.find(({ name }) => name === 'c')?.rules ?? [];
  assert.is(rules.length, 1);
  return rules[0]!.rule && ruleKey(family, rules[0]!.rule);
}

test('tables and chains bear their comments and hooks as nft shows them', () => {
  const at = { family: 'inet', table: 'cni_plugins_masquerade' } as const;
  kernel.apply('host', [
    { do: 'add table', ...at, comment: 'Masquerading for plugins' },
    { do: 'add chain', ...at, chain: 'masq_checks', comment: 'Masquerade traffic' },
    { do: 'add chain', ...at, chain: 'postrouting', hook: { type: 'nat', hook: 'postrouting', priority: 100 } },
  ]);
  assert.is(nft('list', 'ruleset'), `table inet cni_plugins_masquerade {
	comment "Masquerading for plugins"
	chain masq_checks {
		comment "Masquerade traffic"
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
`);
  assert.equal(kernel.read('host', at.family, at.table)?.chains.map(({ name, hook }) => [name, hook]), [
    ['masq_checks', undefined], ['postrouting', { type: 'nat', hook: 'postrouting', priority: 100 }],
  ]);
});

test('in family bridge what looks into packets is outside the grammar', () => {
  load('table bridge t {\n chain c {\n ip saddr 10.0.0.1 drop\n meta protocol ip accept\n meta l4proto tcp accept\n tcp dport 80 drop\n ether daddr 02:00:00:00:00:01 drop\n }\n}');
  assert.equal(kernel.read('host', 'bridge', 't')!.chains[0]!.rules.map(({ rule }) => rule), Array(5).fill(undefined));
});

test('a chain of family bridge is hooked between the ports', () => {
  const at = { family: 'bridge', table: 'nat', chain: 'PREROUTING' } as const;
  const hook = { type: 'filter', hook: 'prerouting', priority: -300 } as const;
  const long = `cni-br-iface-${'0123456789abcdef'.repeat(4)}-eth0-mac`;
  kernel.apply('host', [{ do: 'add table', ...at }, { do: 'add chain', ...at, hook }, { do: 'add chain', ...at, chain: long }]);
  assert.match(nft('list', 'ruleset'), 'type filter hook prerouting priority dstnat; policy accept;');
  assert.equal(kernel.read('host', 'bridge', 'nat')!.chains.map(({ name, hook: is }) => [name, is]), [['PREROUTING', hook], [long, undefined]]);
});

test('rules go to the start or the end, and are deleted by handle', () => {
  const at = { family: 'ip', table: 't', chain: 'c' } as const;
  const rule = (comment: string): Rule => ({ match: [], action: { verdict: 'return' }, comment });
  const comments = (): (string | undefined)[] => kernel.read('host', 'ip', 't')!.chains[0]!.rules.map(({ comment }) => comment);
  kernel.apply('host', [
    { do: 'add table', ...at }, { do: 'add chain', ...at },
    ...[['b', 'end'], ['c', 'end'], ['a', 'start']].map(([text, where]): NftCommand => ({ do: 'add rule', ...at, rule: rule(text!), at: where as 'start' })),
  ]);
  assert.equal(comments(), ['a', 'b', 'c']);
  kernel.apply('host', [{ do: 'delete rule', ...at, handle: kernel.read('host', 'ip', 't')!.chains[0]!.rules[1]!.handle }]);
  assert.equal(comments(), ['a', 'c']);
  kernel.apply('host', [{ do: 'flush chain', ...at }]);
  assert.equal(comments(), []);
  kernel.apply('host', [{ do: 'delete chain', ...at }, { do: 'delete table', ...at }]);
  assert.is(kernel.read('host', 'ip', 't'), undefined);
});

test('a transaction is made whole or not at all, and the error names the command', () => {
  const at = { family: 'ip', table: 't' } as const;
  const refused = [{ do: 'add table', ...at }, { do: 'add chain', ...at, chain: 'c' }, { do: 'delete chain', ...at, chain: 'none' }, { do: 'add chain', ...at, chain: 'd' }] as const;
  assert.throws(() => kernel.apply('host', refused), (error: unknown) => error instanceof KernelError && error.errno === 'ENOENT' && error.action === 'nft delete chain ip t none');
  assert.is(nft('list', 'ruleset'), '');
  kernel.apply('host', [{ do: 'add table', ...at }]);
  assert.ok(kernel.read('host', 'ip', 't'), 'the socket is usable after an error');
});

test('the commit can fail too: masquerade is only for nat chains', () => {
  const at = { family: 'ip', table: 't', chain: 'c' } as const;
  assert.throws(() => kernel.apply('host', [
    { do: 'add table', ...at }, { do: 'add chain', ...at, hook: { type: 'filter', hook: 'forward', priority: 0 } },
    { do: 'add rule', ...at, rule: { match: [], action: { masquerade: true } }, at: 'end' },
  ]), (error: unknown) => error instanceof KernelError && error.errno === 'EOPNOTSUPP');
  assert.is(nft('list', 'ruleset'), '');
});

test('a chain that is called is busy, a table that holds something too, another hook is an error', () => {
  const at = { family: 'ip', table: 't' } as const;
  const hook = { type: 'nat', hook: 'postrouting', priority: 100 } as const;
  kernel.apply('host', [
    { do: 'add table', ...at }, { do: 'add chain', ...at, chain: 'c' }, { do: 'add chain', ...at, chain: 'd', hook },
    { do: 'add rule', ...at, chain: 'd', rule: { match: [], action: { jump: 'c' } }, at: 'end' },
  ]);
  const fails = (errno: string, command: NftCommand) =>
    assert.throws(() => kernel.apply('host', [command]), (error: unknown) => error instanceof KernelError && error.errno === errno);
  fails('EBUSY', { do: 'delete chain', ...at, chain: 'c' });
  fails('EBUSY', { do: 'delete table', ...at });
  fails('EOPNOTSUPP', { do: 'add chain', ...at, chain: 'd', hook: { ...hook, priority: 101 } });
  fails('ENOENT', { do: 'delete rule', ...at, chain: 'd', handle: -1 });
  fails('EINVAL', { do: 'add rule', ...at, chain: 'c', rule: { match: [], action: { verdict: 'drop' }, comment: 'a" drop' }, at: 'end' });
  kernel.apply('host', [{ do: 'add chain', ...at, chain: 'd', hook }, { do: 'add chain', ...at, chain: 'd' }]);
});

test('rules outside the grammar are seen with comment, handle and jump', () => {
  load(`table ip t {
    chain other {
    }
    chain c {
      tcp sport 80 accept comment "sport"
      counter jump other
      ip saddr { 10.0.0.1, 10.0.0.2 } drop
      tcp dport 80-90 drop
      tcp dport { 80-90, 100 } drop
      ip saddr & 255.0.255.0 == 10.0.1.0 drop
      ct state != established accept
      ct state { new, established } accept
      iifname "eth*" accept
      meta mark set ct mark
      dnat to 10.0.0.1-10.0.0.9
      iif "lo" goto other
      ether saddr 02:00:00:00:00:01 drop
      masquerade random
    }
  }`);
  const rules = kernel.read('host', 'ip', 't')!.chains.find(({ name }) => name === 'c')!.rules;
  assert.equal(rules.map(({ rule }) => rule), Array(14).fill(undefined));
  assert.equal([rules[0]!.comment, rules[1]!.jump, rules[11]!.jump], ['sport', 'other', 'other']);
});

test('in inet a family that is asked for on its own is a condition outside the grammar', () => {
  load('table inet t {\n chain c {\n meta nfproto ipv4 accept\n meta nfproto ipv4 tcp dport 80 accept\n ip protocol tcp accept\n }\n}');
  assert.equal(kernel.read('host', 'inet', 't')!.chains[0]!.rules.map(({ rule }) => rule), [undefined, undefined, undefined]);
});

test('`ip protocol tcp` is the same as `meta l4proto tcp` in family ip', () => {
  load('table ip t {\n chain c {\n ip protocol tcp tcp dport 80 accept\n }\n}');
  assert.is(keyIn('ip'), ruleKey('ip', { match: [{ proto: 'tcp', dport: 80 }], action: { verdict: 'accept' } }));
});

test('nf_tables is usable here, and in no container there is none', () => {
  assert.is(kernel.unusable('host'), undefined);
  assert.match(kernel.unusable('container') ?? '', 'no network namespace');
});

test('nf_tables that does not answer is not said to be unusable', () => {
  const answering = (errno: string): string | undefined => {
    const ask = (): never => { throw new KernelError(errno, 'use nf_tables', 'no'); };
    return nftKernel({ ...context, netfilter: () => ({ ask }) as unknown as NetfilterSocket }).unusable('host');
  };
  assert.is(answering('EOPNOTSUPP'), 'use nf_tables: no (EOPNOTSUPP)');
  for (const lost of ['ETIMEDOUT', 'ENOBUFS']) assert.throws(() => answering(lost), new RegExp(lost));
});

test('hundreds of rules are one transaction and one table', () => {
  const at = { family: 'ip', table: 't', chain: 'c' } as const;
  // Only real root may make a socket's buffer larger than net.core.wmem_max.
  const length = process.env['CNI_WASM_TEST_ROOT'] === 'real' ? 700 : 300;
  const rules = Array.from({ length }, (_, i): NftCommand => ({
    do: 'add rule', ...at, at: 'end', rule: { match: [{ proto: 'tcp', dport: i + 1 }], action: { dnat: { to: '10.1.0.5', port: 80 } }, comment: `c${i}` },
  }));
  kernel.apply('host', [{ do: 'add table', ...at }, { do: 'add chain', ...at }, ...rules]);
  assert.equal(kernel.read('host', 'ip', 't')!.chains[0]!.rules.map(({ rule }) => rule?.match[0]?.dport), rules.map((_, i) => i + 1));
});

test.after(() => context.close());
test('a transaction in nft\'s own words may be larger than one argument', () => {
  const T = { family: 'ip', table: 'large', chain: 'c' } as const;
  const rule = (n: number): Rule => ({ match: [{ raw: ['tcp', 'sport', String(n)] }], action: { verdict: 'accept' }, comment: 'x'.repeat(100) });
  kernel.apply('host', [{ do: 'add table', ...T }, { do: 'add chain', ...T }, ...Array.from({ length: 1_000 }, (_, n): NftCommand => ({ do: 'add rule', ...T, at: 'end', rule: rule(n + 1) }))]);
  assert.equal([...nft('list', 'table', 'ip', 'large').matchAll(/tcp sport (\d+) accept comment "x{100}"/g)].map(([, port]) => Number(port)), Array.from({ length: 1_000 }, (_, n) => n + 1));
  nft('delete', 'table', 'ip', 'large');
});

test.run();
