// Tables as a module sees them in a listing.
// SPDX-License-Identifier: Apache-2.0

import { readSavedRule } from '../../kernel/iptables-parse.ts';
import type { IptablesTable, NftTable } from '../../kernel/kernel.ts';
import { renderNftRule } from '../../kernel/nft-text.ts';

export interface ListedChain { name: string; rules: { text: string; comment?: string }[] }

/** A rule outside the grammar is listed by its handle alone. */
export const listNft = (table: NftTable | undefined): ListedChain[] => (table?.chains ?? []).map(({ name, rules }) => ({
  name,
  rules: rules.map(({ handle, rule, comment }) => ({
    text: rule ? renderNftRule(table!.family, rule) : `# handle ${handle}`,
    ...(comment === undefined ? {} : { comment }),
  })),
}));

export const listIptables = ({ family, chains }: IptablesTable): ListedChain[] => chains.map(({ name, rules }) => ({
  name,
  rules: rules.map((text) => {
    const { comment } = readSavedRule(family, text);
    return { text, ...(comment === undefined ? {} : { comment }) };
  }),
}));
