// Addresses of both families as 128-bit numbers, and prefixes of them. Text in and out is as Go's net package and RFC 5952 have it.
// SPDX-License-Identifier: Apache-2.0

import { formatIp } from './ip-format';
import { parseIp } from './ip-parse';

export class Ip {
  constructor(readonly v6: bool, readonly high: u64, readonly low: u64) {}

  static v4(value: u64): Ip {
    return new Ip(false, 0, value & 0xffff_ffff);
  }

  /** null when it is no address. An IPv4 address mapped into IPv6 is the IPv4 address. */
  static parse(text: string): Ip | null {
    return parseIp(text);
  }

  text(): string {
    return formatIp(this);
  }

  /** 32 or 128. */
  get width(): i32 {
    return this.v6 ? 128 : 32;
  }

  /** Below zero, zero, or above: IPv4 comes before IPv6, then by number. */
  compare(other: Ip): i32 {
    if (this.v6 != other.v6) return this.v6 ? 1 : -1;
    if (this.high != other.high) return this.high < other.high ? -1 : 1;
    if (this.low != other.low) return this.low < other.low ? -1 : 1;
    return 0;
  }

  equals(other: Ip): bool {
    return this.compare(other) == 0;
  }

  /** The address after this one; after the last one the first. */
  next(): Ip {
    if (!this.v6) return Ip.v4(this.low + 1);
    return new Ip(true, this.high + (this.low == u64.MAX_VALUE ? 1 : 0), this.low + 1);
  }

  previous(): Ip {
    if (!this.v6) return Ip.v4(this.low - 1);
    return new Ip(true, this.high - (this.low == 0 ? 1 : 0), this.low - 1);
  }

  get isMulticast(): bool {
    return this.v6 ? this.high >> 56 == 0xff : this.low >> 28 == 0xe;
  }

  get isLoopback(): bool {
    return this.v6 ? this.high == 0 && this.low == 1 : this.low >> 24 == 127;
  }

  get isUnspecified(): bool {
    return this.high == 0 && this.low == 0;
  }

  get isLinkLocal(): bool {
    return this.v6 ? this.high >> 54 == 0x3fa : this.low >> 16 == 0xa9fe;
  }

  /** As Go's IsGlobalUnicast: private addresses are global unicast too. */
  get isGlobalUnicast(): bool {
    const broadcast = !this.v6 && this.low == 0xffff_ffff;
    return !broadcast && !this.isUnspecified && !this.isLoopback && !this.isMulticast && !this.isLinkLocal;
  }
}

/** An address with a prefix length; the host bits are kept. */
export class Prefix {
  constructor(readonly ip: Ip, readonly bits: i32) {}

  /** "address/length", else null. */
  static parse(text: string): Prefix | null {
    const slash = text.indexOf('/');
    if (slash < 0) return null;
    const ip = parseIp(text.substring(0, slash));
    const bits = lengthOf(text.substring(slash + 1));
    if (ip === null || bits < 0) return null;
    const mapped = !ip.v6 && text.includes(':');
    const own = mapped ? bits - 96 : bits;
    return own < 0 || own > ip.width ? null : new Prefix(ip, own);
  }

  static of(ip: Ip): Prefix {
    return new Prefix(ip, ip.width);
  }

  text(): string {
    return this.ip.text() + '/' + this.bits.toString();
  }

  /** The first address: all host bits zero. */
  first(): Ip {
    return new Ip(this.ip.v6, this.ip.high & ~this.hostHigh(), this.ip.low & ~this.hostLow());
  }

  /** The last address: all host bits one. */
  last(): Ip {
    return new Ip(this.ip.v6, this.ip.high | this.hostHigh(), this.ip.low | this.hostLow());
  }

  /** Without host bits. */
  network(): Prefix {
    return new Prefix(this.first(), this.bits);
  }

  contains(ip: Ip): bool {
    if (ip.v6 != this.ip.v6) return false;
    return ((ip.high ^ this.ip.high) & ~this.hostHigh()) == 0 && ((ip.low ^ this.ip.low) & ~this.hostLow()) == 0;
  }

  overlaps(other: Prefix): bool {
    return this.contains(other.first()) || other.contains(this.first());
  }

  equals(other: Prefix): bool {
    return this.bits == other.bits && this.ip.equals(other.ip);
  }

  private hostHigh(): u64 {
    return this.ip.v6 ? ones(64 - this.bits) : 0;
  }

  private hostLow(): u64 {
    return this.ip.v6 ? ones(128 - this.bits) : ones(32 - this.bits);
  }
}

/** The lowest `count` bits, from none to all 64. */
function ones(count: i32): u64 {
  if (count <= 0) return 0;
  return count >= 64 ? u64.MAX_VALUE : ((<u64>1) << count) - 1;
}

/** A prefix length, -1 when it is none. */
function lengthOf(text: string): i32 {
  if (text.length == 0 || text.length > 3) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
