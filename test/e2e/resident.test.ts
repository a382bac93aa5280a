// The resident host on a node of its own: whom it serves, that calls know nothing of each other, and that neither its end nor a caller's loses
// anything.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, checkAll, delAll, execute, gcAll, parseConflist, type Target } from '../../host/cli/run-conflist.ts';
import { fileNameOf } from '../../host/ledger/attachment-id.ts';
import { blobPath, digestOf } from '../../host/selection/find-module.ts';
import { lockOf } from '../../host/verbs/open-call.ts';
import { moduleOf, VETH_GRANT, type Case } from '../hostile/case.ts';
import { addNetns, BIN, deleteNetns, picture, sh, skip } from '../support/node.ts';
import { startResidentHost, type ResidentHost } from '../support/resident-host.ts';
import { until } from '../support/until.ts';
import { callHost, helloBytes, sized, talk } from '../support/wire.ts';

if (sh('head', '-c', '4', `${BIN}/cni-wasm`) !== '\x7fELF') skip('there is no C compiler, so the launcher is a script that knows no resident host');

const test = suite<{ host: ResidentHost }>('resident host');
const HOST = join(process.cwd(), 'dist/lib/host.cjs');
const netns = addNetns('c1');
const list = { ...parseConflist(readFileSync('conf/10-blue.conflist', 'utf8')), cniVersion: '1.1.0' };
const target: Target = {
  containerId: 'c1', netns, ifname: 'eth0', path: [BIN],
  capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } },
};
const STATIC = { cniVersion: '1.0.0', name: 'blue', ipam: { type: 'static', addresses: [{ address: '192.0.2.7/24' }] } };
const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

test.before((context) => { context.host = startResidentHost(); });

test.after(({ host }) => {
  host.process.kill('SIGKILL');
  deleteNetns('c1');

});

/** How many calls the host has served, and how many it has left, while something was done. */
async function counted(host: ResidentHost, act: () => void): Promise<{ served: number; left: number }> {
  await host.settled();
  const [served, left] = [host.served().length, host.left().length];
  act();
  await host.settled();
  return { served: host.served().length - served, left: host.left().length - left };
}

/** An IPAM plugin that comes to its end when a file is there. */
function slowIpam(): { folder: string; release(): void; begun(): boolean } {
  const folder = '/run/slow';
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(`${folder}/slow`, `#!/bin/sh
cat > /dev/null
ls -l /proc/self/fd > ${folder}/files
pwd > ${folder}/begun
while [ "$CNI_COMMAND" = ADD ] && [ ! -e ${folder}/go ]; do sleep 0.02; done
[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"1.0.0","ips":[{"address":"192.0.2.9/24"}]}'
exit 0
`, { mode: 0o755 });
  return { folder, begun: () => existsSync(`${folder}/begun`), release: () => writeFileSync(`${folder}/go`, '') };
}
const QUICK = { cniVersion: '1.1.0', name: 'blue', type: 'bridge', bridge: 'cni0', ipam: STATIC.ipam };
const slowBridge = { cniVersion: '1.1.0', name: 'blue', type: 'bridge', bridge: 'cni0', ipam: { type: 'slow' } };

