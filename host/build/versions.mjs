// What our plugins answer to VERSION, which their launchers say without a host.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';

import { importTypeScript } from './import-typescript.mjs';

/** By the name of the executable; `plugins` are those with a manifest, `cni-wasm` speaks for any module. */
export async function versionAnswers(plugins) {
  const { exported: { versionAnswer, versionsOf } } = await importTypeScript('host/protocol/versions.ts');
  const spoken = (name) => JSON.parse(readFileSync(`plugins-as/${name}/manifest.json`, 'utf8')).cniVersions ?? [];
  return Object.fromEntries([...plugins.map((name) => [name, versionAnswer(versionsOf(spoken(name)))]), ['cni-wasm', versionAnswer(versionsOf([]))]]);
}
