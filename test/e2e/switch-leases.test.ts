// One pool handed out by the reference and by us at the same time: no address twice, none lost, whoever gives it back.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '../support/node.ts';
import { FOLDER, MISSING, type Who } from './switch-table.ts';

if (MISSING.length > 0) skip(`no reference plugins ${MISSING.join(' and ')}`);

/** 29 addresses: .0, .31 and the gateway are nobody's. */
const CONFIG = { cniVersion: '1.0.0', name: 'blue', type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/27' }]] } };
const SIZE = 29;
const LEASES = '/var/lib/cni/networks/blue';
const MAKERS: readonly Who[] = ['ours', '1.1.1', 'ours', '1.9.1'];

interface Answer { code: number; out: string }
async function call(who: Who, verb: string, id: string): Promise<Answer> {
  const child = spawn(`${FOLDER[who]}/host-local`, [], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { CNI_COMMAND: verb, CNI_CONTAINERID: id, CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: FOLDER[who] },
  });
  child.stdin.end(JSON.stringify(CONFIG));
  const [out, code] = await Promise.all([text(child.stdout), new Promise<number>((done) => { child.on('close', (status) => { done(status ?? 1); }); })]);
  return { code, out };
}

const makerOf = (i: number): Who => MAKERS[i % MAKERS.length]!;
const addressIn = ({ out }: Answer): string => (JSON.parse(out) as { ips: { address: string }[] }).ips[0]!.address.replace('/27', '');
const owners = (): Record<string, string> => Object.fromEntries((existsSync(LEASES) ? readdirSync(LEASES) : [])
  .filter((name) => /^\d+\./.test(name)).map((name) => [readFileSync(`${LEASES}/${name}`, 'utf8').replace('\r\neth0', ''), name]));
const ids = (prefix: string): string[] => Array.from({ length: SIZE }, (_, i) => `${prefix}${i}`);

test('all addresses at once, by three programs; then nothing for anybody', async () => {
  const first = ids('a');
  const answers = await Promise.all(first.map((id, i) => call(makerOf(i), 'ADD', id)));
  for (const { code, out } of answers) assert.is(code, 0, out);
  const given = Object.fromEntries(first.map((id, i) => [id, addressIn(answers[i]!)]));
  assert.is(new Set(Object.values(given)).size, SIZE);
  assert.equal(sorted(owners()), sorted(given), 'each lease names its owner');
  const refused = await Promise.all((['ours', '1.1.1', '1.9.1'] as const).map((who) => call(who, 'ADD', 'late')));
  for (const { code, out } of refused) {
    assert.is(code, 1);
    assert.match(out, /failed to allocate for range 0: no IP addresses available in range set: 192\.0\.2\.1-192\.0\.2\.30/);
  }
  assert.equal(sorted(owners()), sorted(given));
});

test('DELs cross: what one gave out another frees, while others already ask again', async () => {
  const [first, second] = [ids('a'), ids('b')];
  // Sixteen go by other hands than they came; as many others are coming and may find the pool full for a moment.
  const going = first.slice(0, 16).map((id, i) => call(makerOf(i + 1), 'DEL', id));
  const coming = second.slice(0, 16).map((id, i) => call(makerOf(i), 'ADD', id));
  for (const { code, out } of await Promise.all(going)) assert.is(code, 0, out);
  const answers = await Promise.all(coming);
  const kept = owners();
  for (const id of first.slice(16)) assert.ok(kept[id], `${id} keeps its address`);
  for (const [i, answer] of answers.entries()) {
    if (answer.code === 0) assert.is(kept[second[i]!], addressIn(answer));
    else assert.match(answer.out, /no IP addresses available/);
  }
  const held = Object.keys(kept).length;
  assert.is(held, SIZE - 16 + answers.filter(({ code }) => code === 0).length);
  const rest = await Promise.all(Array.from({ length: SIZE - held }, (_, i) => call(makerOf(i), 'ADD', `r${i}`)));
  for (const { code, out } of rest) assert.is(code, 0, out);
  assert.is(new Set(Object.values(owners())).size, SIZE, 'all are in use again');
  await Promise.all(Object.keys(owners()).map((id, i) => call(makerOf(i), 'DEL', id)));
  assert.equal(owners(), {});
});

const sorted = (record: Record<string, string>): [string, string][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

test.run();
