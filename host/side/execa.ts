// Loaded when a call starts a foreign plugin: execa takes about 20 ms, which other calls need not pay.
// SPDX-License-Identifier: Apache-2.0

export { execaSync } from 'execa';