function begin(plugin: string, env: Readonly<Record<string, string>>, config: object, cwd = '/'): { kill(): void; said: Promise<{ code: number | null; stdout: string }> } {
  const child = spawn(join(BIN, plugin), [], { env, cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(config));
  const said = Promise.all([text(child.stdout), new Promise<number | null>((done) => { child.on('close', done); })]).then(([stdout, code]) => ({ code, stdout }));
  return { kill: () => void child.kill('SIGKILL'), said };
}

/** A module as an operator would have put it in place; a configuration that runs it. */
function install(name: string, one: Pick<Case, 'limits' | 'body' | 'more'>): object {
  const bytes = moduleOf({ name, code: 0, says: /./, grants: VETH_GRANT, ...one }, name);
  const digest = digestOf(bytes);
  const blob = blobPath('/var/lib/cni-wasm', digest);
  for (const folder of [dirname(blob), '/etc/cni/wasm']) mkdirSync(folder, { recursive: true });
  writeFileSync(blob, bytes);
  writeFileSync('/etc/cni/wasm/modules.lock', JSON.stringify({ [name]: { digest } }));
  writeFileSync('/etc/cni/wasm/policy.json', JSON.stringify({ version: 1, modules: { [digest]: { grants: VETH_GRANT, limits: one.limits ?? {} } } }));
  return { cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', module: name };
}

test('a chain is attached, checked and detached, and everything is served', async ({ host }) => {
  delAll(list, target, addAll(list, target));
  const before = picture(['c1']);
  const count = await counted(host, () => {
    const result = addAll(list, target);
    checkAll(list, target, result);
    delAll(list, target, result);
    gcAll(list, target, []);
  });
  assert.equal(count, { served: 4 * list.plugins.length, left: 0 });
  assert.is(picture(['c1']), before);
});

test('a call is told in the host\'s own log as in that of its caller', async ({ host }) => {
  const own = '/run/call.log';
  await host.settled();
  const told = host.lines().length;
  for (const conf of [QUICK, { ...QUICK, type: 'cni-wasm', module: 'none' }]) execute(conf.type, 'ADD', { ...target, env: { CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: own } }, JSON.stringify(conf));
  await host.settled();
  const words = (lines: readonly object[]): Record<string, unknown>[] => lines.map((line) => ({ ...line, time: 0, ms: 0 }));
  const lines = words(readFileSync(own, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as object));
  assert.equal(words(host.lines().slice(told)), lines.filter(({ msg }) => msg === 'answered'));
  const { code, error, details } = lines.at(-1)!;
  assert.equal([code, error], [100, 'no module "none"']);
  assert.match(String(details), 'install it with');
  delAll(list, target);
});

test('where both logs are one file a call is told once, and all else of it as well', async ({ host }) => {
  await host.settled();
  const told = host.lines().length;
  for (const conf of [QUICK, { ...QUICK, type: 'cni-wasm', module: 'none' }]) execute(conf.type, 'ADD', { ...target, env: { CNI_WASM_LOG: 'debug', CNI_WASM_LOG_FILE: host.log } }, JSON.stringify(conf));
  await host.settled();
  const lines = host.lines().slice(told);
  assert.equal(lines.filter(({ msg }) => msg === 'answered').map(({ plugin, code }) => [plugin, code]), [[QUICK.type, undefined], ['cni-wasm', 100]]);
  assert.ok(lines.some(({ msg }) => msg === 'operation'));
  delAll(list, target);
});

/** What a thread opens in its first call it keeps, and nobody knows which call is the first of the second thread: a file that every call leaves is told from those by how many there are. */
const OFTEN = 12;

test('calls leave no file open, nor more threads', async ({ host }) => {
  const open = (what: 'fd' | 'task'): number => readdirSync(`/proc/${host.process.pid}/${what}`).length;
  const chain = (): void => delAll(list, target, addAll(list, target));
  chain();
  const [files, threads] = [open('fd'), open('task')];
  for (let i = 0; i < OFTEN; i++) chain();
  // The last connections are about to be closed.
  await until(`fewer than ${files + OFTEN} files are open`, () => open('fd') < files + OFTEN);
  assert.is(open('task'), threads);
});

test('a guest whose time is over ends no thread, and leaves no file open', async ({ host }) => {
  const spinning = install('acme', { limits: { timeMs: 100 }, body: '(loop $l (br $l)) (unreachable)' });
  const open = (): string[] => readdirSync(`/proc/${host.process.pid}/fd`);
  const threads = (): string[] => readdirSync(`/proc/${host.process.pid}/task`);
  const chain = (): void => delAll(list, target, addAll(list, target));
  chain();
  const [before, atWork] = [open().length, new Set(threads())];
  for (let i = 0; i < OFTEN; i++) {
    assert.match(execute('cni-wasm', 'ADD', target, JSON.stringify(spinning)).stdout, /ran longer than 100 ms/);
    chain();
  }
  assert.ok([...atWork].every((thread) => threads().includes(thread)), 'a thread has ended');
  await until(`fewer than ${before + OFTEN} files are open`, () => open().length < before + OFTEN);
});

test('a guest that says of itself that it took too long has not, and ends no thread', async ({ host }) => {
  const said = '{"code":104,"msg":"too long"}';
  const lying = install('acme', { body: `(call $fail (i32.const 2048) (i32.const ${said.length})) (i32.const 1)`, more: `(data (i32.const 2048) "${said.replaceAll('"', '\\"')}")` });
  const threads = (): string => readdirSync(`/proc/${host.process.pid}/task`).join();
  const before = threads();
  for (let i = 0; i < 4; i++) assert.match(execute('cni-wasm', 'ADD', target, JSON.stringify(lying)).stdout, /"code": 104/);
  await until('they are the same', () => threads() === before);
});

test('more than the host keeps of what callers send: some are left to their launchers, and ordinary calls are served meanwhile', async ({ host }) => {
  const half = Buffer.concat([helloBytes(['static', HOST, ...Object.entries(ENV).map((pair) => pair.join('='))]), sized(Buffer.alloc(15 << 20, ' ')).subarray(0, 14 << 20)]);
  await host.settled();
  const told = host.left().length;
  const sockets = Array.from({ length: 8 }, () => connect('/run/cni-wasm/host.sock').on('error', () => undefined));
  try {
    for (const socket of sockets) socket.resume().write(half);
    await until('at least four of them are told no', () => host.left().slice(told).filter(({ why }) => why === 'too much waits already that others have sent').length >= 4);
    assert.is((await callHost('static', ENV, JSON.stringify(STATIC)))?.exitCode, 0);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  // More than a module has memory for; but it is the host that says so.
  const large = JSON.stringify({ ...STATIC, comment: ' '.repeat(14 << 20) });
  await until('there is room again', async () => (await callHost('static', ENV, large)) !== undefined);
});

test('socket and folder are root\'s alone', () => {
  assert.is(statSync('/run/cni-wasm').mode & 0o777, 0o700);
  assert.is(statSync('/run/cni-wasm/host.sock').mode & 0o777, 0o600);
});

test('a caller in another network or mount namespace is left to its launcher, which acts where the caller is', async ({ host }) => {
  const call = (unshare: string): string => {
    const inside = `ip netns add inner && CNI_NETNS=/run/netns/inner "${BIN}/bridge" && ip -o link show cni7 && ip netns delete inner`;
    const { stdout, stderr } = spawnSync('unshare', [unshare, 'sh', '-c', inside], { encoding: 'utf8', input: JSON.stringify({ cniVersion: '1.0.0', name: 'inner', bridge: 'cni7' }), env: { ...ENV, CNI_WASM_STATE: '/run/inner' } });
    return stdout + stderr;
  };
  assert.equal(await counted(host, () => assert.match(call('--net'), /cni7: </)), { served: 0, left: 1 });
  assert.not.ok(existsSync('/proc/sys/net/ipv4/conf/cni7'), 'nothing of it is here');
  assert.equal(await counted(host, () => assert.match(call('--mount'), /cni7: </)), { served: 0, left: 1 });
  sh('ip', 'link', 'delete', 'cni7');
  assert.match(host.left().at(-1)?.why ?? '', 'another mnt namespace');
});

test('a path that means the process itself is that of the caller', async ({ host }) => {
  const fd = openSync(netns, 'r');
  try {
    const count = await counted(host, () => {
      const { stdout } = spawnSync(join(BIN, 'loopback'), [], { input: '{"cniVersion":"1.0.0","name":"lo"}', stdio: ['pipe', 'pipe', 'inherit', fd], encoding: 'utf8', env: { ...ENV, CNI_IFNAME: 'lo', CNI_NETNS: '/proc/self/fd/3' } });
      assert.match(stdout, /127\.0\.0\.1/);
    });
    assert.equal(count, { served: 0, left: 1 });
  } finally {
    closeSync(fd);
  }
});

test('so is one in a configuration, in whatever way JSON has it', async ({ host }) => {
  writeFileSync('/run/resolv.conf', 'nameserver 192.0.2.53');
  for (const path of ['/proc/self/cwd/resolv.conf', String.raw`\/proc\/self\/cwd\/resolv.conf`, String.raw`/proc\u002fself/cwd/resolv.conf`, '/proc//self/cwd/resolv.conf']) {
    const input = `{"cniVersion":"1.0.0","name":"itself","ipam":{"type":"host-local","subnet":"10.9.0.0/24","resolvConf":"${path}"}}`;
    const call = (verb: string): string => spawnSync(join(BIN, 'host-local'), [], { input, cwd: '/run', encoding: 'utf8', env: { ...ENV, CNI_COMMAND: verb } }).stdout;
    const count = await counted(host, () => assert.match(call('ADD'), /192\.0\.2\.53/, path));
    assert.equal(count, { served: 0, left: 1 }, path);
    call('DEL');
  }
});

test('a caller that may do less than the host is left to itself', async ({ host }) => {
  const count = await counted(host, () => {
    const { stdout } = spawnSync('setpriv', ['--bounding-set=-net_admin', '--inh-caps=-net_admin', join(BIN, 'bridge')], { input: JSON.stringify({ cniVersion: '1.0.0', name: 'less', bridge: 'cni8' }), encoding: 'utf8', env: ENV });
    assert.match(stdout, /EPERM|not permitted/);
  });
  assert.equal(count, { served: 0, left: 1 });
});

test('what one call brings along is gone for the next: roots, log, working folder, umask', async ({ host }) => {
  const call = (cwd: string, umask: string, env: object): string => {
    const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', `umask ${umask}; exec "${BIN}/host-local"`], {
      cwd, env: { ...ENV, ...env }, encoding: 'utf8', input: JSON.stringify({ cniVersion: '1.0.0', name: 'blue', ipam: { type: 'host-local', dataDir: 'here', ranges: [[{ subnet: '192.0.2.0/24' }]] } }),
    });
    assert.is(status, 0, stdout);
    return stderr;
  };
  for (const place of ['/run/one', '/run/two']) mkdirSync(place);
  const count = await counted(host, () => {
    assert.match(call('/run/one', '027', { CNI_WASM_LOG: 'debug', CNI_WASM_STATE: '/run/one/state' }), /"level":"debug"|^$/);
    call('/run/two', '077', { CNI_COMMAND: 'DEL' });
    call('/run/two', '077', { CNI_CONTAINERID: 'c2' });
  });
  assert.equal(count, { served: 3, left: 0 });
  assert.ok(existsSync('/run/one/here/blue/192.0.2.2') && existsSync('/run/one/state/ledger'), 'where the first caller was');
  assert.is(statSync('/run/one/here/blue').mode & 0o777, 0o750);
  assert.is(statSync('/run/two/here/blue').mode & 0o777, 0o700);
  assert.ok(existsSync('/run/two/here/blue/192.0.2.2'));
  assert.ok(existsSync('/var/lib/cni-wasm/ledger'), 'the third has the usual roots');
  call('/run/two', '022', { CNI_CONTAINERID: 'c2', CNI_COMMAND: 'DEL' });
  call('/run/one', '022', { CNI_COMMAND: 'DEL', CNI_WASM_STATE: '/run/one/state' });
});

test('what the log says goes to the caller\'s stderr', () => {
  const gone = { ...STATIC, type: 'cni-wasm', module: 'gone' };
  const { stderr, stdout } = execute('cni-wasm', 'DEL', target, JSON.stringify(gone));
  assert.is(stdout, '');
  const { msg, plugin } = JSON.parse(stderr) as { msg: string; plugin: string };
  assert.equal([msg, plugin], ['DEL from the ledger alone', 'gone']);
});

test('slow calls hold up nobody', async ({ host }) => {
  const ipam = slowIpam();
  const env = { ...ENV, CNI_PATH: `${ipam.folder}:${BIN}` };
  const slow = Array.from({ length: 6 }, (_, i) => begin('bridge', { ...env, CNI_IFNAME: `eth${i}` }, slowBridge));
  await until('six programs wait', () => spawnSync('pgrep', ['-fc', `${ipam.folder}/slow`], { encoding: 'utf8' }).stdout.trim() === '6');
  const quick = { ...target, containerId: 'quick', ifname: 'net1' };
  const left = host.left().length;
  delAll(list, quick, addAll(list, quick));
  await until('the quick ones are served', () => host.served().filter(({ container }) => container === quick.containerId).length === 2 * list.plugins.length);
  assert.is(host.left().length, left);
  ipam.release();
  for (const { said } of slow) assert.match((await said).stdout, /192\.0\.2\.9/);
  for (let i = 0; i < 6; i++) execute('bridge', 'DEL', { ...target, ifname: `eth${i}`, path: [ipam.folder, BIN] }, JSON.stringify(slowBridge));
});

test('a launcher that is killed leaves a call that comes to its end, and DEL or GC takes all of it away', async ({ host }) => {
  const before = picture(['c1']);
  for (const verb of ['DEL', 'GC']) {
    const ipam = slowIpam();
    const path = [ipam.folder, BIN];
    const served = host.served().length;
    const call = begin('bridge', { ...ENV, CNI_PATH: `${ipam.folder}:${BIN}` }, slowBridge, ipam.folder);
    await until('the IPAM program is called', ipam.begun);
    assert.is(readFileSync(`${ipam.folder}/begun`, 'utf8'), `${ipam.folder}\n`, 'IPAM programs are where the caller is');
    assert.not.match(readFileSync(`${ipam.folder}/files`, 'utf8'), / (?:[3-9]|\d\d+) -> socket:/, 'who holds the connection would keep the launcher from seeing that the host has died');
    call.kill();
    await call.said;
    ipam.release();
    // DEL waits for the lock of the attachment. GC spares what came to be while it ran, as the runtime's list cannot have it.
    if (verb === 'GC') await until('GC is served', () => host.served().length > served);
    if (verb === 'DEL') assert.is(execute('bridge', 'DEL', { ...target, path }, JSON.stringify(slowBridge)).stdout, '');
    else gcAll({ ...list, plugins: [slowBridge] }, { path }, []);
    assert.is(picture(['c1']), before, verb);
  }
});

for (const verb of ['ADD', 'GC']) {
  test(`${verb} whose launcher was killed while it waited for its turn is not begun: a DEL may have come before it, or an ADD after it`, async ({ host }) => {
    if (verb === 'GC') execute('bridge', 'ADD', target, JSON.stringify(QUICK));
    const before = picture(['c1']);
    const [served, left] = [host.served().length, host.left().length];
    const lock = verb === 'GC' ? 'network-blue' : lockOf('blue', fileNameOf({ network: 'blue', containerId: 'c1', ifname: 'eth0' }));
    const holder = spawn('flock', ['-x', `/run/cni-wasm/lock/${lock}`, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((held) => { holder.stdout.once('data', held); });
    const call = begin('bridge', { ...ENV, CNI_COMMAND: verb }, { ...QUICK, 'cni.dev/valid-attachments': [] });
    await until('it waits in line', () => existsSync(`/run/cni-wasm/lock/${lock}~line`));
    call.kill();
    await call.said;
    holder.stdin.end();
    await until('it has had its turn', () => host.served().length > served);
    assert.equal(host.served().slice(served).map(({ code }) => code !== undefined), [true]);
    assert.is(host.left().length, left);
    assert.is(picture(['c1']), before);
    execute('bridge', 'DEL', target, JSON.stringify(QUICK));
  });
}

test('asked to stop, it ends what is under way and nothing else is lost', async () => {
  const other = startResidentHost([], { CNI_WASM_RUN: '/run/other' });
  const ipam = slowIpam();
  const env = { ...ENV, CNI_WASM_RUN: '/run/other', CNI_PATH: `${ipam.folder}:${BIN}` };
  const call = begin('bridge', env, slowBridge);
  await until('the IPAM program is called', ipam.begun);
  const ended = new Promise((done) => { other.process.on('exit', (code) => done(code)); });
  other.process.kill('SIGTERM');
  await until('it stops', () => other.lines().some(({ msg }) => msg === 'stopping'));
  assert.is((await begin('static', { ...env, CNI_IFNAME: 'net1' }, STATIC).said).code, 0, 'the launcher does it');
  ipam.release();
  assert.is((await call.said).code, 0);
  assert.is(await ended, 0);
  assert.equal(other.served().map(({ plugin }) => plugin), ['bridge']);
  assert.not.ok(existsSync('/run/other/host.sock'));
  execute('bridge', 'DEL', { ...target, path: [ipam.folder, BIN], env: { CNI_WASM_RUN: '/run/other' } }, JSON.stringify(slowBridge));
});

test('a host that is killed in the middle loses nothing: the launcher does the call, or DEL cleans up', async ({ host }) => {
  const chain = { cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', plugins: list.plugins, runtimeConfig: target.capabilityArgs };
  const env = { ...ENV, CNI_WASM_RUN: '/run/killed' };
  const one = { ...target, env: { CNI_WASM_RUN: '/run/killed' } };
  const call = (verb: string): string => execute('cni-wasm', verb, one, JSON.stringify(chain)).stdout;
  call('ADD');
  call('DEL');
  const before = picture(['c1']);
  // The first messages are those of the second call: the first brings what the network keeps.
  for (const [verb, when] of [['ADD', [1, 4, 8, 13, 21, 27]], ['DEL', [2, 5, 9, 14]]] as const) {
    for (const n of when) {
      for (const withLauncher of [false, true]) {
        if (verb === 'DEL') call('ADD');
        const killed = startResidentHost(['strace', '-f', '-o', '/dev/null', '-e', 'trace=sendto', '-e', `inject=sendto:signal=KILL:when=${n}`], { CNI_WASM_RUN: '/run/killed' });
        const ended = new Promise((done) => { killed.process.on('exit', done); });
        if (withLauncher) assert.is((await begin('cni-wasm', { ...env, CNI_COMMAND: verb }, chain).said).code, 0, `${verb} killed at ${n}`);
        else assert.is(await callHost('cni-wasm', { ...env, CNI_COMMAND: verb }, JSON.stringify(chain)), undefined, `${verb} is not killed at ${n}`);
        await ended;
        assert.is(killed.served().length, 0);
        assert.is(call('DEL'), '');
        assert.is(picture(['c1']), before, `${verb} killed at message ${n}`);
      }
    }
  }
  assert.ok(host.process.exitCode === null);
});

test('nonsense and slowness on the socket end with the connection, and nothing else', async ({ host }) => {
  const hello = (...texts: string[]): Buffer => helloBytes(['static', ...texts]);
  const known = hello(HOST, ...Object.entries(ENV).map((pair) => pair.join('=')));
  assert.is(await talk(Buffer.from('GET / HTTP/1.1\r\n\r\n')), '');
  assert.is(await talk(Buffer.from('cniwasm2\xff\xff\xff\xff', 'latin1')), '');
  assert.is(await talk(Buffer.from('cniwasm1')), '', 'a launcher of another version');
  assert.is(await talk(Buffer.from('cni')), '', 'who says no more is not waited for');
  assert.is(await talk(Buffer.concat([known, Buffer.from('\xff\xff\xff\xff', 'latin1')])), '');
  assert.is(await talk(Buffer.concat([known, sized(Buffer.from('{}')), Buffer.from('x')])), '');
  assert.is(await talk(hello('/etc/hostname', 'CNI_COMMAND=ADD')), '');
  assert.is(await talk(hello('/nowhere', 'CNI_COMMAND=ADD')), '');
  assert.match(await talk(hello(HOST, 'CNI_COMMAND=ADD')), /^\.?D[^]*required env variables/);
  assert.is((await callHost('static', ENV, JSON.stringify(STATIC)))?.exitCode, 0);
  assert.is((await callHost('static', ENV, 'no JSON'))?.exitCode, 1);
  assert.is(host.process.exitCode, null);
});

test('a call is answered before stdin has ended when the answer does not need it, and takes any stdin all the same', async ({ host }) => {
  const served = host.served().length;
  // VERSION of our own plugins needs no host.
  const other = '/run/nobodys';
  symlinkSync(join(BIN, 'static'), other);
  for (const [env, answer] of [[{ ...ENV, CNI_COMMAND: 'VERSION' }, /no module \\"nobodys\\"/], [{ ...ENV, CNI_IFNAME: 'much too long for one' }, /interface name is too long/]] as const) {
    const child = spawn(other, [], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    assert.match(await text(child.stdout), answer);
    child.stdin.destroy();
    const { stdout } = spawnSync(other, [], { env, input: 'x'.repeat(15_000_000), encoding: 'utf8' });
    assert.match(stdout, answer);
  }
  await host.settled();
  assert.is(host.served().length - served, 4);
});

test('a configuration that is larger than what a socket holds is read as a whole', async ({ host }) => {
  const count = await counted(host, () => {
    const { stdout } = spawnSync(join(BIN, 'static'), [], { env: ENV, input: JSON.stringify({ ...STATIC, filler: 'x'.repeat(1_000_000) }), encoding: 'utf8' });
    assert.match(stdout, /192\.0\.2\.7/);
    // More than the module has memory for; that is the answer.
    assert.match(spawnSync(join(BIN, 'static'), [], { env: ENV, input: JSON.stringify({ ...STATIC, filler: 'x'.repeat(16_000_000) }), encoding: 'utf8' }).stdout, /"code": 105/);
  });
  assert.equal(count, { served: 2, left: 0 });
});

test('an answer of any size comes whole, whichever thread sends it', async ({ host }) => {
  const count = await counted(host, () => {
    for (const length of [0, 50, 500, 5_000]) {
      const search = Array.from({ length }, (_, i) => `domain-${i}.example`);
      const { stdout } = spawnSync(join(BIN, 'static'), [], { env: ENV, input: JSON.stringify({ ...STATIC, ipam: { ...STATIC.ipam, dns: { search } } }), encoding: 'utf8' });
      assert.equal((JSON.parse(stdout) as { dns?: { search?: string[] } }).dns?.search ?? [], search);
    }
  });
  assert.equal(count, { served: 4, left: 0 });
});

test('a call whose launcher has lost patience is not begun', async ({ host }) => {
  const [served, left] = [host.served().length, host.left().length];
  host.process.kill('SIGSTOP');
  const socket = connect('/run/cni-wasm/host.sock');
  await new Promise((written) => socket.write(Buffer.concat([helloBytes(['static', HOST, ...Object.entries(ENV).map((pair) => pair.join('='))]), sized(Buffer.from(JSON.stringify(STATIC)))]), written));
  socket.destroy();
  await new Promise((closed) => { socket.on('close', closed); });
  host.process.kill('SIGCONT');
  await until('it is noticed', () => host.left().length > left);
  assert.is(host.served().length, served);
});

const serve = (run: string): string => spawnSync(join(BIN, 'cni-wasm'), ['serve'], { env: { CNI_WASM_RUN: run }, encoding: 'utf8', timeout: 10_000 }).stderr;

test('a second host is refused, as is a folder that others can write to', () => {
  assert.match(serve('/run/cni-wasm'), /another resident host is running in \\?"\/run\/cni-wasm/);
  mkdirSync('/run/open');
  chmodSync('/run/open', 0o775);
  assert.match(serve('/run/open'), /"\/run\/open\\?" must belong to root and be writable by nobody else, it is 775 of uid 0/);
});

test('in a folder that others can look into it serves, as calls work there, and the socket is root\'s alone', async () => {
  mkdirSync('/run/seen');
  chmodSync('/run/seen', 0o755);
  const other = startResidentHost([], { CNI_WASM_RUN: '/run/seen' });
  const ended = new Promise((done) => { other.process.on('exit', done); });
  assert.is(statSync('/run/seen/host.sock').mode & 0o777, 0o600);
  assert.is((await begin('static', { ...ENV, CNI_WASM_RUN: '/run/seen' }, STATIC).said).code, 0);
  other.process.kill('SIGTERM');
  assert.is(await ended, 0);
  assert.is(other.served().length, 1);
});

test('what is handed over and is no socket is named, with what to do', () => {
  const { status, stderr } = spawnSync('/bin/sh', ['-c', `LISTEN_PID=$$ LISTEN_FDS=1 exec "${process.execPath}" "${HOST}" cni-wasm serve 3</dev/null`], { encoding: 'utf8', env: { CNI_WASM_RUN: '/run/handed' } });
  assert.is(status, 1);
  assert.match(stderr, /^cni-wasm: file descriptor 3, which was handed over to be listened on, is no socket for that \(code 5\)\n {2}.*LISTEN_FDS.*ListenStream=/);
});

test('a socket that is handed over is used, as systemd does', async () => {
  mkdirSync('/run/handed', { mode: 0o700 });
  // Node removes the file it made when it closes its own.
  const server = createServer().listen('/run/handed/made.sock');
  await new Promise((ready) => { server.once('listening', ready); });
  renameSync('/run/handed/made.sock', '/run/handed/host.sock');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const child = spawn('/bin/sh', ['-c', `LISTEN_PID=$$ LISTEN_FDS=1 exec "${process.execPath}" "${HOST}" cni-wasm serve`], { stdio: ['ignore', 'ignore', 'inherit', fd], env: { CNI_WASM_RUN: '/run/handed', CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: '/run/handed.log' } });
  server.close();
  await until('the host writes its log', () => existsSync('/run/handed.log'));
  assert.match(serve('/run/handed'), /somebody else listens on \\?"\/run\/handed\/host\.sock/);
  assert.is((await begin('static', { ...ENV, CNI_WASM_RUN: '/run/handed' }, STATIC).said).code, 0);
  const ended = new Promise((done) => { child.on('exit', done); });
  child.kill('SIGTERM');
  assert.is(await ended, 0);
  assert.match(readFileSync('/run/handed.log', 'utf8'), /"answered"/);
});

const PROGRAM = '/run/copy/lib/host.cjs';

/** As tar unpacks an archive, also over another one: all files of all versions have one time, this one is always as long, and ext4 gives the number of the old one to the new one. */
function unpack(): void {
  writeFileSync(PROGRAM, readFileSync(HOST));
  utimesSync(PROGRAM, 0, 0);
}

test('launchers of another host, as after an upgrade into a folder of its own, are told once in its log, with what to do', async () => {
  cpSync('dist/lib', '/run/version-1/lib', { recursive: true });
  cpSync('dist/plugins', '/run/version-1/plugins', { recursive: true });
  const log = '/run/version-1.log';
  const env = { ...ENV, CNI_WASM_RUN: '/run/versions' };
  const lines = (): { level: string; msg: string }[] => readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { level: string; msg: string });
  const child = spawn(process.execPath, ['/run/version-1/lib/host.cjs', 'cni-wasm', 'serve'], { stdio: 'ignore', env: { CNI_WASM_RUN: '/run/versions', CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: log } });
  const ended = new Promise((done) => { child.on('exit', done); });
  await until('it listens', () => lines().some(({ msg }) => msg === 'listening'));
  for (let calls = 0; calls < 3; calls++) assert.is((await begin('static', env, STATIC).said).code, 0);
  child.kill('SIGTERM');
  await ended;
  assert.is(lines().filter(({ msg }) => msg === 'left to the launcher').length, 3);
  const [warning, ...more] = lines().filter(({ level }) => level !== 'info');
  assert.match(warning!.msg, /belongs to another host than this one.*after an upgrade: systemctl restart cni-wasm\.service/);
  assert.equal(more, []);
});

for (const [how, change] of Object.entries({ replaced: unpack, removed: () => rmSync(PROGRAM) })) {
  test(`when its program is ${how}, it ends, and the launchers do the calls`, async () => {
    cpSync('dist/lib', '/run/copy/lib', { recursive: true });
    cpSync('dist/plugins', '/run/copy/plugins', { recursive: true });
    unpack();
    const log = `/run/${how}.log`;
    const child = spawn(process.execPath, [PROGRAM, 'cni-wasm', 'serve'], { stdio: 'ignore', env: { CNI_WASM_RUN: '/run/copied', CNI_WASM_LOG: 'info', CNI_WASM_LOG_FILE: log } });
    const ended = new Promise((done) => { child.on('exit', done); });
    await until('the host writes its log', () => existsSync(log));
    const env = { ...ENV, CNI_WASM_RUN: '/run/copied' };
    assert.is((await begin('static', env, STATIC).said).code, 0);
    assert.match(readFileSync(log, 'utf8'), /the launcher belongs to/);
    change();
    assert.is((await begin('static', env, STATIC).said).code, 0);
    await until('it ends', () => child.exitCode !== null);
    assert.is(await ended, 0);
    assert.match(readFileSync(log, 'utf8'), /has been replaced/);
  });
}

test.run();
