// `npm run bench`: the reference and ours in all modes, interleaved in one run on nodes made for it, ratios of medians. Asserts nothing.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BIN, has, REFERENCE, REFERENCE_191 } from '../support/node.ts';
import { buildFloor } from './floor.ts';
import { BACKENDS, modesIn, type Backend } from './modes.ts';
import { plot } from './plot.ts';
import { report } from './report.ts';
import { startResident } from './resident.ts';
import { SERIES, type Node, type Row, type SeriesName } from './series.ts';

const HELP = `usage: npm run bench -- [--only SERIES,…] [--backend BACKEND,…] [--modes MODE,…] [--points N,…] [--rounds N] [--plot] [--json FILE] [--reference DIR]

Measures the reference plugins and ours, taking turns, on nodes of their own (network and mount namespaces), and prints medians.

  --only       ${Object.keys(SERIES).join(', ')} (default: all)
  --backend    ${BACKENDS.join(', ')} (default: all that the node has)
  --modes      ${modesIn({ reference: '', ours: '', floor: '' }).map(({ name }) => name).join(', ')} (default: all)
  --points     only these of the series that grow (such as 1,500)
  --rounds     how often each is measured (default 15; long series take a part of it)
  --plot       draw the series that grow as docs/bench-*.svg
  --json       also write every sample to this file
  --reference  folder of the reference plugins (default: ${REFERENCE_191}, which
               test/support/fetch-from-debian.sh fetches, else ${REFERENCE})
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' }, backend: { type: 'string' }, modes: { type: 'string' }, points: { type: 'string' }, rounds: { type: 'string', default: '15' }, plot: { type: 'boolean' },
    json: { type: 'string' }, reference: { type: 'string' }, inside: { type: 'string' }, work: { type: 'string', default: '' }, help: { type: 'boolean' },
  },
});

/** The programs that go by the names iptables… may be of either kind; each node gets the one it is for. */
const XTABLES: Partial<Record<Backend, string>> = { 'iptables-nft': '/usr/sbin/xtables-nft-multi', 'iptables-legacy': '/usr/sbin/xtables-legacy-multi' };

function bench(): void {
  const only = choice('only', values.only, Object.keys(SERIES) as SeriesName[]);
  const backends = choice('backend', values.backend, BACKENDS).filter((backend) => (backend === 'nftables' ? has('nft') : existsSync(XTABLES[backend]!)));
  const work = mkdtempSync(join(tmpdir(), 'cni-wasm-bench-'));
  try {
    buildFloor(work);
    const rows = backends.filter((backend) => only.some((name) => isIn(name, backend))).flatMap((backend) => onNodeFor(backend, work));
    console.log(report(rows));
    if (values.json) writeFileSync(values.json, JSON.stringify(rows));
    if (values.plot) console.log(plot(rows, 'docs').map((path) => `drew ${path}`).join('\n'));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** The same program again, in namespaces of its own. */
function onNodeFor(backend: Backend, work: string): Row[] {
  // NODE_EXTRA_CA_CERTS costs every Node start 40 ms; a node's runtime does not set it.
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
  const script = 'for d in /run /var/lib /etc/cni; do [ -d $d ] && mount -t tmpfs -o mode=755 tmpfs $d; done; ip link set lo up; exec "$@"';
  const { status } = spawnSync('unshare', ['--mount', '--net', 'sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1), '--inside', backend, '--work', work], { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`measuring ${backend} ended with status ${status}`);
  return JSON.parse(readFileSync(join(work, `${backend}.json`), 'utf8')) as Row[];
}

function measureOn(backend: Backend): void {
  const reference = resolve(values.reference ?? (existsSync(join(REFERENCE_191, 'bridge')) ? REFERENCE_191 : REFERENCE));
  if (!existsSync(join(reference, 'bridge'))) throw new Error(`no reference plugins in ${reference}: give --reference, or install containernetworking-plugins`);
  const floor = join(values.work, 'floor');
  const all = modesIn({ reference, ours: BIN, ...(existsSync(floor) ? { floor: values.work } : {}) });
  const wanted = values.modes === undefined ? all : all.filter(({ name }) => name === all[0]!.name || values.modes!.split(',').includes(name));
  const modes = wanted.filter((mode) => mode.backends.includes(backend));
  const env = { PATH: `${programsFor(backend)}/usr/sbin:/usr/bin:/sbin:/bin` };
  const resident = modes.some((mode) => mode.resident) ? startResident(join(BIN, 'cni-wasm'), env) : undefined;
  const node: Node = { backend, modes, env, ...(resident ? { resident } : {}) };
  try {
    const names = choice('only', values.only, Object.keys(SERIES) as SeriesName[]).filter((name) => isIn(name, backend));
    const rows = names.flatMap((name) => pointsOf(name).flatMap((point): Row[] => {
      process.stderr.write(`bench: ${backend}, ${name}${SERIES[name].unit && ` with ${point} ${SERIES[name].unit}`}\n`);
      return SERIES[name].run(node, point, Math.max(1, Math.round(Number(values.rounds) * SERIES[name].rounds)));
    }));
    writeFileSync(join(values.work, `${backend}.json`), JSON.stringify(rows));
  } finally {
    resident?.stop();
  }
}

/** A folder for PATH, with a colon; none for a backend that starts no program of ours. */
function programsFor(backend: Backend): string {
  const multi = XTABLES[backend] ?? XTABLES['iptables-nft']!;
  const folder = '/run/bench-programs';
  mkdirSync(folder);
  for (const name of ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore']) symlinkSync(multi, join(folder, name));
  return `${folder}:`;
}

const isIn = (name: SeriesName, backend: Backend): boolean => SERIES[name].backends.some((one) => one === backend);

function pointsOf(name: SeriesName): readonly number[] {
  const { points } = SERIES[name];
  const asked = values.points?.split(',').map(Number);
  return asked && points.length > 1 ? points.filter((point) => asked.includes(point)) : points;
}

function choice<Name extends string>(option: string, text: string | undefined, all: readonly Name[]): readonly Name[] {
  const asked = text?.split(',');
  const unknown = asked?.find((name) => !all.some((one) => one === name));
  if (unknown !== undefined) throw new Error(`--${option}: there is no "${unknown}"; give some of ${all.join(', ')}`);
  return asked ? all.filter((name) => asked.includes(name)) : all;
}

if (values.help) process.stdout.write(HELP);
else if (values.inside) measureOn(values.inside as Backend);
else bench();
