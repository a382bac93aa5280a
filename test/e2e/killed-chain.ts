// The whole chain in one process, killed at every system call that leaves something behind, in ADD and in DEL; then one DEL, as a runtime
// sends it: the node and its lease folder are as they were. One file for each backend runs this, so that both run at the same time.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, deleteNetns, has, picture, skip } from '../support/node.ts';

if (!has('strace')) skip('strace is not installed');

/** What a host changes anything with: netlink, journal and pipes, ledger, files. */
const CALLS = ['sendto', 'write', 'writev', 'pwrite64', 'rename', 'unlink', 'rmdir', 'mkdir'] as const;
type Call = (typeof CALLS)[number];
/** A request for a dump or for one object changes nothing: killed there the node is as at the change before. */
const ASKS = /RTM_GET|NLM_F_DUMP|NFT_MSG_GET|IPCTNL_MSG_CT_GET/;

const netns = addNetns('c1');
const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-killed-'));
const trace = join(folder, 'trace');

const chain = (backend: 'nftables' | 'iptables'): object => ({
  cniVersion: '1.1.0', name: 'blue', type: 'cni-wasm',
  runtimeConfig: {
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }],
    bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 },
  },
  plugins: [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] } },
    { type: 'portmap', backend }, { type: 'bandwidth' },
  ],
});

function call(verb: 'ADD' | 'DEL', config: object, strace: readonly string[] = []): { killed: boolean; stdout: string } {
  const env = { CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  const [program, ...args] = [...strace, join(BIN, 'cni-wasm')];
  const { status, signal, stdout } = spawnSync(program!, args, { input: JSON.stringify(config), env, encoding: 'utf8' });
  const killed = signal === 'SIGKILL' || status === 137;
  assert.ok(killed || status === 0, `${verb}: ${stdout}`);
  return { killed, stdout };
}

/** Numbers of the calls that change something, of a run that comes to its end; each kind is counted by itself, as strace's `when` does. */
function changesOf(verb: 'ADD' | 'DEL', config: object): { call: Call; n: number }[] {
  call(verb, config, ['strace', '-o', trace, '-s', '64', '-e', `trace=${CALLS.join(',')}`]);
  const counts: Partial<Record<Call, number>> = {};
  return readFileSync(trace, 'utf8').split('\n').flatMap((line) => {
    const name = /^(\w+)\(/.exec(line)?.[1] as Call | undefined;
    if (name === undefined) return [];
    const n = (counts[name] = (counts[name] ?? 0) + 1);
    return ASKS.test(line) ? [] : [{ call: name, n }];
  });
}

const killAt = ({ call: name, n }: { call: Call; n: number }): string[] =>
  ['strace', '-o', '/dev/null', '-e', `trace=${name}`, '-e', `inject=${name}:signal=KILL:when=${n}`];

export function killChainTests(backend: 'nftables' | 'iptables'): void {
  const config = chain(backend);
  const withResult = (stdout: string): object => ({ ...config, prevResult: JSON.parse(stdout) as object });
  call('DEL', withResult(call('ADD', config).stdout));
  const before = picture(['c1']);

  test(`${backend}: ADD killed at every change, then one DEL`, () => {
    const changes = changesOf('ADD', config);
    call('DEL', config);
    let kills = 0;
    for (const at of changes) {
      if (call('ADD', config, killAt(at)).killed) kills++;
      call('DEL', config);
      assert.is(picture(['c1']), before, `killed at ${at.call} number ${at.n}`);
    }
    console.log(`KILLS ${kills} of ${changes.length} changes of ADD, ${backend}`);
    assert.ok(kills > 50, `only ${kills} of ${changes.length} calls were reached`);
  });

  test(`${backend}: DEL killed at every change, then DEL again`, () => {
    const changes = changesOf('DEL', withResult(call('ADD', config).stdout));
    let kills = 0;
    for (const at of changes) {
      const added = withResult(call('ADD', config).stdout);
      if (call('DEL', added, killAt(at)).killed) kills++;
      call('DEL', added);
      assert.is(picture(['c1']), before, `killed at ${at.call} number ${at.n}`);
    }
    console.log(`KILLS ${kills} of ${changes.length} changes of DEL, ${backend}`);
    assert.ok(kills > 15, `only ${kills} of ${changes.length} calls were reached`);
  });

  test.after(() => {
    deleteNetns('c1');
    rmSync(folder, { recursive: true });
  });
  test.run();
}
