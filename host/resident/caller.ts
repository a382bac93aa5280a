// Who calls, and from where: a resident host acts in its own namespaces, so it serves only callers that live in the same ones. The
// others' launchers become one-shot hosts, which act where they are.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Hello } from './wire.ts';

export interface Place {
  /** what /proc/PID has under these names: a namespace by the text of its link, which is its number, a folder as "dev:inode" */
  ids: Readonly<Record<(typeof SAME)[number], string>>;
  /** effective capabilities */
  capabilities: bigint;
  umask: number;
  /** what it runs: "dev:inode", which a file that is replaced meanwhile keeps */
  program: string;
}

const SAME = ['ns/net', 'ns/mnt', 'ns/user', 'root'] as const;

/** `of` is a process id or "self". Throws when there is no such process (any more). */
export function placeOf(of: number | 'self'): Place {
  const status = readFileSync(`/proc/${of}/status`, 'utf8');
  return {
    ids: Object.fromEntries(SAME.map((name) => [name, name === 'root' ? idOf(`/proc/${of}/root`) : readlinkSync(`/proc/${of}/${name}`)])) as Place['ids'],
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)![1]!}`),
    umask: Number.parseInt(/^Umask:\s*([0-7]+)$/m.exec(status)![1]!, 8),
    program: programOf(of),
  };
}

const programOf = (pid: number | 'self'): string => idOf(`/proc/${pid}/exe`);

/** A launcher that has lost patience becomes the one-shot host, and keeps its process id. One that has ended runs nothing, also before its parent has taken notice. */
export function isStillThere({ pid, program }: { pid: number; program: string }): boolean {
  try {
    return programOf(pid) === program;
  } catch {
    return false;
  }
}

function idOf(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}

/** Why a host in `own` must not act for a caller in `caller`; undefined when it may. */
export function whyElsewhere(own: Place, caller: Place): string | undefined {
  const other = SAME.find((name) => own.ids[name] !== caller.ids[name]);
  if (other !== undefined) return `the caller has another ${other.replace('ns/', '')}${other === 'root' ? ' folder' : ' namespace'}`;
  // What the caller could not do by itself, it shall not do through us.
  return (own.capabilities & ~caller.capabilities) === 0n ? undefined : 'the caller has fewer capabilities than this host';
}

/** Such paths name something of the process that follows them, which would be this one. */
const OWN_PATH = /\/proc[/.]*\/(self|thread-self)\b|\/dev[/.]*\/(fd|stdin|stdout|stderr)\b/;

export const namesItself = (text: string): boolean => OWN_PATH.test(text);

/** JSON may have any sign as an escape; some libraries write each slash as one. What is no escape, behind another backslash, is at worst left to the launcher. */
export const namesItselfInJson = (json: string): boolean =>
  namesItself(json.replace(/\\(?:\/|u([0-9a-fA-F]{4}))/g, (_, code?: string) => (code === undefined ? '/' : String.fromCharCode(Number.parseInt(code, 16)))));

export const namesItselfIn = ({ env }: Pick<Hello, 'env'>): boolean => Object.entries(env).some(([key, value]) => key.startsWith('CNI_') && namesItself(value));
