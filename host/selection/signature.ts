// Ed25519 signatures of modules: who vouches for these bytes. They lie beside the bytes, as `<digest>.sig`.
// SPDX-License-Identifier: Apache-2.0

import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { CniError, CODE } from '../cni-error.ts';
import { KEY } from '../grant/policy.ts';
import { readPlainFile } from '../open-file.ts';
import { parseObject, reason } from '../protocol/go-json.ts';
import { errnoOf } from '../system-error.ts';

export interface Signature { key: string; signature: string }

const PREFIX = 'ed25519:';
/** DER in front of the 32 bytes of a public key (RFC 8410) */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const signaturePath = (module: string): string => `${module}.sig`;

/** What is signed names its purpose, so that a signature for something else can never be one for this. */
const messageFor = (digest: string): Buffer => Buffer.from(`cni-wasm module ${digest}\n`);

/** Undefined when there is none. Throws code 100 for a file that is none. */
export function readSignature(path: string): Signature | undefined {
  let bytes: Buffer;
  try {
    bytes = readPlainFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new CniError(CODE.moduleRefused, `signature "${path}" cannot be read: ${errnoOf(error)}`, { at: path, cause: error });
  }
  try {
    const { key, signature } = parseObject(bytes).value;
    if (typeof key !== 'string' || !KEY.test(key) || typeof signature !== 'string') throw new Error('it must have a key like ed25519:… and a signature');
    return { key, signature };
  } catch (error) {
    throw new CniError(CODE.moduleRefused, `signature "${path}": ${reason(error)}`, { kind: 'invalid', at: path, cause: error });
  }
}

export function isSignedBy({ key, signature }: Signature, digest: string): boolean {
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, Buffer.from(key.slice(PREFIX.length), 'base64')]), format: 'der', type: 'spki' });
  return verify(null, messageFor(digest), publicKey, Buffer.from(signature, 'base64'));
}

/** `pem` is a private key as `keygen`, or openssl, wrote it; the path is for messages. Throws code 7. */
export function signDigest({ path, pem }: { path: string; pem: Buffer }, digest: string): Signature {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new CniError(CODE.invalidConfig, `"${path}" is no private key in PEM without a passphrase`, { hint: 'make one with `cni-wasm keygen FILE`', cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new CniError(CODE.invalidConfig, `"${path}" is a key of type ${key.asymmetricKeyType}, it must be ed25519`, { hint: 'make one with `cni-wasm keygen FILE`' });
  return { key: publicKeyOf(key), signature: sign(null, messageFor(digest), key).toString('base64') };
}

export const publicKeyOf = (key: KeyObject): string =>
  `${PREFIX}${createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length).toString('base64')}`;
