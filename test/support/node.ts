// A node for one test file: the namespaces the runner made for it, containers in it, and a picture of its whole state to compare.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { playThroughResidentHost } from './resident-host.ts';

export const BIN = join(process.cwd(), 'dist/bin');
/** Debian's stable reference plugins, 1.1.1 in bookworm. */
export const REFERENCE = '/usr/lib/cni';
/** Those of Debian's unstable suite, 1.9.1; `.ci/run` unpacks them there. */
export const REFERENCE_191 = join(process.cwd(), '.cache/reference-1.9.1');

if (process.env['CNI_WASM_TEST_MODE'] === 'resident') playThroughResidentHost();

/** Runs a program that must succeed; its stdout. */
export const sh = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

export const has = (program: string): boolean => ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, program)));

/** Makes a container's namespace; the path is what a runtime passes as CNI_NETNS. */
export function addNetns(name: string): string {
  sh('ip', 'netns', 'add', name);
  inNetns(name, 'sh', 'test/support/kernel-defaults.sh');
  return `/run/netns/${name}`;
}

/** The kernel takes the other ends of its veths away a moment later; that is waited for. */
export function deleteNetns(name: string): void {
  const ends = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => line.includes(`link-netns ${name} `) || line.endsWith(`link-netns ${name}`));
  spawnSync('ip', ['netns', 'delete', name]);
  const isThere = (line: string): boolean => existsSync(`/proc/sys/net/ipv4/conf/${/^\d+: ([^:@]+)/.exec(line)?.[1] ?? ''}/forwarding`);
  for (let tries = 0; tries < 200 && ends.some(isThere); tries++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

export const inNetns = (name: string, file: string, ...args: string[]): string => sh('ip', 'netns', 'exec', name, file, ...args);

/** Everything an attachment may touch, as text. IPv6's table local follows duplicate address detection some time later, so it is left out. Counters, timers and kernel-random values are left out; each line names its object. */
export function picture(netns: readonly string[] = []): string {
  const parts = ['', ...netns].flatMap((name) => {
    const run = (file: string, ...args: string[]): string => (name ? inNetns(name, file, ...args) : sh(file, ...args));
    return [
      section(name, 'link', links(run('ip', '-d', '-j', 'link'))),
      section(name, 'addr', addresses(run('ip', '-j', 'addr'))),
      section(name, 'route', routes(run('ip', '-4', 'route', 'show', 'table', 'all'), run('ip', '-6', 'route', 'show', 'table', 'main'))),
      section(name, 'rule', run('ip', 'rule') + run('ip', '-6', 'rule')),
      section(name, 'tc', run('tc', 'qdisc', 'show').replace(/ ?refcnt \d+/g, '')),
      ...(has('nft') ? [section(name, 'nft', handleless(run('nft', 'list', 'ruleset')))] : []),
    ];
  });
  return [...parts, section('', 'sysctl', sysctls()), section('', 'files', ['/var/lib/cni', '/var/lib/cni-wasm', '/run/cni-wasm'].flatMap(files).join('\n'))].join('\n');
}

const section = (netns: string, title: string, text: string): string => `## ${netns ? `${netns} ` : ''}${title}\n${text.trim()}\n`;

/** A bridge without ports loses its carrier some time later. */
const CARRIER = ['NO-CARRIER', 'LOWER_UP'];

interface IpLink { ifname: string; flags: string[]; mtu: number; master?: string; linkinfo?: { info_kind?: string } }
const links = (json: string): string => (JSON.parse(json) as IpLink[])
  .map(({ ifname, flags, mtu, master, linkinfo }) => `${ifname} ${linkinfo?.info_kind ?? '-'} ${flags.filter((flag) => !CARRIER.includes(flag)).join(',')} mtu ${mtu} ${master ?? '-'}`).sort().join('\n');

interface IpAddr { ifname: string; addr_info: { local: string; prefixlen: number; scope: string }[] }
const addresses = (json: string): string => (JSON.parse(json) as IpAddr[])
  .flatMap(({ ifname, addr_info }) => addr_info.map(({ local, prefixlen, scope }) => `${ifname} ${local.startsWith('fe80:') ? 'fe80::*' : local}/${prefixlen} ${scope}`)).sort().join('\n');

const routes = (...texts: string[]): string => texts.join('').split('\n').map((line) => line.replace(/fe80::[0-9a-f:]+/g, 'fe80::*').replace(' linkdown', '').trim()).filter(Boolean).sort().join('\n');

const handleless = (text: string): string => text.replace(/ # handle \d+/g, '').replace(/counter packets \d+ bytes \d+/g, 'counter');

function sysctls(): string {
  return ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'].map((key) => `${key} = ${existsSync(`/proc/sys/${key}`) ? readFileSync(`/proc/sys/${key}`, 'utf8').trim() : '-'}`).join('\n');
}

/** Files below a folder with their content, but not host-local's round-robin cursor and lock, which stay as the reference's do, nor the index of leases, nor a host's socket. */
export function files(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).sort().flatMap((name) => {
    const path = join(root, name);
    const kind = statSync(path);
    if (kind.isDirectory()) return name === 'index' ? [] : files(path);
    // Reading a pipe waits for a writer.
    if (kind.isFIFO()) return [path];
    if (kind.isSocket()) return [];
    return name === 'lock' || name.startsWith('last_reserved_ip.') ? [] : [`${path} ${JSON.stringify(readFileSync(path, 'utf8'))}`];
  });
}

/** Says why a file's tests cannot run here, in the form the runner collects, and ends it. */
export function skip(reason: string): never {
  console.log(`SKIP ${reason}`);
  process.exit(0);
}
