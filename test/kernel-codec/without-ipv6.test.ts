// A kernel that was started with ipv6.disable=1: asked for what is of IPv6 it answers with all of the other families (rtnl_dump_all() in
// net/core/rtnetlink.c), or that it knows no such family. As seen with 6.1.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addrKernel } from '../../host/kernel/live/addr.ts';
import { Body } from '../../host/kernel/live/attributes.ts';
import { neighKernel } from '../../host/kernel/live/neigh.ts';
import { policyRuleKernel } from '../../host/kernel/live/policy-rule.ts';
import { routeKernel } from '../../host/kernel/live/route.ts';
import { answer, done, failure, NLM_F_MULTI, scriptedContext } from './scripted-libc.ts';

const AF_INET = 2;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;
const NLM_F_DUMP = 0x300;
const [GETADDR, GETROUTE, GETNEIGH, GETRULE] = [22, 26, 30, 34];
const GATEWAY = Buffer.from([10, 1, 0, 1]);

/** What there is of IPv4: an address, a route to it, a neighbour, a rule. */
const OBJECTS: Readonly<Record<number, Buffer>> = {
  [GETADDR]: new Body(Buffer.from([AF_INET, 24, 0, 0, 2, 0, 0, 0])).attribute(1, GATEWAY).attribute(2, GATEWAY).done(),
  [GETROUTE]: new Body(Buffer.from([AF_INET, 32, 0, 0, 254, 3, 253, 1, 0, 0, 0, 0])).attribute(1, GATEWAY).u32(4, 2).done(),
  [GETNEIGH]: new Body(Buffer.from([AF_INET, 0, 0, 0, 2, 0, 0, 0, 0x80, 0, 0, 1])).attribute(1, GATEWAY).attribute(2, Buffer.from('020000000001', 'hex')).done(),
  [GETRULE]: new Body(Buffer.from([AF_INET, 0, 0, 0, 254, 0, 0, 1, 0, 0, 0, 0])).u32(6, 100).u32(15, 254).done(),
};

const context = scriptedContext((sequence, sent) => {
  const [type, family] = [sent.readUInt16LE(4), sent[16]];
  if (type === GETROUTE && (sent.readUInt16LE(6) & NLM_F_DUMP) === 0) return [failure(sequence, EOPNOTSUPP, '')];
  if (type === GETRULE && family !== AF_INET) return [failure(sequence, EAFNOSUPPORT, '')];
  return [answer(sequence, type - 2, NLM_F_MULTI, OBJECTS[type]!), done(sequence)];
});

test('what there is of IPv4 is there once', () => {
  assert.equal(addrKernel(context).list('host').map(({ address }) => address), ['10.1.0.1/24']);
  assert.equal(addrKernel(context).list('host', 2).length, 1);
  assert.equal(routeKernel(context).list('host').map(({ dst }) => dst), ['10.1.0.1/32']);
  assert.equal(neighKernel(context).list('host', 2).map(({ ip }) => ip), ['10.1.0.1']);
  assert.is(policyRuleKernel(context).list('host', 'ip').length, 1);
});

test('no route leads anywhere', () => assert.is(routeKernel(context).to('host', '2001:db8::1'), undefined));

test('there are no rules of IPv6', () => assert.equal(policyRuleKernel(context).list('host', 'ip6'), []));

test.run();
