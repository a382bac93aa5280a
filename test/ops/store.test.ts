// What a module writes into a store goes with its attachment, but for host-local's few cursors.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS } from '../../abi/ops.ts';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS, type Grants } from '../../host/grant/grants.ts';
import { carryOut, type Undo, type UndoTools } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { perform } from '../../host/ops/perform.ts';
import { diskStores, folderFor } from '../../host/store/disk-store.ts';
import { diskIndex } from '../../host/store/owner-index.ts';
import type { StorePlace } from '../../host/store/store.ts';

const PUT = OPS.find(({ domain, name }) => domain === 'store' && name === 'put')!;
const OWNER = 'c1\r\neth0';

let root: string;
test.before.each(() => { root = mkdtempSync(join(tmpdir(), 'cni-wasm-store-')); });
test.after.each(() => rmSync(root, { recursive: true }));

function attachment(store: Exclude<Grants['store'], 'none'>) {
  const place: StorePlace = { layout: store, root, network: 'blue', module: 'acme', ...(store === 'dataDir' ? { file: 'c1_eth0.json' } : {}) };
  const openStore = diskStores({ holdFile: () => () => undefined }, diskIndex(join(root, 'state'), () => 'boot 1'));
  const opened = openStore(place);
  const kept: Undo[] = [];
  const call = {
    verb: 'ADD', module: 'acme', plugin: 'acme', grants: { ...NO_GRANTS, store }, leases: new Set(), request: { attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' } },
    store: () => opened, storePlace: () => place, journal: { intend: (_: string, undo: Undo) => kept.push(undo) },
  } as unknown as Call;
  return {
    put: (key: string, value: string) => perform(call, PUT, { key, value }),
    /** what is there when the attachment has gone, of which the ledger keeps what is its */
    left(): string[] {
      opened.close();
      for (const { inverse } of kept.filter(({ life }) => life === 'attachment')) carryOut(inverse, { openStore } as UndoTools);
      return readdirSync(folderFor(place)).filter((name) => name !== 'lock');
    },
  };
}

for (const layout of ['own', 'ipam'] as const) {
  test(`nothing of the attachment's is left in a store of layout ${layout}`, () => {
    const { put, left } = attachment(layout);
    for (const key of ['192.0.2.7', 'note', 'last_reserved_ip.', 'last_reserved_ip.x', 'last_reserved_ip.0.1', 'last_reserved_ip.1000']) put(key, OWNER);
    assert.equal(left(), []);
  });
}

test('a file of one entry has no other, and says which it has as any wrong request is answered', () => {
  const { put } = attachment('dataDir');
  put('backup', '{}');
  assert.equal(readdirSync(root), ['c1_eth0.json']);
  assert.throws(() => put('other', '{}'), (error: unknown) => error instanceof CniError && error.code === 999
    && error.message === 'store.put: "other" is no entry of this store, only "backup" is' && error.facts.op === 'store.put' && error.facts.at === 'other');
});

test('a cursor stays, and is nobody\'s', () => {
  const { put, left } = attachment('ipam');
  put('last_reserved_ip.0', '192.0.2.7');
  assert.throws(() => put('last_reserved_ip.x', '192.0.2.7'), (error: unknown) => error instanceof CniError && error.facts.kind === 'denied');
  assert.equal(left(), ['last_reserved_ip.0']);
});

test.run();
