// `cni-wasm why`: who owns a link, an address, a rule or a port of this node, from the ledger, the journals and the leases.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { addressOf, isAddress } from '../kernel/address.ts';
import type { AddrKernel, Link, LinkKernel } from '../kernel/kernel.ts';
import { UNCLAIMED } from '../ledger/leases.ts';
import { textOf } from '../ledger/objects.ts';
import { allOwned, type Owned } from '../ledger/owned.ts';
import { builtins } from '../selection/builtins.ts';
import type { Host } from '../verbs/host.ts';
import { withKernel } from '../verbs/open-call.ts';
import { isSameAddress, ownersOf } from './asked-for.ts';
import { printable } from './printable.ts';
import { sharersOf } from './shared-rules.ts';
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

export function why(words: readonly string[], host: Pick<Host, 'roots' | 'ledger' | 'boot' | 'openKernel' | 'manifestOf'>): string {
  const json = words.includes('--json');
  const question = withoutLength(words.filter((word) => word !== '--json').join(' ').trim());
  if (question === '') throw new Misuse('say what, a link, an address, a rule or a port', 'why');
  const owned = allOwned({ ...host.roots, ledger: host.ledger, boot: host.boot() });
  return withKernel(host.openKernel(''), ({ link, addr }) => {
    const named = linkNamed(question, link) ?? linkWith(question, addr, link);
    const owners = [...ownersOf(question, owned).map((one) => ownerOf(one, textOf(one.object))), ...ofBridge(named, owned, link)];
    const sharers = owners.length > 0 ? [] : sharersOf(question, Object.keys(builtins().digests).map(host.manifestOf));
    if (json) return `${JSON.stringify({ question, owners, ...(sharers.length > 0 ? { sharers } : {}) }, null, 2)}\n`;
    if (owners.length > 0) return owners.map(described).join('\n');
    if (sharers.length > 0) return `${printable(question)} is shared by all networks of this node: ${sharers.map((name) => `"${name}"`).join(' and ')} makes it with the first attachment, and it stays\n`;
    return nobody(question, named);
  });
}

/** As `ip address` lists it. */
const withoutLength = (question: string): string => (isAddress(addressOf(question)) ? addressOf(question) : question);

const ownerOf = ({ attachment: { network, containerId, ifname }, plugin, made, netnsPath, from }: Owned, object: string): Owner => ({
  object, network, containerId, ifname, from,
  ...(plugin === undefined ? {} : { plugin }),
  ...(made === undefined ? {} : { made }),
  ...(netnsPath ? { netns: netnsPath, netnsIs: existsSync(netnsPath) ? 'there' : 'gone' } : {}),
});

/** A bridge is a network's, not an attachment's, and no record lists it: whose it is, its ports say. */
function ofBridge(bridge: Link | undefined, owned: readonly Owned[], link: LinkKernel): Owner[] {
  if (bridge?.kind !== 'bridge') return [];
  const ports = new Set(link.list('host').filter(({ master }) => master === bridge.index).map(({ index }) => index));
  return owned.flatMap((one) => (one.object.kind === 'link' && one.object.ns === 'host' && one.object.index !== undefined && ports.has(one.object.index)
    ? [ownerOf(one, `bridge "${bridge.name}", of which "${one.object.name}" is a port`)] : []));
}

const linkNamed = (word: string, link: LinkKernel): Link | undefined =>
  (/\s/.test(word) ? undefined : link.get('host', /^\d+$/.test(word) ? { index: Number(word) } : { name: word }));

/** A gateway is its bridge's. */
function linkWith(word: string, addr: AddrKernel, link: LinkKernel): Link | undefined {
  const found = addr.list('host').find(({ address }) => isSameAddress(word, addressOf(address)));
  return found && link.get('host', { index: found.index });
}

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

const nobody = (question: string, link: Link | undefined): string =>
  printable(link ? `nobody that this host knows of owns ${link.kind || 'link'} "${link.name}" (index ${link.index})` : `nobody that this host knows of owns "${question}"`) + '\n';
