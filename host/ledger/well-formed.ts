// Is this what we write? Record and journal are read in every call, also others': one of another shape must say nothing, as a torn one does.
// SPDX-License-Identifier: Apache-2.0

import { isObject } from '../protocol/go-json.ts';
import type { Line } from './journal.ts';
import type { LedgerRecord } from './ledger.ts';

/** What an inverse has beside its kind is looked at by who carries it out: one that cannot be is this attachment's trouble alone. */
export const isRecord = (value: unknown): value is LedgerRecord =>
  isObject(value) && value['version'] === 1 && isAttachment(value['attachment']) && areTexts(value, 'netnsPath', 'boot') && isListOf(value['plugins'], isPlugin);

export const isLine = (value: unknown): value is Line => isObject(value)
  && ('attachment' in value ? isAttachment(value['attachment']) && areTexts(value, 'netnsPath') && ['string', 'undefined'].includes(typeof value['since'])
    : isCount(value['i']) && (!('undo' in value) || (areTexts(value, 'plugin') && isUndo(value['undo']))));

const isPlugin = (value: unknown): boolean => isObject(value) && areTexts(value, 'name', 'at') && isListOf(value['undo'], isUndo);
const isUndo = (value: unknown): boolean => isObject(value) && isObject(value['inverse']) && areTexts(value['inverse'], 'do');
const isAttachment = (value: unknown): boolean => isObject(value) && areTexts(value, 'network', 'containerId', 'ifname');
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areTexts = (value: Record<string, unknown>, ...keys: readonly string[]): boolean => keys.every((key) => typeof value[key] === 'string');
