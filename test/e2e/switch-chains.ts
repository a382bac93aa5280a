// A container lives on while its node's plugins are exchanged: whoever began it, the other CHECKs and ends it. Tests for one version of the reference.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { skip } from '../support/node.ts';
import { add, C1, check, del, fresh, nodePicture, notes } from './switch-node.ts';
import { casesFor, listOf, MISSING, type Case, type Version, type Who } from './switch-table.ts';

/** Those whose names match; several files share the work, as a file has its time. */
export function testChains(version: Version, names: RegExp): void {
  if (MISSING.includes(version)) skip(`no reference plugins ${version}`);
  for (const [what, one] of casesFor(version).filter(([name]) => names.test(name))) {
    test(`${version}, ${what}: we check and end what it began, it checks and ends what we began`, () => {
      fresh('c1');
      const before = warm(version, one);
      bothWays(version, one, before);
      inTheMiddle(version, one, before);
      assert.equal(notes(), []);
    });
  }
  test.run();
}

/** What is the network's own (bridge, shared chains) is there before, by both. */
function warm(version: Version, one: Case): string {
  const list = listOf(version, one);
  for (const who of [version, 'ours'] as const) del(who, list, C1, add(who, list, C1));
  return nodePicture('c1');
}

function bothWays(version: Version, one: Case, before: string): void {
  const list = listOf(version, one);
  const faults = one.faults?.[version] ?? {};
  const expectFaults = (found: Record<string, string>): void => {
    assert.equal(Object.keys(found), Object.keys(faults), JSON.stringify(found));
    for (const [type, text] of Object.entries(found)) assert.match(text, faults[type]!);
  };

  const theirs = add(version, list, C1);
  expectFaults(check(version, list, C1, theirs));
  assert.equal(check('ours', list, C1, theirs), {});
  del('ours', list, C1, theirs);
  assert.is(nodePicture('c1'), before, 'ended by us');
  del(version, list, C1, theirs);

  const ours = add('ours', list, C1);
  expectFaults(check(version, list, C1, ours));
  del(version, list, C1, ours);
  assert.is(nodePicture('c1'), before, 'ended by the reference');
  // Runtimes send DEL again; by us it ends our notes, too.
  del('ours', list, C1);
}

/** Switched between two plugins of a call, and back before the container ends. */
function inTheMiddle(version: Version, one: Case, before: string): void {
  const list = listOf(version, one);
  const inTurn = (first: Who, second: Who) => (at: number): Who => (at % 2 === 0 ? first : second);
  const [ourFirst, itsFirst] = [inTurn('ours', version), inTurn(version, 'ours')];
  for (const [adds, dels] of list.plugins.length > 1 ? [[ourFirst, itsFirst], [itsFirst, ourFirst]] as const : [[version, version]] as const) {
    const result = add(adds, list, C1);
    assert.equal(check('ours', list, C1, result), {});
    del(dels, list, C1, result);
    assert.is(nodePicture('c1'), before, 'in the middle');
    del('ours', list, C1);
  }
}
