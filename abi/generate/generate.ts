// Everything that is derived from the table of operations, as files: build.mjs writes them, or compares them with `--check`.
// SPDX-License-Identifier: Apache-2.0

import { OPS } from '../ops.ts';
import { assemblyScript } from './assembly-script.ts';
import { hostTypes } from './host-types.ts';
import { jsonSchemas } from './json-schema.ts';
import { withTables } from './tables.ts';

/** Folders that hold nothing but generated files; what else lies there is left over from an operation that is gone. */
export const OWNED_FOLDERS = ['abi/gen', 'abi/schema', 'plugins-as/sdk/gen'];

/** Path from the repository's root → text. */
export function generate(readme: string): Map<string, string> {
  return new Map([
    ['abi/gen/types.ts', hostTypes(OPS)],
    ['plugins-as/sdk/gen/ops.ts', assemblyScript(OPS)],
    ['abi/README.md', withTables(readme, OPS)],
    ...[...jsonSchemas(OPS)].map(([name, text]): [string, string] => [`abi/schema/${name}`, text]),
  ]);
}
