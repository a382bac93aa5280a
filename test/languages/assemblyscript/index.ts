// The attachment that the C modules make as well.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '@cni-wasm/sdk/fail';
import { addrAdd, linkCreate, linkSet, routeAdd } from '@cni-wasm/sdk/gen/ops';
import { Arr, Obj } from '@cni-wasm/sdk/json';
import { Request } from '@cni-wasm/sdk/request';
import { setResult } from '@cni-wasm/sdk/abi';

export function cni_abi_1(): void {}

export function cni_add(length: i32): i32 {
  const request = Request.take(length);
  const address = request.config.field('address').str();
  const made = linkCreate(new Obj().str('name', request.ifname).str('kind', 'veth').obj('peer', new Obj().str('ns', 'host').str('name', request.config.field('hostEnd').str())));
  if (!made.ok) return failWith(made.error);
  const link = made.json.get('link').int();
  const added = addrAdd(new Obj().int('link', link).str('address', address));
  if (!added.ok) return failWith(added.error);
  const links = [made.json.get('peer').int(), link];
  for (let i = 0; i < links.length; i++) {
    const up = linkSet(new Obj().int('link', links[i]).bool('up', true));
    if (!up.ok) return failWith(up.error);
  }
  const routed = routeAdd(new Obj().int('link', link).str('dst', '203.0.113.0/24'));
  if (!routed.ok) return failWith(routed.error);
  const result = new Obj().arr('interfaces', new Arr().obj(new Obj().str('name', request.ifname).str('sandbox', 'container'))).arr('ips', new Arr().obj(new Obj().str('address', address).int('interface', 0)));
  setResult(result.buffer, result.length);
  return 0;
}
