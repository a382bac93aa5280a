// The two namespaces of a live kernel: opened once, entered and left, and closed to strangers.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CniError } from '../../host/cni-error.ts';
import { isNotFound, KernelError } from '../../host/kernel/kernel-error.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { SysctlFolders } from '../../host/kernel/live/sysctl-folders.ts';
import { errnoOf } from '../../host/system-error.ts';
import { isNoNetns } from '../../host/verbs/netns.ts';
import { addNetns, deleteNetns, has, inNetns, sh } from '../support/node.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const libc = openLibc();
const here = (): string => readlinkSync('/proc/thread-self/ns/net');
const refused = (path: string, words: string): void =>
  assert.throws(() => openContext(libc, path), (error: unknown) => isNoNetns(error) && (error as CniError).message === `failed to open netns "${path}": ${words}`);

test('what is no namespace is refused in the words of the reference', () => {
  refused('/run/nothing', 'failed to Statfs "/run/nothing": no such file or directory');
  refused('/run', 'unknown FS magic on "/run": 1021994');
  refused('/proc/self/status', 'enter the container namespace: EINVAL');
  refused('/proc/self/ns/mnt', 'enter the container namespace: EINVAL');
});

test('whichever file is the first that cannot be opened, none of a namespace stays open', () => {
  const path = addNetns('few');
  const limitFiles = (most: string): void => void sh('prlimit', '--pid', String(process.pid), `--nofile=${most}:`);
  const before = sh('prlimit', '--pid', String(process.pid), '--nofile', '--output=SOFT', '--noheadings').trim();
  // Modules of the host that are loaded when they are first needed are files, too.
  liveKernel(libc, path).close();
  const errors = new Set<unknown>();
  const hints = new Set<string | undefined>();
  limitFiles('256');
  try {
    for (let free = 0; free < 8; free++) {
      const open = readdirSync('/proc/self/fd').length;
      const others = allThatCanBeOpened();
      for (const fd of others.splice(0, free)) closeSync(fd);
      try {
        liveKernel(libc, path).close();
      } catch (error) {
        errors.add(errnoOf(error) ?? (error as CniError).facts.errno);
        if ('facts' in (error as object)) hints.add((error as CniError).facts.hint);
      } finally {
        others.forEach((fd) => closeSync(fd));
      }
      assert.is(readdirSync('/proc/self/fd').length, open, `${free} can be opened`);
    }
  } finally {
    limitFiles(before);
  }
  assert.equal([...errors], ['EMFILE']);
  assert.equal([...hints].map((hint) => hint?.split(':')[0]), ['this process has as many files open as it may']);
  deleteNetns('few');
});

function allThatCanBeOpened(): number[] {
  const fds: number[] = [];
  for (;;) {
    try {
      fds.push(openSync('/dev/null', 'r'));
    } catch {
      return fds;
    }
  }
}

test('a namespace that has got the number of one that is gone is another', () => {
  const path = addNetns('again');
  const first = liveKernel(libc, path);
  const [id, mark] = [first.netnsId('container')!, first.netnsMark('container')!];
  assert.is(first.isNetns('container', mark), true);
  assert.is(first.isNetns('container', id), true, 'as an earlier version has noted it');
  assert.is(first.isNetns('host', mark), false);
  assert.is(first.netnsMark('host'), first.netnsId('host'));
  first.close();
  const second = withNumber(path, 'again', id);
  assert.is(second.netnsId('container'), id);
  assert.is(second.isNetns('container', mark), false);
  second.close();
  deleteNetns('again');
});

/** The kernel gives a number again, though not at once when others ask it for some. */
function withNumber(path: string, name: string, id: string): Kernel {
  for (let tries = 0; tries < 500; tries++) {
    deleteNetns(name);
    addNetns(name);
    const kernel = liveKernel(libc, path);
    if (kernel.netnsId('container') === id) return kernel;
    kernel.close();
  }
  throw new Error(`no namespace has got the number ${id} again`);
}

