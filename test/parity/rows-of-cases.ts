// Which rows of differences.md show in which cases: for cases that are generated and cannot name them where they are written.
// SPDX-License-Identifier: Apache-2.0

import type { Case } from './case.ts';

const named = (row: string, ...names: string[]): [string, string][] => names.map((name) => [name, row]);

const ROWS: readonly [name: string, row: string][] = [
  ...named('json-words', ...['a cut-off document', 'a list', 'null', 'a number', 'a comma too many', 'text after it', 'a name that is a number', 'a version that is a number'].map((what) => `protocol: ADD with ${what}`)),
  ...named('version-words', ...['"x"', '"1.0.0-rc1"', '" 1.0.0"'].flatMap((version) => ['CHECK', 'GC', 'STATUS'].map((verb) => `protocol: ${verb} with version ${version}`))),
  ...named('mtu', ...['unknown keys', 'ipam null', 'a type that is another', 'no type'].map((what) => `protocol: ADD with ${what}`), 'protocol: CNI_IFNAME "abcdefghijklmno"', 'protocol: CNI_IFNAME "ä"'),
  ...named('mtu', 'bridge: a default gateway for both families, masqueraded, at 1.1.0'),
  ...named('details', 'bridge: layer 2 at 0.2.0 has no result', 'host-local: the second set exhausted gives the first address back'),
  ...named('go-field', ...['ipam as a string', 'ipam of a type that is a number', 'a prevResult that is a string'].map((what) => `protocol: ADD with ${what}`)),
  ...named('prev-result', 'protocol: ADD with a prevResult of another version', 'protocol: CHECK with a prevResult with a bad address'),
  ...named('rollback', ...['"/run/netns/none"', '"/run/bin/bridge"', '"/run"'].map((path) => `protocol: ADD with CNI_NETNS ${path}`), 'host-local: asking for the gateway'),
  ...named('del-not-a-namespace', ...['"/run/bin/bridge"', '"/run"'].map((path) => `protocol: DEL with CNI_NETNS ${path}`)),
  ...named('netns-first', ...['loopback', 'portmap', 'bandwidth'].map((program) => `protocol: ADD of ${program} with a namespace that is not there`)),
  ...named('cursor', 'host-local: asking for an address outside', 'host-local: the second set exhausted gives the first address back'),
  ...named('nil-route', 'host-local: refuses a route without dst'),
  ...named('one-redirect', ...['out of the container', 'both directions', 'keys of the configuration', 'capitalised keys as containerd sends them'].map((what) => `bandwidth: ${what}`)),
];

export const rowsIn = ({ name, differs = [] }: Case): string[] => [...differs, ...ROWS.filter(([of]) => of === name).map(([, row]) => row)];
