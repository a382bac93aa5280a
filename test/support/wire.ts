// A launcher in TypeScript, for tests: it can stop where the real one goes on.
// SPDX-License-Identifier: Apache-2.0

import { connect } from 'node:net';
import { join } from 'node:path';
import type { Reply } from '../../host/resident/wire.ts';

export function sized(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export const helloBytes = (texts: readonly string[]): Buffer => Buffer.concat([Buffer.from('cniwasm2'), sized(Buffer.from(texts.map((text) => `${text}\0`).join('')))]);

/** Throws when it is none. Behind it there may be signs of life: another thread gives them. */
export function replyOf(bytes: Buffer): Reply {
  if (bytes[0] !== 'D'.charCodeAt(0)) throw new Error(`not an answer: ${bytes.toString('latin1')}`);
  const [exitCode, out, err] = [1, 5, 9].map((at) => bytes.readUInt32LE(at)) as [number, number, number];
  const end = 13 + out + err;
  if (bytes.length < end || !/^\.*$/.test(bytes.toString('latin1', end))) throw new Error(`an answer of ${bytes.length} bytes that should have ${end}`);
  return { exitCode, stdout: bytes.subarray(13, 13 + out).toString(), stderr: bytes.subarray(13 + out, end).toString() };
}

/** What the host says until it closes. */
export function talk(bytes: Buffer, socketPath = '/run/cni-wasm/host.sock'): Promise<string> {
  return new Promise((said) => {
    const chunks: Buffer[] = [];
    const socket = connect(socketPath, () => void socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => said(Buffer.concat(chunks).toString('latin1')));
  });
}

/** One call as the launcher does it, but without going on when nobody answers: undefined then. */
export async function callHost(calledAs: string, env: Readonly<Record<string, string>>, stdin: string): Promise<Reply | undefined> {
  const texts = [calledAs, join(process.cwd(), 'dist/lib/host.cjs'), ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
  const said = (await talk(Buffer.concat([helloBytes(texts), sized(Buffer.from(stdin))]), `${env['CNI_WASM_RUN'] ?? '/run/cni-wasm'}/host.sock`)).replace(/^\.*/, '');
  return said.startsWith('D') ? replyOf(Buffer.from(said, 'latin1')) : undefined;
}
