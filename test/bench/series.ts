// What is measured on one node with one backend: series of points, at each of which all modes take turns.
// SPDX-License-Identifier: Apache-2.0

import { rmSync } from 'node:fs';
import type { Conflist } from '../../host/cli/run-conflist.ts';
import { sleep } from '../../host/sleep.ts';
import { addNetns, deleteNetns, sh } from '../support/node.ts';
import { calls, carryOut, carryOutAtOnce, carryOutForMemory, executionOf, type Sample, type Verb } from './calls.ts';
import { chainFor, loopbackFor, NETWORK, type Backend, type Beside, type Mode } from './modes.ts';
import { RESIDENT_RUN } from './resident.ts';
import { fillLeases, presence } from './present.ts';
import { measure } from './processes.ts';
import { noOps } from './no-op.ts';
import { sandboxCost } from './sandbox.ts';
import { targetFor } from './target.ts';

type Alone = 'VERSION' | ReturnType<typeof noOps>[number]['name'];

export interface Row { series: SeriesName; backend: Backend; /** how many of what the series is about */ point: number; mode: string; /** of the chain, or of a plugin by itself */ verb: Verb | Alone; samples: Sample[]; /** of the largest execution, and of what runs beside */ mb?: number }

interface Series { what: string; /** what a point counts; '' for a series of one */ unit: string; points: readonly number[]; backends: readonly Backend[]; /** of those asked for */ rounds: number; run(node: Node, point: number, rounds: number): Row[] }

/** A node with everybody ready to run on it. */
export interface Node { backend: Backend; modes: readonly Mode[]; resident?: Beside; env: Readonly<Record<string, string>> }

export type SeriesName = 'chain' | 'start-up' | 'no-op' | 'dual-stack' | 'ports' | 'at-once' | 'leases' | 'present' | 'sandbox';

/** In this order: the last ones of a node fill it. */
export const SERIES: Readonly<Record<SeriesName, Series>> = {
  chain: { what: 'bridge + host-local, portmap with 2 ports, bandwidth', unit: '', points: [1], backends: ['iptables-nft', 'iptables-legacy', 'nftables'], rounds: 1, run: (node, point, rounds) => chainRows(node, 'chain', point, rounds) },
  'start-up': { what: 'VERSION, and loopback', unit: '', points: [1], backends: ['nftables'], rounds: 1, run: startUp },
  'no-op': { what: 'verbs that find nothing to do', unit: '', points: [1], backends: ['nftables'], rounds: 2, run: nothingToDo },
  'dual-stack': { what: 'the chain with an address of each family', unit: '', points: [1], backends: ['iptables-nft', 'nftables'], rounds: 0.5, run: (node, point, rounds) => chainRows(node, 'dual-stack', point, rounds, { dualStack: true }) },
  ports: { what: 'the chain with 1, 10 and 100 port mappings', unit: 'port mappings', points: [1, 10, 100], backends: ['iptables-nft', 'nftables'], rounds: 0.25, run: (node, point, rounds) => chainRows(node, 'ports', point, rounds, { mappings: point }) },
  'at-once': { what: 'so many chains at once, time until the last is done', unit: 'attachments at once', points: [16, 100], backends: ['iptables-nft', 'nftables'], rounds: 0.1, run: atOnce },
  leases: { what: 'the chain with so many leases of others', unit: 'leases', points: [1, 1000, 10_000, 60_000], backends: ['nftables'], rounds: 0.25, run: amongLeases },
  sandbox: { what: 'the chain of conf/ in one warm process on the fake kernel; the difference is what the sandbox costs', unit: '', points: [1], backends: ['nftables'], rounds: 20, run: sandboxRows },
  present: { what: 'the chain with so many containers on the node', unit: 'containers', points: [1, 50, 500, 1000], backends: ['iptables-nft', 'iptables-legacy', 'nftables'], rounds: 0.3, run: amongOthers },
};

/** where there is a program that does no more than the kernel's part */
const FLOORS: readonly SeriesName[] = ['chain', 'ports', 'at-once', 'present'];

/** ms, for what a resident host does after its answer */
const SETTLE_MS = 5;

interface Variant { mappings?: number; dualStack?: boolean; /** before each call somebody else changes rules */ othersWrite?: true }

