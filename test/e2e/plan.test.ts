// `cni-wasm plan`: nothing of the node is changed by it, and the ADD and DEL that follow change what it said and nothing else.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { addAll, delAll, parseConflist, PluginFailed, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import type { Change } from '../../host/plan/imagined-node.ts';
import { asNobody } from '../support/as-nobody.ts';
import { addNetns, BIN, files, has, inNetns, picture, sh } from '../support/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-plan-test-'));
const capabilityArgs = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } };
const target: Target = { containerId: 'c1', netns: addNetns('c1'), ifname: 'eth0', path: [BIN], capabilityArgs };

interface Result { interfaces: { name: string; sandbox?: string }[]; ips: { address: string }[] }
interface Plan { verb: string; changes: Change[]; result: Result }

function listOf(backend: 'nftables' | 'iptables'): Conflist {
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  const [bridge, portmap, bandwidth] = list.plugins;
  return { ...list, plugins: [
    { ...bridge!, ipMasqBackend: backend }, { ...portmap!, backend }, bandwidth!, { type: 'firewall', backend },
    { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' }, mtu: 1400 },
  ] };
}

function asked(verb: string, list: unknown, ...words: string[]) {
  const file = join(folder, 'plan.conflist');
  writeFileSync(file, typeof list === 'string' ? list : JSON.stringify(list));
  return spawnSync(join(BIN, 'cni-wasm'), ['plan', verb, file, ...words, '--container-id', 'c1', '--capability-args', JSON.stringify(capabilityArgs)], { encoding: 'utf8' });
}

function planned(verb: string, list: Conflist, ...words: string[]): Plan {
  const before = everything();
  const { status, stdout, stderr } = asked(verb, list, ...words, '--json');
  assert.is(status, 0, stderr);
  assert.is(stderr, '');
  assert.is(everything(), before, 'a plan changes nothing');
  const plan = JSON.parse(stdout) as Plan;
  const unknown = plan.changes.filter(({ op }) => !OPS.some(({ domain, name }) => `${domain}.${name}` === op));
  assert.equal(unknown, [], 'a plan says what a policy grants');
  return plan;
}

/** host-local's lock and cursor too, which `picture` leaves out. */
const filesThere = (): string => sh('find', '/var/lib/cni', '/var/lib/cni-wasm', '/run', '-not', '-type', 'd');
const everything = (): string => `${picture(['c1'])}${filesThere()}`;

// --- what the node has, in the words of a plan ---

function rulesThere(backend: 'nftables' | 'iptables'): string[] {
  if (backend === 'iptables') {
    return ['iptables', 'ip6tables'].flatMap((program) => ['nat', 'filter'].flatMap((table) => sh(program, '-t', table, '-S').split('\n').filter((line) => /^-[AN]/.test(line)).map((line) => `${program} -t ${table} ${line}`)));
  }
  let [table, chain] = ['', ''];
  return sh('nft', 'list', 'ruleset').split('\n').map((line) => line.trim()).flatMap((line) => {
    if (line.startsWith('table ')) table = line.replace(/^table (.*) \{$/, '$1');
    else if (line.startsWith('chain ')) chain = line.replace(/^chain (.*) \{$/, '$1');
    else if (line !== '' && line !== '}' && !/^(type|comment|#)/.test(line)) return [plain(`${table} ${chain} ${line}`)];
    return [];
  });
}

const plain = (text: string): string => text.replace(/counter packets \d+ bytes \d+ /g, '').replace(/\s+/g, ' ').trim();

function rulesPlanned(changes: readonly Change[], did: 'add' | 'delete'): string[] {
  return changes.filter(({ op }) => op === 'nft.apply' || op === 'iptables.apply').flatMap(({ text }) => {
    const nft = /^nft (add|insert|delete) rule (.*)$/.exec(text);
    if (nft) return (nft[1] === 'delete') === (did === 'delete') ? [plain(nft[2]!)] : [];
    const [, program, action, rest] = /^(ip6?tables -t \S+) -([ANIDX]) (.*)$/.exec(text) ?? [];
    if (program === undefined || 'DX'.includes(action!) !== (did === 'delete')) return [];
    return [`${program} -${'NX'.includes(action!) ? 'N' : 'A'} ${rest}`];
  });
}

/** iptables empties a chain with one word. */
const flushed = (changes: readonly Change[], rules: readonly string[]): string[] => changes.flatMap(({ text }) => {
  const [, program, chain] = /^(ip6?tables -t \S+) -F (.*)$/.exec(text) ?? [];
  return program === undefined ? [] : rules.filter((rule) => rule.startsWith(`${program} -A ${chain} `));
});

interface IpLink { ifname: string; addr_info: { local: string; prefixlen: number; scope: string }[]; mtu: number }
const linksThere = (json: string): IpLink[] => JSON.parse(json) as IpLink[];
const nodesThere = (): IpLink[] => [...linksThere(sh('ip', '-j', 'addr')), ...linksThere(inNetns('c1', 'ip', '-j', 'addr'))];
const addressesOf = (links: readonly IpLink[]): string[] => links.flatMap(({ ifname, addr_info }) => addr_info.filter(({ scope }) => scope === 'global').map(({ local, prefixlen }) => `${local}/${prefixlen} ${ifname}`));
const defaultRoutes = (): string[] => ['-4', '-6'].flatMap((family) => inNetns('c1', 'ip', family, 'route').split('\n').filter((line) => line.startsWith('default')).map((line) => line.replace(/^(default via \S+ dev \S+) .*$/, '$1')));

const only = <T>(all: readonly T[], not: readonly T[]): T[] => all.filter((one) => !not.includes(one));
const textsOf = (changes: readonly Change[], op: string): string[] => changes.filter((change) => change.op === op).map(({ text }) => text);
/** Drawn at random by bridge. */
const anyVeth = (text: string): string => text.replace(/veth[0-9a-f]{8}/g, 'vethX');

for (const backend of ['nftables', 'iptables'] as const) {
  if (!has(backend === 'iptables' ? 'iptables' : 'nft')) continue;
  test(`${backend}: ADD does what its plan said, and nothing else`, () => {
    const list = listOf(backend);
    const plan = planned('add', list, target.netns);
    const before = { rules: rulesThere(backend), nodes: nodesThere() };
    const result = addAll(list, target) as Result;

    assert.equal(plan.result.ips, result.ips);
    assert.equal(plan.result.interfaces.map(({ name, sandbox = '' }) => anyVeth(`${name} ${sandbox}`)), result.interfaces.map(({ name, sandbox = '' }) => anyVeth(`${name} ${sandbox}`)));
    const leases = files('/var/lib/cni/networks/blue').map((line) => line.replace(/ .*/, '').replace(/^.*\//, ''));
    assert.equal(textsOf(plan.changes, 'store.put').filter((text) => text.startsWith('take lease')).map((text) => text.split(' ')[2]).sort(), leases.sort());

    const after = { rules: rulesThere(backend), nodes: nodesThere() };
    assert.ok(rulesPlanned(plan.changes, 'add').length > 10);
    assert.equal(rulesPlanned(plan.changes, 'add').sort(), only(after.rules, before.rules).sort());
    const made = only(after.nodes.map(({ ifname }) => ifname), before.nodes.map(({ ifname }) => ifname)).map(anyVeth);
    const named = textsOf(plan.changes, 'link.create').flatMap((text) => [...text.matchAll(/"([^"]+)"/g)].map(([, name]) => anyVeth(name!)));
    assert.equal(named.sort(), made.sort());
    assert.equal(textsOf(plan.changes, 'addr.add').map((text) => text.replace(/^add (\S+) to "(.*)"$/, '$1 $2')).sort(), only(addressesOf(after.nodes), addressesOf(before.nodes)).sort());
    assert.equal(textsOf(plan.changes, 'route.add').map((text) => text.replace(/^add \S+ via (\S+) dev "(.*)"$/, 'default via $1 dev $2')), defaultRoutes());
    const veth = result.interfaces.find(({ name }) => name.startsWith('veth'))!.name;
    for (const { op, text, ns } of plan.changes.filter((change) => change.op === 'sysctl.set')) {
      const [, key, value] = /^(\S+) \S+ → (.*)$/.exec(text)!;
      const path = `/proc/sys/${key!.replace(/veth[0-9a-f]{8}/, veth)}`;
      assert.is((ns === 'container' ? inNetns('c1', 'cat', path) : readFileSync(path, 'utf8')).trim(), value, `${op} ${text}`);
    }
    assert.is(after.nodes.find(({ ifname }) => ifname === 'eth0')?.mtu, 1400);
    assert.ok(textsOf(plan.changes, 'link.set').includes('set mtu 1400 of "eth0"'));
    const qdiscs = sh('tc', 'qdisc', 'show').split('\n').flatMap((line) => /^qdisc (tbf|ingress) \S+ dev (\S+)/.exec(line)?.slice(1).join(' ') ?? []).map(anyVeth);
    assert.equal(textsOf(plan.changes, 'tc.qdisc').map((text) => anyVeth(text.replace(/^add (\S+) to "([^"]+)".*$/, '$1 $2'))).sort(), qdiscs.sort());

    const gone = planned('del', list, target.netns, '--result', resultFile(result));
    delAll(list, target, result);
    assert.equal([...rulesPlanned(gone.changes, 'delete'), ...flushed(gone.changes, after.rules)].sort(), only(after.rules, rulesThere(backend)).sort());
    assert.equal(files('/var/lib/cni/networks/blue'), []);
    assert.equal(textsOf(gone.changes, 'store.delete').filter((text) => text.startsWith('give back lease')).map((text) => text.split(' ')[3]).sort(), leases.sort());
    const left = nodesThere().map(({ ifname }) => ifname);
    const deleted = only(after.nodes.map(({ ifname }) => ifname), left).filter((name) => name !== 'eth0');
    assert.equal(textsOf(gone.changes, 'link.delete').map((text) => text.replace(/^delete "(.*)"$/, '$1')).sort(), deleted.sort());
  });
}

function resultFile(result: Result): string {
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
  return join(folder, 'result.json');
}

test('for people a line says which plugin asks for what; without a namespace a new one is imagined', () => {
  const before = filesThere();
  const { status, stdout, stderr } = asked('add', listOf('nftables'));
  assert.is(status, 0, stderr);
  for (const line of [/^bridge: link in the container: create veth "eth0", peer "veth\w+" on the host/m, /^host-local: store: take lease 192\.0\.2\.\d+ in /m,
    /^portmap: nft: nft add rule ip /m, /^bandwidth: tc: add tbf to "veth/m, /^tuning: sysctl in the container: net\/core\/somaxconn 4096 → 500$/m]) assert.match(stdout, line);
  assert.is(filesThere(), before);
  assert.is(asked('del', listOf('nftables')).stdout, 'nothing would change\n');
});

// --- plans that fail ---

const bridge = { type: 'bridge', bridge: 'cni1', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/30' }]] } };
const listWith = (...plugins: Conflist['plugins']): Conflist => ({ cniVersion: '1.0.0', name: 'red', plugins });

/** The complaint of the plan, which is what the plugin of the ADD itself answers. */
function failsAlike(list: Conflist, netns = target.netns): string {
  const before = filesThere();
  const { status, stdout, stderr } = asked('add', list, netns);
  assert.is(filesThere(), before);
  assert.is(status, 1);
  assert.is(stdout, '');
  let failed: unknown;
  try {
    addAll(list, { ...target, netns });
  } catch (error) {
    failed = error;
  }
  assert.instance(failed, PluginFailed);
  const { code, msg, details } = JSON.parse((failed as PluginFailed).answer.stdout) as { code: number; msg: string; details?: string };
  assert.is(stderr.slice(stderr.indexOf('cni-wasm: ')), `cni-wasm: ${msg} (code ${code})\n${details === undefined ? '' : `  ${details}\n`}`);
  return msg;
}

test('an ADD that would fail is told with its own error', () => {
  assert.match(failsAlike(listWith(bridge), '/run/netns/nope'), /failed to open netns/);
  assert.match(failsAlike(listWith({ ...bridge, ipam: { type: 'no-such-ipam' } })), /no-such-ipam/);
  assert.match(failsAlike(listWith({ ...bridge, mtu: 'big' })), /mtu/);
  assert.match(failsAlike(listWith({ type: 'tuning', sysctl: { 'kernel.hostname': 'x' } })), /\S/);
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  assert.match(failsAlike(listWith({ ...bridge, ipam: { ...bridge.ipam, dataDir: file } })), `mkdir ${file}: not a directory`);
  assert.match(failsAlike(listWith(bridge, { type: 'tuning', mtu: 1400, dataDir: file })), `mkdir ${file}: not a directory`);
  delAll(listWith(bridge), target);
  const other: Target = { ...target, containerId: 'c2', netns: addNetns('c2') };
  addAll(listWith(bridge), other);
  assert.match(failsAlike(listWith(bridge)), /no IP addresses available/);
  delAll(listWith(bridge), other);
});

test('a program is not executed: an add ends there, a del goes on', () => {
  const program = join(folder, 'foreign');
  writeFileSync(program, `#!/bin/sh\ntouch ${folder}/executed\n`, { mode: 0o755 });
  const path = ['--bin', `${BIN}:${folder}`];
  for (const list of [listWith({ type: 'foreign' }), listWith({ ...bridge, ipam: { type: 'foreign' } })]) {
    const add = asked('add', list, ...path);
    assert.is(add.status, 1);
    assert.match(add.stderr, /the plan ends here: .*foreign.* is a program, and is not executed/);
    const del = asked('del', list, ...path);
    assert.is(del.status, 0, del.stderr);
    assert.match(del.stdout, /what it would (do|take away) is not known/);
  }
  assert.not(existsSync(join(folder, 'executed')));
});

test('a type that is misspelt is no program', () => {
  for (const verb of ['add', 'del']) {
    const { status, stdout, stderr } = asked(verb, listWith({ ...bridge, type: 'brigde' }), target.netns, '--bin', `${BIN}:${folder}`);
    assert.equal([status, stdout, stderr], [1, '', `cni-wasm: no plugin "brigde" in ${BIN}:${folder} (code 999)\n`]);
  }
});

test('words that mean nothing, and who may not look', () => {
  assert.match(asked('check', listOf('nftables')).stderr, /"check" is not add, del; see cni-wasm plan --help/);
  assert.match(asked('add', '{').stderr, /is not what it should be/);
  assert.match(asked('add', listOf('nftables'), target.netns, 'more').stderr, /"more" is too much/);
  assert.match(asked('add', listOf('nftables'), '--nonsense').stderr, /plan: unknown option '--nonsense'; see/);
  assert.match(asked('--help', '{}').stdout, /^cni-wasm plan add\|del CONFLIST \[NETNS\]\n/);
  sh('mkdir', '-p', '-m', '700', '/var/lib/cni-wasm/ledger');
  const { status, stderr } = asNobody('plan', 'add', 'conf/10-blue.conflist');
  assert.is(status, 1);
  assert.match(stderr, /cannot be read: EACCES.*ask as root/s);
});

test.run();
