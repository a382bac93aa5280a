// The launcher against hosts that are not there, hang, die or talk nonsense: the call is done all the same, with all of its stdin, once.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatReply, readHello, type Hello } from '../../host/resident/wire.ts';
import { BIN, sh, skip } from '../support/node.ts';
import { until } from '../support/until.ts';

if (sh('head', '-c', '4', `${BIN}/cni-wasm`) !== '\x7fELF') skip('there is no C compiler, so the launcher is a script that knows no resident host');

const RUN = '/run/cni-wasm';
/** Needs nothing of a node, reads stdin, and its answer says that the one-shot host gave it. */
const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
const config = (more: object = {}): string => JSON.stringify({ cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }] }, ...more });
const ONE_SHOT = /192\.0\.2\.7\/24/;

interface Said { code: number | null; stdout: string; stderr: string }

/** A call whose stdin is still to come. */
function begin({ program = join(BIN, 'static'), env = ENV as Record<string, string>, args = [] as string[] } = {}): { pid: number; stdin: Writable; said: Promise<Said> } {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  const said = Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((done) => { child.on('close', done); })]);
  return { pid: child.pid!, stdin: child.stdin, said: said.then(([stdout, stderr, code]) => ({ code, stdout, stderr })) };
}

function call(input: string | Buffer, how: Parameters<typeof begin>[0] = {}): Promise<Said> {
  const { stdin, said } = begin(how);
  stdin.end(input);
  return said;
}

/** An executable of a name that is none of ours. */
function acme(): string {
  const path = '/run/bin/acme';
  mkdirSync('/run/bin', { recursive: true });
  if (!existsSync(path)) symlinkSync(join(BIN, 'static'), path);
  return path;
}

/** proc_pid_io(5): what a process has read, of which what comes through sockets is no part. */
const hasRead = (pid: number): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))![1]);

/** What a host of the test heard, and how it behaves when the hello is whole. */
interface Played { server: Server; hellos: Hello[]; heard: Buffer[]; connections: number }

function playHost(onHello: (socket: Socket) => void, onMore: (socket: Socket, all: Buffer) => void = () => undefined): Promise<Played> {
  mkdirSync(RUN, { recursive: true, mode: 0o700 });
  const played: Played = { server: undefined as unknown as Server, hellos: [], heard: [], connections: 0 };
  played.server = createServer((socket) => {
    let bytes: Buffer = Buffer.alloc(0);
    let isKnown = false;
    const number = played.connections++;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!isKnown) {
        const read = readHello(bytes);
        if ('wanted' in read) return;
        isKnown = true;
        bytes = read.rest;
        played.hellos.push(read.whole);
        onHello(socket);
      }
      if (bytes.length === 0) return;
      played.heard[number] = bytes;
      onMore(socket, bytes);
    });
  });
  played.server.unref();
  return new Promise((ready) => { played.server.listen(`${RUN}/host.sock`, () => ready(played)); });
}

/** For a host that answers when it has all of stdin. */
const onceWhole = (act: (socket: Socket) => void) => (socket: Socket, all: Buffer): void => {
  if (all.length >= 4 && all.length === 4 + all.readUInt32LE(0)) act(socket);
};

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

test('stdin that cannot be kept whole is no wrong configuration', async () => {
  const host = await playHost((socket) => socket.write('.'), onceWhole((socket) => socket.destroy()));
  const { code, stdout } = await call(config({ padding: 'x'.repeat(8192) }), { program: '/bin/sh', args: ['-c', `trap '' XFSZ; ulimit -f 1; exec "${join(BIN, 'static')}"`] });
  assert.is(code, 1);
  assert.equal(JSON.parse(stdout), { cniVersion: '1.1.0', code: 107, msg: 'cni-wasm: no memory to keep the configuration in' });
  await end(host);
});

test('a host is told the name, the environment and where the one-shot host is, and what it says is printed', async () => {
  const host = await playHost((socket) => socket.write('.'), onceWhole((socket) => socket.end(Buffer.concat([Buffer.from('..'), formatReply({ exitCode: 7, stdout: '{"a":1}', stderr: 'a word\n' })]))));
  const env = { ...ENV, NODE_OPTIONS: '--nowhere', NODE_EXTRA_CA_CERTS: '/nowhere', OTHER: 'x' };
  assert.equal(await call(config(), { program: acme(), env }), { code: 7, stdout: '{"a":1}', stderr: 'a word\n' });
  const [hello] = host.hellos;
  assert.equal([hello!.calledAs, hello!.oneShot, { ...hello!.env }], ['acme', join(process.cwd(), 'dist/lib/host.cjs'), { ...ENV, OTHER: 'x' }]);
  assert.is(host.heard[0]!.subarray(4).toString(), config());
  await end(host);
});

