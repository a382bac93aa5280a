// What `why` and `gc` call an attachment's object.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { objectsOf, textOf } from '../../host/ledger/objects.ts';

const store = { layout: 'ipam', root: '/var/lib/cni/networks', network: 'blue' } as const;

test('a lease is the address and its folder', () => {
  assert.equal(objectsOf({ do: 'delete entry', store, key: '10.0.0.2', value: 'c1' }).map(textOf), ['address 10.0.0.2, leased in /var/lib/cni/networks/blue']);
});

test('where the last allocation stood is nobody\'s', () => {
  assert.equal(objectsOf({ do: 'put entry', store, key: 'last_reserved_ip.0', value: '10.0.0.2' }), []);
});

test.run();
