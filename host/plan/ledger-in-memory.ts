// The ledger of a plan: reads what the node's says, and keeps to itself what is written.
// SPDX-License-Identifier: Apache-2.0

import { fileNameOf } from '../ledger/attachment-id.ts';
import type { Ledger, LedgerRecord } from '../ledger/ledger.ts';
import type { Attachment } from '../protocol/request.ts';

export function ledgerInMemory(real: Ledger): Ledger {
  const written = new Map<string, LedgerRecord>();
  const keyOf = (attachment: Attachment): string => `${attachment.network}/${fileNameOf(attachment)}`;
  const now = (records: readonly LedgerRecord[]): LedgerRecord[] => records.map((record) => written.get(keyOf(record.attachment)) ?? record).filter(({ plugins }) => plugins.length > 0);
  return {
    read: (attachment) => now([written.get(keyOf(attachment)) ?? real.read(attachment)].filter((record) => record !== undefined))[0],
    write: (record) => void written.set(keyOf(record.attachment), record),
    dropDraft: () => undefined,
    dropDrafts: () => [],
    drafts: (network) => real.drafts(network),
    elsewhere: (attachment) => now(real.elsewhere(attachment)),
    of: (network) => now(real.of(network)),
    all: () => now(real.all()),
    networks: () => real.networks(),
  };
}
