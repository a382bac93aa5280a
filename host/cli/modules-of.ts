// Which plugins an entry of a conflist names: the plugin, the chain within it, and the IPAM plugins that they hand on to.
// SPDX-License-Identifier: Apache-2.0

import { field } from '../protocol/go-json.ts';

export interface Named { name: string; as: 'plugin' | 'IPAM plugin'; /** or must it be a module? */ mayBeProgram: boolean; /** the plugin's, also of its IPAM plugin */ conf: object }

/** Does it hold the whole chain? */
export const isChain = (conf: object): boolean => field(conf, 'type') === 'cni-wasm' && Array.isArray(field(conf, 'plugins'));

export function modulesOf(conf: object, mayBeProgram = true): Named[] {
  const type = String(field(conf, 'type'));
  if (isChain(conf)) return (field(conf, 'plugins') as object[]).flatMap((one) => modulesOf(one, false));
  const module = type === 'cni-wasm' ? field(conf, 'module') : undefined;
  const ipam = field(field(conf, 'ipam'), 'type');
  return [
    typeof module === 'string' ? { name: module, as: 'plugin', mayBeProgram: false, conf } : { name: type, as: 'plugin', mayBeProgram, conf },
    ...(typeof ipam === 'string' && ipam !== '' ? [{ name: ipam, as: 'IPAM plugin', mayBeProgram: true, conf } as const] : []),
  ];
}
