// The bandwidth plugin: what it exports. GC and STATUS are the host's own.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add } from './add';
export { check as cni_check } from './check';
export { del as cni_del } from './del';

export function cni_abi_1(): void {}
