// A limit as the numbers of a token bucket filter. They are cut to 32 bits where the reference cuts them, so that each
// of both can check what the other made.
// SPDX-License-Identifier: Apache-2.0

import { Obj } from '../sdk/json';
import { Limit } from './limits';

const BITS: u64 = 8;
const SECOND_US: f64 = 1_000_000;
/** µs that a packet may wait in the queue. */
const LATENCY_US: f64 = 25_000;
/** The kernel counts buffers in units of 64 ns (PSCHED_SHIFT) and in 32 bits; it is 15.625 of them to the µs. */
const TICKS_PER_US: f64 = 15.625;
const ROUNDING_TICKS: u32 = 16;

export class Tbf {
  /** bytes per second */
  readonly rate: u64;
  /** bytes */
  readonly limit: u32;
  readonly bufferUs: u32;

  constructor(limit: Limit) {
    const burst = <u32>(limit.burst / BITS);
    this.rate = limit.rate / BITS;
    this.limit = cut((<f64>this.rate * LATENCY_US) / SECOND_US) + burst;
    this.bufferUs = cut((<f64>burst * SECOND_US) / <f64>this.rate);
  }

  request(link: i64): Obj {
    return new Obj().int('link', link).str('kind', 'tbf').int('rate', this.rate).int('limit', this.limit).int('bufferUs', this.bufferUs);
  }

  /** Ticks lose the fraction of a µs, and buffers of more than 274 s their upper bits. */
  hasBuffer(bufferUs: u64): bool {
    const apart = ticks(this.bufferUs) - ticks(bufferUs);
    return apart <= ROUNDING_TICKS || apart >= u32.MAX_VALUE - ROUNDING_TICKS;
  }
}

function cut(value: f64): u32 {
  return <u32>(<u64>value);
}

function ticks(us: u64): u32 {
  return cut(<f64>us * TICKS_PER_US);
}
