// Debian's podman on our plugins, with a network of ours and two that it makes itself, in the namespaces of one test file.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { WEB, writeRoot } from './busybox-image.ts';
import { nodeState } from './left.ts';
import { BIN, has, sh, skip } from './node.ts';

export function needsPodman(...more: string[]): void {
  if (process.env['CNI_WASM_TEST_ROOT'] !== 'real') skip('podman here needs real root');
  for (const program of ['podman', 'crun', 'conmon', 'busybox', ...more]) if (!has(program)) skip(`${program} is not installed`);
}

/** This file's own, as all of /run is. */
export const folder = '/run/podman-files';
const CONFIG = `[network]
network_backend = "cni"
cni_plugin_dirs = ["${folder}/bin"]
network_config_dir = "${folder}/net.d"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "crun"
[containers]
cgroups = "disabled"
log_driver = "k8s-file"
seccomp_profile = "unconfined"
apparmor_profile = "unconfined"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`;

const range = (subnet: string): object[] => [{ subnet }];
const NETWORK = {
  cniVersion: '0.4.0',
  name: 'blue',
  plugins: [
    {
      type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, hairpinMode: true,
      ipam: { type: 'host-local', ranges: [range('192.0.2.0/24'), range('2001:db8::/64')], routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall', backend: '' },
    { type: 'tuning' },
  ],
};

export const OPTIONS = ['--root', join(folder, 'storage'), '--runroot', '/run/podman-test', '--tmpdir', '/run/podman-test/tmp', '--storage-driver', 'vfs'];
export const ENVIRONMENT = { ...process.env, ...withCni(resolve('.cache/podman-cni')), CONTAINERS_CONF: join(folder, 'containers.conf'), TMPDIR: folder };

/** Of the podman that .ci/run unpacks where the machine's own has no CNI any more, and of the libraries it needs. */
function withCni(unpacked: string): { PATH?: string; LD_LIBRARY_PATH?: string } {
  if (!existsSync(unpacked)) return {};
  const libraries = ['usr/lib', 'lib'].flatMap((at) => readdirSync(join(unpacked, at)).filter((name) => name.endsWith('-linux-gnu')).map((name) => join(unpacked, at, name)));
  return { PATH: `${join(unpacked, 'usr/bin')}:${process.env['PATH']}`, LD_LIBRARY_PATH: libraries.join(':') };
}

/** Everything podman keeps is below the folder, or in one that is this file's own: /run, /var/lib/containers, /dev/shm. */
export function podman(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('podman', [...OPTIONS, ...args], { encoding: 'utf8', env: ENVIRONMENT });
  if (status !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

export function setUpPodman(): void {
  // crun knows a pure cgroup v2 hierarchy or a pure v1 one; the mount is this file's own.
  sh('mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup');
  // Podman's locks are in shared memory under one name for the whole machine.
  sh('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/dev/shm');
  mkdirSync(join(folder, 'net.d'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  for (const name of readdirSync(BIN)) symlinkSync(join(BIN, name), join(folder, 'bin', name));
  writeRoot(join(folder, 'image'));
  writeFileSync(join(folder, 'containers.conf'), CONFIG);
  writeFileSync(join(folder, 'net.d/blue.conflist'), JSON.stringify(NETWORK));
  if (/cni support is not enabled/.test(spawnSync('podman', [...OPTIONS, 'info'], { encoding: 'utf8', env: ENVIRONMENT }).stderr)) skip('this podman has no CNI, as Debian\'s from version 5 on');
  sh('tar', '-C', join(folder, 'image'), '-cf', join(folder, 'image.tar'), '.');
  podman('import', join(folder, 'image.tar'), 'busybox');
  podman('network', 'create', '--ipv6', '--subnet', '198.51.100.0/24', '--subnet', '2001:db8:1::/64', 'green');
  podman('network', 'create', '--subnet', '203.0.113.0/24', 'red');
}

export function removePodman(): void {
  spawnSync('podman', [...OPTIONS, 'rm', '-f', '-a', '-t', '0'], { env: ENVIRONMENT });
}

/** A web server under this name, with more options for `run`. */
export const runWeb = (name: string, ...more: string[]): string => podman('run', '-d', '--name', name, ...more, 'busybox', ...WEB);
export const removed = (name: string): string => podman('rm', '-f', '-t', '0', name);

export interface OnNetwork { IPAddress: string; GlobalIPv6Address: string; MacAddress: string }
export const allNetworksOf = (...names: string[]): Record<string, OnNetwork>[] =>
  (JSON.parse(podman('inspect', ...names)) as { NetworkSettings: { Networks: Record<string, OnNetwork> } }[]).map(({ NetworkSettings: { Networks } }) => Networks);
export const networksOf = (name: string): Record<string, OnNetwork> => allNetworksOf(name)[0]!;

/** The bridge and the chains that all attachments jump through are the network's, and stay: what there is after a first container. */
export async function leavesNothing(networks: string, life: () => void | Promise<void>): Promise<void> {
  runWeb('first', '--network', networks, '-p', '8099:80');
  removed('first');
  const before = nodeState();
  await life();
  assert.is(nodeState(), before);
}
