// A call as logs tell of it: in the same words in the log that its caller has asked for and in the resident host's own.
// SPDX-License-Identifier: Apache-2.0

import type { CniError } from './cni-error.ts';
import type { Log } from './log.ts';
import { detailsOf } from './protocol/write-result.ts';

interface Called { calledAs: string; env: Readonly<Record<string, string | undefined>>; /** undefined where the configuration does not say it, or was not read */ network?: string | undefined }

export const factsOf = ({ calledAs, env, network }: Called): object => ({ plugin: calledAs, verb: env['CNI_COMMAND'], network, container: env['CNI_CONTAINERID'], ifname: env['CNI_IFNAME'] });

export function tellAnswer(log: Log, call: Called, ms: number, error?: CniError): void {
  const failure = error && { code: error.code, error: error.message, details: detailsOf(error) || undefined };
  log.info({ ...factsOf(call), ...failure, ms: Math.round(ms) }, 'answered');
}
