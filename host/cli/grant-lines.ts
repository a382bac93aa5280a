// Grants for people: a line for each, written as a policy has it.
// SPDX-License-Identifier: Apache-2.0

import type { Grants } from '../grant/grants.ts';

/** `link {"container":["veth"]}`, in the order in which they were written; without what grants nothing. */
export function grantLines(grants: Partial<Grants>): string[] {
  const lines = Object.entries(grants).map(([key, value]) => [key, withoutHollow(value)] as const).filter(([, value]) => !isNothing(value)).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return lines.length > 0 ? lines : ['nothing'];
}

/** A namespace without kinds, a table without chains. */
function withoutHollow(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutHollow(one)] as const).filter(([, one]) => !isNothing(one)));
}

const isNothing = (value: unknown): boolean => value === false || value === 'none' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
