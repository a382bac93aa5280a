// Rule sets on the kernel's nf_tables: what the reference made is recognised, and what we make is taken back to the letter.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openContext } from '../../host/kernel/live/context.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { nftKernel } from '../../host/kernel/live/nft.ts';
import { planNft } from '../../host/ops/rules/plan-nft.ts';
import type { RuleSet, RuleUndo } from '../../host/ops/rules/rule-set.ts';

const context = openContext(openLibc(), '');
const kernel = nftKernel(context);
const nft = (...args: string[]): string => execFileSync('nft', args, { encoding: 'utf8' });
const load = (text: string): string => execFileSync('nft', ['--', text], { encoding: 'utf8' });
const saddr = (saddr: string) => ({ saddr });
const daddr = (daddr: string) => ({ daddr });

test.before.each(() => void nft('flush', 'ruleset'));

test('what the reference made is already as asked', () => {
  load(`table ip cni_hostport {
    comment "CNI portmap plugin"
    chain hostports {
      tcp dport 8080 dnat to 10.1.0.5:80 comment "c1"
      ip daddr 192.0.2.1 udp dport 53 dnat to 10.1.0.5:53 comment "c1"
    }
    chain hostip_hostports {
    }
    chain hostports_all {
      jump hostip_hostports
      jump hostports
    }
    chain prerouting {
      type nat hook prerouting priority dstnat
      fib daddr type local jump hostports_all
    }
    chain masquerading {
      type nat hook postrouting priority srcnat
      ip saddr 10.1.0.5 ip daddr 10.1.0.5 masquerade comment "c1"
      ip saddr 127.0.0.1 ip daddr 10.1.0.5 masquerade comment "c1"
    }
  }`);
  const dnat = (port: number) => ({ dnat: { to: '10.1.0.5', port } });
  const wanted: RuleSet = {
    family: 'ip', table: 'cni_hostport',
    chains: [
      { name: 'hostip_hostports' },
      { name: 'prerouting', hook: { type: 'nat', hook: 'prerouting', priority: -100 } },
      { name: 'masquerading', hook: { type: 'nat', hook: 'postrouting', priority: 100 } },
    ],
    set: [
      { chain: 'hostports_all', rules: [{ match: [], action: { jump: 'hostip_hostports' } }, { match: [], action: { jump: 'hostports' } }] },
      { chain: 'prerouting', rules: [{ match: [{ dstType: 'local' }], action: { jump: 'hostports_all' } }] },
    ],
    add: [
      { chain: 'hostports', rule: { match: [{ proto: 'tcp', dport: 8080 }], action: dnat(80), comment: 'c1' } },
      { chain: 'hostports', rule: { match: [daddr('192.0.2.1'), { proto: 'udp', dport: 53 }], action: dnat(53), comment: 'c1' } },
      { chain: 'masquerading', rule: { match: [saddr('10.1.0.5/32'), daddr('10.1.0.5/32')], action: { masquerade: true }, comment: 'c1' } },
      { chain: 'masquerading', rule: { match: [saddr('127.0.0.1'), daddr('10.1.0.5')], action: { masquerade: true }, comment: 'c1' } },
    ],
  };
  assert.equal(planNft(kernel.read('host', 'ip', 'cni_hostport'), wanted).commands, []);
});

test('a plan is carried out, once, and taken back', () => {
  load('table ip t {\n chain own {\n ip saddr 10.9.0.0/16 return\n tcp sport 1 return\n }\n}');
  const before = nft('list', 'ruleset');
  const wanted: RuleSet = {
    family: 'ip', table: 't',
    chains: [{ name: 'shared', life: 'network' }, { name: 'post', hook: { type: 'nat', hook: 'postrouting', priority: 100 }, life: 'network' }, { name: 'mine' }],
    set: [{ chain: 'mine', rules: [{ match: [{ proto: 'tcp', dports: [80, 443] }], action: { masquerade: true } }, { match: [saddr('10.1.0.5')], action: { masquerade: true } }] }],
    add: [
      { chain: 'own', at: 'start', rule: { match: [], action: { jump: 'mine' }, comment: 'c1' } },
      { chain: 'shared', rule: { match: [], action: { jump: 'mine' }, comment: 'c1' } },
      { chain: 'post', rule: { match: [], action: { jump: 'shared' } }, life: 'network' },
    ],
  };
  const carryOut = (rules: RuleSet): RuleUndo => {
    const { commands, undo } = planNft(kernel.read('host', 'ip', 't'), rules);
    kernel.apply('host', commands);
    return undo;
  };
  const undo = carryOut(wanted);
  assert.equal(planNft(kernel.read('host', 'ip', 't'), wanted).commands, []);
  assert.equal(planNft(kernel.read('host', 'ip', 't'), wanted).missing, []);
  carryOut(undo.attachment!);
  carryOut(undo.network!);
  assert.is(nft('list', 'ruleset'), before);
});

test.after(() => context.close());
test.run();
