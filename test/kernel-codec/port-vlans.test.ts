// VLANs of bridge ports on paper: the very bytes the reference's library sends, and answers read back. No kernel with
// CONFIG_BRIDGE_VLAN_FILTERING is needed for this.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { linkKernel } from '../../host/kernel/live/link.ts';
import { normalVlans, vlanChanges, type PortVlans } from '../../host/kernel/vlans.ts';
import { ack, answer, done, failure, NLM_F_MULTI, scriptedContext, type Script } from './scripted-libc.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** RTM_NEWLINK of AF_BRIDGE about interface 6, with IFLA_AF_SPEC. */
const port = (infos: string, index = '06'): Buffer => {
  const list = bytes(infos);
  return Buffer.concat([bytes(`07 00 0100 ${index} 000000 43100100 00000000`), Buffer.from([4 + list.length, 0, 26, 0]), list]);
};
const info = (flags: string, id: number): string => `0800 0200 ${flags}00 ${id.toString(16).padStart(4, '0').replace(/(..)(..)/, '$2$1')}`;
const DEFAULT_VLAN = info('06', 1);

/** A kernel that has these ports; what is sent to it, without sequence numbers. */
function kernel(ports: Buffer[], onChange: Script = (sequence) => [ack(sequence)]): { link: ReturnType<typeof linkKernel>; sent: string[] } {
  const sent: string[] = [];
  const link = linkKernel(scriptedContext((sequence, message) => {
    sent.push(Buffer.concat([message.subarray(0, 8), message.subarray(16)]).toString('hex'));
    return message.readUInt16LE(4) === 18 ? [...ports.map((body) => answer(sequence, 16, NLM_F_MULTI, body)), done(sequence)] : onChange(sequence, message);
  }));
  return { link, sent };
}

const DUMP = bytes('28000000 1200 0103 07000000 00000000 00000000 00000000 0800 1d00 04000000').toString('hex');
const change = (type: '11' | '13', ...infos: string[]): string => {
  const spec = bytes(['0600 0000 0100 0000', ...infos].join(''));
  return Buffer.concat([bytes(`${(36 + spec.length).toString(16)}000000 ${type}00 0500 07000000 06000000 00000000 00000000`), Buffer.from([4 + spec.length, 0, 26, 0]), spec]).toString('hex');
};

test('a port out of the default VLAN and into another, untagged', () => {
  const { link, sent } = kernel([port(DEFAULT_VLAN)]);
  link.set('host', 6, { vlans: [{ id: 100, pvid: true, untagged: true }] });
  assert.equal(sent, [DUMP, change('11', info('00', 1)), change('13', info('06', 100))]);
});

test('a trunk is one message for each range, and what is there already is not sent again', () => {
  const { link, sent } = kernel([port(DEFAULT_VLAN + info('08', 30) + info('10', 40))]);
  link.set('host', 6, { vlans: [{ id: 1, pvid: true, untagged: true }, { id: 5, last: 4000 }] });
  assert.equal(sent, [DUMP, change('13', info('08', 5), info('10', 29)), change('13', info('08', 41), info('10', 4000))]);
});

test('VLANs are read in every form: single, ranges, of other ports, none', () => {
  const { link } = kernel([port(info('06', 9), '05'), port(info('06', 1) + info('00', 7) + info('08', 20) + info('10', 25) + info('0c', 30) + info('14', 31))]);
  assert.equal(link.vlans('host', 6), [{ id: 1, pvid: true, untagged: true }, { id: 7 }, { id: 20, last: 25 }, { id: 30, last: 31, untagged: true }]);
  assert.equal(link.vlans('host', 5), [{ id: 9, pvid: true, untagged: true }]);
  assert.equal(link.vlans('host', 4), []);
});

test('a kernel that cannot says which of its parts is missing', () => {
  const { link } = kernel([], (sequence) => [failure(sequence, 95, '')]);
  try {
    link.set('host', 6, { vlans: [{ id: 100 }] });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, KernelError);
    assert.is((error as KernelError).errno, 'EOPNOTSUPP');
    assert.match((error as KernelError).message, 'CONFIG_BRIDGE_VLAN_FILTERING');
  }
});

const vlan: fc.Arbitrary<PortVlans> = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(6), fc.boolean(), fc.boolean()).map(([id, more, pvid, untagged]) => ({
  id, ...(more > 0 && !pvid ? { last: id + more } : {}), ...(pvid ? { pvid } : {}), ...(untagged ? { untagged } : {}),
}));

test('whatever a port has, the changes lead to what is wanted, and from there to nothing', () => {
  fc.assert(fc.property(fc.array(vlan), fc.array(vlan), (before, wanted) => {
    const { remove, set } = vlanChanges(before, wanted);
    const gone = new Set(remove.flatMap(({ id, last = id }) => Array.from({ length: last - id + 1 }, (_, i) => id + i)));
    const single = normalVlans(before).flatMap(({ id, last = id, ...flags }) => Array.from({ length: last - id + 1 }, (_, i) => ({ id: id + i, ...flags })));
    assert.equal(normalVlans([...single.filter(({ id }) => !gone.has(id)), ...set]), normalVlans(wanted));
    assert.equal(vlanChanges(wanted, normalVlans(wanted)), { remove: [], set: [] });
  }));
});

test('what is no VLAN is refused before anything is sent', () => {
  for (const wrong of [{ id: 0 }, { id: 4095 }, { id: 9, last: 8 }, { id: 1, last: 2, pvid: true }, { id: 1.5 }]) {
    const { link, sent } = kernel([port(DEFAULT_VLAN)]);
    assert.throws(() => link.set('host', 6, { vlans: [wrong] }), /EINVAL/);
    assert.ok(sent.every((message) => message === DUMP), JSON.stringify(wrong));
  }
});

test.run();
