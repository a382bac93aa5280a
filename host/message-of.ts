// What anything that was thrown says.
// SPDX-License-Identifier: Apache-2.0

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
