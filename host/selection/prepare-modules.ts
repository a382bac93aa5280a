// The one thing that cannot be done synchronously: the WASI library compiles its own WebAssembly. Most calls have nothing to wait for.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import { field } from '../protocol/go-json.ts';
import { prepareWasi } from '../sandbox/wasi.ts';
import type { Chain, Host } from '../verbs/host.ts';

export async function prepareModules(host: Host, { links }: Chain): Promise<void> {
  const delegates = links.map(({ netconf }) => field(field(netconf.value, 'ipam'), 'type')).filter((type) => typeof type === 'string');
  if ([...links.map(({ name }) => name), ...delegates].some((name) => needsWasi(host, name))) await prepareWasi();
}

/** A module that cannot be read is refused where it is about to run: DEL goes on without it. */
function needsWasi(host: Host, name: string): boolean {
  try {
    return host.usesWasi(name);
  } catch (error) {
    if (error instanceof CniError) return false;
    throw error;
  }
}
