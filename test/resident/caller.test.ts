// Whom a resident host acts for: those that could do the same from where they are.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isStillThere, namesItself, namesItselfIn, namesItselfInJson, placeOf, whyElsewhere, type Place } from '../../host/resident/caller.ts';

const own: Place = { ids: { 'ns/net': '4:1', 'ns/mnt': '4:2', 'ns/user': '4:3', root: '8:2' }, capabilities: 0b1011n, umask: 0o022, program: '8:3' };

test('the same place is served, with whatever umask', () => {
  assert.is(whyElsewhere(own, own), undefined);
  assert.is(whyElsewhere(own, { ...own, umask: 0o077 }), undefined);
});

test('another namespace or root is not', () => {
  for (const [name, words] of [['ns/net', 'another net namespace'], ['ns/mnt', 'another mnt namespace'], ['ns/user', 'another user namespace'], ['root', 'another root folder']] as const) {
    assert.match(whyElsewhere(own, { ...own, ids: { ...own.ids, [name]: '4:9' } }) ?? '', words);
  }
});

test('a caller that may do less is not, one that may do more is', () => {
  assert.match(whyElsewhere(own, { ...own, capabilities: 0b1001n }) ?? '', 'fewer capabilities');
  assert.is(whyElsewhere(own, { ...own, capabilities: 0b1111n }), undefined);
});

test('the kernel says of this process what it is', () => {
  const self = placeOf('self');
  assert.equal(self, placeOf(process.pid));
  assert.is(self.umask, process.umask());
  assert.throws(() => placeOf(2 ** 22 + 1));
});

test('who has become another program under its process id, or has ended, is gone', async () => {
  // The launcher becomes the one-shot host by execve(2).
  const child = spawn('/bin/sh', ['-c', 'echo ready; read word; exec /bin/cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = child.pid!;
  await new Promise((ready) => { child.stdout.once('data', ready); });
  const { program } = placeOf(pid);
  assert.ok(isStillThere({ pid, program }));
  const becameCat = new Promise((echoed) => { child.stdout.once('data', echoed); });
  child.stdin.write('go\n');
  child.stdin.write('echo\n');
  await becameCat;
  assert.not.ok(isStillThere({ pid, program }));
  assert.ok(isStillThere(Object.assign({ pid }, placeOf(pid))));
  const ended = new Promise((done) => { child.on('exit', done); });
  child.stdin.end();
  await ended;
  assert.not.ok(isStillThere({ pid, program }));
});

test('paths that mean the process that follows them are known', () => {
  for (const path of ['/proc/self/ns/net', '/proc/thread-self/ns/net', '/dev/fd/3', '/dev/stdin', '/x/../proc/self', '/proc//self/ns/net', '//proc/./self', '/dev//fd/3']) assert.ok(namesItself(path), path);
  for (const path of ['/proc/1/ns/net', '/run/netns/blue', '/proc/selfish', '/dev/fdx']) assert.not.ok(namesItself(path), path);
  for (const path of ['/proc/self/x', String.raw`\/proc\/self\/x`, String.raw`/proc\u002Fself/x`, String.raw`/proc/s\u0065lf/x`, String.raw`"\\","\/dev\/fd\/3"`]) assert.ok(namesItselfInJson(path), path);
  for (const path of [String.raw`\/proc\/1\/ns`, String.raw`/proc/self\u0061`, String.raw`\u00`]) assert.not.ok(namesItselfInJson(path), path);
  assert.ok(namesItselfIn({ env: { CNI_NETNS: '/proc/self/fd/7' } }));
  assert.not.ok(namesItselfIn({ env: { CNI_NETNS: '/run/netns/blue', NOTIFY: '/proc/self/fd/7' } }));
});

test.run();
