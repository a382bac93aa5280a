// Hardware addresses between bytes and text: lower-case hex with colons.
// SPDX-License-Identifier: Apache-2.0

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
/** '' for a device that has none. */
export const macText = (bytes: Buffer | undefined): string => bytes?.toString('hex').match(/../g)?.join(':') ?? '';
