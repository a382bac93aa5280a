// The chains that iptables tables are born with; a table that was never used lists none of them.
// SPDX-License-Identifier: Apache-2.0

/** A map, since names come from modules: an object has a "constructor". */
const BUILT_IN: ReadonlyMap<string, readonly string[]> = new Map([
  ['nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']],
  ['filter', ['INPUT', 'FORWARD', 'OUTPUT']],
  ['mangle', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']],
  ['raw', ['PREROUTING', 'OUTPUT']],
  ['security', ['INPUT', 'FORWARD', 'OUTPUT']],
]);

export const builtInChains = (table: string): readonly string[] => BUILT_IN.get(table) ?? [];
