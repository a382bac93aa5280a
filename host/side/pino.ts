// Loaded when a call has something to log.
// SPDX-License-Identifier: Apache-2.0

export { pino } from 'pino';
