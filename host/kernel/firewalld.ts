// firewalld as this host asks it: which zone the packets of an address belong to. `live` speaks D-Bus, `fake` is in memory.
// SPDX-License-Identifier: Apache-2.0

export interface FirewalldAnswer {
  /** the system bus answers; it may know how to start firewalld */
  bus: boolean;
  /** its D-Bus name has an owner */
  running: boolean;
  why?: string;
  /** those of the sources asked about that are bound to the zone */
  bound: string[];
}

/** Sources are prefixes. What is bound lasts until firewalld is reloaded or ends. Throws KernelError "EFIREWALLD". */
export interface Firewalld {
  /** Never starts firewalld. A zone that there is not has no sources. */
  query(zone: string, sources: readonly string[]): FirewalldAnswer;
  /** One that is bound to this zone already is fine; one of another zone is an error. */
  add(zone: string, sources: readonly string[]): void;
  /** Those bound to this zone; without firewalld there are none. */
  remove(zone: string, sources: readonly string[]): void;
}
