// loopback: brings `lo` of the container up.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add, check as cni_check, del as cni_del } from './loopback';

export function cni_abi_1(): void {}