test('identity by device and inode, the same for every path', () => {
  const path = addNetns('c1');
  const kernel = liveKernel(libc, path);
  const { dev, ino } = statSync(path);
  assert.is(kernel.netnsId('container'), `${dev}:${ino}`);
  assert.not.equal(kernel.netnsId('container'), kernel.netnsId('host'));
  const own = liveKernel(libc, '/proc/self/ns/net');
  assert.is(own.netnsId('container'), own.netnsId('host'));
  const alone = liveKernel(libc, '');
  assert.is(alone.netnsId('container'), undefined);
  assert.throws(() => alone.link.get('container', { name: 'eth0' }), isNotFound);
  assert.throws(() => alone.addr.list('container', 1), isNotFound);
  for (const one of [kernel, own, alone]) one.close();
  deleteNetns('c1');
});

test('the namespace stays the one that was opened, whatever becomes of the path', () => {
  const kernel = liveKernel(libc, addNetns('c1'));
  deleteNetns('c1');
  kernel.link.create('container', { kind: 'ifb', name: 'here' });
  addNetns('c1');
  assert.not.match(inNetns('c1', 'ip', 'link'), /here/);
  assert.ok(kernel.link.get('container', { name: 'here' }));
  kernel.close();
  deleteNetns('c1');
});

test('sysctls of the host through folders that are held open, of the container without', () => {
  const { dev, ino } = statSync('/proc/self/ns/net');
  const kernel = liveKernel(libc, addNetns('c1'), { env: process.env, sysctls: new SysctlFolders(`${dev}:${ino}`) });
  for (const key of ['net/ipv4/conf/lo/route_localnet', 'net/core/somaxconn']) {
    const there = (): string => readFileSync(`/proc/sys/${key}`, 'utf8').trim();
    const before = there();
    for (const value of ['1', before]) {
      kernel.sysctl.set('host', key, value);
      assert.is(there(), value);
      assert.is(kernel.sysctl.get('host', key), value);
    }
    kernel.sysctl.set('container', key, '1');
    assert.is(kernel.sysctl.get('container', key), '1');
    assert.is(there(), before);
  }
  for (const key of ['net/none/forwarding', 'net/ipv4/none', 'net/none']) {
    assert.is(kernel.sysctl.get('host', key), undefined);
    assert.throws(() => kernel.sysctl.set('host', key, '1'), isNotFound);
  }
  kernel.link.create('host', { kind: 'ifb', name: 'later' });
  assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/later/forwarding'), '0', 'of a link that is younger than the open folder');
  kernel.link.delete('host', kernel.link.get('host', { name: 'later' })!.index);
  assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/later/forwarding'), undefined);
  kernel.close();
  deleteNetns('c1');
});

test('entered and left, in turn and when it fails', () => {
  const context = openContext(libc, addNetns('c1'));
  const before = here();
  const seen = context.within('container', () => [here(), context.within('host', here), here()]);
  assert.is(seen[0], seen[2]);
  assert.is(seen[1], before);
  assert.not.equal(seen[0], before);
  assert.throws(() => context.within('container', () => { throw new Error('inside'); }), /inside/);
  assert.is(here(), before);
  // A socket of the host that is first opened from inside the container is the host's.
  sh('ip', 'link', 'add', 'only-host', 'type', 'ifb');
  const kernel = liveKernel(libc, '/run/netns/c1');
  assert.ok(kernel.link.get('host', { name: 'only-host' }));
  assert.is(kernel.link.get('container', { name: 'only-host' }), undefined);
  kernel.close();
  context.close();
  deleteNetns('c1');
});

test('sysctls are those of the namespace', () => {
  const kernel = liveKernel(libc, addNetns('c1'));
  const before = kernel.sysctl.get('host', 'net/ipv4/ip_forward');
  kernel.sysctl.set('container', 'net/ipv4/ip_forward', before === '1' ? '0' : '1');
  assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), before);
  assert.not.equal(kernel.sysctl.get('container', 'net/ipv4/ip_forward'), before);
  assert.is(kernel.sysctl.get('container', 'net/ipv4/conf/nothing/forwarding'), undefined);
  const errno = (wanted: string) => (error: unknown): boolean => error instanceof KernelError && error.errno === wanted;
  assert.throws(() => kernel.sysctl.set('host', 'net/ipv4/nothing', '1'), errno('ENOENT'));
  assert.throws(() => kernel.sysctl.set('host', 'net/ipv4/ip_forward', 'x'), errno('EINVAL'));
  for (const key of ['net/../kernel/hostname', 'kernel/hostname', 'net//ipv4', 'net/ipv4/.\0']) assert.throws(() => kernel.sysctl.get('host', key), errno('EINVAL'));
  kernel.close();
  deleteNetns('c1');
});

