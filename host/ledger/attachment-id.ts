// What names an attachment: the reference's hashes, from which its chains, links and comments are named, and our file names.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import type { Attachment } from '../protocol/request.ts';

/** Lower-case hex SHA-512, as the reference takes prefixes of. */
export interface Hashes {
  /** of network + containerID, concatenated without a separator as the reference does */
  attachment: string;
  /** of the network name */
  network: string;
  /** of ifname + ":" + containerID */
  interface: string;
}

export const hashesOf = ({ network, containerId, ifname }: Attachment): Hashes => ({
  attachment: sha512(network + containerId),
  network: sha512(network),
  interface: sha512(`${ifname}:${containerId}`),
});

/**
 * The file name of an attachment within its network's folder. Names of any length and case must stay distinct, so it is a hash;
 * NUL cannot stand in either part, so the pair is unambiguous.
 */
export const fileNameOf = ({ containerId, ifname, depth = 0 }: Attachment): string => sha512(`${containerId}\0${ifname}${depth > 0 ? `\0${depth}` : ''}`).slice(0, 32);

/** The folder of a network: its name as long as a folder can be named so. */
export const folderOf = (network: string): string =>
  network.length <= 200 ? network : `${network.slice(0, 160)}-${sha512(network).slice(0, 32)}`;

const sha512 = (text: string): string => createHash('sha512').update(text).digest('hex');
