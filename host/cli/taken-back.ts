// What `cni-wasm run gc` has taken back: what somebody owned before it, as this host knows, and nobody owns afterwards.
// SPDX-License-Identifier: Apache-2.0

import { textOf } from '../ledger/objects.ts';
import { allOwned } from '../ledger/owned.ts';
import type { Host } from '../verbs/host.ts';
import { printable } from './printable.ts';
import { whose } from './whose.ts';

export function takenBack(network: string, host: Pick<Host, 'roots' | 'ledger' | 'boot'>, act: () => void): string {
  const before = ownedOn(network, host);
  act();
  const after = ownedOn(network, host);
  const gone = [...before].map(([owner, objects]) => ({ owner, objects: objects.filter((one) => !after.get(owner)?.includes(one)) })).filter(({ objects }) => objects.length > 0);
  if (gone.length === 0) return 'nothing to collect that this host knows of\n';
  return gone.flatMap(({ owner, objects }) => [`taken back: ${owner}`, ...objects.map((one) => `  ${one}`)]).map((line) => `${printable(line)}\n`).join('');
}

/** Whose → what, in the words of `cni-wasm gc`. */
function ownedOn(network: string, { roots, ledger, boot }: Pick<Host, 'roots' | 'ledger' | 'boot'>): Map<string, string[]> {
  const owned = new Map<string, string[]>();
  for (const { attachment, object, plugin } of allOwned({ ...roots, ledger, boot: boot() })) {
    if (attachment.network !== network) continue;
    const owner = whose(attachment);
    owned.set(owner, [...owned.get(owner) ?? [], `${plugin === undefined ? '' : `${plugin}: `}${textOf(object)}`]);
  }
  return owned;
}
