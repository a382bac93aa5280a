// A kernel in memory, for tests and plugin authors: checks what Linux checks, answers with its errno, and tells its whole state as text.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel } from '../kernel.ts';
import { fakeAddrs } from './addrs.ts';
import { fakeConntrack } from './conntrack.ts';
import { dump } from './dump.ts';
import { fakeFirewalld } from './firewalld.ts';
import { fakeIptables } from './iptables.ts';
import { linkDied } from './link-events.ts';
import { fakeLinks } from './links.ts';
import { fakeNeighs } from './neighs.ts';
import { fakeNft } from './nft.ts';
import { parse } from './parse.ts';
import { fakePolicyRules } from './policy-rules.ts';
import { fakeRoutes } from './routes.ts';
import { newState, type FakeState } from './state.ts';
import { fakeSysctl } from './sysctl.ts';
import { fakeTc } from './tc.ts';

export interface FakeKernel extends Kernel {
  readonly state: FakeState;
  dump(): string;
  /** The container ends: its links die, and so do their peers. */
  removeContainer(): void;
}

/** Called before every change, as ("link.create", [ns, link]); what it throws is what the caller gets, and nothing has changed. */
export interface Faults { before?: (method: string, args: readonly unknown[]) => void }

const CHANGES = ['create', 'set', 'delete', 'deleteTogether', 'remove', 'add', 'apply', 'restore', 'addQdisc', 'deleteQdisc', 'addClass', 'deleteClass', 'addFilter', 'deleteFilter'];

/** Two fresh namespaces unless a state, or the text of one, is given. */
export function fakeKernel(from: string | FakeState = newState(), { before }: Faults = {}): FakeKernel {
  const state = typeof from === 'string' ? parse(from) : structuredClone(from);
  const guard = <T extends object>(domain: string, part: T): T => (before ? guarded(domain, part, before) : part);
  return {
    state,
    netnsId: (ns) => state[ns]?.id,
    netnsMark: (ns) => state[ns]?.id,
    isNetns: (ns, mark) => state[ns]?.id === mark,
    link: guard('link', fakeLinks(state)),
    addr: guard('addr', fakeAddrs(state)),
    route: guard('route', fakeRoutes(state)),
    policyRule: guard('policyRule', fakePolicyRules(state)),
    neigh: guard('neigh', fakeNeighs(state)),
    nft: guard('nft', fakeNft(state)),
    iptables: guard('iptables', fakeIptables(state)),
    tc: guard('tc', fakeTc(state)),
    sysctl: guard('sysctl', fakeSysctl(state)),
    conntrack: guard('conntrack', fakeConntrack(state)),
    firewalld: guard('firewalld', fakeFirewalld(state)),
    close() {},
    dump: () => dump(state),
    removeContainer() {
      for (const link of [...(state.container?.links ?? [])]) if (state.container!.links.includes(link)) linkDied(state, 'container', link);
      delete state.container;
    },
  };
}

function guarded<T extends object>(domain: string, part: T, before: NonNullable<Faults['before']>): T {
  const wrapped = Object.entries(part).filter(([name]) => CHANGES.includes(name)).map(([name, method]) => [name, (...args: unknown[]) => {
    before(`${domain}.${name}`, args);
    return (method as (...args: unknown[]) => unknown)(...args);
  }]);
  return { ...part, ...Object.fromEntries(wrapped) };
}
