// The CNI_* variables: which verb needs which, and what they may hold. Texts and order are the reference's.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Verb } from './request.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const VERBS: readonly Verb[] = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS', 'VERSION'];
const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

const ATTACHMENT: readonly Verb[] = ['ADD', 'CHECK', 'DEL'];
const VARIABLES: readonly { name: string; required: readonly Verb[]; check?: (value: string) => void }[] = [
  { name: 'CNI_COMMAND', required: VERBS },
  { name: 'CNI_CONTAINERID', required: ATTACHMENT, check: checkContainerId },
  { name: 'CNI_NETNS', required: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', required: ATTACHMENT, check: checkIfname },
  { name: 'CNI_PATH', required: ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] },
];

/** Throws code 4. */
export function readVerb(env: Environment): Verb {
  const command = env['CNI_COMMAND'] ?? '';
  const verb = VERBS.find((known) => known === command);
  if (!verb) throw new CniError(CODE.invalidEnvironment, `unknown CNI_COMMAND: ${command}`);
  return verb;
}

/** A malformed value is reported at once, missing ones together. Throws code 4. */
export function checkEnvironment(env: Environment, verb: Verb): void {
  const missing: string[] = [];
  for (const { name, required, check } of VARIABLES) {
    if (!required.includes(verb)) continue;
    const value = env[name];
    if (!value) missing.push(name);
    else check?.(value);
  }
  if (missing.length > 0) throw new CniError(CODE.invalidEnvironment, `required env variables [${missing.join(',')}] missing`);
}

function checkContainerId(id: string): void {
  if (!IDENTIFIER.test(id)) throw new CniError(CODE.invalidEnvironment, 'invalid characters in containerID', { details: id });
}

/** Throws code 7. */
export function checkNetworkName(name: string): void {
  if (name === '') throw new CniError(CODE.invalidConfig, 'missing network name');
  if (!IDENTIFIER.test(name)) throw new CniError(CODE.invalidConfig, 'invalid characters found in network name', { details: name });
}

/** linux/if.h: IFNAMSIZ is 16 with the NUL; dev_valid_name() in net/core/dev.c says the rest. */
function checkIfname(name: string): void {
  if (Buffer.byteLength(name) > 15) {
    throw new CniError(CODE.invalidEnvironment, 'interface name is too long', { details: 'interface name should be less than 16 characters' });
  }
  if (name === '.' || name === '..') throw new CniError(CODE.invalidEnvironment, 'interface name is . or ..');
  if (/[/:\p{White_Space}]/u.test(name)) throw new CniError(CODE.invalidEnvironment, 'interface name contains / or : or whitespace characters');
}
