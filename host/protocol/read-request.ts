// Environment and stdin → a request, or the error a runtime expects. After this nobody looks at either again.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { checkEnvironment, checkNetworkName, readVerb, type Environment } from './environment.ts';
import { parseObject, reason } from './go-json.ts';
import { readNetconf } from './netconf.ts';
import type { Request } from './request.ts';
import { outerCall } from './within.ts';

/** Throws CniError 4, 5, 6 or 7. For VERSION stdin is not read. */
export function readRequest(calledAs: string, env: Environment, readStdin: () => Uint8Array): Request {
  const verb = readVerb(env);
  checkEnvironment(env, verb);
  const common = {
    verb,
    calledAs,
    netns: env['CNI_NETNS'] ?? '',
    netnsOverride: /^(true|1)$/i.test(env['CNI_NETNS_OVERRIDE'] ?? ''),
    args: env['CNI_ARGS'] ?? '',
    path: (env['CNI_PATH'] ?? '').split(':').filter(Boolean),
  };
  if (verb === 'VERSION') {
    return { ...common, withinNetwork: false, attachment: { network: '', containerId: '', ifname: '' }, netconf: { text: '{}', value: {}, cniVersion: '', name: '', type: calledAs } };
  }
  const netconf = readNetconf(parsed(stdinOf(readStdin)));
  checkNetworkName(netconf.name);
  const attachment = { network: netconf.name, containerId: env['CNI_CONTAINERID'] ?? '', ifname: env['CNI_IFNAME'] ?? '' };
  const { network: withinNetwork, depth } = outerCall(env, attachment);
  return { ...common, attachment: depth > 0 ? { ...attachment, depth } : attachment, withinNetwork, netconf };
}

function stdinOf(readStdin: () => Uint8Array): Uint8Array {
  try {
    return readStdin();
  } catch (error) {
    throw new CniError(CODE.io, `error reading from stdin: ${reason(error)}`, { cause: error });
  }
}

function parsed(bytes: Uint8Array): ReturnType<typeof parseObject> {
  try {
    return parseObject(bytes);
  } catch (error) {
    throw new CniError(CODE.decode, `error unmarshall network config: ${reason(error)}`, { cause: error });
  }
}
