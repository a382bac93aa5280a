// A containerd of one test file: folders, socket, configuration and plugins of its own, ended with all it has started.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE, writeImage } from './busybox-image.ts';
import { criClient, hasCriProto, type Cri } from './cri.ts';
import { has, sh, skip } from './node.ts';
import { until } from './until.ts';

export interface Containerd {
  cri: Cri;
  folder: string;
  /** Where the runtime finds its plugins; a test may put programs of its own there. */
  bin: string;
  /** The one network of the node. */
  writeConflist(conflist: object, file?: string): void;
  start(): Promise<void>;
  /** SIGKILL for the daemon alone; shims and containers go on. */
  kill(): Promise<void>;
  ctr(...args: string[]): string;
  log(): string;
  remove(): Promise<void>;
}

export function needsContainerd(): void {
  if (process.env['CNI_WASM_TEST_ROOT'] !== 'real') skip('containerd needs real root');
  for (const program of ['containerd', 'ctr', 'runc', 'busybox']) if (!has(program)) skip(`${program} is not installed`);
  if (!hasCriProto()) skip('the CRI proto of golang-k8s-cri-api-dev is not in .cache/cri-api');
}

/** @param plugins folder of plugins, ours or the reference's */
export function containerd(plugins: string): Containerd {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-containerd-'));
  const bin = join(folder, 'bin');
  const socket = join(folder, 'containerd.sock');
  const log = join(folder, 'log');
  let daemon: ChildProcess | undefined;
  let cri: Cri | undefined;
  mkdirSync(bin);
  mkdirSync(join(folder, 'net.d'));
  for (const name of readdirSync(plugins)) symlinkSync(join(plugins, name), join(bin, name));
  writeFileSync(join(folder, 'config.toml'), configOf(folder, bin, socket));
  // runc knows a pure hierarchy of one version or the other; the mount is this file's own.
  sh('mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup');
  const ctr = (...args: string[]): string => sh('ctr', '--address', socket, '-n', 'k8s.io', ...args);

  const node: Containerd = {
    get cri() { return cri!; },
    folder, bin, ctr,
    writeConflist: (conflist, file = 'blue') => {
      for (const name of readdirSync(join(folder, 'net.d'))) rmSync(join(folder, 'net.d', name));
      writeFileSync(join(folder, `net.d/${file}.conflist`), JSON.stringify(conflist));
    },
    async start() {
      const output = openSync(log, 'a');
      daemon = spawn('containerd', ['--config', join(folder, 'config.toml')], { stdio: ['ignore', output, output] });
      const first = cri === undefined;
      cri ??= criClient(socket);
      const client = cri;
      await until('containerd answers', async () => (await client.pods()) !== undefined);
      if (first) ctr('images', 'import', writeImage(folder));
      await until('containerd has its network', () => client.ready());
    },
    kill: () => endDaemon(daemon, 'SIGKILL'),
    log: () => readFileSync(log, 'utf8'),
    async remove() {
      const client = cri;
      if (client) {
        for (const pod of await client.pods().catch(() => [])) await client.remove(pod).catch(() => {});
        client.close();
      }
      await endDaemon(daemon, 'SIGTERM');
      for (const shim of shimsOf(socket)) endTree(shim);
      for (const path of mountsBelow(folder)) sh('umount', '-l', path);
      sh('umount', '/sys/fs/cgroup');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return node;
}

const configOf = (folder: string, bin: string, socket: string): string => `version = 2
root = "${folder}/state"
state = "${folder}/run"
[grpc]
address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${IMAGE}"
disable_cgroup = true
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${bin}"
conf_dir = "${folder}/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
`;

function endDaemon(daemon: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    daemon.once('exit', () => done());
    daemon.kill(signal);
  });
}

const processes = (): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);

/** A shim is a daemon of its own; it names the socket it was started for. */
const shimsOf = (socket: string): number[] => processes().filter((pid) => {
  const [program, ...args] = textOf(`/proc/${pid}/cmdline`).split('\0');
  return program?.includes('containerd-shim') && args.includes(socket);
});

/** Children first, or they would be nobody's. */
function endTree(pid: number): void {
  for (const child of processes().filter((other) => Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${other}/status`))?.[1]) === pid)) endTree(child);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Empty for a process that is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const mountsBelow = (folder: string): string[] => readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${folder}/`)).reverse();
