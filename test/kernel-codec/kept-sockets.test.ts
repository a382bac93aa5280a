// Sockets of the host's namespace between two calls: each is had again or closed, and none of another namespace is kept.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keptSockets } from '../../host/kernel/live/kept-sockets.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE } from '../../host/kernel/live/netlink.ts';
import { scriptedSocket } from './scripted-libc.ts';

const [HOST, CONTAINER] = ['4:1', '4:2'];
const newSocket = () => scriptedSocket(() => []);

test('a kept socket is had again once, whatever is asked for in a container before', () => {
  const kept = keptSockets(HOST);
  const socket = newSocket();
  assert.ok(kept.keep(HOST, NETLINK_ROUTE, socket));
  assert.is(kept.take(CONTAINER, NETLINK_ROUTE), undefined);
  assert.is(kept.take(undefined, NETLINK_ROUTE), undefined);
  assert.is(kept.take(HOST, NETLINK_NETFILTER), undefined);
  assert.is(kept.take(HOST, NETLINK_ROUTE), socket);
  assert.is(kept.take(HOST, NETLINK_ROUTE), undefined);
});

test('a container\'s socket, one with an answer outstanding and a second one are the caller\'s to close', () => {
  const kept = keptSockets(HOST);
  assert.not(kept.keep(CONTAINER, NETLINK_ROUTE, newSocket()));
  assert.not(kept.keep(HOST, NETLINK_ROUTE, Object.assign(newSocket(), { sound: false })));
  assert.ok(kept.keep(HOST, NETLINK_ROUTE, newSocket()));
  assert.not(kept.keep(HOST, NETLINK_ROUTE, newSocket()));
});

test('what nobody has taken is closed with all of them, once', () => {
  const kept = keptSockets(HOST);
  const closed: string[] = [];
  const socket = (name: string) => Object.assign(newSocket(), { close: () => void closed.push(name) });
  kept.keep(HOST, NETLINK_ROUTE, socket('route'));
  kept.keep(HOST, NETLINK_NETFILTER, socket('netfilter'));
  kept.take(HOST, NETLINK_ROUTE);
  for (let times = 0; times < 2; times++) kept.close();
  assert.equal(closed, ['netfilter']);
});

test.run();
