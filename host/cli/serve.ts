// `cni-wasm serve`: the resident host, until it is told to end.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { serve as stay } from '../resident/serve.ts';
import { answerPeople } from './answer-people.ts';

/** The exit code. */
export const serve = (words: readonly string[]): Promise<number> => answerPeople(async () => {
  if (words.length > 0) throw new CniError(CODE.invalidConfig, `serve: takes no words, got "${words.join(' ')}"; CNI_WASM_RUN says where its socket is`);
  await stay();
  return '';
});
