// Every configuration in a README is run: ADD, CHECK and DEL on the real kernel, and nothing is left. So the pages cannot rot.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, checkAll, delAll, parseConflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, picture, sh } from '../support/node.ts';

const SECTIONS = ['Description', 'Syntax', 'Grants', 'Examples'];
const pages = ['README.md', ...readdirSync('plugins-as').map((name) => `plugins-as/${name}/README.md`).filter((page) => existsSync(page))];

const examplesOf = (page: string): string[] => [...readFileSync(page, 'utf8').matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text!);

for (const page of pages) {
  for (const [i, text] of examplesOf(page).entries()) {
    test(`${page}, example ${i + 1}`, () => {
      const list = parseConflist(text);
      const target: Target = {
        containerId: 'c1', netns: addNetns('c1'), ifname: list.plugins[0]!.type === 'loopback' ? 'lo' : 'eth0', path: [BIN],
        capabilityArgs: {
          portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
          bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 },
        },
      };
      // The first attachment makes what the network keeps.
      delAll(list, target, addAll(list, target));
      const before = picture(['c1']);
      const result = addAll(list, target);
      checkAll(list, target, list.plugins[0]!['prevResult'] ? undefined : result);
      delAll(list, target, list.plugins[0]!['prevResult'] ? undefined : result);
      assert.equal(picture(['c1']), before);
      startAfresh();
    });
  }
}

for (const page of pages.filter((path) => path.startsWith('plugins-as/') && !path.includes('/sdk/'))) {
  test(`${page} has the sections every plugin's page has`, () => {
    const text = readFileSync(page, 'utf8');
    for (const section of SECTIONS) assert.match(text, new RegExp(`^## ${section}`, 'm'));
  });
}

function startAfresh(): void {
  deleteNetns('c1');
  for (const { ifname } of JSON.parse(sh('ip', '-j', 'link', 'show', 'type', 'bridge')) as { ifname?: string }[]) if (ifname) sh('ip', 'link', 'delete', ifname);
  rmSync('/var/lib/cni/networks', { recursive: true, force: true });
}

test.run();
