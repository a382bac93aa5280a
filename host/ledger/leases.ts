// The leases of this node by what their files say, for people who ask. Read without the folders' locks: a look must not wait for a call.
// SPDX-License-Identifier: Apache-2.0

import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isAddress } from '../kernel/address.ts';
import type { Attachment } from '../protocol/request.ts';
import { readPlain } from '../store/entry.ts';
import { mustBeReadable } from './books.ts';
import { entriesIfThere } from './if-there.ts';
import type { LedgerRecord } from './ledger.ts';

export interface Lease {
  ip: string;
  folder: string;
  network: string;
  /** undefined: nobody's DEL frees it */
  owner: Pick<Attachment, 'containerId' | 'ifname'> | undefined;
  /** ISO 8601 */
  made: string;
}

export const UNCLAIMED = 'its lease names no container, so that no DEL frees it; GC of the network does (cni-wasm run gc), or rm where it is no plain file';

/** Those below the default folder and below the folders that `records` speak of. */
export function leasesOf(root: string, records: readonly LedgerRecord[]): Lease[] {
  return [...new Set([root, ...records.flatMap(dataDirsOf)])].flatMap((dataDir) => {
    mustBeReadable(dataDir);
    return foldersIn(dataDir).flatMap((network) => leasesIn(join(dataDir, network), network));
  });
}

const dataDirsOf = ({ plugins }: LedgerRecord): string[] => plugins.flatMap(({ undo }) => undo.flatMap(({ inverse }) =>
  (inverse.do === 'delete entry' && inverse.store.layout === 'ipam' ? [inverse.store.root] : [])));

function leasesIn(folder: string, network: string): Lease[] {
  return entriesIfThere(folder).filter(({ name }) => isAddress(name)).flatMap((file): Lease[] => {
    const path = join(folder, file.name);
    const value = file.isFile() ? readPlain(path) : '';
    const made = lstatSync(path, { throwIfNoEntry: false })?.mtime.toISOString();
    // An empty one is free.
    return value === undefined || made === undefined ? [] : [{ ip: file.name, folder, network, owner: ownerIn(value), made }];
  });
}

/** As DEL and GC look for it, so with both signs at the end of the line. Old versions of the reference wrote the container alone. */
function ownerIn(value: string): Lease['owner'] {
  const [, containerId, ifname = ''] = /^([a-zA-Z0-9][a-zA-Z0-9_.-]*)(?:\r\n([^\s/:]+))?$/.exec(value.trim()) ?? [];
  return containerId === undefined ? undefined : { containerId, ifname };
}

const foldersIn = (root: string): string[] => entriesIfThere(root).filter((entry) => entry.isDirectory()).map(({ name }) => name);
