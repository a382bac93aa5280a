// Whose error it is: its message is the reference's, and in a chain that is one call nobody else says which plugin it came from.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import type { Chain, Host, Link } from './host.ts';

export function inChain<T>(host: Pick<Host, 'log'>, links: Chain['links'], { name }: Link, act: () => T): T {
  if (links.length === 1) return act();
  try {
    return act();
  } catch (error) {
    const { code, message, facts } = asCniError(error, host.log);
    if (message.includes(`"${name}"`)) throw error;
    throw new CniError(code, message, { ...facts, details: [`from plugin "${name}"`, facts.details].filter(Boolean).join('; '), cause: error });
  }
}