test('VERSION of our own plugins is answered without a host, in the words of one; of others a host is asked', async () => {
  const host = await playHost((socket) => socket.end(formatReply({ exitCode: 7, stdout: 'theirs', stderr: '' })));
  const env = { ...ENV, CNI_COMMAND: 'VERSION' };
  for (const name of readdirSync(BIN)) {
    const said = spawnSync(process.execPath, ['dist/lib/host.cjs', name], { env, encoding: 'utf8' }).stdout;
    assert.match(said, '"1.1.0"]}');
    assert.equal(await call('', { program: join(BIN, name), env }), { code: 0, stdout: said, stderr: '' }, name);
  }
  assert.is(host.connections, 0);
  assert.is((await call('', { program: acme(), env })).stdout, 'theirs');
  await end(host);
});

const ANSWER = formatReply({ exitCode: 0, stdout: 'yes', stderr: '' });

test('stdin is not waited for when the answer does not need it', async () => {
  const host = await playHost((socket) => socket.end(ANSWER));
  for (const env of [{ ...ENV, CNI_COMMAND: 'VERSION' }, { ...ENV, CNI_IFNAME: '' }]) {
    const { stdin, said } = begin({ program: acme(), env });
    assert.is((await said).stdout, 'yes', env.CNI_COMMAND);
    stdin.destroy();
  }
  assert.is(host.heard.length, 0);
  await end(host);
});

test('nothing of stdin is sent for VERSION', async () => {
  const host = await playHost((socket) => socket.write('.'), (socket) => socket.destroy());
  host.server.on('connection', (socket) => setImmediate(() => socket.write(ANSWER)));
  assert.is((await call(config(), { program: acme(), env: { ...ENV, CNI_COMMAND: 'VERSION' } })).stdout, 'yes');
  assert.is(host.heard.length, 0);
  await end(host);
});

test('a host that has given a sign of life is waited for, while stdin comes and afterwards', async () => {
  const late = (act: () => void): void => void setTimeout(act, 1_200);
  const host = await playHost((socket) => socket.write('.'), onceWhole((socket) => late(() => socket.end(ANSWER))));
  const { stdin, said } = begin();
  stdin.write(config().slice(0, 10));
  late(() => stdin.end(config().slice(10)));
  assert.is((await said).stdout, 'yes');
  assert.is(host.heard[0]!.subarray(4).toString(), config());
  await end(host);
});

test('a host that refuses while stdin is still to come: the one-shot host gets all of it', async () => {
  for (const first of [0, 10]) {
    let refuse = (): void => undefined;
    const host = await playHost((socket) => { refuse = () => socket.destroy(); });
    const { pid, stdin, said } = begin();
    await until('the host has the hello', () => host.hellos.length === 1);
    const before = hasRead(pid);
    stdin.write(config().slice(0, first));
    await until('the first part is read', () => hasRead(pid) === before + first);
    refuse();
    stdin.end(config().slice(first));
    isOneShot(await said);
    assert.is(host.heard.length, 0);
    await end(host);
  }
});

/** Its stdin is non-blocking. Node sets its own three right again when it ends, so it is done by way of another number. */
const NOT_WAITING = { program: '/bin/sh', args: ['-c', `"${process.execPath}" -e 'new (require("net").Socket)({ fd: 3 }); process.exit()' 3<&0 </dev/null; exec "${BIN}/static"`] };

test('a host that says nothing while stdin is still to come is no host', async () => {
  for (const how of [{}, NOT_WAITING]) {
    const host = await playHost(() => undefined);
    const { stdin, said } = begin(how);
    stdin.write(config().slice(0, 10));
    await new Promise((gone) => { host.server.on('connection', (socket) => socket.on('close', gone)); });
    stdin.end(config().slice(10));
    isOneShot(await said);
    await end(host);
  }
});

test('a stdin that does not wait is waited for', async () => {
  // More than a socket holds: it is read while it is written.
  isOneShot(await call(config({ filler: 'x'.repeat(3_000_000) }), NOT_WAITING));
});

/** Each leaves the launcher without an answer at another moment. */
const FAILURES: Record<string, [onHello: (socket: Socket) => void, onMore?: (socket: Socket) => void]> = {
  'that closes at once': [(socket) => socket.destroy()],
  'that hangs': [() => undefined],
  'that says nonsense': [(socket) => socket.write('HTTP/1.1 400')],
  'that dies when it has taken the call': [(socket) => socket.write('.'), (socket) => socket.destroy()],
  'that says nonsense when it has taken the call': [(socket) => socket.write('.'), (socket) => socket.end('x'.repeat(100))],
  'that dies in the middle of its answer': [(socket) => socket.write('.'), (socket) => socket.end(formatReply({ exitCode: 0, stdout: '{"half":1}', stderr: '' }).subarray(0, 18))],
  'with an answer of impossible length': [(socket) => socket.write('.'), (socket) => socket.end(Buffer.from('D\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'))],
  'with an impossible exit code': [(socket) => socket.write('.'), (socket) => socket.end(formatReply({ exitCode: 300, stdout: 'x', stderr: '' }))],
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
  const dying = await playHost((socket) => socket.write('.'), (socket, all) => {
    if (all.length === 4 + large.length) socket.destroy();
  });
  isOneShot(await call(large));
  assert.is(dying.heard[0]!.subarray(4).toString(), large);
  await end(dying);
});

