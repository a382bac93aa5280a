// Hardware addresses in the one form the host takes: lower-case hex with colons.
// SPDX-License-Identifier: Apache-2.0

import { hexDigit } from './json-scan';

/** Reads 00:00:5e:00:53:01, 00-00-5E-00-53-01 and 0000.5e00.5301; '' when it is none of six bytes. */
export function normalMac(text: string): string {
  const dotted = text.includes('.');
  const group = dotted ? 4 : 2;
  const separator = dotted ? 0x2e : text.includes('-') ? 0x2d : 0x3a;
  if (text.length != (dotted ? 14 : 17)) return '';
  let mac = '';
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (i % (group + 1) == group) {
      if (unit != separator) return '';
      continue;
    }
    if (unit >= 0x80 || hexDigit(unit) < 0) return '';
    if (digits > 0 && digits % 2 == 0) mac += ':';
    mac += String.fromCharCode(unit).toLowerCase();
    digits++;
  }
  return mac;
}