test('nobody but the kernel can send to our sockets', () => {
  const kernel = liveKernel(libc, '');
  kernel.link.list('host');
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(ourPort(), 4);
  const stranger = libc.socket(AF_NETLINK, SOCK_RAW, 0, 'open a socket');
  libc.connect(stranger, address, 'aim at our socket');
  assert.throws(() => libc.send(stranger, Buffer.alloc(16, 1), 'send to our socket'), /ECONNREFUSED/);
  libc.close(stranger);
  kernel.close();
});

if (has('conntrack')) {
  test('conntrack entries of one published port', () => {
    const kernel = liveKernel(libc, '');
    const insert = (...args: string[]): void => void execFileSync('conntrack', ['-I', ...args, '--sport', '5', '-t', '100'], { stdio: 'ignore' });
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.5', '--dport', '53');
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.6', '--dport', '53');
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.5', '--dport', '54');
    insert('-p', 'tcp', '-s', '192.0.2.1', '-d', '192.0.2.5', '--dport', '53', '--state', 'ESTABLISHED');
    insert('-p', 'udp', '-s', '2001:db8::1', '-d', '2001:db8::5', '--dport', '53');
    insert('-p', 'udp', '-s', '2001:db8::1', '-d', '2001:db8::6', '--dport', '53');
    const left = (): string[] => ['ipv4', 'ipv6'].flatMap((family) => execFileSync('conntrack', ['-L', '-f', family], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n'))
      .filter((line) => line !== '').map((line) => /^(\w+).*?dst=(\S+) sport=5 dport=(\d+)/.exec(line)!.slice(1).join(' ')).sort();
    const flush = (of: Parameters<typeof kernel.conntrack.delete>[1]): string[] => {
      const before = left();
      const deleted = kernel.conntrack.delete('host', of);
      const gone = before.filter((one) => !left().includes(one));
      if (deleted !== undefined) assert.is(deleted, gone.length);
      return gone;
    };
    assert.equal(flush({ family: 'ip', proto: 'udp', dports: [53], daddr: '192.0.2.5' }), ['udp 192.0.2.5 53']);
    assert.equal(flush({ family: 'ip', proto: 'udp', dports: [53] }), ['udp 192.0.2.6 53']);
    assert.equal(flush({ family: 'ip', proto: 'sctp', dports: [53] }), []);
    assert.equal(flush({ family: 'ip6', proto: 'udp', dports: [53], daddr: '2001:db8:0::5' }), ['udp 2001:db8::5 53']);
    assert.equal(left(), ['tcp 192.0.2.5 53', 'udp 192.0.2.5 54', 'udp 2001:db8::6 53']);
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.7', '--dport', '55');
    assert.equal(flush({ family: 'ip', proto: 'udp', dports: [54, 55, 56] }), ['udp 192.0.2.5 54', 'udp 192.0.2.7 55']);
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.7', '--dport', '7');
    insert('-p', 'udp', '-s', '192.0.2.1', '-d', '192.0.2.7', '--dport', '2007');
    assert.equal(flush({ family: 'ip', proto: 'udp', dports: Array.from({ length: 1000 }, (_, i) => i + 1) }), ['udp 192.0.2.7 7']);
    assert.equal(flush({ family: 'ip6', proto: 'udp', dports: [53] }), ['udp 2001:db8::6 53']);
    assert.equal(left(), ['tcp 192.0.2.5 53', 'udp 192.0.2.7 2007']);
    kernel.close();
  });
}

test.run();

/** The only rtnetlink socket of this namespace that is not the kernel's: columns are socket, protocol, port, … */
function ourPort(): number {
  const ports = readFileSync('/proc/thread-self/net/netlink', 'utf8').split('\n').map((line) => line.split(/\s+/))
    .filter(([, protocol, port]) => protocol === '0' && port !== '0').map(([, , port]) => Number(port));
  assert.is(ports.length, 1);
  return ports[0]!;
}
