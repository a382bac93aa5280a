// `cni-wasm keygen` and `cni-wasm sign`: for whoever publishes modules; the operator writes the public key into the policy.
// SPDX-License-Identifier: Apache-2.0

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readManifest } from '../grant/manifest.ts';
import { digestOf } from '../selection/find-module.ts';
import { compile } from '../selection/load-plugin.ts';
import { publicKeyOf, signaturePath, signDigest } from '../selection/signature.ts';
import { readNamed, writeNamed } from './named-file.ts';
import { Misuse, readWords } from './words.ts';

export function keygen(words: readonly string[]): string {
  const { positionals: [file] } = readWords('keygen', words, 1, {});
  if (file === undefined) throw new Misuse('give the file that the private key is to be written to', 'keygen');
  const { privateKey } = generateKeyPairSync('ed25519', { publicKeyEncoding: { format: 'pem', type: 'spki' }, privateKeyEncoding: { format: 'pem', type: 'pkcs8' } });
  // A key is not overwritten.
  writeNamed(file, privateKey, { mode: 0o600, flag: 'wx' });
  return `wrote the private key to ${file}; keep it to yourself

Its public key, for "signers" in the policies of those who trust it:

  ${publicKeyOf(createPrivateKey(privateKey))}
`;
}

export function sign(words: readonly string[]): string {
  const { values: { key }, positionals: [file] } = readWords('sign', words, 1, { key: { type: 'string' } });
  if (file === undefined || key === undefined) throw new Misuse('give a .wasm file and --key FILE', 'sign');
  const bytes = readNamed(file);
  compile(bytes, file);
  readManifest(bytes, file);
  const digest = digestOf(bytes);
  const signature = signDigest({ path: key, pem: readNamed(key) }, digest);
  writeNamed(signaturePath(file), `${JSON.stringify(signature, null, 2)}\n`);
  return `wrote ${signaturePath(file)}: ${signature.key} vouches for ${digest}\n`;
}
