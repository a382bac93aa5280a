// static: gives the addresses that were written down, and keeps no account of them.
// SPDX-License-Identifier: Apache-2.0

export { add as cni_add, check as cni_check, del as cni_del, status as cni_status } from './static';

export function cni_abi_1(): void {}
