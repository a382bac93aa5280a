// Sockets of the host's namespace between two calls: each is had again or closed, and none of another namespace is kept.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keptSockets } from '../../host/kernel/live/kept-sockets.ts';
import { NetfilterSocket } from '../../host/kernel/live/netfilter-socket.ts';
import { RouteSocket } from '../../host/kernel/live/route-socket.ts';
import { scriptedLibc } from './scripted-libc.ts';

const [HOST, CONTAINER] = ['4:1', '4:2'];
const newSocket = () => new RouteSocket(scriptedLibc(() => []));
const newNetfilter = () => new NetfilterSocket(scriptedLibc(() => []));

test('a kept socket is had again once, whatever is asked for in a container before', () => {
  const kept = keptSockets(HOST);
  const socket = newSocket();
  assert.ok(kept.keep(HOST, socket));
  assert.is(kept.take(CONTAINER, RouteSocket), undefined);
  assert.is(kept.take(undefined, RouteSocket), undefined);
  assert.is(kept.take(HOST, NetfilterSocket), undefined);
  assert.is(kept.take(HOST, RouteSocket), socket);
  assert.is(kept.take(HOST, RouteSocket), undefined);
});

test('a container\'s socket, one with an answer outstanding and a second one are the caller\'s to close', () => {
  const kept = keptSockets(HOST);
  assert.not(kept.keep(CONTAINER, newSocket()));
  assert.not(kept.keep(HOST, Object.assign(newSocket(), { sound: false })));
  assert.ok(kept.keep(HOST, newSocket()));
  assert.not(kept.keep(HOST, newSocket()));
});

test('what nobody has taken is closed with all of them, once', () => {
  const kept = keptSockets(HOST);
  const closed: string[] = [];
  const noting = <Socket extends object>(socket: Socket, name: string) => Object.assign(socket, { close: () => void closed.push(name) });
  kept.keep(HOST, noting(newSocket(), 'route'));
  kept.keep(HOST, noting(newNetfilter(), 'netfilter'));
  kept.take(HOST, RouteSocket);
  for (let times = 0; times < 2; times++) kept.close();
  assert.equal(closed, ['netfilter']);
});

test.run();
