// Podman starts and removes 20 containers at once on our plugins.
// SPDX-License-Identifier: Apache-2.0

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WEB } from '../support/busybox-image.ts';
import { allNetworksOf, ENVIRONMENT, leavesNothing, needsPodman, OPTIONS, removePodman, setUpPodman } from '../support/podman.ts';

needsPodman();
test.before(setUpPodman);
test.after(removePodman);

test('20 containers at once', () => leavesNothing('green', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `many${n}`);
  const run = promisify(execFile);
  await Promise.all(names.map((name, n) => run('podman', [...OPTIONS, 'run', '-d', '--name', name, '--network', 'green', '-p', `${9000 + n}:80`, 'busybox', ...WEB], { env: ENVIRONMENT })));
  assert.is(new Set(allNetworksOf(...names).flatMap(({ green }) => [green!.IPAddress, green!.GlobalIPv6Address])).size, 40);
  await Promise.all(names.map((name) => run('podman', [...OPTIONS, 'rm', '-f', '-t', '0', name], { env: ENVIRONMENT })));
}));

test.run();
