// Which modules a call is for: by the name it was called as, by "module", or the whole of "plugins".
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { innerNetconfs } from '../protocol/compose-chain.ts';
import { field } from '../protocol/go-json.ts';
import { readPrevResult } from '../protocol/prev-result.ts';
import type { Netconf, Request } from '../protocol/request.ts';
import { checkVersion, VERSIONS, versionsOf } from '../protocol/versions.ts';
import type { Chain, Host, Link } from '../verbs/host.ts';
import { checkModuleName } from './module-name.ts';

const OWN_NAME = 'cni-wasm';

/** Versions are checked for every plugin before the first one runs. Throws code 1, 6, 7, 100 or 999. */
export function selectChain(host: Host, request: Request): Chain {
  const netconfs = request.calledAs === OWN_NAME ? innerNetconfs(request.netconf) : undefined;
  const names = (netconfs ?? [request.netconf]).map((netconf) => nameOf(netconf, netconfs ? netconf.type : request.calledAs));
  for (const name of names) checkVersion(request.verb, request.netconf.cniVersion, versionsOrAll(host, name, request.verb));
  const prevResult = lenientPrevResult(request);
  const withPrev = (netconf: Netconf): Netconf => (prevResult ? { ...netconf, prevResult } : netconf);
  const links: Link[] = (netconfs ?? [request.netconf]).map((netconf, i) => ({ name: names[i]!, netconf: withPrev(netconf) }));
  return { request: { ...request, netconf: withPrev(request.netconf) }, links };
}

/** A name that is linked to the host is that module; `cni-wasm` itself asks the configuration. */
function nameOf(netconf: Netconf, calledAs: string): string {
  if (calledAs !== OWN_NAME) return checkModuleName(calledAs);
  const module = field(netconf.value, 'module');
  if (typeof module !== 'string' || module === '') {
    throw new CniError(CODE.invalidConfig, `a plugin of type "${OWN_NAME}" needs "module" (one module's name) or "plugins" (a chain)`);
  }
  return checkModuleName(module);
}

/** DEL works without the module: what it made is in the ledger. */
function versionsOrAll(host: Host, name: string, verb: Request['verb']): readonly string[] {
  try {
    return versionsFor(host, name);
  } catch (error) {
    if (verb === 'DEL' && error instanceof CniError) return VERSIONS;
    throw error;
  }
}

/** The versions in a module's manifest. Throws code 100. */
export function versionsFor(host: Host, name: string): readonly string[] {
  if (name === OWN_NAME) return VERSIONS;
  return versionsOf(host.manifestOf(name).cniVersions);
}

/** DEL must go on without a prevResult that cannot be read. */
function lenientPrevResult({ verb, netconf }: Request): Netconf['prevResult'] {
  try {
    return readPrevResult(netconf);
  } catch (error) {
    if (verb === 'DEL' || verb === 'GC' || verb === 'STATUS') return undefined;
    throw error;
  }
}
