// What an operation said: its answer, or the error that the host hands to the plugin.
// SPDX-License-Identifier: Apache-2.0

import { take } from './abi';
import { Json } from './json';

/** Kinds are the closed set of abi/README.md: denied, not-found, exists, invalid, busy, limit, timeout, unsupported, conflict, io. */
export class Fault {
  constructor(readonly json: Json) {}

  get code(): i32 {
    return <i32>this.json.get('code').int();
  }
  get kind(): string {
    return this.json.get('kind').str();
  }
  get errno(): string {
    return this.json.get('errno').str();
  }
  get msg(): string {
    return this.json.get('msg').str();
  }
  get hint(): string {
    return this.json.get('hint').str();
  }
  get details(): string {
    return this.json.get('details').str();
  }
  text(): string {
    return this.json.raw();
  }
}

export class Answer {
  constructor(readonly ok: bool, readonly json: Json) {}

  get error(): Fault {
    return new Fault(this.json);
  }

  /** Refused because the object is not there. */
  get missing(): bool {
    return !this.ok && this.error.kind == 'not-found';
  }
}

/** `length` is what an import returned: bytes of an answer, or below zero of an error. */
export function answered(length: i32): Answer {
  return length < 0 ? new Answer(false, Json.of(take(-length))) : new Answer(true, Json.of(take(length)));
}
