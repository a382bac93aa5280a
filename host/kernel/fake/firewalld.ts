// firewalld of the fake: zones by name and their sources; undefined while it does not run.
// SPDX-License-Identifier: Apache-2.0

import type { Firewalld } from '../firewalld.ts';
import { KernelError } from '../kernel-error.ts';
import type { FakeState } from './state.ts';

/** Those it comes with. */
const ZONES = ['block', 'dmz', 'drop', 'external', 'home', 'internal', 'public', 'trusted', 'work'];

export const fakeFirewalld = (state: FakeState): Firewalld => ({
  query(zone, sources) {
    const { zones } = state.host;
    if (!zones) return { bus: false, running: false, bound: [], why: 'its name has no owner on the system bus' };
    return { bus: true, running: true, bound: sources.filter((source) => zones[zone]?.includes(source)) };
  },

  add(zone, sources) {
    const { zones } = state.host;
    for (const source of sources) {
      const refuse = (why: string): KernelError => new KernelError('EFIREWALLD', `failed to add the address ${source} to ${zone} zone`, why);
      if (!zones) throw refuse('The name org.fedoraproject.FirewallD1 was not provided by any .service files');
      if (!ZONES.includes(zone)) throw refuse(`INVALID_ZONE: ${zone}`);
      const owner = Object.keys(zones).find((name) => zones[name]!.includes(source));
      if (owner !== undefined && owner !== zone) throw refuse(`ZONE_CONFLICT: '${source}' already bound to a zone`);
      if (owner === undefined) zones[zone] = [...(zones[zone] ?? []), source];
    }
  },

  remove(zone, sources) {
    const { zones } = state.host;
    const left = zones?.[zone]?.filter((source) => !sources.includes(source));
    if (!zones || !left) return;
    if (left.length > 0) zones[zone] = left;
    else delete zones[zone];
  },
});
