// Text in double quotes as Go's %q writes it; the reference's messages and iptables comments are made so.
// SPDX-License-Identifier: Apache-2.0

const HEX = '0123456789abcdef';

export function quote(text: string): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) quoted += unit(text.charCodeAt(i));
  return quoted + '"';
}

/** `["a" "b"]`, as Go prints a list of strings with %q. */
export function quoteAll(texts: string[]): string {
  const quoted = new Array<string>();
  for (let i = 0; i < texts.length; i++) quoted.push(quote(texts[i]));
  return '[' + quoted.join(' ') + ']';
}

function unit(code: i32): string {
  switch (code) {
    case 0x07: return '\\a';
    case 0x08: return '\\b';
    case 0x09: return '\\t';
    case 0x0a: return '\\n';
    case 0x0b: return '\\v';
    case 0x0c: return '\\f';
    case 0x0d: return '\\r';
    case 0x22: return '\\"';
    case 0x5c: return '\\\\';
    default: break;
  }
  if (code >= 0x20 && code != 0x7f) return String.fromCharCode(code);
  return '\\x' + HEX.charAt(code >> 4) + HEX.charAt(code & 15);
}
