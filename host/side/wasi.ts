// Loaded when a module imports WASI, which takes 50 ms to get ready; modules in AssemblyScript never do.
// SPDX-License-Identifier: Apache-2.0

export { init, WASI } from '@wasmer/wasi';
