// `cni-wasm why` about real attachments: every link, address and rule that the node lists and that an attachment made leads to its owner.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, delAll, parseConflist, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import type { Owner } from '../../host/cli/why.ts';
import { addNetns, BIN, has, REFERENCE, sh } from '../support/node.ts';

const targetOf = (id: string, port: number, path: string): Target => ({
  containerId: id, netns: `/run/netns/${id}`, ifname: 'eth0', path: [path],
  capabilityArgs: { portMappings: [{ hostPort: port, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } },
});
const [one, two] = [targetOf('c1', 8080, BIN), targetOf('c2', 8081, BIN)];
for (const { containerId } of [one, two]) addNetns(containerId);

function listOf(backend: 'nftables' | 'iptables'): Conflist {
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  const [bridge, portmap, bandwidth] = list.plugins;
  return { ...list, plugins: [{ ...bridge!, ipMasqBackend: backend }, { ...portmap!, backend }, bandwidth!] };
}

function asked(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(BIN, 'cni-wasm'), ['why', ...words], { encoding: 'utf8' });
}

function containersOf(...words: string[]): string[] {
  const { status, stdout, stderr } = asked(...words, '--json');
  assert.is(status, 0, stderr);
  const { question, owners } = JSON.parse(stdout) as { question: string; owners: Owner[] };
  assert.is(question, words.join(' '));
  return [...new Set(owners.map(({ network, containerId, ifname }) => `${network}/${containerId}/${ifname}`))].sort();
}

const both = ['blue/c1/eth0', 'blue/c2/eth0'];

for (const backend of ['nftables', 'iptables'] as const) {
  if (backend === 'iptables' && !has('iptables')) continue;
  test(`${backend}: what the node lists of two attachments`, () => {
    const list = listOf(backend);
    const results = [one, two].map((target) => addAll(list, target) as { ips: { address: string }[] });
    const links = JSON.parse(sh('ip', '-j', '-d', 'link')) as { ifname: string; ifindex: number; linkinfo?: { info_kind: string } }[];
    const made = links.filter(({ linkinfo }) => ['veth', 'ifb'].includes(linkinfo?.info_kind ?? ''));
    assert.is(made.length, 4);
    for (const { ifname, ifindex } of made) {
      assert.is(containersOf(ifname).length, 1, ifname);
      assert.ok(containersOf(String(ifindex)).includes(containersOf(ifname)[0]!), ifname);
    }
    assert.equal([...new Set(made.flatMap(({ ifname }) => containersOf(ifname)))].sort(), both);
    assert.equal(containersOf('cni0'), both);
    assert.equal(containersOf('lo'), []);
    results.forEach(({ ips }, i) => ips.forEach(({ address }) => assert.equal(containersOf(address.replace(/\/.*/, '')), [both[i]])));
    assert.equal([containersOf('8080'), containersOf('8081/tcp'), containersOf('8082')], [[both[0]], [both[1]], []]);

    const own = backend === 'iptables' ? linesOfIptables() : linesOfNft();
    assert.ok(own.length >= (backend === 'iptables' ? 20 : 14), own.join('\n'));
    for (const { line, owner } of own) assert.equal(containersOf(line), [owner], line);

    const { stdout } = asked('8080');
    for (const says of [/^ {2}network {4}blue$/m, /^ {2}container {2}c1$/m, /^ {2}plugin {5}portmap$/m, /^ {2}netns {6}\/run\/netns\/c1 \(there\)$/m, /^ {2}made {7}\d{4}-/m]) assert.match(stdout, says);
    results.forEach((result, i) => delAll(list, [one, two][i]!, result));
    assert.is(asked('8080').stdout, 'nobody that this host knows of owns "8080"\n');
  });
}

/** Rules that name a container, and those within its chains. */
function linesOfIptables(): { line: string; owner: string }[] {
  const lines = ['iptables', 'ip6tables'].flatMap((program) => sh(program, '-t', 'nat', '-S').split('\n'));
  const chains = new Map(lines.flatMap((line) => {
    const [, id, chain] = /id: \\"(c[12])\\".* -j (CNI-\S+)/.exec(line) ?? [];
    return id === undefined ? [] : [[chain!, `blue/${id}/eth0`] as const];
  }));
  return lines.flatMap((line) => {
    const owner = [...chains].find(([chain]) => line.includes(chain))?.[1];
    return owner === undefined ? [] : [{ line, owner }];
  });
}

const linesOfNft = (): { line: string; owner: string }[] => sh('nft', '-a', 'list', 'ruleset').split('\n').flatMap((line) => {
  const [, id] = /comment ".*?(c[12])" # handle/.exec(line) ?? [];
  return id === undefined ? [] : [{ line: line.trim(), owner: `blue/${id}/eth0` }];
});

test('an attachment of the reference is told by its lease', () => {
  if (!existsSync(join(REFERENCE, 'bridge'))) return console.log('SKIP the reference plugins are not installed');
  const list = { ...listOf('iptables'), plugins: [{ type: 'bridge', bridge: 'cni1', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } }] };
  const target = { ...one, path: [REFERENCE] };
  const { ips: [ip] } = addAll(list, target) as { ips: { address: string }[] };
  assert.equal(containersOf(ip!.address.replace(/\/.*/, '')), [both[0]]);
  assert.match(asked(ip!.address.replace(/\/.*/, '')).stdout, /said by  *its lease alone: another plugin made it/);
  delAll(list, target);
});

test('without a question it says what to do', () => {
  const { status, stdout, stderr } = asked();
  assert.is(status, 2);
  assert.is(stdout, '');
  assert.match(stderr, /why: say what, a link, an address, a rule or a port; see cni-wasm why --help/);
  assert.match(asked('--help').stdout, /^cni-wasm why LINK\|IP\|RULE\|PORT\n/);
});

test.run();
