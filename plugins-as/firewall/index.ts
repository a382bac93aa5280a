// The firewall plugin: what it exports.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add } from './add';
export { check as cni_check } from './check';
export { del as cni_del } from './del';
export { gc as cni_gc } from './gc';
export { status as cni_status } from './status';

export function cni_abi_1(): void {}