/** ADD, CHECK and DEL by everybody in turn, after a round that warms caches and makes what is shared. */
function chainRows(node: Node, series: SeriesName, point: number, rounds: number, variant: Variant = {}): Row[] {
  const rows = new Rows(series, node.backend, point);
  const modes = node.modes.filter(({ shape }) => shape !== 'floor' || FLOORS.includes(series));
  for (let round = 0; round <= rounds; round++) {
    for (const mode of modes) {
      const list = chainFor(mode, node.backend, variant.dualStack);
      const samples = oneRound(node, mode, list, round, variant);
      if (round > 0) rows.add(mode, samples);
    }
  }
  for (const mode of modes) rows.addMemory(mode, memoryOf(node, mode, chainFor(mode, node.backend, variant.dualStack), variant.mappings));
  return rows.all;
}

function oneRound(node: Node, mode: Mode, list: Conflist, round: number, { mappings, othersWrite }: Variant = {}): Partial<Record<Verb, Sample>> {
  const netns = addNetns(`b${round}`);
  const target = targetFor(mode, { id: `measured-${round}` }, netns, envOf(node, mode), mappings);
  const beside = mode.resident && node.resident;
  const counted = (act: () => Sample & { result: unknown }): Sample & { result: unknown } => {
    if (othersWrite) for (const verb of ['add', 'delete']) sh('nft', verb, 'table', 'ip', 'elsewhere');
    const before = beside?.cpuMs() ?? 0;
    const sample = act();
    // Its launcher has the answer before the host has tidied up.
    if (beside) sleep(SETTLE_MS);
    return { ...sample, cpuMs: sample.cpuMs + (beside?.cpuMs() ?? 0) - before };
  };
  const added = counted(() => carryOut(calls('ADD', list, target)));
  if (added.failure) throw new Error(`ADD by ${mode.name}: ${added.failure}`);
  const checked = mode.shape === 'floor' ? undefined : counted(() => carryOut(calls('CHECK', list, target, added.result)));
  const deleted = counted(() => carryOut(calls('DEL', list, target, added.result)));
  deleteNetns(`b${round}`);
  return { ADD: added, ...(checked ? { CHECK: checked } : {}), DEL: deleted };
}

function memoryOf(node: Node, mode: Mode, list: Conflist, mappings?: number): number {
  const target = targetFor(mode, { id: 'measured-m' }, addNetns('bm'), envOf(node, mode), mappings);
  const { mb, result } = carryOutForMemory(calls('ADD', list, target));
  carryOut(calls('DEL', list, target, result));
  deleteNetns('bm');
  return mb + (mode.resident ? node.resident?.rssMb() ?? 0 : 0);
}

function startUp(node: Node, point: number, rounds: number): Row[] {
  const rows = new Rows('start-up', node.backend, point);
  for (let round = 0; round <= rounds * 2; round++) {
    for (const mode of node.modes) {
      // One execution is one execution, so the modes with the same programs are the same here.
      if (mode.shape !== 'plugins') continue;
      const target = targetFor(mode, { id: 'measured' }, 'dummy', envOf(node, mode));
      const version = measure(executionOf('loopback', 'VERSION', target, '{"cniVersion":"1.0.0"}'));
      const loopback = oneRound(node, mode, loopbackFor(mode), round);
      if (round > 0) rows.add(mode, { VERSION: version, ADD: loopback.ADD!, DEL: loopback.DEL! });
    }
    // The least that a program in JavaScript takes: Node's own start and end, with nothing to run.
    const start = measure({ file: process.execPath, env: node.env, stdin: '' });
    if (round > 0) rows.add({ name: 'floor (Node)' }, { VERSION: start });
  }
  return rows.all;
}

/** What a one-shot call costs, whatever it does, 'start-up' has; here it would only empty the caches of the others. */
function nothingToDo(node: Node, point: number, rounds: number): Row[] {
  const [reference, ...ours] = node.modes;
  const modes = [reference!, ...ours.filter(({ shape, resident }) => shape === 'plugins' && resident)];
  const rows = new Rows('no-op', node.backend, point);
  const netns = addNetns('bn');
  for (let round = 0; round <= rounds; round++) {
    for (const { name, plugin, verb, config } of noOps(netns)) {
      for (const mode of modes) {
        const { ms, cpuMs, exitCode, stdout } = measure(executionOf(plugin, verb, targetFor(mode, { id: 'measured' }, netns, envOf(node, mode)), JSON.stringify(config)));
        if (exitCode !== 0) throw new Error(`${name} by ${mode.name}: ${stdout}`);
        if (round > 0) rows.add(mode, { [name]: { ms, cpuMs } });
      }
    }
  }
  deleteNetns('bn');
  return rows.all;
}

