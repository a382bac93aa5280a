// Tables as a module sees them in a listing.
// SPDX-License-Identifier: Apache-2.0

import type { IptablesTable, NftTable } from '../../kernel/kernel.ts';
import { renderNftRule } from '../../kernel/nft-text.ts';
import { chainCalled } from '../../kernel/rule.ts';

export interface ListedRule { readonly text: string; readonly comment?: string | undefined; readonly jump?: string | undefined }
export interface ListedChain { name: string; readonly rules: readonly ListedRule[] }

/** A rule outside the grammar is listed by its handle alone. */
export const listNft = (table: NftTable | undefined): readonly ListedChain[] => (table?.chains ?? []).map(({ name, rules }) => ({
  name,
  rules: rules.map(({ handle, rule, comment, jump = chainCalled(rule) }) => ({
    text: rule ? renderNftRule(table!.family, rule) : `# handle ${handle}`,
    ...(comment === undefined ? {} : { comment }), ...(jump === undefined ? {} : { jump }),
  })),
}));

/** Looked into when somebody does: most of it a module may not see. */
export const listIptables = ({ chains }: IptablesTable): readonly ListedChain[] => chains;
