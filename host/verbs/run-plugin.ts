// One run of one module: its request document, its operations, its result.
// SPDX-License-Identifier: Apache-2.0

import { randomFillSync } from 'node:crypto';
import type { Kernel } from '../kernel/kernel.ts';
import { hashesOf } from '../ledger/attachment-id.ts';
import type { Journal } from '../ledger/journal.ts';
import type { Call } from '../ops/call.ts';
import { newHandles } from '../ops/handles.ts';
import { perform } from '../ops/perform.ts';
import { ruleTables } from '../ops/rules/tables.ts';
import { field } from '../protocol/go-json.ts';
import type { Netconf, Request, Verb } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';
import type { GuestCall } from '../sandbox/sandbox.ts';
import type { LockedStore, StorePlace } from '../store/store.ts';
import { runDelegate } from './run-delegate.ts';
import type { Host, Plugin } from './host.ts';

export interface Run {
  request: Request;
  verb: Verb;
  kernel: Kernel;
  journal: Journal;
  ownLinks: ReadonlySet<number>;
  /** the plugin of the chain this run is for */
  plugin: string;
}

const ENTRY: Record<Exclude<Verb, 'VERSION'>, GuestCall['entry']> = {
  ADD: 'cni_add', DEL: 'cni_del', CHECK: 'cni_check', GC: 'cni_gc', STATUS: 'cni_status',
};

/** Undefined when the module does not export the verb: the host's default then stands alone. */
export function runPlugin(host: Host, plugin: Plugin, run: Run): { result?: Result } | undefined {
  const entry = ENTRY[run.verb as Exclude<Verb, 'VERSION'>];
  if (!WebAssembly.Module.exports(plugin.module).some(({ name }) => name === entry)) return undefined;
  const { call, close } = openCall(host, plugin, run);
  try {
    const result = host.runGuest({
      module: plugin.module,
      name: plugin.name,
      entry,
      request: requestDocument(call),
      limits: plugin.limits,
      granted: plugin.granted,
      perform: (op, request) => perform(call, op, request),
      grants: plugin.grants,
      log: ({ level, text }) => host.log[level]({ plugin: plugin.name, attachment: run.request.attachment }, text),
      logLevel: host.log.level,
      random: (bytes) => void randomFillSync(bytes),
      close: (handle) => call.handles.close(handle),
    });
    return result ? { result } : {};
  } finally {
    close();
  }
}

function openCall(host: Host, plugin: Plugin, run: Run): { call: Call; close(): void } {
  const { request, verb, kernel, journal, ownLinks } = run;
  const tables = ruleTables(kernel, host.locks);
  const place = storePlace(host, plugin, request.netconf);
  let store: LockedStore | undefined;
  const call: Call = {
    request, verb, kernel, journal, ownLinks, tables,
    hashes: hashesOf(request.attachment),
    grants: plugin.grants,
    handles: newHandles(),
    module: plugin.name,
    plugin: run.plugin,
    addresses: new Set(request.netconf.prevResult?.ips?.map(({ address }) => address.replace(/\/.*/, ''))),
    store: () => (store ??= host.stores(place)),
    storePlace: () => place,
    delegate: (type, delegateVerb) => runDelegate(host, type, { ...run, verb: delegateVerb }),
  };
  return {
    call,
    close() {
      tables.close();
      store?.close();
    },
  };
}

function storePlace({ roots }: Host, { grants, name }: Plugin, { name: network, value }: Netconf): StorePlace {
  if (grants.store !== 'ipam') return { layout: 'own', root: roots.state, network, module: name };
  const dataDir = field(field(value, 'ipam'), 'dataDir');
  return { layout: 'ipam', root: typeof dataDir === 'string' && dataDir ? dataDir : roots.leases, network };
}

/** What the guest takes first. The configuration is passed on byte for byte: numbers, order and duplicate keys are the module's to judge. */
function requestDocument({ request, verb, hashes, kernel }: Call): string {
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
    ...(netconf.prevResult ? { prevResult: withoutPath(netconf.prevResult, netns) } : {}),
    ...(verb === 'GC' && netconf.validAttachments ? { validAttachments: netconf.validAttachments } : {}),
  };
  return `${JSON.stringify(head).slice(0, -1)},"config":${netconf.text}}`;
}

/** CNI_NETNS never reaches a guest: it reads and writes the word "container". */
const withoutPath = (result: Result, netns: string): Result => ({
  ...result,
  ...(result.interfaces
    ? { interfaces: result.interfaces.map((iface) => (iface.sandbox && iface.sandbox === netns ? { ...iface, sandbox: 'container' } : iface)) }
    : {}),
});

/** The way back. */
export const withPath = (result: Result, netns: string): Result => ({
  ...result,
  ...(result.interfaces
    ? { interfaces: result.interfaces.map((iface) => (iface.sandbox === 'container' ? { ...iface, sandbox: netns } : iface)) }
    : {}),
});
