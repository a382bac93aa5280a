// static, by itself and behind a bridge: what is configured, what is asked for, what it refuses.
// SPDX-License-Identifier: Apache-2.0

import { at, atLeast, life, listOf, VERSIONS, type Case, type Json, type List, type Target } from '../case.ts';

const ADDRESSES = [{ address: '192.0.2.7/24', gateway: '192.0.2.1' }, { address: '2001:db8::7/64', gateway: '2001:db8::1' }];
const ROUTES = [{ dst: '0.0.0.0/0' }, { dst: '2001:db8:1::/48', gw: '2001:db8::9' }];
const list = (ipam: Json, keys: Json = {}): List => listOf({ type: 'static', ipam: { type: 'static', ...ipam }, ...keys });
const lives = (what: string, of: List, target?: Target): Case => ({ name: `static: ${what}`, steps: life(of, target) });
const bridged = (ipam: Json, keys: Json = {}): List => listOf({ type: 'bridge', bridge: 'br1', isGateway: true, ipam: { type: 'static', ...ipam }, ...keys });

export const staticCases: Case[] = [
  ...VERSIONS.map((version) => lives(`both families at ${version}`, at(version, list({ addresses: ADDRESSES, routes: ROUTES, dns: { nameservers: ['192.0.2.53'], domain: 'example.org', search: ['example.org'], options: ['ndots:2'] } })))),
  ...VERSIONS.filter((version) => version !== '1.1.0').map((version) => lives(`behind a bridge at ${version}`, at(version, bridged({ addresses: ADDRESSES, routes: ROUTES })))),
  { ...lives('behind a bridge at 1.1.0', at('1.1.0', bridged({ addresses: ADDRESSES, routes: ROUTES }))), differs: ['mtu'] },
  lives('no gateway', list({ addresses: [{ address: '192.0.2.7/24' }] })), lives('a bridge finds the gateway', bridged({ addresses: [{ address: '192.0.2.7/24' }] })),
  lives('host bits stay', list({ addresses: [{ address: '192.0.2.77/8' }, { address: '2001:db8::77/48' }] })), lives('two addresses of a family', list({ addresses: [{ address: '192.0.2.7/24' }, { address: '192.0.2.8/24' }] })),
  { ...lives('a single address of its own network', bridged({ addresses: [{ address: '192.0.2.7/32' }] })), differs: ['host-address'] },
  lives('routes with metric and table', list({ addresses: ADDRESSES, routes: [{ dst: '198.51.100.0/24', priority: 5, table: 100, scope: 0, mtu: 1400, advmss: 1300 }] })),
  lives('routes in other spellings', list({ addresses: ADDRESSES, routes: [{ dst: '::ffff:203.0.113.0/120' }, { dst: '2001:DB8:1:0::/48', gw: '2001:DB8::9' }, { dst: '203.0.113.7/24', gw: '::ffff:192.0.2.9' }] })),
  lives('routes with a table and a scope below zero', list({ addresses: ADDRESSES, routes: [{ dst: '198.51.100.0/24', table: -1, scope: -1 }] })),
  lives('no addresses', list({})), lives('an empty list', list({ addresses: [] })),
  { ...lives('no addresses behind a bridge', bridged({})), differs: ['rollback'] },
  lives('IP of CNI_ARGS', list({}), { args: 'IP=192.0.2.9/24;GATEWAY=192.0.2.1' }), lives('IP of CNI_ARGS after the configured', list({ addresses: ADDRESSES }), { args: 'IP=198.51.100.9/24,2001:db8:2::9/64;GATEWAY=198.51.100.1,2001:db8:2::1' }),
  lives('GATEWAY of CNI_ARGS alone', list({ addresses: [{ address: '192.0.2.7/24' }] }), { args: 'GATEWAY=192.0.2.1' }), lives('a GATEWAY that fits nothing', list({}), { args: 'IP=192.0.2.9/24;GATEWAY=198.51.100.1' }),
  lives('args.cni.ips replace', list({ addresses: ADDRESSES }, { args: { cni: { ips: ['198.51.100.7/24'] } } })),
  lives('runtimeConfig.ips replace', list({ addresses: ADDRESSES }, { capabilities: { ips: true }, args: { cni: { ips: ['198.51.100.7/24'] } } }), { offers: { ips: ['203.0.113.7/24', '2001:db8:3::7/64'] } }),
  lives('an empty list of the runtime replaces nothing', list({ addresses: ADDRESSES }, { capabilities: { ips: true } }), { offers: { ips: [] } }),
  lives('what another plugin further back in a chain calls gives its own addresses', listOf({ type: 'loopback' }, list({ addresses: ADDRESSES }).plugins[0]!)),
  lives('routes go to the first gateway of their family, whichever address has it', bridged({ addresses: [{ address: '192.0.2.7/24', gateway: '2001:db8::1' }, { address: '2001:db8::7/64' }], routes: [{ dst: '2001:db8:1::/48' }, { dst: '198.51.100.0/24' }] }, { isGateway: false })),
  { name: 'static: STATUS and GC', steps: [{ verb: 'STATUS', list: at('1.1.0', list({ addresses: ADDRESSES })) }, { verb: 'GC', list: at('1.1.0', list({ addresses: ADDRESSES })) }] },
  { name: 'static: CHECK with another gateway', steps: [{ verb: 'ADD', list: list({ addresses: ADDRESSES }) }, { verb: 'CHECK', list: list({ addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.2' }] }) }] },
  { name: 'static: CHECK with another address', steps: [{ verb: 'ADD', list: list({ addresses: ADDRESSES }) }, { verb: 'CHECK', list: list({ addresses: [{ address: '192.0.2.9/24' }] }) }] },
  { name: 'static: CHECK without prevResult', steps: [{ verb: 'CHECK', list: list({ addresses: ADDRESSES }) }] },
];

const refuses = (what: string, of: List, target?: Target): Case => lives(`refuses ${what}`, of, target);

export const staticErrors: Case[] = [
  refuses('a configuration without ipam', listOf({ type: 'static' })), refuses('an address without length', list({ addresses: [{ address: '192.0.2.7' }] })), refuses('an address that is none', list({ addresses: [{ address: 'x' }] })),
  refuses('no address in an entry', list({ addresses: [{ gateway: '192.0.2.1' }] })), refuses('a gateway that is none', list({ addresses: [{ address: '192.0.2.7/24', gateway: 'x' }] })), refuses('addresses that are no list', list({ addresses: 'x' })),
  refuses('IP of CNI_ARGS without length', list({}), { args: 'IP=192.0.2.9' }), refuses('a GATEWAY that is none', list({}), { args: 'IP=192.0.2.9/24;GATEWAY=x' }), refuses('args.cni.ips without length', list({}, { args: { cni: { ips: ['192.0.2.9'] } } })),
  refuses('ips of the runtime without length', list({}, { capabilities: { ips: true } }), { offers: { ips: ['192.0.2.9'] } }), refuses('unknown CNI_ARGS', list({ addresses: ADDRESSES }), { args: 'FOO=bar' }),
  ...VERSIONS.filter((version) => !atLeast(version, '0.3.0')).map((version) => refuses(`two addresses of a family at ${version}`, at(version, list({ addresses: [{ address: '192.0.2.7/24' }, { address: '192.0.2.8/24' }] })))),
];
