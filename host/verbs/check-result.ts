// What a module may say of its attachment: a runtime believes its result, and the next plugin acts on it.
// SPDX-License-Identifier: Apache-2.0

import type { Audit } from '../audit.ts';
import { CniError, CODE } from '../cni-error.ts';
import { addressOf } from '../kernel/address.ts';
import type { Call } from '../ops/call.ts';
import { isOwnAddress, sameAddress } from '../ops/scope.ts';
import type { Request } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';

/** What plugins before it have said it may repeat. `isIpam`: it is asked for addresses. Throws code 999. */
export function checkResult(call: Call, result: Result, isIpam: boolean, audit: Audit): void {
  const { request } = call;
  const wrong = foreignNamespace(result, request) ?? missingInterface(result, request.netconf.prevResult) ?? (isIpam ? undefined : foreignAddress(result, call));
  if (wrong === undefined) return;
  const failure = new CniError(CODE.plugin, `plugin "${call.module}" set a result with ${wrong.what}`, { at: wrong.at });
  audit(failure, 'abi.result');
  throw failure;
}

interface Wrong { what: string; at: string }

/** The next plugin goes there. */
function foreignNamespace({ interfaces = [] }: Result, { netns, netconf: { prevResult } }: Pick<Request, 'netns' | 'netconf'>): Wrong | undefined {
  const known = ['', 'container', netns, ...(prevResult?.interfaces ?? []).map(({ sandbox = '' }) => sandbox)];
  const at = interfaces.map(({ sandbox = '' }) => sandbox).find((sandbox) => !known.includes(sandbox));
  return at === undefined ? undefined : { what: `an interface in "${at}", which is no namespace of this attachment; write "container"`, at };
}

/** containerd takes the number for a place in a list without looking at its end, and would not live on. */
function missingInterface({ interfaces = [], ips = [] }: Result, prevResult: Result | undefined): Wrong | undefined {
  const said = prevResult?.ips?.map((ip) => ip.interface) ?? [];
  const wrong = ips.find(({ interface: at }) => at !== undefined && interfaces[at] === undefined && !said.includes(at));
  return wrong && { what: `the address ${wrong.address} on interface ${wrong.interface}, of ${interfaces.length}`, at: `interface ${wrong.interface}` };
}

/**
 * The plugins behind a chained one let through, and send traffic to, what it says is the container's. It may say again what was said before it, and add what
 * it has leased or its IPAM plugin gave. Nobody acts on the host on a gateway or a route that it says.
 */
function foreignAddress({ ips = [] }: Result, call: Call): Wrong | undefined {
  const { prevResult } = call.request.netconf;
  if (!prevResult) return undefined;
  const said = prevResult.ips?.map(({ address }) => address) ?? [];
  const wrong = ips.find(({ address }) => !said.includes(address) && !isGiven(call, address, said));
  return wrong && { what: `the address ${wrong.address}, which neither prevResult has nor its IPAM plugin gave; a chained plugin gets more addresses by delegate.call`, at: wrong.address };
}

/** An address comes with its network, whose traffic is treated as its own: that stays as it was said. */
function isGiven(call: Call, address: string, said: readonly string[]): boolean {
  const same = said.filter((one) => sameAddress(one, address));
  return same.length > 0 ? same.some((one) => lengthOf(one) === lengthOf(address)) : isOwnAddress(call, addressOf(address));
}

const lengthOf = (prefix: string): string | undefined => prefix.split('/')[1];