/** After a round that warms caches and starts the threads of the resident host. */
function atOnce(node: Node, point: number, rounds: number): Row[] {
  const rows = new Rows('at-once', node.backend, point);
  const names = Array.from({ length: point }, (_, i) => `b${i}`);
  // A hundred at once take so long that a median of one must do.
  for (let round = 0; round <= Math.ceil((rounds * 16) / point); round++) {
    for (const mode of node.modes) {
      const list = chainFor(mode, node.backend);
      const targets = names.map((name, i) => targetFor(mode, { id: `measured-${i}`, port: 20_000 + 2 * i }, addNetns(name), envOf(node, mode)));
      const added = carryOutAtOnce(targets.map((target) => calls('ADD', list, target)));
      const deleted = carryOutAtOnce(targets.map((target, i) => calls('DEL', list, target, added.results[i])));
      for (const name of names) deleteNetns(name);
      if (round > 0) rows.add(mode, { ADD: added, DEL: deleted });
    }
  }
  return rows.all;
}

/** The reference and we take no turns here: whoever finds that somebody else has written reads all leases, and that is no node's everyday. */
function amongLeases(node: Node, point: number, rounds: number): Row[] {
  fillLeases(point);
  const [reference, ...ours] = node.modes;
  const rows = [[reference!], ours].flatMap((modes) => chainRows({ ...node, modes }, 'leases', point, rounds));
  rmSync(`/var/lib/cni/networks/${NETWORK}`, { recursive: true });
  return rows;
}

const envOf = ({ env }: Node, { resident }: Mode): Readonly<Record<string, string>> => (resident ? { ...env, CNI_WASM_RUN: RESIDENT_RUN } : env);

/** Each node is filled once. */
const filled = new WeakMap<Node, (count: number) => void>();

function amongOthers(node: Node, point: number, rounds: number): Row[] {
  const fill = filled.get(node) ?? presence(node.modes.find(({ shape, path }) => shape !== 'floor' && path !== node.modes[0]!.path)!, node.backend, node.env);
  filled.set(node, fill);
  fill(point);
  // No turns here either: a node has one of them, which knows what it has listed itself, unless somebody else changes rules, as kube-proxy does now and then.
  const alone = node.modes.flatMap((mode) => chainRows({ ...node, modes: [mode] }, 'present', point, rounds));
  const resident = node.modes.filter((mode) => mode.resident && mode.shape === 'one entry').map((mode) => ({ ...mode, name: 'resident, others write' }));
  return [...alone, ...chainRows({ ...node, modes: resident }, 'present', point, rounds, { othersWrite: true })];
}

function sandboxRows({ backend }: Node, point: number, rounds: number): Row[] {
  return Object.entries(sandboxCost(rounds)).flatMap(([mode, verbs]) => Object.entries(verbs).map(([verb, samples]) => ({ series: 'sandbox' as const, backend, point, mode, verb: verb as Verb, samples })));
}

class Rows {
  readonly all: Row[] = [];

  constructor(private readonly series: SeriesName, private readonly backend: Backend, private readonly point: number) {}

  add({ name: mode }: Pick<Mode, 'name'>, samples: Partial<Record<Row['verb'], Sample>>): void {
    for (const [verb, { ms, cpuMs, failure }] of Object.entries(samples) as [Row['verb'], Sample][]) {
      let row = this.all.find((one) => one.mode === mode && one.verb === verb);
      if (!row) this.all.push(row = { series: this.series, backend: this.backend, point: this.point, mode, verb, samples: [] });
      row.samples.push({ ms, cpuMs, ...(failure === undefined ? {} : { failure }) });
    }
  }

  addMemory({ name }: Mode, mb: number): void {
    for (const row of this.all) if (row.mode === name && row.verb === 'ADD') row.mb = mb;
  }
}
