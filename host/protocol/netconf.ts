// The frame every plugin's configuration has; the rest is the module's to read.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { field, isObject } from './go-json.ts';
import type { Netconf } from './request.ts';

/** prevResult is parsed later: an error in it is the verb's, and DEL goes on without. Throws code 6. */
export function readNetconf({ text, value }: { text: string; value: Record<string, unknown> }): Netconf {
  const attachments = validAttachments(value);
  return {
    text,
    value,
    cniVersion: word(value, 'cniVersion') || '0.1.0',
    name: word(value, 'name'),
    type: word(value, 'type'),
    ...(attachments ? { validAttachments: attachments } : {}),
  };
}

function word(value: Record<string, unknown>, key: string): string {
  const found = field(value, key);
  if (found === undefined) return '';
  if (typeof found !== 'string') throw new CniError(CODE.decode, `error unmarshall network config: "${key}" must be a string, got ${JSON.stringify(found).slice(0, 80)}`);
  return found;
}

/** libcni writes the same list under both keys. `null`, as CRI-O sends when there are none, is an empty list; absent is unknown. */
function validAttachments(value: Record<string, unknown>): Netconf['validAttachments'] {
  const key = ['cni.dev/valid-attachments', 'cni.dev/attachments'].find((name) => Object.hasOwn(value, name));
  if (key === undefined) return undefined;
  const list = value[key] ?? [];
  if (!Array.isArray(list)) throw new CniError(CODE.decode, `error unmarshall network config: "${key}" must be a list`);
  return list.map((entry: unknown) => {
    const [containerID, ifname] = [field(entry, 'containerID'), field(entry, 'ifname')];
    if (!isObject(entry) || typeof containerID !== 'string' || typeof ifname !== 'string') {
      throw new CniError(CODE.decode, `error unmarshall network config: an entry of "${key}" must have containerID and ifname`);
    }
    return { containerID, ifname };
  });
}
