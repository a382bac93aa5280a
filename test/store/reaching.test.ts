// What a file of the store that cannot be used says: with what is to be done about it.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unreachable } from '../../host/store/reaching.ts';

const said = (code: string): string => unreachable('/leases/blue/lock', Object.assign(new Error(code), { code })).message;

test('a full file system is not one that may not be written', () => {
  for (const errno of ['ENOSPC', 'EDQUOT']) assert.is(said(errno), `store "/leases/blue/lock": ${errno}; its file system has no space left, or no room for another file`);
  assert.is(said('EROFS'), 'store "/leases/blue/lock": EROFS; the folder must be writable and its entries plain files');
});

test.run();
