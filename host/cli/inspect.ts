// `cni-wasm inspect`: what a module is and asks for, before anybody runs it.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import type { ConfigSchema } from '../grant/config-schema.ts';
import { readManifest } from '../grant/manifest.ts';
import { readImports } from '../grant/read-imports.ts';
import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { blobPath, digestOf, findModule, verifiedBytes } from '../selection/find-module.ts';
import { codeOf, compile, runnable } from '../selection/load-plugin.ts';
import { isSignedBy, readSignature, signaturePath } from '../selection/signature.ts';
import { keysIn, type ConfigKey } from './config-keys.ts';
import { grantLines } from './grant-lines.ts';
import { readNamed } from './named-file.ts';
import { printable } from './printable.ts';
import { Misuse, readWords } from './words.ts';

export function inspect(words: readonly string[], roots: Roots): string {
  const { positionals: [which] } = readWords('inspect', words, 1, {});
  if (which === undefined) throw new Misuse('give a module name or a .wasm file', 'inspect');
  // What lies beside may bear a module's name: the folder of its source, the program that a runtime executes.
  const isFile = which.endsWith('.wasm') || which.includes('/');
  const { bytes, digest, signature } = isFile ? fromFile(which) : installed(which, roots);
  const module = compile(bytes, which);
  const manifest = readManifest(bytes, which);
  const { operations, wasi } = readImports(module, which);
  const verbs = [...module.exports.keys()].filter((name) => /^cni_(add|del|check|gc|status)$/.test(name));
  return [
    `${manifest.name} ${manifest.version} (${manifest.role}${manifest.license ? `, ${manifest.license}` : ''}), ${bytes.length} bytes`,
    ...(manifest.description ? [manifest.description] : []),
    `digest   ${digest}`,
    `signed   ${signature === undefined ? 'ships with this host' : signedBy(signature, digest)}`,
    `verbs    ${verbs.map((name) => name.slice('cni_'.length).toUpperCase()).join(' ') || 'those it does for itself, as a WASI command'}; the host does the others`,
    `CNI      ${manifest.cniVersions.join(' ') || 'every version'}`,
    `imports  ${operations.toSorted().join(' ') || 'nothing beyond cni:abi/1'}${wasi ? ', and WASI' : ''}`,
    `optional ${manifest.optional.toSorted().join(' ') || 'none'}`,
    ...grantLines(manifest.wants).map((line) => `wants    ${line}`),
    `limits   ${Object.entries(manifest.limits).map(([key, value]) => `${key} ${value}`).join(', ') || 'those of the host'}`,
    ...keys(manifest.config).map((line) => `config   ${line}`),
    ...verdict(bytes, which),
    '',
  ].map(printable).join('\n');
}

interface Seen { bytes: Buffer; digest: string; /** where it would be; nobody needs to vouch for what ships with the host */ signature: string | undefined }

function installed(name: string, roots: Roots): Seen {
  const found = findModule(name, builtins(), roots);
  return { bytes: verifiedBytes(found), digest: found.digest, signature: found.builtin ? undefined : signaturePath(blobPath(roots.state, found.digest)) };
}

function fromFile(path: string): Seen {
  const bytes = readNamed(path);
  return { bytes, digest: digestOf(bytes), signature: signaturePath(path) };
}

function signedBy(path: string, digest: string): string {
  const signature = readSignature(path);
  if (!signature) return 'by nobody';
  return isSignedBy(signature, digest) ? `by ${signature.key}` : `WRONG: ${path} is no signature of these bytes`;
}

/** Those of which there is nothing to say are in one line. */
function keys(schema: ConfigSchema = {}): string[] {
  const [plain, told] = [keysIn(schema).filter((key) => !isTold(key)), keysIn(schema).filter(isTold)];
  const isRequired = (path: string): boolean => schema.required?.includes(path) ?? false;
  return [
    ...(plain.length > 0 ? [plain.map(({ path }) => path).join(' ')] : []),
    ...told.map(({ path, schema: { type, description } }) => [path, ...(type ? [`(${type}${isRequired(path) ? ', required' : ''})`] : []), description ?? ''].join(' ').trim()),
  ];
}

const isTold = ({ schema: { type, description } }: ConfigKey): boolean => type !== undefined || description !== undefined;

/** What would keep it from running here, whoever grants what. */
function verdict(bytes: Uint8Array, which: string): string[] {
  try {
    runnable(codeOf(bytes, which), which);
    return [];
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return [`REFUSED  ${error.message}; ${error.facts.hint ?? ''}`];
  }
}
