// Puts a manifest into a module, as the custom section `cni.manifest` behind everything else; the module's language does not matter.
// SPDX-License-Identifier: Apache-2.0

const SECTION = 'cni.manifest';
const ROLES = ['main', 'chained', 'ipam'];

/**
 * @param {Uint8Array} wasm
 * @param {string} manifest JSON text
 * @returns {Uint8Array}
 */
export function stamp(wasm, manifest) {
  if (WebAssembly.Module.customSections(new WebAssembly.Module(wasm), SECTION).length > 0) {
    throw new Error(`the module carries a ${SECTION} section already: stamp the file the compiler wrote`);
  }
  const name = new TextEncoder().encode(SECTION);
  const content = new TextEncoder().encode(JSON.stringify(parseManifest(manifest)));
  const body = [...leb128(name.length), ...name, ...content];
  return Uint8Array.from([...wasm, 0, ...leb128(body.length), ...body]);
}

/** Only what no host could do without; the host reads the rest with its own eyes. */
function parseManifest(text) {
  let manifest;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new Error(`the manifest is not JSON: ${error.message}`, { cause: error });
  }
  if (manifest?.abi !== 1) throw new Error(`manifest: "abi" is ${JSON.stringify(manifest?.abi)}: write 1`);
  for (const key of ['name', 'version']) {
    if (typeof manifest[key] !== 'string' || manifest[key] === '') throw new Error(`manifest: "${key}" is ${JSON.stringify(manifest[key])}: write a text`);
  }
  if (!ROLES.includes(manifest.role)) throw new Error(`manifest: "role" is ${JSON.stringify(manifest.role)}: write one of ${ROLES.join(', ')}`);
  return manifest;
}

function leb128(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number];
}
