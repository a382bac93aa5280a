// One run of one module: its request document, its operations, its result.
// SPDX-License-Identifier: Apache-2.0

import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { auditOf } from '../audit.ts';
import { now } from '../clock.ts';
import { CniError, CODE } from '../cni-error.ts';
import { configMismatch } from '../grant/config-schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { hashesOf } from '../ledger/attachment-id.ts';
import type { Journal } from '../ledger/journal.ts';
import type { Call } from '../ops/call.ts';
import { messageOf } from '../message-of.ts';
import { newHandles } from '../ops/handles.ts';
import { perform } from '../ops/perform.ts';
import { ruleTables, type Backend, type RuleTables } from '../ops/rules/tables.ts';
import { field } from '../protocol/go-json.ts';
import { once } from '../once.ts';
import type { Attachment, ModuleVerb, Request } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';
import { isCommand } from '../sandbox/run-guest.ts';
import type { GuestCall } from '../sandbox/sandbox.ts';
import { leasesOfEarlierBoots } from '../store/earlier-boot.ts';
import type { LockedStore, StorePlace } from '../store/store.ts';
import { checkResult } from './check-result.ts';
import { requestDocument } from './request-document.ts';
import { runDelegate } from './run-delegate.ts';
import type { Host, Plugin } from './host.ts';

export interface Run {
  request: Request;
  verb: ModuleVerb;
  kernel: Kernel;
  journal: Journal;
  ownLinks: ReadonlySet<number>;
  /** the plugin of the chain this run is for */
  plugin: string;
  /** STATUS: how many attachments of the network are in the ledger */
  attachments?: number;
  /** DEL: the packet filter that alone holds rules of this plugin for the attachment */
  onlyBackend?: Backend | undefined;
  /** DEL: deletes the links that wait to go together; called before an address becomes free for somebody else */
  settle?: () => void;
  /** DEL: what it reads of rules is used again when the ledger's part is taken back */
  tables?: RuleTables;
  /** it was asked for by another module's delegate.call */
  delegated?: boolean;
}

const ENTRY: Record<ModuleVerb, GuestCall['entry']> = {
  ADD: 'cni_add', DEL: 'cni_del', CHECK: 'cni_check', GC: 'cni_gc', STATUS: 'cni_status',
};

/** Undefined when the module does not export the verb: the host's default then stands alone. */
export function runPlugin(host: Host, plugin: Plugin, run: Run): { result?: Result } | undefined {
  const entry = ENTRY[run.verb];
  if (!isCommand(plugin.module) && !plugin.module.exports.has(entry)) return undefined;
  checkConfig(plugin, run);
  const { call, close } = openCall(host, plugin, run);
  const audit = auditOf(host.log, { module: plugin.name, digest: plugin.digest, verb: run.verb, attachment: run.request.attachment });
  try {
    const result = host.runGuest({
      module: plugin.module,
      name: plugin.name,
      entry,
      request: requestDocument(call, run.attachments),
      limits: plugin.limits,
      granted: plugin.granted,
      perform: saying(host.log, plugin.name, (op, request) => perform(call, op, request)),
      grants: plugin.grants,
      log: ({ level, text }) => host.log[level]({ plugin: plugin.name, attachment: run.request.attachment }, text),
      audit,
      logLevel: host.log.level,
      random: (bytes) => void randomFillSync(bytes),
      close: (handle) => call.handles.close(handle),
    });
    if (result) checkResult(call, result, run.delegated === true || isIpam(run), audit);
    return result ? { result } : {};
  } finally {
    close();
  }
}

/** The main plugin that asks it for addresses may be a program, which hands on what it was called with, prevResult and all. */
const isIpam = ({ plugin, request: { netconf } }: Run): boolean => field(field(netconf.value, 'ipam'), 'type') === plugin;

