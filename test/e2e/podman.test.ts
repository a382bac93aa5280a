// Debian's podman runs a container on our plugins: dual stack, a published port, and nothing left after `rm -f`.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, has, picture, sh, skip } from '../support/node.ts';

if (process.env['CNI_WASM_TEST_ROOT'] !== 'real') skip('podman here needs real root');
for (const program of ['podman', 'crun', 'conmon', 'busybox']) if (!has(program)) skip(`${program} is not installed`);

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-podman-'));
const CONFIG = `[network]
network_backend = "cni"
cni_plugin_dirs = ["${BIN}"]
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
  ],
};

const OPTIONS = ['--root', join(folder, 'storage'), '--runroot', '/run/podman-test', '--tmpdir', '/run/podman-test/tmp', '--storage-driver', 'vfs'];
const ENVIRONMENT = { ...process.env, CONTAINERS_CONF: join(folder, 'containers.conf'), TMPDIR: folder };

/** Everything podman keeps is below the folder, or in one that is this file's own: /run, /var/lib/containers, /dev/shm. */
function podman(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('podman', [...OPTIONS, ...args], { encoding: 'utf8', env: ENVIRONMENT });
  if (status !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

test.before(() => {
  // crun knows a pure cgroup v2 hierarchy or a pure v1 one; the mount is this file's own.
  sh('mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup');
  // Podman's locks are in shared memory under one name for the whole machine.
  sh('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', '/dev/shm');
  mkdirSync(join(folder, 'net.d'));
  mkdirSync(join(folder, 'image/bin'), { recursive: true });
  mkdirSync(join(folder, 'image/www'));
  cpSync(sh('sh', '-c', 'command -v busybox').trim(), join(folder, 'image/bin/busybox'), { dereference: true });
  writeFileSync(join(folder, 'image/www/index.html'), 'hello from podman');
  writeFileSync(join(folder, 'containers.conf'), CONFIG);
  writeFileSync(join(folder, 'net.d/blue.conflist'), JSON.stringify(NETWORK));
  sh('tar', '-C', join(folder, 'image'), '-cf', join(folder, 'image.tar'), '.');
  podman('import', join(folder, 'image.tar'), 'busybox');
});

test.after(() => {
  spawnSync('podman', [...OPTIONS, 'rm', '-f', '-a', '-t', '0'], { env: ENVIRONMENT });
  rmSync(folder, { recursive: true, force: true });
});

const runWeb = (name: string): string =>
  podman('run', '-d', '--name', name, '--network', 'blue', '-p', '8080:80', 'busybox', '/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/www');

/** httpd needs a moment after podman has returned. */
async function fetched(host: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await once(host);
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resume) => { setTimeout(resume, 100); });
    }
  }
}

const once = (host: string): Promise<string> => new Promise((done, fail) => {
  get({ host, port: 8080, signal: AbortSignal.timeout(2000) }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => done(text));
  }).on('error', fail);
});

/** What `nft` shows of rules made through iptables lacks their matches and comments. */
const state = (): string => [picture(), ...['iptables-save', 'ip6tables-save'].filter(has).map((save) => sh(save).replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, ''))].join('\n');

test('run -p 8080:80 is reached through the published port, and rm -f leaves nothing', async () => {
  runWeb('first');
  podman('rm', '-f', '-t', '0', 'first');
  // The bridge and the chains that all attachments jump through are the network's, and stay.
  const before = state();
  runWeb('second');
  assert.is(await fetched('127.0.0.1'), 'hello from podman');
  assert.is(await fetched('192.0.2.1'), 'hello from podman');
  assert.is(await fetched('2001:db8::1'), 'hello from podman');
  assert.not.equal(state(), before);
  const [{ NetworkSettings: { Networks: { blue } } }] = JSON.parse(podman('inspect', 'second')) as [{ NetworkSettings: { Networks: { blue: { IPAddress: string; GlobalIPv6Address: string } } } }];
  assert.match(blue.IPAddress, /^192\.0\.2\./);
  assert.match(blue.GlobalIPv6Address, /^2001:db8::/);
  podman('rm', '-f', '-t', '0', 'second');
  assert.equal(state(), before);
});

test.run();
