// Messages between the borders of a transaction: the kernel makes all of them or none.
// SPDX-License-Identifier: Apache-2.0

import type { RuleFamily } from '../rule.ts';
import { Body } from './attributes.ts';
import { NLM_F_ACK, type Part } from './netlink.ts';
import { BATCH_BEGIN, BATCH_END, BATCH_GENERATION, FAMILY, nfgenmsg, SUBSYSTEM } from './nft-wire.ts';

/** Of deletions of tables and chains: not while something is in it. */
export const NLM_F_NONREC = 0x100;

/** `actions` names each part for messages. */
export interface Batch { parts: Part[]; actions: string[] }

/** One message about a table of this family; `fill` writes what is behind the header. */
export function partOf(family: RuleFamily, type: number, flags: number, fill: (body: Body) => unknown): Part {
  const body = new Body(nfgenmsg(FAMILY[family]));
  fill(body);
  return { type: (SUBSYSTEM << 8) | type, flags, body: body.done() };
}

/** With a generation the kernel refuses (ERESTART) what was decided on an older rule set. */
export function batchOf(named: readonly { part: Part; action: string }[], generation?: number): Batch {
  const border = (type: number, body: Uint8Array): { part: Part; action: string } => ({ part: { type, flags: 0, body: Buffer.from(body) }, action: 'nft transaction' });
  const begin = new Body(nfgenmsg(0, SUBSYSTEM));
  if (generation !== undefined) begin.be32(BATCH_GENERATION, generation);
  // Errors are answered in any case; one acknowledgement of the last message says that there were none.
  named.at(-1)!.part.flags |= NLM_F_ACK;
  const all = [border(BATCH_BEGIN, begin.done()), ...named, border(BATCH_END, nfgenmsg(0, SUBSYSTEM))];
  return { parts: all.map(({ part }) => part), actions: all.map(({ action }) => action) };
}
