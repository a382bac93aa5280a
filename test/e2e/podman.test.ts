// Debian's podman runs containers on our plugins, on a network of ours and on those it makes itself; nothing is left after `rm -f`.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE } from '../support/busybox-image.ts';
import { pageOf } from '../support/page.ts';
import { leavesNothing, needsPodman, networksOf, podman, removed, removePodman, runWeb, setUpPodman } from '../support/podman.ts';

needsPodman();
test.before(setUpPodman);
test.after(removePodman);

test('a published port of both families', () => leavesNothing('blue', async () => {
  runWeb('web', '--network', 'blue', '-p', '8080:80');
  for (const host of ['127.0.0.1', '192.0.2.1', '2001:db8::1']) assert.is(await pageOf(host, 8080), PAGE);
  const { blue } = networksOf('web');
  assert.match(blue!.IPAddress, /^192\.0\.2\./);
  assert.match(blue!.GlobalIPv6Address, /^2001:db8::/);
  removed('web');
}));

test("podman's own conflist: a fixed address and hardware address, a port range, reload, stop twice, start, and rm -f twice", () => leavesNothing('green', async () => {
  runWeb('web', '--network', 'green', '--ip', '198.51.100.77', '--mac-address', '02:00:00:00:00:77', '-p', '8080-8082:80-82');
  const given = (): void => {
    const { green } = networksOf('web');
    assert.is(green!.IPAddress, '198.51.100.77');
    assert.is(green!.MacAddress, '02:00:00:00:00:77');
  };
  given();
  assert.is(await pageOf('127.0.0.1', 8080), PAGE);
  podman('network', 'reload', 'web');
  given();
  assert.is(await pageOf('198.51.100.1', 8080), PAGE);
  for (let round = 0; round < 2; round++) podman('stop', '-t', '0', 'web');
  podman('start', 'web');
  given();
  assert.is(await pageOf('2001:db8:1::1', 8080), PAGE);
  removed('web');
  removed('web');
}));

test('two networks on one container', () => leavesNothing('green,red', async () => {
  runWeb('web', '--network', 'green,red', '-p', '8080:80');
  const { green, red } = networksOf('web');
  assert.match(`${green!.IPAddress} ${red!.IPAddress}`, /^198\.51\.100\.\d+ 203\.0\.113\.\d+$/);
  assert.is(await pageOf('127.0.0.1', 8080), PAGE);
  removed('web');
}));

test.run();
