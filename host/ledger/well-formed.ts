// Is this what we write? Record and journal are read in every call, also others': one of another shape must say nothing, as a torn one does.
// SPDX-License-Identifier: Apache-2.0

import { isObject } from '../protocol/go-json.ts';
import type { Line } from './journal.ts';
import type { LedgerRecord } from './ledger.ts';
import type { Inverse } from './undo.ts';

type Parts = Record<string, unknown>;

export const isRecord = (value: unknown): value is LedgerRecord =>
  isObject(value) && value['version'] === 1 && isAttachment(value['attachment']) && areTexts(value, 'netnsPath', 'boot') && isListOf(value['plugins'], isPlugin);

export const isLine = (value: unknown): value is Line => isObject(value)
  && ('attachment' in value ? isAttachment(value['attachment']) && areTexts(value, 'netnsPath') && ['string', 'undefined'].includes(typeof value['since'])
    : isCount(value['i']) && (!('undo' in value) || (areTexts(value, 'plugin') && isUndo(value['undo']))));

const isPlugin = (value: unknown): boolean => isObject(value) && areTexts(value, 'name', 'at') && isListOf(value['undo'], isUndo);
const isUndo = (value: unknown): boolean => isObject(value) && isInverse(value['inverse']);
/** Of one that this host does not know, which a newer one wrote, nobody here looks at more. */
const isInverse = (value: unknown): boolean => isObject(value) && areTexts(value, 'do') && (INVERSES.get(value['do'] as Inverse['do'])?.(value) ?? true);
const isAttachment = (value: unknown): boolean => isObject(value) && areTexts(value, 'network', 'containerId', 'ifname');
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areTexts = (value: Parts, ...keys: readonly string[]): boolean => keys.every((key) => typeof value[key] === 'string');

const isOfNeighbour = (value: Parts): boolean => areTexts(value, 'ip');
const isOfAddress = (value: Parts): boolean => areTexts(value, 'address');
const isOfRoute = (value: Parts): boolean => isObject(value['route']);
const isOfEntry = (value: Parts): boolean => areTexts(value, 'key', 'value') && isObject(value['store']) && areTexts(value['store'], 'layout', 'root', 'network');
const isOfSources = (value: Parts): boolean => isListOf(value['sources'], (one) => typeof one === 'string');
const isOfRules = ({ rules }: Parts): boolean => isObject(rules) && areTexts(rules, 'family', 'table') && isListOf(rules['remove'] ?? [], isRemoval) && isListOf(rules['drop'] ?? [], isOfChain);
const isOfChain = (value: unknown): boolean => isObject(value) && areTexts(value, 'chain');
const isRemoval = (value: unknown): boolean => isOfChain(value) && isObject(value) && (value['rule'] === undefined || isRule(value['rule']));
const isRule = (value: unknown): boolean => isObject(value) && isListOf(value['match'], isObject) && isObject(value['action']);

/**
 * What others look at than who carries it out: people who ask what is whose, and calls for other attachments. The rest is looked at by that one, and
 * is this attachment's trouble alone.
 */
const INVERSES: ReadonlyMap<Inverse['do'], (value: Parts) => boolean> = new Map([
  ['delete link', (value) => areTexts(value, 'name', 'kind') && (value['peer'] === undefined || isObject(value['peer']))],
  ['delete address', isOfAddress], ['add address', isOfAddress], ['delete neighbour', isOfNeighbour], ['add neighbour', isOfNeighbour], ['delete route', isOfRoute], ['add route', isOfRoute],
  ['nft', isOfRules], ['iptables', isOfRules], ['delete entry', isOfEntry], ['put entry', isOfEntry], ['unbind sources', isOfSources], ['bind sources', isOfSources],
  ['delete qdisc', (value) => isObject(value['qdisc'])], ['delete class', (value) => isObject(value['class'])], ['delete filter', (value) => isObject(value['filter'])],
]);
