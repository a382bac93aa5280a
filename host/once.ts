// A value that is made when it is first asked for.
// SPDX-License-Identifier: Apache-2.0

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
