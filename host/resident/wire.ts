// What launcher and resident host say to each other (the other side: host/launcher.c). All numbers are 32 bits, little endian. Neither waits
// for the other's word: hello and stdin usually lie there together, and only the answer goes back.
//
//   launcher  "cniwasm2", length, then texts that end with NUL: its name, the path of the one-shot host it would become, each variable
//             length, all of stdin: as soon as that has ended, never for VERSION
//   host      '.' when it has taken the call and each second from then on; one may come behind the answer, which another thread sends
//             'D', exit code, length of stdout's text, length of stderr's, both texts: stdin is waited for only where the answer needs it
//
// A host that closes before it has answered has not taken the call, or cannot end it: the launcher becomes the one-shot host.
// SPDX-License-Identifier: Apache-2.0

const MAGIC = 'cniwasm2';
/** bytes; launcher.c has the same numbers */
export const MAX_HELLO = 256 * 1024;
export const MAX_STDIN = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;

export const ALIVE = Buffer.from('.');

export interface Hello {
  calledAs: string;
  /** what the launcher becomes without us */
  oneShot: string;
  env: Record<string, string>;
}

export class WireError extends Error {
  override name = 'WireError';
}

/** Something whole, and what came behind it; or how many bytes there must be before it is worth looking again. */
export type Read<T> = { whole: T; rest: Buffer } | { wanted: number };

/** Throws WireError for what no launcher of this version sends. */
export function readHello(bytes: Buffer): Read<Hello> {
  const start = bytes.toString('latin1', 0, MAGIC.length);
  if (!MAGIC.startsWith(start)) throw new WireError(`a first word that is not "${MAGIC}"`);
  const read = readSized(bytes, MAGIC.length, MAX_HELLO);
  return 'wanted' in read ? read : { whole: helloOf(read.whole), rest: read.rest };
}

/** Throws WireError. */
export function readStdin(bytes: Buffer): Read<Buffer> {
  const read = readSized(bytes, 0, MAX_STDIN);
  if ('rest' in read && read.rest.length > 0) throw new WireError('more than a call');
  return read;
}

/** A length at `at`, and so many bytes. */
function readSized(bytes: Buffer, at: number, limit: number): Read<Buffer> {
  const begin = at + LENGTH_BYTES;
  if (bytes.length < begin) return { wanted: begin };
  const length = bytes.readUInt32LE(at);
  if (length > limit) throw new WireError(`${length} bytes, at most ${limit} are taken`);
  const end = begin + length;
  return bytes.length < end ? { wanted: end } : { whole: bytes.subarray(begin, end), rest: bytes.subarray(end) };
}

function helloOf(body: Buffer): Hello {
  if (body.length === 0 || body[body.length - 1] !== 0) throw new WireError('texts without an end');
  const [calledAs, oneShot, ...variables] = body.toString('utf8', 0, body.length - 1).split('\0');
  if (!calledAs || !oneShot) throw new WireError('no name, or no path of a host');
  return { calledAs, oneShot, env: environmentOf(variables) };
}

/** Of two variables of one name the first counts, as for getenv(3). */
function environmentOf(variables: readonly string[]): Record<string, string> {
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const text of variables) {
    const end = text.indexOf('=');
    if (end > 0) env[text.slice(0, end)] ??= text.slice(end + 1);
  }
  return env;
}

export interface Reply { exitCode: number; stdout: string; stderr: string }

export function formatReply({ exitCode, stdout, stderr }: Reply): Buffer {
  const [out, err] = [Buffer.from(stdout), Buffer.from(stderr)];
  const head = Buffer.alloc(13);
  head.write('D');
  head.writeUInt32LE(exitCode, 1);
  head.writeUInt32LE(out.length, 5);
  head.writeUInt32LE(err.length, 9);
  return Buffer.concat([head, out, err]);
}
