// `cni-wasm serve`: the resident host, until it is told to end.
// SPDX-License-Identifier: Apache-2.0

import { serve as stay } from '../resident/serve.ts';
import { answerPeople } from './answer-people.ts';
import { Misuse } from './words.ts';

/** The exit code. */
export const serve = (words: readonly string[]): Promise<number> => answerPeople(async () => {
  if (words.length > 0) throw new Misuse(`takes no words, got "${words.join(' ')}"; CNI_WASM_RUN says where its socket is`, 'serve');
  await stay();
  return '';
});
