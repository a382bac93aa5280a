// host-local: hands out addresses from ranges and remembers them on this node.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add } from './add';
export { check as cni_check, del as cni_del, gc as cni_gc, status as cni_status } from './leases';

export function cni_abi_1(): void {}
