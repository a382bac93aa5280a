// What a guest has to say to people. Beyond the limits it is dropped: a guest that talks too much still does its work.
// SPDX-License-Identifier: Apache-2.0

import { overLimit, type Guest } from './guest.ts';
import type { LogRecord } from './sandbox.ts';

export function logText(guest: Guest, level: LogRecord['level'], bytes: Uint8Array): void {
  const { log, limits: { logBytes, logRecords } } = guest.call;
  const isFull = (): boolean => guest.logRecords >= logRecords || guest.logBytes >= logBytes;
  if (isFull()) return;
  const text = new TextDecoder().decode(bytes.subarray(0, logBytes - guest.logBytes));
  guest.logRecords++;
  guest.logBytes += bytes.length;
  if (level === 'error') guest.lastErrorLog = text;
  log({ level, text });
  if (!isFull()) return;
  guest.call.audit(overLimit(guest, 'abi.log', 'has said enough', guest.logRecords >= logRecords ? 'logRecords' : 'logBytes'), 'abi.log');
  log({ level: 'warn', text: `the log of this call is full at ${guest.logRecords} records; the rest is dropped` });
}
