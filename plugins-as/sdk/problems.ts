// Tearing down goes on after errors and tells them at the end.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { fail } from './fail';

export class Problems {
  private texts: string[] = [];

  note(answer: Answer): void {
    if (!answer.ok) this.texts.push(answer.error.msg);
  }

  /** Returns 0, or what fail() returned. */
  end(): i32 {
    return this.texts.length == 0 ? 0 : fail(this.texts.join('\n'));
  }
}
