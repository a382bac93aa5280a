// Gives a module of ours the export `reset`, which puts its globals back to what they begin with: with that and its first memory one instance
// serves several runs (host/sandbox/instances.ts).
// SPDX-License-Identifier: Apache-2.0

import binaryen from 'binaryen';

/** What a run could change beside memory and globals, and what would have to be run again: AssemblyScript makes none of it. */
const LASTING = /\((table\.(?:set|fill|copy|init|grow)|elem\.drop|data\.drop|start)\b/;

/** Throws where a run could leave more than that behind. */
export function addReset(bytes) {
  const module = binaryen.readBinary(bytes);
  try {
    const [, lasting] = LASTING.exec(module.emitText()) ?? [];
    if (lasting) throw new Error(`the module has ${lasting}: what that changes cannot be put back after a run`);
    const globals = Array.from({ length: module.getNumGlobals() }, (_, i) => binaryen.getGlobalInfo(module.getGlobalByIndex(i))).filter(({ mutable }) => mutable);
    module.addFunction('reset', binaryen.none, binaryen.none, [], module.block(null, globals.map(({ name, init }) => module.global.set(name, module.copyExpression(init)))));
    module.addFunctionExport('reset', 'reset');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
