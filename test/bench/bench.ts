// `npm run bench`: the reference's chain and ours, interleaved in one run, ratios of medians. Prints; asserts nothing.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { addAll, checkAll, delAll, execute, parseConflist, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, REFERENCE } from '../support/node.ts';

const HELP = `usage: npm run bench -- [--rounds N] [--reference DIR]

Runs bridge + host-local, portmap with two ports and bandwidth, ADD, CHECK and DEL, by the reference plugins and by ours in turn,
in namespaces made for it. --reference is a folder with the reference's executables (default ${REFERENCE}); the nftables
backend is compared only if that reference has it (1.6 and later).
`;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, reference: { type: 'string', default: REFERENCE }, help: { type: 'boolean' }, inside: { type: 'boolean' } } });

interface Contender { name: Name; path: string; backend: Backend; list: Conflist }
type Name = 'reference' | 'cni-wasm' | 'one process';
type Backend = 'iptables' | 'nftables';
type Times = Record<'ADD' | 'CHECK' | 'DEL', number[]>;

function compare(rounds: number, reference: string): void {
  if (!existsSync(`${reference}/bridge`)) throw new Error(`no reference plugins in ${reference}; install containernetworking-plugins or give --reference`);
  const backends: Backend[] = hasNftables(reference) ? ['iptables', 'nftables'] : ['iptables'];
  const contenders = [
    ...backends.map((backend) => contender('reference', reference, backend)),
    ...(['cni-wasm', 'one process'] as const).flatMap((name) => (['iptables', 'nftables'] as const).map((backend) => contender(name, BIN, backend))),
  ];
  const times = new Map(contenders.map((one) => [one, { ADD: [], CHECK: [], DEL: [] } as Times]));
  for (const one of contenders) oneRound(one, 0); // cold caches, shared chains
  for (let round = 1; round <= rounds; round++) {
    for (const one of contenders) {
      for (const [verb, ms] of Object.entries(oneRound(one, round))) times.get(one)![verb as keyof Times].push(ms);
    }
  }
  report(contenders, times, rounds);
  floor(reference);
}

function contender(name: Name, path: string, backend: Backend): Contender {
  const names: readonly Name[] = ['reference', 'cni-wasm', 'one process'];
  const subnet = `10.${1 + 2 * names.indexOf(name) + (backend === 'nftables' ? 1 : 0)}.0.0/16`;
  const label = `${name.slice(0, 3)}-${backend.slice(0, 3)}`;
  const plugins = [
    { type: 'bridge', bridge: `br-${label}`, isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] } },
    { type: 'portmap', backend, capabilities: { portMappings: true } },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
  ];
  const chain = [{ type: 'cni-wasm', plugins, capabilities: { portMappings: true, bandwidth: true } }];
  return { name, path, backend, list: parseConflist(JSON.stringify({ cniVersion: '1.0.0', name: label, plugins: name === 'one process' ? chain : plugins })) };
}

function oneRound({ path, list }: Contender, round: number): Record<keyof Times, number> {
  const netns = addNetns(`b${round}`);
  const target: Target = {
    containerId: `${list.name.replaceAll(' ', '')}-${round}`, netns, ifname: 'eth0', path: [path], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    capabilityArgs: {
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }],
      bandwidth: { ingressRate: 1e8, ingressBurst: 1e7, egressRate: 1e8, egressBurst: 1e7 },
    },
  };
  let result: unknown;
  const ADD = timed(() => { result = addAll(list, target); });
  const CHECK = timedCheck(() => checkAll(list, target, result));
  const DEL = timed(() => delAll(list, target, result));
  deleteNetns(`b${round}`);
  return { ADD, CHECK, DEL };
}

function report(contenders: readonly Contender[], times: ReadonlyMap<Contender, Times>, rounds: number): void {
  console.log(`chain: bridge + host-local, portmap with 2 ports, bandwidth; one execution for each plugin, or the chain in one process; medians of ${rounds} rounds in ms, smallest in brackets`);
  console.log(`${''.padEnd(24)}${['ADD', 'CHECK', 'DEL'].map((verb) => verb.padStart(18)).join('')}`);
  for (const one of contenders) {
    const cells = (['ADD', 'CHECK', 'DEL'] as const).map((verb) => cell(times.get(one)![verb]));
    console.log(`${`${one.name} ${one.backend}`.padEnd(24)}${cells.map((cell) => cell.padStart(18)).join('')}`);
  }
  for (const one of contenders.filter(({ name }) => name !== 'reference')) {
    const base = contenders.find(({ name, backend }) => name === 'reference' && backend === one.backend) ?? contenders.find(({ name }) => name === 'reference')!;
    const ratio = (verb: keyof Times): string => {
      const of = median(times.get(one)![verb]) / median(times.get(base)![verb]);
      return Number.isNaN(of) ? '-' : of.toFixed(2);
    };
    console.log(`ratio ${one.name} ${one.backend} to reference ${base.backend}: ADD ${ratio('ADD')}, CHECK ${ratio('CHECK')}, DEL ${ratio('DEL')}`);
  }
}

const cell = (list: readonly number[]): string => (list.some(Number.isNaN) ? '-' : `${median(list).toFixed(1)} (${Math.min(...list).toFixed(1)})`);

/** What an execution costs before it does anything. */
function floor(reference: string): void {
  const dummy = { containerId: '', netns: 'dummy', ifname: 'dummy' };
  const version = (path: string): number => median(Array.from({ length: 15 }, () => execute('loopback', 'VERSION', { ...dummy, path: [path] }, '{"cniVersion":"1.0.0"}').ms));
  const [ours, theirs] = [version(BIN), version(reference)];
  console.log(`VERSION (start-up alone): reference ${theirs.toFixed(1)}, cni-wasm ${ours.toFixed(1)}, ratio ${(ours / theirs).toFixed(2)}`);
}

const hasNftables = (folder: string): boolean =>
  JSON.parse(execute('bridge', 'VERSION', { containerId: '', netns: 'dummy', ifname: 'dummy', path: [folder] }, '{"cniVersion":"1.0.0"}').stdout).supportedVersions.includes('1.1.0') as boolean;

/** Debian's 1.1.1 fails its own CHECK of port mappings in one family; there is nothing to compare with then. */
function timedCheck(act: () => void): number {
  try {
    return timed(act);
  } catch {
    return NaN;
  }
}

function timed(act: () => void): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] ?? NaN;

if (values.help) {
  process.stdout.write(HELP);
} else if (values.inside) {
  compare(Number(values.rounds), values.reference);
} else {
  // NODE_EXTRA_CA_CERTS costs every Node start 40 ms; a node's runtime does not set it.
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
  const script = 'for d in /run /var/lib; do mount -t tmpfs tmpfs $d; done; ip link set lo up; exec "$@"';
  const { status } = spawnSync('unshare', ['--mount', '--net', 'sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1), '--inside'], { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
}
