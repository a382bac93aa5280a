// Loaded when a call starts a program (iptables, a delegated plugin): execa takes about 10 ms, which other calls need not pay.
// SPDX-License-Identifier: Apache-2.0

export { execaSync } from 'execa';
