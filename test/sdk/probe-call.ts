// Compiles the probe as a plugin outside of this repository would be, and calls its exports: bytes in, text out.
// SPDX-License-Identifier: Apache-2.0

import { compile } from './compile.ts';

export type Probe = (entry: string, input: string | Uint8Array) => string;

export async function loadProbe(): Promise<Probe> {
  const module = await compile('test/sdk/probe');
  return (entry, input) => call(module, entry, typeof input === 'string' ? new TextEncoder().encode(input) : input);
}

/** A fresh instance for each call, as in the host: the stub runtime never frees. */
function call(module: WebAssembly.Module, entry: string, input: Uint8Array): string {
  let answer = '';
  const memory = (): Uint8Array => new Uint8Array((instance.exports['memory'] as WebAssembly.Memory).buffer);
  const text = (at: number, length: number): string => new TextDecoder().decode(memory().slice(at, at + length));
  const instance: WebAssembly.Instance = new WebAssembly.Instance(module, {
    'cni:abi/1': {
      take: (into: number, capacity: number) => {
        if (capacity < input.length) return -input.length;
        memory().set(input, into);
        return input.length;
      },
      result: (at: number, length: number) => { answer = text(at, length); },
      log: (_level: number, at: number, length: number) => { throw new Error(text(at, length)); },
    },
  });
  (instance.exports['_initialize'] as () => void)();
  (instance.exports[entry] as (length: number) => void)(input.length);
  return answer;
}
