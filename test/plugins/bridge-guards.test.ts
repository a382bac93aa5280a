// macspoofchk and bridgeNfCallIptables of the bridge plugin against a scripted host, in every verb.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { refuse, type Answers } from '../support/guest-host.ts';
import { add, bridge, BRIDGE, conf, ETH0, INTERFACES, layer3, node, notFound, requests, VETH } from './bridge-node.ts';

const CHAIN = 'cni-br-iface-c1-eth0';
const comment = 'macspoofchk-c1-eth0';
const RULES = {
  ns: 'host', family: 'bridge', table: 'nat',
  chains: [{ name: 'PREROUTING', hook: { type: 'filter', hook: 'prerouting', priority: -300 }, life: 'network' }, { name: CHAIN }, { name: `${CHAIN}-mac` }],
  set: [
    { chain: CHAIN, rules: [{ match: [], action: { jump: `${CHAIN}-mac` }, comment }] },
    { chain: `${CHAIN}-mac`, rules: [{ match: [{ ethSaddr: ETH0.mac }], action: { verdict: 'return' }, comment }, { match: [], action: { verdict: 'drop' }, comment }] },
  ],
  add: [{ chain: 'PREROUTING', rule: { match: [{ iif: VETH.name }], action: { jump: CHAIN }, comment } }],
};

test('macspoofchk: the reference\'s chains and rules, before IPAM is asked', () => {
  const { asked, error } = add(layer3({ macspoofchk: true }));
  assert.is(error, undefined);
  assert.equal(requests(asked, 'nft.apply'), [RULES]);
  const ops = asked.map(({ op }) => op);
  assert.ok(ops.indexOf('nft.apply') < ops.indexOf('delegate.call'));
  assert.is(add(conf({ macspoofchk: true }), { 'nft.apply': refuse('unsupported', 'no nf_tables', 'EOPNOTSUPP') }).error!.msg, 'failed to setup spoof-check: no nf_tables');
});

const TEARDOWN = { ns: 'host', family: 'bridge', table: 'nat', remove: [{ chain: 'PREROUTING', jump: CHAIN }], drop: [{ chain: CHAIN }, { chain: `${CHAIN}-mac` }] };

test('DEL takes the rules away without namespace and without link, and an error of it is only told', () => {
  for (const netns of [true, false]) {
    const { asked, error } = bridge({ verb: 'DEL', config: layer3({ macspoofchk: true }), netns }, { ...node, 'link.get': notFound });
    assert.is(error, undefined);
    assert.equal(requests(asked, 'nft.apply'), [TEARDOWN]);
    assert.is(asked.at(-1)!.op, 'delegate.call');
  }
  const failing = bridge({ verb: 'DEL', config: conf({ macspoofchk: true }) }, { ...node, 'nft.apply': refuse('io', 'broken') });
  assert.is(failing.error, undefined);
  assert.equal(failing.logged, ['failed to teardown spoof-check: broken']);
});

test('CHECK finds a rule that is gone', () => {
  const config = conf({ macspoofchk: true, prevResult: { interfaces: INTERFACES } });
  assert.is(bridge({ verb: 'CHECK', config }, node).error, undefined);
  const { asked, error } = bridge({ verb: 'CHECK', config }, { ...node, 'nft.check': { missing: [{ chain: `${CHAIN}-mac`, rule: 'drop' }] } });
  assert.equal(requests(asked, 'nft.check'), [RULES]);
  assert.is(error!.msg, `spoof-check: chain "${CHAIN}-mac" does not have the rule "drop"`);
});

test('GC takes away chains whose port is gone and chains nobody calls, also without IPAM, and only with a list', () => {
  const pair = (id: string): object[] => [{ name: `cni-br-iface-${id}`, rules: [] }, { name: `cni-br-iface-${id}-mac`, rules: [] }];
  const jump = (port: string, id: string): object => ({ text: `iifname "${port}" jump cni-br-iface-${id} comment "macspoofchk-${id}"`, comment: `macspoofchk-${id}` });
  const answers: Answers = {
    ...node,
    'nft.list': { chains: [
      { name: 'PREROUTING', rules: [jump(VETH.name, 'c1-eth0'), jump('veth00000000', 'gone-eth0'), jump('veth00000000', 'back-eth0'), jump(VETH.name, 'back-eth0')] },
      ...pair('c1-eth0'), ...pair('gone-eth0'), ...pair('back-eth0'), ...pair('half-net1'),
    ] },
    'link.get': ({ name }) => [BRIDGE, VETH].find((one) => one.name === name) ?? notFound(),
  };
  const { asked, error } = bridge({ verb: 'GC', config: conf({ macspoofchk: true }), validAttachments: [] }, answers);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'nft.apply').map(({ drop }) => drop), [['gone-eth0', 'gone-eth0-mac', 'half-net1', 'half-net1-mac'].map((id) => ({ chain: `cni-br-iface-${id}` }))]);
  assert.equal(bridge({ verb: 'GC', config: conf({ macspoofchk: true }) }, answers).asked, []);
});

