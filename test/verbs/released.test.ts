// What a call holds is given back, each lock whatever becomes of the others: a resident host lives on, and the next call would wait for a minute.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Lock } from '../../host/ledger/locks.ts';
import type { Host } from '../../host/verbs/host.ts';
import { add } from '../../host/verbs/add.ts';
import { check } from '../../host/verbs/check.ts';
import { del } from '../../host/verbs/del.ts';
import { gc } from '../../host/verbs/gc.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

const VERBS = { ADD: add, CHECK: check, DEL: del, GC: gc };
const plugins = blueChain('nftables').slice(0, 1);

/** The host, and what it holds; giving back what is called so goes wrong. */
function watched(host: Host, broken: string): { host: Host; held: Set<string> } {
  const held = new Set<string>();
  const watch = (name: string, lock: Lock): Lock => {
    held.add(name);
    return {
      ...lock,
      release() {
        held.delete(name);
        lock.release();
        if (name.startsWith(broken)) throw new Error(`${broken} cannot be released`);
      },
    };
  };
  const { locks, openKernel } = host;
  return { held, host: {
    ...host,
    locks: { ...locks, hold: (name, mode, timeout) => watch(name, locks.hold(name, mode, timeout)) },
    openKernel(netns) {
      held.add('kernel');
      return {
        ...openKernel(netns),
        close() {
          held.delete('kernel');
          if (broken === 'kernel') throw new Error('kernel cannot be released');
        },
      };
    },
  } };
}

for (const verb of ['ADD', 'CHECK', 'DEL', 'GC'] as const) {
  for (const broken of ['kernel', 'network']) {
    test(`${verb}: ${broken} goes wrong`, () => {
      const node = fakeNode();
      const prevResult = verb === 'ADD' ? undefined : node.add(chainOf('ADD', plugins));
      const { host, held } = watched(node.host, broken);
      const chain = chainOf(verb, plugins, { ...(verb === 'GC' ? { frame: { 'cni.dev/valid-attachments': [] } } : { prevResult }) });
      assert.throws(() => VERBS[verb](host, chain), `${broken} cannot be released`);
      assert.equal([...held], []);
      node.remove();
    });
  }
}

test.run();
