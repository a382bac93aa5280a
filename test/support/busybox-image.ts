// An image of Debian's static busybox and one page for its web server, in the form `ctr images import` reads.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sh } from './node.ts';

export const IMAGE = 'example.org/busybox:1';
export const PAGE = 'hello from the container';
export const WEB = ['/bin/busybox', 'httpd', '-f', '-p', '80', '-h', '/www'];
/** What the pod's own container does. */
const IDLE = ['/bin/busybox', 'sleep', '100000'];

/** The file system of a container, in a folder of its own. */
export function writeRoot(root: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'www'));
  cpSync(sh('sh', '-c', 'command -v busybox').trim(), join(root, 'bin/busybox'), { dereference: true });
  writeFileSync(join(root, 'www/index.html'), PAGE);
}

/** Makes the archive below a folder; its path. A container without a command of its own does nothing. */
export function writeImage(folder: string): string {
  writeRoot(join(folder, 'root'));
  mkdirSync(join(folder, 'image'));
  sh('tar', '-C', join(folder, 'root'), '-cf', join(folder, 'image/layer.tar'), '.');
  const layer = createHash('sha256').update(readFileSync(join(folder, 'image/layer.tar'))).digest('hex');
  const config = { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux', config: { Cmd: IDLE }, rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] } };
  writeFileSync(join(folder, 'image/config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'image/manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }]));
  sh('tar', '-C', join(folder, 'image'), '-cf', join(folder, 'image.tar'), '.');
  return join(folder, 'image.tar');
}
