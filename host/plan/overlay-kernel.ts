// The kernel of a plan: begins as what the live one holds, and changes in memory alone.
// SPDX-License-Identifier: Apache-2.0

import { fakeKernel } from '../kernel/fake/fake-kernel.ts';
import { newNamespace, type FakeNamespace } from '../kernel/fake/state.ts';
import type { IptablesKernel, Kernel, NftKernel, Ns } from '../kernel/kernel.ts';
import type { Family, RuleFamily } from '../kernel/rule.ts';
import { overlaySysctl } from './overlay-sysctl.ts';
import { snapshotOf } from './snapshot.ts';

/** `imagined`: the container's namespace is a fresh one that there is not yet. */
export function overlayKernel(live: Kernel, { imagined }: { imagined: boolean }): Kernel {
  const hasContainer = live.netnsId('container') !== undefined;
  const fake = fakeKernel({
    host: snapshotOf(live, 'host'),
    ...(hasContainer ? { container: snapshotOf(live, 'container') } : imagined ? { container: newNamespace('imagined') } : {}),
  });
  // What there is not yet holds no rules; whether it could, the host's namespace says.
  const reader: Reader = { live, stateOf: (ns) => fake.state[ns]!, isImagined: (ns) => ns === 'container' && !hasContainer, sourceOf: (ns) => (ns === 'container' && !hasContainer ? 'host' : ns) };
  // What the ledger calls a namespace is more than its copy knows: a mark of the live one.
  const marker = (ns: Ns): Pick<Kernel, 'netnsMark' | 'isNetns'> => (reader.isImagined(ns) ? fake : live);
  return {
    ...fake,
    netnsMark: (ns) => marker(ns).netnsMark(ns),
    isNetns: (ns, mark) => marker(ns).isNetns(ns, mark),
    link: { ...fake.link, unusable: (ns, kind) => live.link.unusable(reader.sourceOf(ns), kind) },
    nft: overlayNft(fake.nft, reader),
    iptables: overlayIptables(fake.iptables, reader),
    sysctl: overlaySysctl(fake, live, reader.isImagined),
    firewalld: { query: live.firewalld.query, add() {}, remove() {} },
  };
}

interface Reader {
  live: Kernel;
  stateOf(ns: Ns): FakeNamespace;
  isImagined(ns: Ns): boolean;
  sourceOf(ns: Ns): Ns;
}

function overlayNft(fake: NftKernel, { live, stateOf, isImagined, sourceOf }: Reader): NftKernel {
  const read = onceForEach((ns, family: RuleFamily, name) => {
    const table = isImagined(ns) ? undefined : live.nft.read(ns, family, name);
    if (!table) return;
    const state = stateOf(ns);
    state.nft.push(table);
    state.nextHandle = Math.max(state.nextHandle, ...table.chains.flatMap(({ rules }) => rules.map(({ handle }) => handle + 1)));
  });
  const readTable: NftKernel['read'] = (ns, family, name) => {
    read(ns, family, name);
    return fake.read(ns, family, name);
  };
  return {
    unusable: (ns, raw) => live.nft.unusable(sourceOf(ns), raw),
    read: readTable,
    readLate: readTable,
    generation: fake.generation,
    apply(ns, commands) {
      for (const { family, table } of commands) read(ns, family, table);
      fake.apply(ns, commands);
    },
  };
}

function overlayIptables(fake: IptablesKernel, { live, stateOf, isImagined, sourceOf }: Reader): IptablesKernel {
  const changed = new Set<string>();
  const keyOf = (ns: Ns, family: string, name: string): string => `${ns} ${family} ${name}`;
  const read = onceForEach((ns, family: Family, name) => {
    const table = isImagined(ns) ? undefined : live.iptables.read(ns, family, name);
    if (table && table.chains.length > 0) stateOf(ns).iptables.push({ family, name, chains: table.chains.map(({ uses: _, ...chain }) => ({ ...chain, rules: chain.rules.map(({ text }) => text) })) });
  });
  return {
    unusable: (ns, family) => live.iptables.unusable(sourceOf(ns), family),
    read(ns, family, name) {
      read(ns, family, name);
      return fake.read(ns, family, name);
    },
    restore(ns, family, name, commands) {
      read(ns, family, name);
      fake.restore(ns, family, name, commands);
      changed.add(keyOf(ns, family, name));
    },
    // iptables itself knows more spellings, but not what the plan has changed.
    has(ns, family, name, chain, rule) {
      read(ns, family, name);
      const own = changed.has(keyOf(ns, family, name)) || isImagined(ns) ? fake : live.iptables;
      return own.has(ns, family, name, chain, rule);
    },
  };
}

function onceForEach<F extends string>(act: (ns: Ns, family: F, name: string) => void): (ns: Ns, family: F, name: string) => void {
  const done = new Set<string>();
  return (ns, family, name) => {
    const key = `${ns} ${family} ${name}`;
    if (done.has(key)) return;
    act(ns, family, name);
    done.add(key);
  };
}
