// Words of others on an operator's screen: of a module that is only looked at, of a lease, of a link's name. They are shown, not obeyed.
// SPDX-License-Identifier: Apache-2.0

/** One line stays one line: what moves the cursor, begins a line or turns the writing round is spelt out. */
export const printable = (line: string): string => line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
