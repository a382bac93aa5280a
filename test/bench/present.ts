// Other containers on the node: one that is really attached, multiplied in everything it leaves there, since attaching a thousand by the
// reference takes minutes and says nothing more.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileNameOf, hashesOf } from '../../host/ledger/attachment-id.ts';
import { addNetns, sh } from '../support/node.ts';
import { calls, carryOut } from './calls.ts';
import { BRIDGE, chainFor, NETWORK, type Backend, type Mode } from './modes.ts';
import { targetFor } from './target.ts';

const LEASES = `/var/lib/cni/networks/${NETWORK}`;
const LEDGER = `/var/lib/cni-wasm/ledger/${NETWORK}`;
const FIRST = nameOf(1);
/** From stdin nft 1.0.9 takes none. */
const SCRIPT = '/run/present.nft';

/** A node on which `by` has attached the first; each call of what is returned brings it to so many. */
export function presence(by: Mode, backend: Backend, env: Readonly<Record<string, string>>): (count: number) => void {
  addNetns('others');
  // With IPv6 each of a thousand links in one namespace looks at the routes of all for every packet that the bridge floods, which no container does.
  for (const which of ['all', 'default']) sh('ip', 'netns', 'exec', 'others', 'sysctl', '-qw', `net.ipv6.conf.${which}.disable_ipv6=1`);
  const { failure } = carryOut(calls('ADD', chainFor(by, backend), targetFor(by, FIRST, '/run/netns/others', env)));
  if (failure) throw new Error(`the first container could not be attached: ${failure}`);
  const template = backend === 'nftables' ? nftTemplate() : iptablesTemplate(env);
  const record = readdirSync(LEDGER).map((file) => readFileSync(`${LEDGER}/${file}`, 'utf8')).find((text) => text.includes(FIRST.id)) ?? '';
  let there = 1;
  return (count) => {
    const names = Array.from({ length: Math.max(0, count - there) }, (_, i) => nameOf(there + 1 + i));
    there = Math.max(there, count);
    if (names.length === 0) return;
    makeLinks(names);
    template(names);
    for (const name of names) {
      writeFileSync(`${LEASES}/${name.ip}`, `${name.id}\r\neth0`);
      writeFileSync(`${LEDGER}/${fileNameOf({ network: NETWORK, containerId: name.id, ifname: 'eth0' })}`, renamed(record, name));
    }
  };
}

/** Leases of containers that left nothing else. */
export function fillLeases(count: number): void {
  mkdirSync(LEASES, { recursive: true, mode: 0o755 });
  for (let i = 1; i <= count; i++) {
    const { id, ip } = nameOf(i);
    writeFileSync(`${LEASES}/${ip}`, `${id}\r\neth0`);
    if (i === count) writeFileSync(`${LEASES}/last_reserved_ip.0`, ip);
  }
}

export interface Names { id: string; ip: string; hash: string; port: number }

function nameOf(i: number): Names {
  const id = `present-${String(i).padStart(5, '0')}`;
  return { id, ip: `10.1.${(i + 1) >> 8}.${(i + 1) & 0xff}`, hash: hashesOf({ network: NETWORK, containerId: id, ifname: 'eth0' }).attachment.slice(0, 24), port: 10_000 + 2 * i };
}

/** portmap's chain has three digits less in its name. */
function renamed(text: string, { id, ip, hash, port }: Names): string {
  return text.replaceAll(FIRST.hash, hash).replaceAll(FIRST.hash.slice(0, 21), hash.slice(0, 21)).replaceAll(FIRST.id, id).replaceAll(new RegExp(`\\b${FIRST.ip.replaceAll('.', '\\.')}\\b`, 'g'), ip)
    .replaceAll(String(FIRST.port), String(port)).replaceAll(String(FIRST.port + 1), String(port + 1));
}

const isOfFirst = (line: string): boolean => line.includes(FIRST.id) || line.includes(FIRST.hash.slice(0, 21));

function iptablesTemplate(env: Readonly<Record<string, string>>): (names: readonly Names[]) => void {
  const run = (program: string, args: string[], input?: string): string => execFileSync('/usr/bin/env', [program, ...args], { encoding: 'utf8', env: { ...env }, ...(input === undefined ? {} : { input }), stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = run('iptables-save', ['-t', 'nat']).split('\n').filter(isOfFirst);
  return (names) => void run('iptables-restore', ['--noflush'], ['*nat', ...names.flatMap((name) => lines.map((line) => renamed(line, name))), 'COMMIT', ''].join('\n'));
}

function nftTemplate(): (names: readonly Names[]) => void {
  let [table, chain] = ['', ''];
  const rules = sh('nft', 'list', 'ruleset').split('\n').flatMap((line) => {
    table = /^table (\S+ \S+)/.exec(line)?.[1] ?? table;
    chain = /^\s+chain (\S+)/.exec(line)?.[1] ?? chain;
    return isOfFirst(line) ? [`add rule ${table} ${chain} ${line.trim()}`] : [];
  });
  return (names) => {
    writeFileSync(SCRIPT, names.flatMap((name) => rules.map((rule) => renamed(rule, name))).join('\n'));
    execFileSync('nft', ['-f', SCRIPT]);
  };
}

function makeLinks(names: readonly Names[]): void {
  const batch = names.flatMap(({ hash }) => [
    `link add veth${hash.slice(0, 8)} master ${BRIDGE} up type veth peer name e${hash.slice(0, 8)} netns others`,
    `link add bwp${hash.slice(0, 12)} up type ifb`,
  ]);
  execFileSync('ip', ['-batch', '-'], { input: `${batch.join('\n')}\n` });
}
