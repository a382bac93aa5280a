// The machine loses power at every step of an ADD or DEL that writes to the disk. What the last steps wrote may be there, empty, NULs or not at
// all, since nothing is synced. After the reboot DEL or GC leaves no lease and no record of the container, and the others' are untouched. A lease
// without content is free, and GC removes it.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { files } from '../support/node.ts';
import { momentOf } from './moment.ts';
import { killed, type Outcome } from './outcome.ts';
import { Steps } from './steps.ts';

/** What became of a file that was written since the disk was last quiet. */
const LOSSES: Record<string, (path: string) => void> = {
  'as it was written': () => undefined,
  empty: (path) => writeFileSync(path, ''),
  'all NULs': (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  'not there': (path) => rmSync(path),
};
const OTHERS = 'c2\r\neth0';
const steps = new Steps();
const plugins = blueChain('nftables');

for (const verb of ['ADD', 'DEL'] as const) {
  test(`power lost in ${verb}`, () => {
    const node = fakeNode({}, undefined, (kernel) => steps.kernel(kernel));
    steps.root = node.root;
    mkdirSync(join(node.leases, 'blue'), { recursive: true });
    writeFileSync(join(node.leases, 'blue', '192.0.2.2'), OTHERS);
    if (verb === 'DEL') node.add(chainOf('ADD', plugins));
    const quiet = verb === 'DEL' ? onDisk(node) : [];
    const run = (): unknown => (verb === 'ADD' ? node.add(chainOf('ADD', plugins)) : node.del(chainOf('DEL', plugins)));
    // What comes next ends the same where everything a call can see is the same.
    const seen = new Set<string>();
    let cases = 0;
    for (const { struck, left } of killed({ steps, node, run }).filter((one) => lasts(one, node))) {
      for (const [what, lose] of Object.entries(LOSSES)) {
        for (const next of ['DEL', 'GC', 'ADD'] as const) {
          cases++;
          left.comeBack();
          node.reboot();
          for (const file of onDisk(node)) if (!quiet.includes(file) && !file.includes('192.0.2.2 ')) lose(file.slice(0, file.indexOf(' "')));
          const known = `${next} ${momentOf(node).all}`;
          if (seen.has(known)) continue;
          seen.add(known);
          afterwards(node, next);
          const said = onDisk(node).filter((line) => next === 'GC' || !/ "(\\u0000)*"$/.test(line));
          assert.equal(said.map((line) => line.replace(node.root, '')), [`/leases/blue/192.0.2.2 ${JSON.stringify(OTHERS)}`], `power lost before ${struck?.step.name ?? 'the end'}, written files are ${what}, then ${next}`);
        }
      }
    }
    node.remove();
    console.log(`CASES ${cases} power lost: ${verb}`);
  });
}

/** Locks and journals are on a tmpfs. */
const lasts = ({ struck }: Outcome, { root }: FakeNode): boolean => {
  if (!struck) return true;
  const { how, step: { of, args: [path] } } = struck;
  return how === 'killed before' && of === 'disk' && typeof path === 'string' && !path.startsWith(join(root, 'run'));
};

const onDisk = ({ root }: FakeNode): string[] => ['leases', 'state'].map((name) => join(root, name)).filter((path) => existsSync(path)).flatMap(files);

function afterwards(node: FakeNode, next: 'DEL' | 'GC' | 'ADD'): void {
  if (next === 'GC') return node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] } }));
  // Deleted and started again: it gets an address that nobody has.
  if (next === 'ADD') {
    node.del(chainOf('DEL', plugins, { netns: '' }));
    const { ips } = node.add(chainOf('ADD', plugins)) as { ips: { address: string }[] };
    assert.not.ok(ips.some(({ address }) => address.startsWith('192.0.2.2/')), 'an address that another container has');
  }
  node.del(chainOf('DEL', plugins, { netns: '' }));
}

test.run();
