// A packet-filter rule as modules write it and both backends understand it.
// SPDX-License-Identifier: Apache-2.0

export type Family = 'ip' | 'ip6';
export type RuleFamily = Family | 'inet' | 'bridge';
/** One that iptables has, too. */
export const isFamily = (family: RuleFamily): family is Family => family === 'ip' || family === 'ip6';

export type CtState = 'invalid' | 'established' | 'related' | 'new' | 'untracked';

export interface Mark { value: number; mask: number }

/** One criterion; `proto` may stand beside dport or dports. `not` inverts it. */
export interface Match {
  saddr?: string;
  daddr?: string;
  proto?: string;
  dport?: number;
  dports?: number[];
  dstType?: 'local';
  mark?: Mark;
  iif?: string;
  oif?: string;
  /** the connection is in one of them */
  ctState?: CtState[];
  /** source hardware address; family bridge alone */
  ethSaddr?: string;
  /** words of the backend's own language, as the operator wrote them; the last match of a rule */
  raw?: string[];
  not?: boolean;
}

/** Exactly one of the keys. */
export interface Action {
  verdict?: 'accept' | 'drop' | 'return';
  jump?: string;
  goto?: string;
  masquerade?: boolean;
  dnat?: { to: string; port?: number };
  setMark?: Mark;
}

export interface Rule { match: Match[]; action: Action; comment?: string }

/** The chain that a rule sends packets to, to come back or not. */
export const chainCalled = (rule: Rule | undefined): string | undefined => rule?.action.jump ?? rule?.action.goto;
