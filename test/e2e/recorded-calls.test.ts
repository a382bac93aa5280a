// Calls recorded from containerd and podman on the reference plugins, executed again on ours in the recorded order: the same answers, and nothing left.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, REFERENCE_191, sh, skip } from '../support/node.ts';
import { fresh, nodePicture, notes } from './switch-node.ts';

interface Recorded {
  client: string;
  plugin: string;
  /** who executed it */
  parent: string;
  netns: string;
  env: Record<string, string>;
  stdin: string;
  exit: number;
  stdout: string;
}
interface Interface { name: string; mac?: string; mtu?: number }
interface Result { cniVersion: string; interfaces?: Interface[]; dns?: object }

const calls = JSON.parse(readFileSync('test/fixtures/runtime-calls.json', 'utf8')) as Recorded[];
const PLUGINS = [...new Set(calls.map(({ plugin }) => plugin))];
const lacking = PLUGINS.filter((plugin) => !existsSync(`${BIN}/${plugin}`));
/** What a plugin of ours is still to be written for stays with the reference's, as on a node that is half exchanged. */
const folderOf = (plugin: string): string => (lacking.includes(plugin) ? REFERENCE_191 : BIN);
if (lacking.some((plugin) => !existsSync(`${REFERENCE_191}/${plugin}`))) skip(`no ${lacking.join(' and ')} in ${REFERENCE_191}`);

/** Names and addresses picked at random: as recorded → as they are this time. */
class Renamed {
  private readonly pairs: [string, string][] = [];

  note(recorded: Result, now: Result): void {
    for (const [i, { name, mac }] of (recorded.interfaces ?? []).entries()) {
      const other = now.interfaces?.[i];
      if (!other) continue;
      if (/^veth/.test(name)) this.pairs.push([name, other.name]);
      if (mac && mac !== '00:00:00:00:00:00') this.pairs.push([mac, other.mac!]);
    }
  }

  forth = (text: string): string => this.pairs.reduce((all, [recorded, now]) => all.replaceAll(recorded, now), text);
  back = (text: string): string => this.pairs.reduce((all, [recorded, now]) => all.replaceAll(now, recorded), text);
}

function execute(call: Recorded, renamed: Renamed): { exit: number; stdout: string } {
  const { plugin, env, stdin } = call;
  const folder = folderOf(plugin);
  // The folder of the plugins is the one thing of the environment that is not the recorded one; PATH is the daemon's.
  const CNI_PATH = env['CNI_PATH'] === 'dummy' ? 'dummy' : `${BIN}:${REFERENCE_191}`;
  const { status, stdout } = spawnSync(`${folder}/${plugin}`, { input: renamed.forth(stdin), encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env, CNI_PATH } });
  return { exit: status ?? -1, stdout };
}

/** The deliberate differences: docs/differences.md has the reason of each. */
function expected({ plugin, env, stdout }: Recorded): unknown {
  if (env['CNI_COMMAND'] === 'VERSION') {
    // Recorded with 1.1.1; we are of the age of 1.9.1.
    const { supportedVersions } = JSON.parse(stdout) as { supportedVersions: string[] };
    return { cniVersion: '1.1.0', supportedVersions: [...supportedVersions, '1.1.0'] };
  }
  if (stdout === '') return '';
  const result = JSON.parse(stdout) as Result;
  // 1.1.1 prints an empty "dns" at 1.0.0, and loopback's always; 1.9.1 does not.
  if ((result.cniVersion === '1.0.0' || plugin === 'loopback') && result.dns && Object.keys(result.dns).length === 0) delete result.dns;
  return result;
}

/** In a result of 1.1 we say the MTU of what we made. */
function answered(stdout: string): unknown {
  if (stdout === '') return '';
  const result = JSON.parse(stdout) as Result;
  for (const one of result.interfaces ?? []) delete one.mtu;
  return result;
}

/** The node had run containers before: its bridge kept an address of its own, where a fresh one takes its first port's. */
function oldBridge(own: readonly Recorded[]): void {
  const add = own.find(({ plugin, env }) => plugin === 'bridge' && env['CNI_COMMAND'] === 'ADD')!;
  const { name, mac } = (JSON.parse(add.stdout) as Result).interfaces![0]!;
  sh('ip', 'link', 'add', name, 'address', mac!, 'type', 'bridge');
}

for (const client of new Set(calls.map((call) => call.client))) {
  // What bridge executed happens inside our bridge.
  const own = calls.filter((call) => call.client === client && call.parent !== 'bridge');

  test(`${client}: ${own.length} calls are answered as recorded, and nothing is left`, () => {
    const paths = [...new Set(own.map(({ env }) => env['CNI_NETNS'] ?? '').filter((path) => path.includes('/netns/')))];
    const names = paths.map((path) => path.replace(/.*\//, ''));
    fresh(...names);
    oldBridge(own);
    const renamed = new Renamed();
    let there = true;
    for (const call of own) {
      const what = `${call.plugin} ${call.env['CNI_COMMAND']} ${call.netns}`;
      if (there && call.netns === 'empty-string' && call.env['CNI_COMMAND'] === 'DEL') {
        // The runtime has taken the namespace away by then.
        for (const name of names) sh('ip', 'netns', 'delete', name);
        there = false;
      }
      const { exit, stdout } = execute(call, renamed);
      assert.is(exit, call.exit, `${what}: ${stdout}`);
      if (call.env['CNI_COMMAND'] === 'ADD') renamed.note(JSON.parse(call.stdout) as Result, JSON.parse(stdout) as Result);
      assert.equal(answered(renamed.back(stdout)), expected(call), what);
      // 1.9.1's bytes are ours, but for what we say more.
      if (call.client === 'ctrd21' && !stdout.includes('"mtu"')) assert.is(renamed.back(stdout), call.stdout, what);
    }
    assert.equal(notes(), []);
    assert.not.match(nodePicture(), /veth|bwp|\/var\/lib\/cni\/networks|\/run\/cni-wasm\/journal/);
    for (const { env } of own.filter(({ env: { CNI_COMMAND } }) => CNI_COMMAND === 'ADD')) assert.not.match(sh('nft', 'list', 'ruleset'), env['CNI_CONTAINERID']!);
  });

  const leases = calls.filter((call) => call.client === client && call.plugin === 'host-local');
  test(`${client}: host-local, as bridge executed it, ${leases.length} times`, () => {
    fresh();
    for (const call of leases) {
      const { exit, stdout } = execute(call, new Renamed());
      assert.is(exit, call.exit, stdout);
      assert.equal(answered(stdout), expected(call), call.env['CNI_COMMAND']);
    }
    assert.not.match(nodePicture(), /\/var\/lib\/cni\/networks/);
  });
}

test.run();
