// A program of its own: one task for firewalld over D-Bus, which is asynchronous as the host is not. Task on stdin, answer on stdout.
// SPDX-License-Identifier: Apache-2.0

import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { DBusError, Message, sessionBus, type MessageBus } from '@jellybrick/dbus-next';

export interface Task { address: string; do: 'query' | 'add' | 'remove'; zone: string; sources: readonly string[] }
/** `refused`: what firewalld, or the bus in its place, said of this source. */
export type Outcome = { running: boolean; bound: string[] } | { refused: string; source: string } | { unreachable: string };

const NAME = 'org.fedoraproject.FirewallD1';
const ZONES = { destination: NAME, path: '/org/fedoraproject/FirewallD1', interface: 'org.fedoraproject.FirewallD1.zone' };
const BUS = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

const task = JSON.parse(readFileSync(0, 'utf8')) as Task;
const bus = sessionBus({ busAddress: task.address });
(bus as EventEmitter).on('error', (error: Error) => end({ unreachable: error.message }));
carryOut(bus, task).then(end, (error: unknown) => end({ unreachable: String(error) }));

/** Not `exit` at once: stdout is a pipe. */
function end(outcome: Outcome): void {
  process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
}

async function carryOut(bus: MessageBus, { do: verb, zone, sources }: Task): Promise<Outcome> {
  if (verb === 'add') return forEach(bus, 'addSource', ['ZONE_ALREADY_SET'], zone, sources);
  const [running] = await call(bus, { ...BUS, member: 'NameHasOwner', signature: 's', body: [NAME] });
  // Asking zones would start it.
  const bound = running === true ? await boundOf(bus, zone, sources) : [];
  if (verb === 'remove') return forEach(bus, 'removeSource', ['UNKNOWN_SOURCE'], zone, bound);
  return { running: running === true, bound };
}

async function boundOf(bus: MessageBus, zone: string, sources: readonly string[]): Promise<string[]> {
  const bound: string[] = [];
  for (const source of sources) {
    const [is] = await call(bus, { ...ZONES, member: 'querySource', signature: 'ss', body: [zone, source] }).catch((error: unknown) => [refusalOf(error) && false]);
    if (is === true) bound.push(source);
  }
  return bound;
}

async function forEach(bus: MessageBus, member: string, fine: readonly string[], zone: string, sources: readonly string[]): Promise<Outcome> {
  for (const source of sources) {
    try {
      await call(bus, { ...ZONES, member, signature: 'ss', body: [zone, source] });
    } catch (error) {
      const refused = refusalOf(error);
      if (!fine.some((code) => refused.startsWith(code))) return { refused, source };
    }
  }
  return { running: true, bound: [...sources] };
}

async function call(bus: MessageBus, message: ConstructorParameters<typeof Message>[0]): Promise<unknown[]> {
  return (await bus.call(new Message(message)))?.body ?? [];
}

/** An answer that is an error; anything else is a failure of the connection. */
function refusalOf(error: unknown): string {
  if (error instanceof DBusError) return error.text;
  throw error;
}
