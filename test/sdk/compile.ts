// For tests: compiles a plugin's folder with the SDK's own tool, which must stay in its place to find the SDK.
// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

type Tool = typeof import('../../plugins-as/sdk/tool/compile.mjs');

export async function compile(folder: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await bytesOf(folder) as BufferSource);
}

export async function bytesOf(folder: string): Promise<Uint8Array> {
  const tool = await import(pathToFileURL(resolve('plugins-as/sdk/tool/compile.mjs')).href) as Tool;
  const { bytes } = await tool.compile(folder);
  return Uint8Array.from(bytes);
}
