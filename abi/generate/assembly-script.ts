// Writes plugins-as/sdk/gen/ops.ts: for each operation its import and the function a plugin calls.
// SPDX-License-Identifier: Apache-2.0

import { ABI, type Op } from '../ops.ts';
import { identifier } from './identifier.ts';

/** The compiler keeps an import only when its function is called, so a plugin's import section lists just what it uses. */
export function assemblyScript(ops: readonly Op[]): string {
  return `// Generated from abi/ops.ts by build.mjs: one function for each operation of the host. Do not edit.
// SPDX-License-Identifier: Apache-2.0

import { Bytes } from '../abi';
import { Answer, answered } from '../answer';
import { Obj } from '../json';

${ops.map(binding).join('\n')}`;
}

function binding(op: Op): string {
  const name = identifier(op);
  return `@external('cni:${op.domain}/${ABI}', '${op.name}') declare function ${name}Import(request: Bytes, length: i32): i32;
/** ${op.does} */
export function ${name}(request: Obj): Answer {
  return answered(${name}Import(request.buffer, request.length));
}
`;
}
