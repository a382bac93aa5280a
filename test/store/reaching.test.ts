// What a file of the store that cannot be used says: with what is to be done about it.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unreachable } from '../../host/store/reaching.ts';
import { cniErrorOfSystem } from '../../host/system-error.ts';

const said = (code: string): string => unreachable('/leases/blue/lock', Object.assign(new Error(code), { code })).message;

test('a full file system is not one that may not be written', () => {
  for (const errno of ['ENOSPC', 'EDQUOT']) assert.is(said(errno), `store "/leases/blue/lock": ${errno}; its file system has no space left, or no room for another file`);
  assert.is(said('EROFS'), 'store "/leases/blue/lock": EROFS; the folder must be writable and its entries plain files');
});

test('where no file can be opened it is not the folder that is wrong', () => {
  assert.is(said('EMFILE'), 'store "/leases/blue/lock": EMFILE; this process has as many files open as it may: raise its limit (LimitNOFILE of its unit, ulimit -n)');
  assert.is(said('ENFILE'), 'store "/leases/blue/lock": ENFILE; the node has as many files open as it may: raise fs.file-max');
  const error = Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open', path: '/run/cni-wasm/lock/network-blue' });
  assert.equal([cniErrorOfSystem(error)?.message, cniErrorOfSystem(error)?.facts.hint], ['open "/run/cni-wasm/lock/network-blue": EMFILE', 'this process has as many files open as it may: raise its limit (LimitNOFILE of its unit, ulimit -n)']);
});

test.run();
