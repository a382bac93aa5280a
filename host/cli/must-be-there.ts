// A word of a conflist that is misspelt is found before anything is changed. A runtime finds it when it gets there, and sends DEL.
// SPDX-License-Identifier: Apache-2.0

import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { findModule } from '../selection/find-module.ts';
import { modulesOf } from './modules-of.ts';
import { programOf, type Conflist } from './run-conflist.ts';

/** Throws code 999 for a plugin that is in no folder, and 100 for a module that is not installed. */
export function mustBeThere({ plugins }: Conflist, path: readonly string[], roots: Roots): void {
  for (const plugin of plugins) {
    programOf(plugin.type, path);
    for (const { name, mayBeProgram } of modulesOf(plugin)) if (!mayBeProgram) findModule(name, builtins(), roots);
  }
}
