// The container: a process in a network namespace of its own that serves HTTP.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Container {
  /** what a runtime passes as CNI_NETNS */
  netns: string;
  stop(): Promise<void>;
}

/** Port 80: GET / greets, GET /many sends without end, POST / swallows. */
const PROGRAM = String.raw`
const http = require('node:http');
const chunk = Buffer.alloc(65536);
http.createServer((request, response) => {
  if (request.method === 'POST') { request.resume(); request.on('end', () => response.end()); return; }
  if (request.url !== '/many') { response.end('hello from the container'); return; }
  const pump = () => { while (response.write(chunk)); };
  response.on('drain', pump); pump();
}).listen(80, '::', () => console.log('ready'));`;

export async function startContainer(): Promise<Container> {
  const child = spawn('unshare', ['--net', process.execPath, '-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Also when the demonstration itself fails.
  process.on('exit', () => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return {
    netns: `/proc/${child.pid}/ns/net`,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
