// Two machines that start alike, one with the reference's plugins and one with ours: each namespaces of its own and the same paths.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { BIN, REFERENCE_191 } from '../support/node.ts';

export interface Outcome { exitCode: number; stdout: string }

/** What a runtime's environment has besides CNI's: the reference finds iptables there. */
export const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
/** Where both sides see their plugins: error texts name it. */
export const PLUGINS = '/run/bin';
const OWN = ['--mount', '--net', '--propagation', 'private'];

export class Side {
  /** the dump since which nothing ran */
  private last: string | undefined;

  private constructor(private readonly stage: ChildProcess) {}

  static async open(bin: string): Promise<Side> {
    const stage = spawn('unshare', [...OWN, 'sh', 'test/support/in-own-node.sh', 'sh', 'test/parity/stage.sh', bin], { stdio: ['pipe', 'pipe', 'inherit'] });
    const first = await Promise.race([once(stage.stdout, 'data'), once(stage, 'exit').then(() => undefined)]);
    if (!first) throw new Error('a side of the twin could not be made');
    return new Side(stage);
  }

  close(): void {
    this.stage.stdin!.end();
  }

  /** Runs a plugin as a runtime would. */
  execute(file: string, env: Readonly<Record<string, string>>, stdin: string): Promise<Outcome> {
    this.last = undefined;
    return this.inside([file], env, stdin);
  }

  shell(script: string): Promise<Outcome> {
    this.last = undefined;
    return this.inside(['/bin/sh', '-c', script], { PATH }, '');
  }

  async dump(quick = false): Promise<string> {
    const { stdout } = await this.inside(['/bin/sh', `${process.cwd()}/test/parity/dump.sh`], { PATH, ...(quick ? { QUICK: '1' } : {}) }, '');
    if (!quick) this.last = stdout;
    return stdout;
  }

  async lastDump(): Promise<string> {
    return this.last ?? this.dump();
  }

  private async inside(words: readonly string[], env: Readonly<Record<string, string>>, stdin: string): Promise<Outcome> {
    const child = spawn('/usr/bin/nsenter', [`--target=${this.stage.pid}`, '--mount', '--net', '--wd=/', '--', ...words], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    // VERSION and a call without CNI_COMMAND do not read it.
    child.stdin.on('error', () => undefined).end(stdin);
    const [code, signal] = await once(child, 'close') as [number | null, string | null];
    if (signal) throw new Error(`${words.join(' ')} ended with ${signal}`);
    return { exitCode: code!, stdout: Buffer.concat(chunks).toString() };
  }
}

/** A twin for each case, or the last one again when nothing was changed in it. */
export class Twins {
  private sides: Side[] = [];
  /** what the first twin looked like before anything ran; all start alike */
  private untouched: string[] = [];

  async untouchedOnes(): Promise<readonly Side[]> {
    if (this.sides.length > 0 && (await this.dumps()).every((dump, i) => dump === this.untouched[i])) return this.sides;
    this.close();
    this.sides = await Promise.all([REFERENCE_191, BIN].map((bin) => Side.open(bin)));
    if (this.untouched.length === 0) this.untouched = await this.dumps();
    return this.sides;
  }

  close(): void {
    this.sides.forEach((side) => side.close());
  }

  private dumps(): Promise<string[]> {
    return Promise.all(this.sides.map((side) => side.lastDump()));
  }
}
