// tuning: sets sysctls of the container and attributes of its interface.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add } from './add';
export { check as cni_check } from './check';
export { del as cni_del } from './del';
export { status as cni_status } from './status';

export function cni_abi_1(): void {}
