// What an error of a system call says to people: "no such file or directory".
// SPDX-License-Identifier: Apache-2.0

import { getSystemErrorMap } from 'node:util';
import { messageOf } from '../message-of.ts';
import { errnoOf } from '../system-error.ts';

export function inWords(error: unknown): string {
  const errno = errnoOf(error);
  const known = [...getSystemErrorMap().values()].find(([name]) => name === errno);
  return known?.[1] ?? errno ?? messageOf(error);
}
