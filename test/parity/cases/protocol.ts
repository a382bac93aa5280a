// The border: environment, stdin and versions, most of it before any plugin runs.
// SPDX-License-Identifier: Apache-2.0

import type { Case, Json, RawStep } from '../case.ts';

const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: '/run/bin' };
const CONF = { cniVersion: '1.1.0', name: 'blue', type: 'bridge', bridge: 'br1', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } };
const call = (program: string, env: RawStep['env'], conf: Json | string): RawStep => ({ program, env: { ...ENV, ...env }, stdin: typeof conf === 'string' ? conf : JSON.stringify(conf) });
const one = (name: string, ...steps: RawStep[]): Case => ({ name: `protocol: ${name}`, steps });
const env = (what: string, changed: RawStep['env']): Case => one(what, call('bridge', changed, CONF));
const stdin = (what: string, conf: Json | string, verb = 'ADD'): Case => one(`${verb} with ${what}`, call('bridge', { CNI_COMMAND: verb }, conf));

const PROGRAMS = ['bridge', 'host-local', 'loopback', 'portmap', 'bandwidth'];

export const environment: Case[] = [
  ...PROGRAMS.map((program) => one(`VERSION of ${program}`, call(program, { CNI_COMMAND: 'VERSION' }, { cniVersion: '0.3.1' }))),
  ...PROGRAMS.map((program) => one(`no CNI_COMMAND, ${program}`, call(program, { CNI_COMMAND: undefined }, ''))),
  env('CNI_COMMAND unknown', { CNI_COMMAND: 'UPDATE' }), env('CNI_COMMAND in small letters', { CNI_COMMAND: 'add' }),
  ...['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'].flatMap((name) => [env(`${name} missing`, { [name]: undefined }), env(`${name} empty`, { [name]: '' })]),
  env('all missing', { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined, CNI_PATH: undefined }),
  ...['_x', 'a b', 'a/b', '-a', 'ä', '.a', 'a..b_-Z9'].map((id) => env(`CNI_CONTAINERID ${id}`, { CNI_CONTAINERID: id, CNI_IFNAME: 'eth0:1' })),
  ...['.', '..', 'a/b', 'a:b', 'a b', 'abcdefghijklmno', 'abcdefghijklmnop', 'a\tb', 'ä', 'a\u00a0b'].map((name) => env(`CNI_IFNAME ${JSON.stringify(name)}`, { CNI_IFNAME: name })),
  ...['ADD', 'CHECK', 'DEL'].flatMap((verb) => (['/run/netns/none', '/run/bin/bridge', '/run', ''] as const).map((netns) => one(`${verb} with CNI_NETNS ${JSON.stringify(netns)}`, call('bridge', { CNI_COMMAND: verb, CNI_NETNS: netns }, CONF)))),
  ...['ADD', 'DEL'].flatMap((verb) => PROGRAMS.slice(1).map((program) => one(`${verb} of ${program} with a namespace that is not there`, call(program, { CNI_COMMAND: verb, CNI_NETNS: '/run/netns/none' }, { ...CONF, type: program })))),
];

export const documents: Case[] = [
  ...['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'].map((verb) => stdin('nothing', '', verb)),
  stdin('a cut-off document', '{"cniVersion": "1.0.0"'), stdin('a list', '[]'), stdin('null', 'null'), stdin('a number', '7'), stdin('a word', 'blue'), stdin('a comma too many', '{"cniVersion":"1.0.0",}'), stdin('text after it', `${JSON.stringify(CONF)} x`),
  ...['ADD', 'DEL', 'GC'].map((verb) => stdin('no name', { ...CONF, name: undefined }, verb)), stdin('an empty name', { ...CONF, name: '' }), stdin('a bad name', { ...CONF, name: 'a/b' }), stdin('a name that is a number', { ...CONF, name: 7 }), stdin('a name that is null', { ...CONF, name: null }),
  stdin('a version that is a number', { ...CONF, cniVersion: 1 }), stdin('no version', { ...CONF, cniVersion: undefined }), stdin('an empty version', { ...CONF, cniVersion: '' }),
  ...['9.0.0', '1.0', '0.3', 'x', '1.0.0-rc1', ' 1.0.0', '1.2.0'].flatMap((cniVersion) => ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'].map((verb) => stdin(`version ${JSON.stringify(cniVersion)}`, { ...CONF, cniVersion }, verb))),
  ...['0.1.0', '0.3.1', '0.4.0', '1.0.0'].flatMap((cniVersion) => ['CHECK', 'GC', 'STATUS'].map((verb) => stdin(`version ${cniVersion}`, { ...CONF, cniVersion }, verb))),
  ...['ADD', 'DEL'].map((verb) => one(`${verb} of bandwidth at 0.2.0`, call('bandwidth', { CNI_COMMAND: verb }, { ...CONF, cniVersion: '0.2.0', type: 'bandwidth' }))),
  stdin('unknown keys', { ...CONF, colour: 'blue', nested: { a: [1] } }), stdin('keys in capitals', { CNIVERSION: '1.0.0', NAME: 'blue', TYPE: 'bridge', BRIDGE: 'br7', IPAM: { TYPE: 'host-local', SUBNET: '192.0.2.0/24' } }),
  stdin('duplicate keys', '{"cniVersion":"1.0.0","name":"blue","type":"bridge","bridge":"br1","bridge":"br2","ipam":{"type":"host-local","subnet":"192.0.2.0/24","subnet":"198.51.100.0/24"}}'),
  stdin('duplicate keys of other case', '{"cniVersion":"1.0.0","name":"blue","type":"bridge","BRIDGE":"br1","Bridge":"br2","ipam":{"type":"host-local","subnet":"192.0.2.0/24"}}'),
  stdin('the exact key before one of other case', '{"cniVersion":"1.0.0","name":"blue","type":"bridge","bridge":"br1","Bridge":"br2","ipam":{"type":"host-local","subnet":"192.0.2.0/24"}}'),
  stdin('the exact key before a null of other case', '{"cniVersion":"1.0.0","name":"blue","NAME":null,"type":"bridge","bridge":"br1","Bridge":null,"ipam":{"type":"host-local","subnet":"192.0.2.0/24"}}'),
  stdin('another name in capitals', '{"cniVersion":"1.0.0","name":"blue","NAME":"green","type":"bridge","bridge":"br1","ipam":{"type":"host-local","subnet":"192.0.2.0/24"}}'),
  stdin('ipam as a string', { ...CONF, ipam: 'host-local' }), stdin('ipam null', { ...CONF, ipam: null, bridge: 'br3' }), stdin('ipam of a type that is a number', { ...CONF, ipam: { type: 7 } }),
  stdin('a prevResult of another version', { ...CONF, prevResult: { cniVersion: '0.3.1', ips: [] } }), stdin('a prevResult that is a string', { ...CONF, prevResult: 'x' }), stdin('a prevResult with a bad address', { ...CONF, prevResult: { cniVersion: '1.1.0', ips: [{ address: 'x' }] } }, 'CHECK'),
  stdin('a prevResult with a bad address', { ...CONF, prevResult: { cniVersion: '1.1.0', ips: [{ address: 'x' }] } }, 'DEL'),
  stdin('a type that is another', { ...CONF, type: 'loopback' }), stdin('no type', { ...CONF, type: undefined }),
  ...['portmap', 'bandwidth'].map((program) => one(`ADD of ${program} without prevResult`, call(program, {}, { ...CONF, type: program, runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 8000, ingressBurst: 8000 } } }))),
];
