// Somebody who changes the same tables all the time, in every way that nf_tables knows, while pods come and go at a resident host: no call
// fails, CHECK finds what ADD made, and of the pods nothing is left. What the writer has put there is his, and stays.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, files, sh } from '../support/node.ts';
import { startResidentHost } from '../support/resident-host.ts';

const AT_ONCE = 3;
/** At least; more when the writer is slow. */
const ROUNDS = 12;
const CHANGES = 40;
const host = startResidentHost();
for (let pod = 0; pod < AT_ONCE; pod++) addNetns(`c${pod}`);
sh('nft', 'add table ip theirs { chain c { }; }');

/** The same numbers in each run. */
let state = 20_261_130;
const below = (end: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % end;
};
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

interface Outcome { code: number; stdout: string; stderr: string }

async function run(program: string, args: readonly string[], input: string, env: NodeJS.ProcessEnv = process.env): Promise<Outcome> {
  const child = spawn(program, args, { stdio: 'pipe', env });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number>((done) => { child.on('close', done); })]);
  return { code, stdout, stderr };
}

const CHAINS = {
  nftables: ['ip cni_hostport hostports', 'ip cni_hostport masquerading', 'inet cni_plugins_masquerade masq_checks'],
  iptables: ['ip nat CNI-HOSTPORT-DNAT', 'ip nat POSTROUTING', 'ip filter CNI-FORWARD'],
};
type Backend = keyof typeof CHAINS;

let changes = 0;
let calls = 0;

/** One change. Not every one succeeds: a chain may not be there yet, and a rule not be there any more. */
async function write(backend: Backend, serial: number): Promise<void> {
  const chain = oneOf(CHAINS[backend]);
  const table = chain.replace(/ \S+$/, '');
  const rule = (): string => `udp dport ${1 + below(60_000)} counter comment "theirs${serial}"`;
  const nft = async (input: string): Promise<void> => {
    if (input !== '' && (await run('nft', ['-f', '-'], input)).code === 0) changes++;
  };
  const handles = async (): Promise<string[]> => [...(await run('nft', ['-a', 'list', 'chain', ...chain.split(' ')], '')).stdout.matchAll(/theirs.*# handle (\d+)/g)].map(([, handle]) => handle!);
  switch (below(8)) {
    case 0: case 1: await nft(`${oneOf(['add', 'insert'])} rule ${chain} ${rule()}\n`); break;
    case 2: await nft(`insert rule ${chain} ${rule()}\n`.repeat(3)); break;
    case 3: case 4: {
      const own = await handles();
      if (own.length > 0) await nft(`${oneOf([`replace rule ${chain} handle`, `insert rule ${chain} position`, `add rule ${chain} position`])} ${oneOf(own)} ${rule()}\n`);
      break;
    }
    case 5: await nft((await handles()).slice(20).map((handle) => `delete rule ${chain} handle ${handle}\n`).join('')); break;
    case 6: await nft(`add chain ${table} a${serial}\nadd rule ${table} a${serial} accept\nrename chain ${table} a${serial} b${serial}\nflush chain ${table} b${serial}\ndelete chain ${table} b${serial}\n`); break;
    default: await nft(`flush chain ip theirs c\n${Array.from({ length: oneOf([5, 500, 6000]) }, (_, i) => `add rule ip theirs c ip saddr 192.0.2.${i % 250} accept\n`).join('')}`);
  }
}

const conf = (backend: Backend): object => ({
  cniVersion: '1.1.0', name: 'blue', type: 'cni-wasm',
  plugins: [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } },
    { type: 'portmap', backend }, { type: 'firewall', backend }, { type: 'bandwidth' },
  ],
});

async function call(verb: string, pod: number, serial: number, config: object): Promise<string> {
  calls++;
  const { code, stdout, stderr } = await run(join(BIN, 'cni-wasm'), [], JSON.stringify(config), {
    PATH: process.env['PATH'], CNI_COMMAND: verb, CNI_PATH: BIN, CNI_CONTAINERID: `pod${pod}-${serial}`, CNI_NETNS: `/run/netns/c${pod}`, CNI_IFNAME: 'eth0',
  });
  assert.is(code, 0, `${verb} of pod ${pod}, round ${serial}: ${stdout}${stderr}`);
  return stdout;
}

for (const backend of ['nftables', 'iptables'] as const) {
  test(`${backend}: ${AT_ONCE} pods at once, ${ROUNDS} times and more`, async () => {
    let isOver = false;
    changes = 0;
    const writer = (async () => { for (let serial = 0; !isOver; serial++) await write(backend, serial); })();
    const live = async (pod: number): Promise<void> => {
      for (let serial = 0; serial < ROUNDS || changes < CHANGES; serial++) {
        const runtimeConfig = { portMappings: Array.from({ length: below(4) }, (_, i) => ({ hostPort: 10_000 + 10 * pod + i, containerPort: 80, protocol: oneOf(['tcp', 'udp']) })), bandwidth: { ingressRate: 1e7, ingressBurst: 1e7 } };
        const config = { ...conf(backend), runtimeConfig };
        const prevResult = JSON.parse(await call('ADD', pod, serial, config)) as object;
        await call('CHECK', pod, serial, { ...config, prevResult });
        await call('DEL', pod, serial, { ...config, prevResult });
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, pod) => live(pod)));
    } finally {
      isOver = true;
      await writer;
    }
    assert.not.match(`${sh('nft', 'list', 'ruleset')}${sh('ip', 'link')}`, /pod\d+-|veth|bwp/);
    assert.equal([...files('/var/lib/cni').filter((line) => !line.includes('last_reserved')), ...files('/var/lib/cni-wasm')], []);
  });
}

test('and it was the resident host that did it', async () => {
  await host.settled();
  assert.is(host.left().length, 0);
  assert.is(host.served().length, calls);
  host.process.kill();
});

test.run();
