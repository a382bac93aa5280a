// For tests: compiles AssemblyScript in the way the build does.
// SPDX-License-Identifier: Apache-2.0

import asc from 'assemblyscript/asc';

export async function compile(entry: string): Promise<WebAssembly.Module> {
  let binary: Uint8Array | undefined;
  const flags = ['--runtime', 'stub', '--use', 'abort=plugins-as/sdk/abi/abort', '--maximumMemory', '64', '-O3'];
  const { error, stderr } = await asc.main([entry, '--outFile', 'probe.wasm', ...flags], {
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (name.endsWith('.wasm') && typeof contents !== 'string') binary = contents;
    },
  });
  if (error || !binary) throw new Error(stderr.toString(), { cause: error });
  return new WebAssembly.Module(binary.slice());
}
