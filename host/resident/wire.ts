// What launcher and resident host say to each other (the other side: host/launcher.c). All numbers are 32 bits, little endian.
//
//   launcher  "cniwasm1", length, then texts that end with NUL: its name, the path of the one-shot host it would become, each variable
//   host      'A' (send stdin), 'V' (not needed, the answer follows) or 'N' (not by me: the launcher becomes the one-shot host)
//   launcher  length, all of stdin
//   host      '.' each second, then 'D', exit code, length of stdout's text, length of stderr's, both texts
// SPDX-License-Identifier: Apache-2.0

const MAGIC = 'cniwasm1';
/** bytes; launcher.c has the same numbers */
export const MAX_HELLO = 256 * 1024;
export const MAX_STDIN = 16 * 1024 * 1024;

export const ACCEPT = Buffer.from('A');
export const ACCEPT_WITHOUT_STDIN = Buffer.from('V');
export const REFUSE = Buffer.from('N');
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

/** Undefined: more is to come. Throws WireError for what no launcher of this version sends. */
export function readHello(bytes: Buffer): Hello | undefined {
  const start = bytes.subarray(0, MAGIC.length).toString('latin1');
  if (!MAGIC.startsWith(start)) throw new WireError(`a first word that is not "${MAGIC}"`);
  const body = readSized(bytes, MAGIC.length, MAX_HELLO);
  if (!body) return undefined;
  if (body.length === 0 || body[body.length - 1] !== 0) throw new WireError('texts without an end');
  const [calledAs, oneShot, ...variables] = body.subarray(0, -1).toString('utf8').split('\0');
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

/** Undefined: more is to come. Throws WireError. */
export const readStdin = (bytes: Buffer): Buffer | undefined => readSized(bytes, 0, MAX_STDIN);

/** A length at `at` and so many bytes after it, which are the last. */
function readSized(bytes: Buffer, at: number, limit: number): Buffer | undefined {
  if (bytes.length < at + 4) return undefined;
  const length = bytes.readUInt32LE(at);
  if (length > limit) throw new WireError(`${length} bytes, at most ${limit} are taken`);
  const end = at + 4 + length;
  if (bytes.length > end) throw new WireError('more than was announced');
  return bytes.length < end ? undefined : bytes.subarray(at + 4);
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
