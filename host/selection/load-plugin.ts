// Selection, then grant: a name becomes a module that may run, with what it may do.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { settledIdentityOf } from '../file-identity.ts';
import { grantBuiltin, grantByPolicy, type Asked, type Grant } from '../grant/grant-for.ts';
import { readManifest } from '../grant/manifest.ts';
import { readPolicy, type Policy, type Signer } from '../grant/policy.ts';
import { readImports, type Imports } from '../grant/read-imports.ts';
import { DEFAULT_LIMITS, type Manifest } from '../grant/grants.ts';
import { once } from '../once.ts';
import { reason } from '../protocol/go-json.ts';
import type { Netconf } from '../protocol/request.ts';
import type { Roots } from '../roots.ts';
import { checkSections } from '../sandbox/compile-limit.ts';
import { compileMetered, compileModule, guestModule, type GuestModule } from '../sandbox/guest-module.ts';
import { checkImportTypes } from '../sandbox/import-types.ts';
import { checkMemory } from '../sandbox/memory-limit.ts';
import { readDeclared, type Declared } from '../sandbox/sections.ts';
import type { Plugin } from '../verbs/host.ts';
import { blobPath, findModule, verifiedBytes, type Builtins, type Found } from './find-module.ts';
import { isSignedBy, readSignature, signaturePath } from './signature.ts';

/** What the bytes of a module say, whatever it is called and wherever it runs: a digest stands for all of it. VERSION needs the manifest alone. */
export interface Content { manifest: Manifest; code(): Code }
export interface Code { imports: Imports; declared: Declared; /** what can be run */ metered(): GuestModule }
export interface Loaded extends Content { found: Found }

/** Throws code 100 (refused) or 101 (not granted). */
export function loadPlugin({ found, manifest, code }: Loaded, netconf: Pick<Netconf, 'name'>, roots: Roots): Plugin {
  const { name } = found;
  const known = code();
  const asked = { name, digest: found.digest, manifest, operations: known.imports.operations, network: netconf.name };
  const grant = found.builtin ? grantBuiltin(asked) : grantFor(asked, found, roots);
  return { name, digest: found.digest, manifest, module: runnable(known, name, grant.limits.memoryPages), ...grant };
}

/** Throws code 100 for what cannot be run here, whoever grants what. */
export function runnable({ declared, metered }: Code, name: string, memoryPages = DEFAULT_LIMITS.memoryPages): GuestModule {
  checkMemory(declared, name, memoryPages);
  checkImportTypes(declared, name);
  return metered();
}

function grantFor(asked: Asked, found: Found, roots: Roots): Grant {
  const policy = readPolicy(roots.etc);
  return grantByPolicy(asked, policy, signerOf(found, policy, roots));
}

/** A policy without signers reads no signature; one of somebody else's is none, a wrong one of somebody trusted is a forgery. Throws code 100. */
export function signerOf({ name, digest }: Pick<Found, 'name' | 'digest'>, { signers }: Policy, { state }: Pick<Roots, 'state'>): Signer | undefined {
  if (signers.length === 0) return undefined;
  const path = signaturePath(blobPath(state, digest));
  const signature = readSignature(path);
  const signer = signature && signers.find(({ key }) => key === signature.key);
  if (signer && !isSignedBy(signature, digest)) {
    throw new CniError(CODE.moduleRefused, `module "${name}" has a signature that "${signer.name}" did not make`, { kind: 'denied', at: path, hint: 'get module and signature from their publisher again' });
  }
  return signer;
}

/** What a process that serves many calls keeps, by digest. */
export type KeptModules = Map<string, { content: Content; /** the file it was read from, as it was then */ file: string | undefined }>;

/** Everything about a module but what it may do here. A file that is as it was when it was read and hashed is not read again. */
export function loadModule(name: string, builtins: Builtins, roots: Roots, kept?: KeptModules): Loaded {
  const found = findModule(name, builtins, roots);
  const known = kept?.get(found.digest);
  const file = kept && settledIdentityOf(found.source.path);
  if (known?.file !== undefined && known.file === file) return { found, ...known.content };
  const bytes = verifiedBytes(found);
  const content = known?.content ?? contentOf(bytes, found, builtins);
  kept?.set(found.digest, { content, file });
  return { found, ...content };
}

const contentOf = (bytes: Uint8Array, { name, builtin }: Found, { compiled }: Builtins): Content => ({
  manifest: frozen(manifestIn(bytes, name)),
  code: once(() => (builtin ? ownCode(bytes, name, compiled(name, bytes)) : codeOf(bytes, name))),
});

function manifestIn(bytes: Uint8Array, name: string): Manifest {
  try {
    return readManifest(bytes, name);
  } catch (error) {
    // Bytes that are no module have no manifest either, but that is not what is wrong with them.
    compile(bytes, name);
    throw error;
  }
}

/** The count is in it since it was built. Throws code 100. */
function ownCode(bytes: Uint8Array, name: string, compiled: WebAssembly.Module | undefined): Code {
  const module = { ...(compiled ? guestModule(compiled) : compile(bytes, name)), isOurs: true };
  return { ...described(bytes, name, module), metered: () => module };
}

/** Throws code 100. */
export const codeOf = (bytes: Uint8Array, name: string): Code => ({ ...described(bytes, name, compile(bytes, name)), metered: once(() => withCount(bytes, name)) });

const described = (bytes: Uint8Array, name: string, module: GuestModule): Omit<Code, 'metered'> => frozen({ imports: readImports(module, name), declared: readDeclared(bytes) });

function withCount(bytes: Uint8Array, name: string): GuestModule {
  try {
    return compileMetered(bytes);
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `module "${name}" cannot be run, because nothing could limit it: ${reason(error)}`, { kind: 'unsupported', hint: 'build it without that, for what abi/README.md names', cause: error });
  }
}

/** All the way down: a call cannot leave anything for the next one in what both are given. */
function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part as object);
  return Object.freeze(value);
}

export function compile(bytes: Uint8Array, name: string): GuestModule {
  checkSections(bytes, name);
  try {
    return compileModule(bytes);
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `module "${name}" is not valid WebAssembly: ${reason(error)}`, { kind: 'invalid', cause: error });
  }
}
