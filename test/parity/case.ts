// What a configuration that both sides run is made of: a table of these reads as a specification.
// SPDX-License-Identifier: Apache-2.0

export type Json = Record<string, unknown>;
export interface List { cniVersion: string; name: string; plugins: Json[] }

/** Whom a call is about, and what the runtime offers to plugins with the capability. */
export interface Target { containerId?: string; ifname?: string; netns?: string; args?: string; offers?: Json }

/** A list run as libcni runs it: results handed on, DEL in reverse order, the first error ends it. */
export interface ListStep extends Target { verb: 'ADD' | 'CHECK' | 'DEL' | 'GC' | 'STATUS'; list: List; /** no prevResult, as when the runtime's cache is lost */ forget?: boolean; /** the node is compared after the next step only */ later?: boolean }
/** One execution, byte for byte. An undefined variable is not set. */
export interface RawStep { program: string; env: Readonly<Record<string, string | undefined>>; stdin: string }
/** A shell script in the host's namespace. */
export interface ShellStep { shell: string }
export type Step = ListStep | RawStep | ShellStep;

export interface Case {
  /** what is the same, as a sentence */
  name: string;
  steps: readonly Step[];
  /** rows of differences.md: nothing else may differ, and each must show */
  differs?: readonly string[];
}

export const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export const atLeast = (version: string, other: (typeof VERSIONS)[number]): boolean => VERSIONS.indexOf(version as '1.0.0') >= VERSIONS.indexOf(other);

export const listOf = (...plugins: Json[]): List => ({ cniVersion: '1.0.0', name: 'blue', plugins });
export const at = (cniVersion: string, list: List): List => ({ ...list, cniVersion });

/** An attachment's whole life: ADD, CHECK where the version has it, DEL, and a second DEL by a runtime that lost namespace and result. */
export function life(list: List, target: Target = {}): Step[] {
  return [
    { verb: 'ADD', list, ...target },
    ...(atLeast(list.cniVersion, '0.4.0') ? [{ verb: 'CHECK' as const, list, ...target }] : []),
    { verb: 'DEL', list, ...target },
    { verb: 'DEL', list, ...target, netns: '', forget: true },
  ];
}

export const hostLocal = (...subnets: string[]): Json => ({ type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) });
