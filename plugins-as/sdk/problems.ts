// Tearing down goes on after errors and tells them at the end.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { fail } from './fail';
import { isLacking } from './usable';

export class Problems {
  private texts: string[] = [];

  note(answer: Answer): void {
    if (!answer.ok) this.texts.push(answer.error.msg);
  }

  /** Is something to be taken out of it? Not from what is lacking. What does not answer now is told and not tried: it may hold what was to go. */
  mayHold(usable: Answer): bool {
    if (isLacking(usable)) return false;
    this.note(usable);
    return usable.ok;
  }

  /** Returns 0, or what fail() returned. */
  end(): i32 {
    return this.texts.length == 0 ? 0 : fail(this.texts.join('\n'));
  }
}