test('a host that dies while a large configuration is sent', async () => {
  const large = config({ filler: 'x'.repeat(3_000_000) });
  const host = await playHost((socket) => socket.write('.'), (socket) => socket.destroy());
  isOneShot(await call(large));
  assert.ok(host.heard[0]!.length < large.length);
  await end(host);
});

test('a host that answers with much before it has read a large configuration', async () => {
  const stdout = 'y'.repeat(3_000_000);
  const host = await playHost((socket) => socket.write(formatReply({ exitCode: 0, stdout, stderr: '' })));
  const { stdin, said } = begin();
  stdin.end(config({ filler: 'x'.repeat(3_000_000) }));
  assert.is((await said).stdout, stdout);
  await end(host);
});

test('one that is too large for a host is done without it', async () => {
  const host = await playHost((socket) => socket.write('.'));
  // More than the module has memory for.
  assert.match((await call(config({ filler: 'x'.repeat(17_000_000) }))).stdout, /"code": 105/);
  assert.is(host.heard.length, 0);
  await end(host);
});

test('an environment that is too large for a host is done without it', async () => {
  const host = await playHost((socket) => socket.write('.'));
  isOneShot(await call(config(), { env: { ...ENV, ...Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`BIG${i}`, 'x'.repeat(100_000)])) } }));
  assert.is(host.hellos.length, 0);
  await end(host);
});

test('words are the one-shot host\'s, as is a call without a verb', async () => {
  const host = await playHost((socket) => socket.write('.'));
  assert.match((await call('', { program: join(BIN, 'cni-wasm'), args: ['--version'] })).stdout, /^v\d/);
  const { CNI_COMMAND: _, ...env } = ENV;
  for (const without of [env, { ...env, CNI_COMMAND: '' }]) assert.match((await call('', { env: without })).stderr, /CNI static plugin/);
  assert.is(host.connections, 0);
  await end(host);
});

test('with stdin, stdout or both closed the answer is the one-shot host\'s, and goes nowhere else', async () => {
  const host = await playHost((socket) => socket.write('.'), (socket) => socket.end(formatReply({ exitCode: 0, stdout: 'x', stderr: '' })));
  const shell = (redirections: string): Promise<Said> => call('', { program: '/bin/sh', args: ['-c', `"${BIN}/static" ${redirections}`] });
  const closed = await shell('<&-');
  assert.is(closed.code, 1, JSON.stringify(closed));
  assert.is((JSON.parse(closed.stdout) as { code: number }).code, 6);
  assert.equal((await shell('>&-')).stdout, '');
  assert.equal((await shell('<&- >&-')).stdout, '');
  await end(host);
});

test('an answer that cannot be written is no success, whoever gave it, and nobody sees the inside of the host', async () => {
  sh('mkfifo', '/run/pipe');
  // Who opened the pipe to read has closed it; and a launcher that SIGPIPE ends has said enough.
  const places = ['> /dev/full', '4<> /run/pipe 5> /run/pipe 4<&- >&5'];
  const into = (place: string, env: Record<string, string> = ENV): Promise<Said> => call(config(), { program: '/bin/sh', args: ['-c', `trap "" PIPE; "${BIN}/static" ${place}`], env });
  const written = /the answer cannot be written to stdout: what an ADD made stands, and DEL takes it away/;
  for (const place of places) {
    const { code, stderr } = await into(place);
    assert.is(code, 1, place);
    assert.match(stderr, written);
    assert.is(stderr.trim().split('\n').length, 1, stderr);
  }
  const host = await playHost((socket) => socket.write('.'), onceWhole((socket) => socket.end(ANSWER)));
  for (const place of places) assert.equal(await into(place), { code: 1, stdout: '', stderr: '' }, place);
  assert.is(host.connections, 2);
  await end(host);
  assert.is((await into('> /dev/full', { ...ENV, CNI_COMMAND: 'VERSION' })).code, 1);
});

const isRealRoot = process.env['CNI_WASM_TEST_ROOT'] === 'real';
if (!isRealRoot) console.log('SKIP a host of another user needs real root');

(isRealRoot ? test : test.skip)('a host of another user is no host', async () => {
  sh('chmod', '777', RUN);
  const child = spawn(process.execPath, ['-e', `require("net").createServer((s) => s.on("error", () => {}).write(".")).listen("${RUN}/host.sock", () => console.log("ready"))`], { uid: 65_534, gid: 65_534, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((ready) => { child.stdout.once('data', ready); });
  // As if it had been made before the folder was set right.
  sh('chmod', '700', RUN);
  isOneShot(await call(config()));
  child.kill('SIGKILL');
});

test('its name is that of the file, whatever the first word of the command line is', async () => {
  linkSync(join(BIN, 'static'), join(BIN, '.linked'));
  try {
    const host = await playHost((socket) => socket.destroy());
    await call(config(), { program: '/bin/bash', args: ['-c', `exec -a nonsense "${BIN}/.linked"`] });
    assert.is(host.hellos[0]!.calledAs, '.linked');
    await end(host);
  } finally {
    rmSync(join(BIN, '.linked'));
  }
});

test.run();
