// Leases and entries of others, files, sysctls, programs: path tricks in every text that could become a path.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { PAIR, VETH_GRANT, type Case } from '../case.ts';
import type { Furnished } from '../node.ts';

const LEASE = '/var/lib/cni/networks/blue/192.0.2.77';
const PIPE = '/run/secrets/pipe';
const OWN = { store: 'own' };
const IPAM = { store: 'ipam' };
const LINK = { ...VETH_GRANT, hostLinks: ['cni0'], sysctl: ['net/ipv4/conf/{link}/*', 'net/ipv4/ip_forward'] };
const invalid = { code: 999, operation: 'store.get' } as const;
const badKey = (name: string, key: string, object: RegExp): Case => ({ name, grants: OWN, asks: [['store.get', { key }]], ...invalid, says: /key must match/, object });
const badSysctl = (name: string, key: string, says = /is not a key like/): Case => ({ name, grants: LINK, asks: [['sysctl.set', { ns: 'host', key, value: '1' }]], code: 999, says, operation: 'sysctl.set', object: /^\{"ns"|^host:/ });

export const stores = ({ neighbour, redLease }: Furnished): Case[] => [
  badKey('reads a lease of another network by a path', `../../../cni/networks/red/${redLease}`, /red/),
  badKey('reads a secret by an absolute path', '/run/secrets/token', /secrets/),
  badKey('ends a path with a NUL', 'a\u0000b', /key/),
  badKey('writes a line into a key', 'a\nb', /key/),
  { name: 'names the folder itself', grants: OWN, asks: [['store.put', { key: '..', value: 'x' }]], code: 999, says: /"\.\." cannot be a key/, operation: 'store.put', object: /^\.\.$/ },
  { name: 'takes the place of the lock', grants: IPAM, asks: [['store.put', { key: 'lock', value: 'x' }]], code: 999, says: /"lock" cannot be a key/, operation: 'store.put', object: /^lock$/ },
  { name: 'frees the other container\'s lease', grants: IPAM, asks: [['store.delete', { key: neighbour }]], code: 101, says: /another container's/, operation: 'store.delete', object: new RegExp(`^${neighbour}$`) },
  { name: 'takes the other container\'s lease over', grants: IPAM, asks: [['store.put', { key: neighbour, value: 'c1\r\neth0' }]], code: 101, says: /another container's/, operation: 'store.put', object: new RegExp(`^${neighbour}$`) },
  { name: 'leases an address in the other container\'s name', grants: IPAM, asks: [['store.put', { key: '192.0.2.200', value: 'c0\r\neth0' }]], code: 101, says: /another container's/, operation: 'store.put', object: /^192\.0\.2\.200$/ },
  { name: 'leases an address that may be somebody\'s by spelling it another way', grants: IPAM, asks: [['store.put', { key: '2001:db8:0::2', value: 'c1\r\neth0' }]], code: 999, says: /is written "2001:db8::2"/, operation: 'store.put', object: /^2001/ },
  { name: 'frees every lease outside of GC', grants: IPAM, asks: [['store.collect', {}]], code: 101, says: /store\.collect is for GC, not for ADD/, operation: 'store.collect', object: /^ADD$/ },
  { name: 'uses the leases where it was granted entries of its own', grants: OWN, wants: IPAM, asks: [['store.get', { key: neighbour }]], code: 101, says: /asks for cni:store\/1\.get; policy grants none/, operation: 'store.get', object: /cni:store\/1/ },
  { name: 'reads the file of a key it was not granted', grants: { conf: ['node.podCidr'] }, conf: { ipam: { resolvConf: '/run/secrets/token' } }, asks: [['conf.file', { key: 'ipam.resolvConf' }]], code: 101, says: /"ipam\.resolvConf"/, operation: 'conf.file', object: /^ipam\.resolvConf$/ },
  { name: 'names a file instead of a key', grants: { conf: ['ipam.resolvConf'] }, asks: [['conf.file', { key: '/run/secrets/token' }]], code: 999, says: /key must be one of/, operation: 'conf.file', object: /secrets/ },
  { name: 'reads a folder under a key that names one', grants: { conf: ['ipam.resolvConf'] }, conf: { ipam: { resolvConf: '/run/secrets' } }, asks: [['conf.file', { key: 'ipam.resolvConf' }]], code: 5, says: /is a directory/, operation: 'conf.file', object: /^ipam\.resolvConf$/ },
  badSysctl('climbs out of net/', 'net/../kernel/core_pattern'),
  badSysctl('starts elsewhere', 'kernel/core_pattern'),
  badSysctl('climbs out at the end', 'net/ipv4/..'),
  badSysctl('leaves an element empty', 'net//ipv4/ip_forward'),
  badSysctl('writes two lines', 'net/ipv4/ip_forward\nkernel/core_pattern'),
  { name: 'changes a sysctl of the uplink', grants: LINK, asks: [['sysctl.set', { ns: 'host', key: 'net/ipv4/conf/uplink/forwarding', value: '0' }]], code: 101, says: /net\/ipv4\/conf\/uplink\/forwarding/, operation: 'sysctl.set', object: /^host:net\/ipv4\/conf\/uplink\/forwarding$/ },
  { name: 'changes a sysctl of the whole host that it was not granted', grants: LINK, asks: [['sysctl.set', { ns: 'host', key: 'net/ipv4/conf/all/rp_filter', value: '0' }]], code: 101, says: /rp_filter/, operation: 'sysctl.set', object: /^host:net\/ipv4\/conf\/all\/rp_filter$/ },
  {
    name: 'changes a sysctl of the whole host by a wish that is wider than the grant', grants: { sysctl: ['host:net/ipv4/*'] }, wants: { sysctl: ['host:net/ipv4/**'] },
    asks: [['sysctl.set', { ns: 'host', key: 'net/ipv4/conf/all/rp_filter', value: '0' }]], code: 101, says: /sysctl.set/, operation: 'sysctl.set', object: /^/,
  },
  {
    name: 'keeps the host busy with a wish of many stars', grants: { sysctl: ['net/ipv4/*'] }, wants: { sysctl: [`net/ipv4/${'*a'.repeat(250)}`] },
    asks: [['sysctl.set', { ns: 'host', key: `net/ipv4/${'a'.repeat(480)}b`, value: '0' }]], code: 101, says: /is not granted/, operation: 'sysctl.set', object: /^host:net\/ipv4\/a/,
  },
  { name: 'keeps the host busy with a wish as long as it likes', grants: { sysctl: ['net/ipv4/*'] }, wants: { sysctl: [`net/ipv4/${'*a'.repeat(300)}`] }, code: 100, says: /of 609 characters, more than 512/, operation: 'load', object: /sysctl/ },
  { name: 'gives the place of a link without one', grants: LINK, asks: [['sysctl.set', { key: 'net/ipv4/conf/{link}/forwarding', value: '1' }]], code: 999, says: /needs a link/, operation: 'sysctl.set', object: /\{link\}/ },
  { name: 'reads a secret of the host\'s kernel', grants: LINK, asks: [['sysctl.get', { ns: 'host', key: 'net/ipv4/tcp_fastopen_key' }]], code: 101, says: /tcp_fastopen_key/, operation: 'sysctl.get', object: /^host:net\/ipv4\/tcp_fastopen_key$/ },
  { name: 'reads a sysctl of the uplink', grants: LINK, asks: [['sysctl.get', { ns: 'host', key: 'net/ipv4/conf/uplink/rp_filter' }]], code: 101, says: /uplink/, operation: 'sysctl.get', object: /uplink/ },
  {
    name: 'reads a sysctl of the whole host by a link of the same name', grants: { link: { host: ['bridge'] }, hostLinks: ['*'] },
    asks: [['link.create', { ns: 'host', name: 'core', kind: 'bridge' }], ['sysctl.get', { link: 1, key: 'net/{link}/somaxconn' }]],
    code: 999, says: /has \{link\} where the kernel has no link/, operation: 'sysctl.get', object: /^net\/\{link\}\/somaxconn$/,
  },
  {
    name: 'names a sysctl beside the link that it holds', grants: LINK, asks: [PAIR, ['sysctl.set', { link: 2, key: 'net/ipv4/conf/docker0/forwarding', value: '1' }]],
    code: 101, says: /docker0/, operation: 'sysctl.set', object: /docker0/,
  },
  { name: 'runs a program without a grant', wants: { delegate: ['ipam'] }, conf: { ipam: { type: 'host-local' } }, asks: [['delegate.call', { verb: 'ADD' }]], code: 101, says: /asks for cni:delegate\/1\.call; policy grants none/, operation: 'delegate.call', object: /cni:delegate\/1/ },
  {
    name: 'leases an address in whose place there is a link to a secret', grants: IPAM, asks: [['store.put', { key: '192.0.2.77', value: 'c1\r\neth0' }]], code: 5, says: /something called "192\.0\.2\.77" that is no entry/, operation: 'store.put', object: /^192\.0\.2\.77$/,
    before: () => symlinkSync('/run/secrets/token', LEASE), after: () => rmSync(LEASE),
  },
  {
    name: 'leases an address in whose place there is a pipe', grants: IPAM, asks: [['store.get', { key: '192.0.2.77' }], ['store.list', {}], ['store.put', { key: '192.0.2.77', value: 'c1\r\neth0' }]], code: 5, says: /that is no entry/, operation: 'store.put', object: /^192\.0\.2\.77$/,
    before: () => void execFileSync('mkfifo', [LEASE]), after: () => rmSync(LEASE),
  },
  {
    name: 'reads a pipe under a key that names one', grants: { conf: ['ipam.resolvConf'] }, conf: { ipam: { resolvConf: PIPE } }, asks: [['conf.file', { key: 'ipam.resolvConf' }]], code: 5, says: /must be a plain file/, operation: 'conf.file', object: /^ipam\.resolvConf$/,
    before: () => void execFileSync('mkfifo', [PIPE]), after: () => rmSync(PIPE),
  },
  { name: 'runs a program whose name ends with a NUL', grants: { delegate: ['ipam'] }, conf: { ipam: { type: 'host-local\u0000/../sh' } }, asks: [['delegate.call', { verb: 'ADD' }]], code: 999, says: /invalid plugin name/, operation: 'delegate.call', object: /host-local/ },
  { name: 'runs the whole host as its IPAM plugin, which runs it, and so on', grants: { delegate: ['ipam'] }, conf: { ipam: { type: 'cni-wasm' } }, asks: [['delegate.call', { verb: 'ADD' }]], code: 999, says: /it calls itself/, operation: 'delegate.call', object: /^cni-wasm$/ },
  { name: 'runs a program by a path', grants: { delegate: ['ipam'] }, conf: { ipam: { type: '../../usr/bin/env' } }, asks: [['delegate.call', { verb: 'ADD' }]], code: 999, says: /invalid plugin name/, operation: 'delegate.call', object: /usr\/bin\/env/ },
];
