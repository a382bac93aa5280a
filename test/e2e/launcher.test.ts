// The launcher against hosts that are not there, hang, die or talk nonsense: the call is done all the same, with all of its stdin, once.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatReply, readHello, type Hello } from '../../host/resident/wire.ts';
import { BIN, sh, skip } from '../support/node.ts';

if (sh('head', '-c', '4', `${BIN}/cni-wasm`) !== '\x7fELF') skip('there is no C compiler, so the launcher is a script that knows no resident host');

const RUN = '/run/cni-wasm';
/** Needs nothing of a node, reads stdin, and its answer says that the one-shot host gave it. */
const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
const config = (more: object = {}): string => JSON.stringify({ cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }] }, ...more });
const ONE_SHOT = /192\.0\.2\.7\/24/;

interface Said { code: number | null; stdout: string; stderr: string }

async function call(input: string | Buffer, { program = join(BIN, 'static'), env = ENV as Record<string, string>, args = [] as string[] } = {}): Promise<Said> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((done) => { child.on('close', done); })]);
  return { code, stdout, stderr };
}

/** What a host of the test heard, and how it behaves when the hello is whole. */
interface Played { server: Server; hellos: Hello[]; heard: Buffer[]; connections: number }

function playHost(onHello: (socket: Socket) => void, onMore: (socket: Socket, all: Buffer) => void = () => undefined): Promise<Played> {
  mkdirSync(RUN, { recursive: true, mode: 0o700 });
  const played: Played = { server: undefined as unknown as Server, hellos: [], heard: [], connections: 0 };
  played.server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    let isKnown = false;
    const number = played.connections++;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (isKnown) {
        played.heard[number] = bytes;
        return onMore(socket, bytes);
      }
      const hello = readHello(bytes);
      if (!hello) return;
      isKnown = true;
      bytes = Buffer.alloc(0);
      played.hellos.push(hello);
      onHello(socket);
    });
  });
  played.server.unref();
  return new Promise((ready) => { played.server.listen(`${RUN}/host.sock`, () => ready(played)); });
}

async function end({ server }: Played): Promise<void> {
  await new Promise((closed) => { server.close(closed); });
}

const test = suite('launcher');
test.after.each(() => rmSync(`${RUN}/host.sock`, { force: true }));

function isOneShot({ code, stdout }: Said): void {
  assert.is(code, 0, stdout);
  assert.match(stdout, ONE_SHOT);
}

test('no host, or a socket that nobody listens on', async () => {
  isOneShot(await call(config()));
  await end(await playHost(() => undefined));
  const child = spawn(process.execPath, ['-e', `require("net").createServer().listen("${RUN}/host.sock", () => process.kill(process.pid, "SIGKILL"))`], { stdio: 'inherit' });
  await new Promise((ended) => { child.on('exit', ended); });
  assert.ok(existsSync(`${RUN}/host.sock`));
  isOneShot(await call(config()));
});

test('a host is told the name, the environment and where the one-shot host is, and what it says is printed', async () => {
  const host = await playHost((socket) => socket.write('A'), (socket, all) => {
    if (all.length >= 4 && all.length === 4 + all.readUInt32LE(0)) socket.end(Buffer.concat([Buffer.from('..'), formatReply({ exitCode: 7, stdout: '{"a":1}', stderr: 'a word\n' })]));
  });
  mkdirSync('/run/bin', { recursive: true });
  symlinkSync(join(BIN, 'static'), '/run/bin/acme');
  const env = { ...ENV, NODE_OPTIONS: '--nowhere', NODE_EXTRA_CA_CERTS: '/nowhere', OTHER: 'x' };
  assert.equal(await call(config(), { program: '/run/bin/acme', env }), { code: 7, stdout: '{"a":1}', stderr: 'a word\n' });
  const [hello] = host.hellos;
  assert.equal([hello!.calledAs, hello!.oneShot, { ...hello!.env }], ['acme', join(process.cwd(), 'dist/lib/host.cjs'), { ...ENV, OTHER: 'x' }]);
  assert.is(host.heard[0]!.subarray(4).toString(), config());
  await end(host);
});

test('stdin is not touched before the host has taken the call, nor for a call that needs none', async () => {
  const refusing = await playHost((socket) => socket.end('N'));
  isOneShot(await call(config()));
  assert.is(refusing.heard.length, 0);
  await end(refusing);
  const answering = await playHost((socket) => socket.end(Buffer.concat([Buffer.from('V'), formatReply({ exitCode: 0, stdout: 'yes', stderr: '' })])));
  const child = spawn(join(BIN, 'static'), [], { env: { ...ENV, CNI_COMMAND: 'VERSION' }, stdio: ['pipe', 'pipe', 'inherit'] });
  assert.is(await text(child.stdout), 'yes', 'it must not wait for the end of stdin');
  child.stdin.destroy();
  await end(answering);
});

