// What `cni-wasm run gc` has taken back: what somebody owned before it, as this host knows, and nobody owns afterwards. One that failed has taken back
// what came before that.
// SPDX-License-Identifier: Apache-2.0

import type { CniError } from '../cni-error.ts';
import { textOf } from '../ledger/objects.ts';
import { allOwned } from '../ledger/owned.ts';
import type { Host } from '../verbs/host.ts';
import type { Told } from './answer-people.ts';
import { printable } from './printable.ts';
import { whose } from './whose.ts';

export function takenBack(network: string, host: Pick<Host, 'roots' | 'ledger' | 'boot'>, act: () => CniError | undefined): Told {
  const before = ownedOn(network, host);
  const failure = act();
  const after = ownedOn(network, host);
  const gone = [...before].map(([owner, objects]) => ({ owner, objects: objects.filter((one) => !after.get(owner)?.includes(one)) })).filter(({ objects }) => objects.length > 0);
  const text = gone.flatMap(({ owner, objects }) => [`taken back: ${owner}`, ...objects.map((one) => `  ${one}`)]).map((line) => `${printable(line)}\n`).join('');
  if (failure) return { text, failure };
  return { text: text || 'nothing to collect that this host knows of\n' };
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
