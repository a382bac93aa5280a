// Asks a web server in a container for its page, from this node or from another namespace.
// SPDX-License-Identifier: Apache-2.0

import { inNetns, sh } from './node.ts';
import { until } from './until.ts';

/** A client of its own, since only a process can be in another namespace. Half an answer is none, nor is an empty one. With a signal Node listens for errors itself, and throws none. */
const CLIENT = `require('node:http').get(process.argv[1], { signal: AbortSignal.timeout(3000) }, async (answer) => {
  const page = (await answer.toArray()).join('');
  if (page === '') throw new Error('an empty page: ' + [answer.statusCode, ...answer.rawHeaders].join(' '));
  process.stdout.write(page);
}).on('error', (error) => { throw error; })`;

/** A server needs a moment after the runtime has returned. */
export async function pageOf(host: string, port: number, netns?: string): Promise<string> {
  const client = [process.execPath, '-e', CLIENT, `http://${host.includes(':') ? `[${host}]` : host}:${port}/`] as const;
  let page = '';
  await until(`port ${port} of ${host} answers${netns ? ` in ${netns}` : ''}`, () => {
    page = netns ? inNetns(netns, ...client) : sh(...client);
    return true;
  });
  return page;
}