/** Each leaves the launcher without an answer at another moment. */
const FAILURES: Record<string, [onHello: (socket: Socket) => void, onMore?: (socket: Socket) => void]> = {
  'that closes at once': [(socket) => socket.destroy()],
  'that hangs': [() => undefined],
  'that says nonsense': [(socket) => socket.write('HTTP/1.1 400')],
  'that dies when it has taken the call': [(socket) => socket.write('A'), (socket) => socket.destroy()],
  'that says nonsense when it has taken the call': [(socket) => socket.write('A'), (socket) => socket.end('x'.repeat(100))],
  'that dies in the middle of its answer': [(socket) => socket.write('A'), (socket) => socket.end(formatReply({ exitCode: 0, stdout: '{"half":1}', stderr: '' }).subarray(0, 18))],
  'with an answer of impossible length': [(socket) => socket.write('A'), (socket) => socket.end(Buffer.from('D\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'))],
  'with an impossible exit code': [(socket) => socket.write('A'), (socket) => socket.end(formatReply({ exitCode: 300, stdout: 'x', stderr: '' }))],
};

for (const [what, [onHello, onMore]] of Object.entries(FAILURES)) {
  test(`a host ${what}`, async () => {
    const host = await playHost(onHello, onMore);
    const said = await call(config());
    isOneShot(said);
    assert.is(said.stdout.match(/"ips"/g)?.length, 1, 'one document');
    assert.is(host.connections, 1);
    await end(host);
  });
}

test('a large configuration arrives whole, at the host and without it', async () => {
  const large = config({ filler: 'x'.repeat(3_000_000) });
  const dying = await playHost((socket) => socket.write('A'), (socket, all) => {
    if (all.length === 4 + large.length) socket.destroy();
  });
  isOneShot(await call(large));
  assert.is(dying.heard[0]!.subarray(4).toString(), large);
  await end(dying);
});

test('one that is too large for a host is done without it', async () => {
  const host = await playHost((socket) => socket.write('A'));
  // More than the module has memory for.
  assert.match((await call(config({ filler: 'x'.repeat(17_000_000) }))).stdout, /"code": 103/);
  assert.is(host.heard.length, 0);
  await end(host);
});

test('an environment that is too large for a host is done without it', async () => {
  const host = await playHost((socket) => socket.write('A'));
  isOneShot(await call(config(), { env: { ...ENV, ...Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`BIG${i}`, 'x'.repeat(100_000)])) } }));
  assert.is(host.hellos.length, 0);
  await end(host);
});

test('words are the one-shot host\'s, as is a call without a verb', async () => {
  const host = await playHost((socket) => socket.write('A'));
  assert.match((await call('', { program: join(BIN, 'cni-wasm'), args: ['--version'] })).stdout, /^v\d/);
  const { CNI_COMMAND: _, ...env } = ENV;
  assert.match((await call('', { env })).stderr, /CNI static plugin/);
  assert.is(host.connections, 0);
  await end(host);
});

test('with stdin, stdout or both closed the answer is the one-shot host\'s, and goes nowhere else', async () => {
  const host = await playHost((socket) => socket.write('A'), (socket) => socket.end(formatReply({ exitCode: 0, stdout: 'x', stderr: '' })));
  const shell = (redirections: string): Promise<Said> => call('', { program: '/bin/sh', args: ['-c', `"${BIN}/static" ${redirections}`] });
  const closed = await shell('<&-');
  assert.is(closed.code, 1);
  assert.is((JSON.parse(closed.stdout) as { code: number }).code, 6);
  assert.equal((await shell('>&-')).stdout, '');
  assert.equal((await shell('<&- >&-')).stdout, '');
  await end(host);
});

test('a host of another user is no host', async () => {
  if (process.env['CNI_WASM_TEST_ROOT'] !== 'real') return;
  sh('chmod', '777', RUN);
  const child = spawn(process.execPath, ['-e', `require("net").createServer((s) => s.on("error", () => {}).write("A")).listen("${RUN}/host.sock", () => console.log("ready"))`], { uid: 65_534, gid: 65_534, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((ready) => { child.stdout.once('data', ready); });
  // As if it had been made before the folder was set right.
  sh('chmod', '700', RUN);
  isOneShot(await call(config()));
  child.kill('SIGKILL');
});

test('its name is that of the file, whatever the first word of the command line is', async () => {
  linkSync(join(BIN, 'static'), join(BIN, '.linked'));
  try {
    const host = await playHost((socket) => socket.end('N'));
    await call(config(), { program: '/bin/bash', args: ['-c', `exec -a nonsense "${BIN}/.linked"`] });
    assert.is(host.hellos[0]!.calledAs, '.linked');
    await end(host);
  } finally {
    rmSync(join(BIN, '.linked'));
  }
});

test.run();
