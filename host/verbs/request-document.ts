// What a guest takes first, and the word by which it knows the container's namespace: CNI_NETNS never reaches it.
// SPDX-License-Identifier: Apache-2.0

import type { Call } from '../ops/call.ts';
import type { Result } from '../protocol/result.ts';

const CONTAINER = 'container';

/** JSON. The configuration is passed on byte for byte: numbers, order and duplicate keys are the module's to judge. `attachments` is for STATUS. */
export function requestDocument({ request, verb, hashes, kernel }: Call, attachments?: number): string {
  const { attachment, args, netconf, netns } = request;
  const head = {
    verb,
    network: attachment.network,
    containerId: attachment.containerId,
    ifname: attachment.ifname,
    netns: kernel.netnsId('container') !== undefined,
    args,
    cniVersion: netconf.cniVersion,
    hashes,
    ...(netconf.prevResult ? { prevResult: renamed(netconf.prevResult, netns, CONTAINER) } : {}),
    ...(verb === 'GC' && netconf.validAttachments ? { validAttachments: netconf.validAttachments } : {}),
    ...(verb === 'STATUS' ? { attachments } : {}),
  };
  return `${JSON.stringify(head).slice(0, -1)},"config":${netconf.text}}`;
}

/** A guest's result as the runtime reads it. */
export const withPath = (result: Result, netns: string): Result => renamed(result, CONTAINER, netns);

const renamed = (result: Result, from: string, to: string): Result => ({
  ...result,
  ...(result.interfaces ? { interfaces: result.interfaces.map((one) => (one.sandbox === from ? { ...one, sandbox: to } : one)) } : {}),
});
