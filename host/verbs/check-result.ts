// What a module may say of its attachment: a runtime believes its result, and the next plugin acts on it.
// SPDX-License-Identifier: Apache-2.0

import type { Audit } from '../audit.ts';
import { CniError, CODE } from '../cni-error.ts';
import type { Request } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';

/** What plugins before it have said it may repeat. Throws code 999. */
export function checkResult(module: string, result: Result, request: Pick<Request, 'netns' | 'netconf'>, audit: Audit): void {
  const wrong = foreignNamespace(result, request) ?? missingInterface(result, request.netconf.prevResult);
  if (wrong === undefined) return;
  const failure = new CniError(CODE.plugin, `plugin "${module}" set a result with ${wrong.what}`, { at: wrong.at });
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
