// What an operation is called in a program: link.create is linkCreate.
// SPDX-License-Identifier: Apache-2.0

import type { Op } from '../ops.ts';

export const identifier = (op: Op): string => op.domain + capital(op.name);

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