test('GC of a program from before GC is no failure, any other error is', () => {
  const gc = (code: number, msg: string): unknown => bridge({ verb: 'GC', config: layer3(), validAttachments: [] }, { 'delegate.call': () => { throw new CniError(code, msg, {}); } }).error?.msg;
  assert.is(gc(4, 'unknown CNI_COMMAND: GC'), undefined);
  assert.is(gc(4, 'required env variables [CNI_PATH] missing'), 'required env variables [CNI_PATH] missing');
  assert.is(gc(999, 'disk full'), 'disk full');
});

const KEYS = ['net/bridge/bridge-nf-call-iptables', 'net/bridge/bridge-nf-call-ip6tables'];
const nf = (keys: object = {}): ReturnType<typeof conf> => conf({ bridgeNfCallIptables: true, ...keys });

test('bridgeNfCallIptables: both sysctls after the bridge, and before the pair', () => {
  const { asked } = add(nf());
  assert.equal(requests(asked, 'sysctl.set').filter(({ ns }) => ns === 'host'), KEYS.map((key) => ({ ns: 'host', key, value: '1' })));
  assert.ok(asked.findIndex(({ request }) => request['key'] === KEYS[0]) < asked.findIndex(({ op }) => op === 'link.create'));
  const { msg, details } = add(nf(), { 'sysctl.set': ({ ns }) => (ns === 'host' ? notFound() : {}) }).error!;
  assert.is(msg, `failed to enable bridgeNfCallIptables: there is no sysctl ${KEYS[0]}`);
  assert.match(details!, 'modprobe br_netfilter');
});

test('STATUS says what is missing for what is configured, with code 50', () => {
  const status = (config: Record<string, unknown>, answers: Answers): object | undefined => bridge({ verb: 'STATUS', config }, { ...node, ...answers }).error;
  assert.is(status(nf({ macspoofchk: true }), {}), undefined);
  assert.equal(status(nf(), { 'sysctl.get': {} }), {
    code: 50, msg: `bridgeNfCallIptables is set, but there is no sysctl ${KEYS[0]}: the kernel part is not loaded; load it with "modprobe br_netfilter", and at boot with a line "br_netfilter" in /etc/modules-load.d`,
  });
  for (const kind of ['bridge', 'veth']) {
    assert.equal(status(conf(), { 'link.usable': (asked) => ({ usable: asked['kind'] !== kind, why: 'unknown' }) }), { code: 50, msg: `the kernel cannot make links of kind ${kind}: unknown; load its module ${kind}` });
  }
  assert.equal(status(conf({ macspoofchk: true }), { 'nft.usable': { usable: false, why: 'no nf_tables' } }), { code: 50, msg: 'macspoofchk needs nf_tables, which cannot be used on this node: no nf_tables' });
});

test('STATUS: a link in the place of the bridge is 50, and 51 when containers have lost it', () => {
  const status = (attachments: number, kind: string): object | undefined => bridge({ verb: 'STATUS', config: conf(), attachments }, { ...node, 'link.get': { ...BRIDGE, kind } }).error;
  const msg = '"cni0" already exists but is not a bridge';
  assert.equal([status(0, 'veth'), status(2, 'veth'), status(2, 'bridge')], [{ code: 50, msg }, { code: 51, msg }, undefined]);
  assert.is(bridge({ verb: 'STATUS', config: conf(), attachments: 2 }, { ...node, 'link.get': notFound }).error, undefined, 'the next ADD makes it');
});

test('CHECK finds a sysctl that was turned off', () => {
  const check = (value: string): string | undefined => bridge({ verb: 'CHECK', config: nf({ prevResult: { interfaces: INTERFACES } }) }, { ...node, 'sysctl.get': { value } }).error?.msg;
  assert.is(check('1'), undefined);
  assert.is(check('0'), `sysctl ${KEYS[0]} is not 1, though bridgeNfCallIptables is set`);
});

test.run();