/** At level debug: what was asked for, how long it took, and why it was refused. */
function saying(log: Host['log'], plugin: string, carryOut: GuestCall['perform']): GuestCall['perform'] {
  if (log.level !== 'debug') return carryOut;
  return (op, request) => {
    const begun = now();
    const say = (facts: object): void => log.debug({ plugin, op, request, ms: Math.round((now() - begun) * 100) / 100, ...facts }, 'operation');
    try {
      const answer = carryOut(op, request);
      say({});
      return answer;
    } catch (error) {
      say({ refused: messageOf(error) });
      throw error;
    }
  };
}

/** DEL and GC go on with whatever there is. */
function checkConfig({ name, manifest: { config } }: Plugin, { verb, request: { netconf } }: Run): void {
  if (!config || verb === 'DEL' || verb === 'GC') return;
  const wrong = configMismatch(config, netconf.value);
  if (wrong !== undefined) throw new CniError(CODE.invalidConfig, `plugin "${name}": ${wrong}`, { kind: 'invalid', hint: `\`cni-wasm inspect ${name}\` shows its keys` });
}

function openCall(host: Host, plugin: Plugin, run: Run): { call: Call; close(): void } {
  const { request, verb, kernel, journal, ownLinks } = run;
  const tables = run.tables ?? ruleTables(kernel, host.locks);
  const place = storePlace(host, plugin, request);
  let store: LockedStore | undefined;
  const call: Call = {
    request, verb, kernel, journal, ownLinks, tables,
    hashes: hashesOf(request.attachment),
    grants: plugin.grants,
    granting: plugin.granting,
    meanings: new Map(),
    handles: newHandles(),
    module: plugin.name,
    plugin: run.plugin,
    hostHas: new Map(),
    leases: new Set(),
    ips: [...request.netconf.prevResult?.ips ?? []],
    nodeFiles: { podCidr: join(host.roots.etc, 'pod-cidr'), tuningAllowlist: join(host.roots.tuning, 'allowlist.conf') },
    onlyBackend: run.onlyBackend,
    store() {
      if (!store) run.settle?.();
      return (store ??= host.stores(place));
    },
    storePlace: () => place,
    living: once(() => livingBeside(host, request)),
    outlivedLeases: (held) => leasesOfEarlierBoots(held, place, host.ledger.of(request.attachment.network), host.boot()),
    delegate(type) {
      // One that asks for itself would never end.
      if (run.delegated) throw new CniError(CODE.capabilityDenied, `plugin "${plugin.name}": a delegate cannot delegate`, { kind: 'denied', op: 'delegate.call', at: type });
      // The lock of the rules is not held over another plugin's work, which has locks of its own to wait for.
      tables.release();
      return runDelegate(host, type, run);
    },
  };
  return {
    call,
    close() {
      tables.release();
      store?.close();
    },
  };
}

function storePlace({ roots }: Host, { grants, name }: Plugin, { attachment, netconf: { name: network, value } }: Request): StorePlace {
  switch (grants.store) {
    case 'ipam': return { layout: 'ipam', root: word(field(field(value, 'ipam'), 'dataDir')) || roots.leases, network };
    // Neither part can lead out of the folder: readRequest has looked at their characters.
    case 'dataDir': return { layout: 'dataDir', root: word(field(value, 'dataDir')) || `/run/cni/${name}`, network, file: `${attachment.containerId}_${attachment.ifname}.json` };
    case 'own': case 'none': return { layout: 'own', root: roots.state, network, module: name };
    default: return grants.store satisfies never;
  }
}

/** What GC must not take for something that was left. */
const livingBeside = (host: Host, { attachment: { network }, netconf: { validAttachments = [] } }: Request): Attachment[] => [
  ...validAttachments.map(({ containerID, ifname }) => ({ network, containerId: containerID, ifname })),
  ...host.ledger.all().map(({ attachment }) => attachment).filter((other) => other.network !== network),
];

const word = (value: unknown): string => (typeof value === 'string' ? value : '');
