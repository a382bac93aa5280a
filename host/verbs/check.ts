// CHECK: what each plugin finds, or for a plugin without cni_check, the ledger against the kernel.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { forwardJournal } from '../ledger/journal.ts';
import { livingOf, ownLinksOf } from '../ledger/records.ts';
import type { Undo } from '../ledger/undo.ts';
import { ruleTables } from '../ops/rules/tables.ts';
import type { Chain, Host } from './host.ts';
import { inChain } from './in-chain.ts';
import { enterNetns, isAnothersNetns } from './netns.ts';
import { withAttachment } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';

export function check(host: Host, chain: Chain): void {
  const { request, links } = chain;
  withAttachment(host, chain, () => enterNetns(host, request, links), ({ kernel }) => {
    const { attachment, netns } = request;
    const record = host.ledger.read(attachment);
    if (record && isAnothersNetns(kernel, livingOf(record, host.boot()))) {
      throw new CniError(CODE.plugin, `container "${attachment.containerId}" was attached in another network namespace than the one that is at "${netns}" now`, { at: netns, hint: 'DEL it, which leaves that namespace alone, and ADD it again' });
    }
    for (const link of links) {
      const ran = inChain(host, links, link, () => runPlugin(host, host.loadPlugin(link.name, link.netconf), {
        request: { ...request, netconf: link.netconf }, verb: 'CHECK', kernel, journal: forwardJournal,
        ownLinks: ownLinksOf(record, host.boot(), kernel), plugin: link.name,
      }));
      if (!ran) checkLedger(host, kernel, link.name, record?.plugins.filter(({ name }) => name === link.name).flatMap(({ undo }) => undo) ?? []);
    }
  });
}

function checkLedger(host: Host, kernel: Kernel, plugin: string, made: readonly Undo[]): void {
  const tables = ruleTables(kernel, host.locks);
  try {
    for (const { inverse, op } of made) {
      const gone = whatIsGone(host, kernel, tables, inverse);
      if (gone) throw new CniError(CODE.plugin, `plugin "${plugin}": ${gone}, which ${op} made, is not there any more`);
    }
  } finally {
    tables.release();
  }
}

function whatIsGone(host: Host, kernel: Kernel, tables: ReturnType<typeof ruleTables>, inverse: Undo['inverse']): string | undefined {
  switch (inverse.do) {
    case 'delete link': {
      const found = inverse.index === undefined ? undefined : kernel.link.get(inverse.ns, { index: inverse.index });
      return found?.kind === inverse.kind ? undefined : `link "${inverse.name}"`;
    }
    // Taking it back would still change something exactly as long as something of it is there.
    case 'nft': case 'iptables':
      return tables.plan(inverse.do, inverse.ns, inverse.rules).missing.length > 0 ? undefined : `its rules in ${inverse.do} table "${inverse.rules.table}"`;
    case 'delete route':
      return kernel.route.list(inverse.ns).some(({ dst, gw }) => dst === inverse.route.dst && gw === inverse.route.gw) ? undefined : `route ${inverse.route.dst}`;
    case 'delete entry':
      return host.stores(inverse.store).with((store) => store.get(inverse.key)) === inverse.value ? undefined : `store entry "${inverse.key}"`;
    default: return undefined;
  }
}
