// `cni-wasm why`: who owns a link, an address, a rule or a port of this node, from the ledger, the journals and the leases.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import type { LinkKernel } from '../kernel/kernel.ts';
import { UNCLAIMED } from '../ledger/leases.ts';
import { textOf } from '../ledger/objects.ts';
import { allOwned, type Owned } from '../ledger/owned.ts';
import type { Host } from '../verbs/host.ts';
import { withKernel } from '../verbs/open-call.ts';
import { ownersOf } from './asked-for.ts';
import { printable } from './printable.ts';
import { Misuse } from './words.ts';

export interface Owner {
  object: string;
  network: string;
  containerId: string;
  ifname: string;
  plugin?: string;
  made?: string;
  netns?: string;
  netnsIs?: 'there' | 'gone';
  from: Owned['from'];
}

export function why(words: readonly string[], host: Pick<Host, 'roots' | 'ledger' | 'boot' | 'openKernel'>): string {
  const json = words.includes('--json');
  const question = words.filter((word) => word !== '--json').join(' ').trim();
  if (question === '') throw new Misuse('say what, a link, an address, a rule or a port', 'why');
  const owned = allOwned({ ...host.roots, ledger: host.ledger, boot: host.boot() });
  return withKernel(host.openKernel(''), ({ link }) => {
    const owners = [...ownersOf(question, owned).map((one) => ownerOf(one, textOf(one.object))), ...ofBridge(question, owned, link)];
    if (json) return `${JSON.stringify({ question, owners }, null, 2)}\n`;
    return owners.length > 0 ? owners.map(described).join('\n') : nobody(question, link);
  });
}

const ownerOf = ({ attachment: { network, containerId, ifname }, plugin, made, netnsPath, from }: Owned, object: string): Owner => ({
  object, network, containerId, ifname, from,
  ...(plugin === undefined ? {} : { plugin }),
  ...(made === undefined ? {} : { made }),
  ...(netnsPath ? { netns: netnsPath, netnsIs: existsSync(netnsPath) ? 'there' : 'gone' } : {}),
});

/** A bridge is a network's, not an attachment's, and no record lists it: whose it is, its ports say. */
function ofBridge(question: string, owned: readonly Owned[], link: LinkKernel): Owner[] {
  const bridge = linkNamed(question, link);
  if (bridge?.kind !== 'bridge') return [];
  const ports = new Set(link.list('host').filter(({ master }) => master === bridge.index).map(({ index }) => index));
  return owned.flatMap((one) => (one.object.kind === 'link' && one.object.ns === 'host' && one.object.index !== undefined && ports.has(one.object.index)
    ? [ownerOf(one, `bridge "${bridge.name}", of which "${one.object.name}" is a port`)] : []));
}

const linkNamed = (word: string, link: LinkKernel) => link.get('host', /^\d+$/.test(word) ? { index: Number(word) } : { name: word });

function described({ object, network, containerId, ifname, plugin, made, netns, netnsIs, from }: Owner): string {
  const lines = {
    network, container: containerId || '(not said)', interface: ifname || '(not said)', plugin, made, netns: netns && `${netns} (${netnsIs})`,
    'said by': {
      ledger: 'the ledger', journal: 'the journal of a call that is under way or was killed', lease: 'its lease alone: another plugin made it, or the record is lost',
      unclaimed: `nobody: ${UNCLAIMED}`,
    }[from],
  };
  return `${printable(object)}\n${Object.entries(lines).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key.padEnd(10)} ${printable(value)}\n`])).join('')}`;
}

function nobody(question: string, link: LinkKernel): string {
  const found = /\s/.test(question) ? undefined : linkNamed(question, link);
  return found ? `nobody that this host knows of owns ${found.kind || 'link'} "${found.name}" (index ${found.index})\n` : `nobody that this host knows of owns "${question}"\n`;
}
