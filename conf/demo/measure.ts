// Traffic through the attachment.
// SPDX-License-Identifier: Apache-2.0

import { get, request } from 'node:http';

/** s; the burst is let through first and not counted */
const WARM_UP = 0.7;
const MEASURED = 1.5;

export const httpAnswer = (port: number): Promise<string> => new Promise((done, fail) => {
  get({ host: '127.0.0.1', port, timeout: 5000 }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => done(`${response.statusCode} "${text}"`));
  }).on('error', fail);
});

/** What goes through the published port, counted at this end. */
export function bitsPerSecond(port: number, way: 'download' | 'upload'): Promise<number> {
  let bytes = 0;
  const count = (more: number): void => { bytes += more; };
  const stop = way === 'download' ? download(port, count) : upload(port, count);
  return new Promise((done) => {
    setTimeout(() => {
      bytes = 0;
      setTimeout(() => {
        stop();
        done((bytes * 8) / MEASURED);
      }, MEASURED * 1000);
    }, WARM_UP * 1000);
  });
}

function download(port: number, count: (bytes: number) => void): () => void {
  const ask = get({ host: '127.0.0.1', port, path: '/many' }, (response) => response.on('data', (part: Buffer) => count(part.length)));
  ask.on('error', () => undefined);
  return () => void ask.destroy();
}

function upload(port: number, count: (bytes: number) => void): () => void {
  const chunk = Buffer.alloc(16 * 1024);
  const send = request({ host: '127.0.0.1', port, method: 'POST' });
  let stopped = false;
  const pump = (): void => {
    if (!stopped) send.write(chunk, () => {
      count(chunk.length);
      pump();
    });
  };
  send.on('error', () => undefined);
  pump();
  return () => {
    stopped = true;
    send.destroy();
  };
}
