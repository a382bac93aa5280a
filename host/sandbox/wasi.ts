// For modules of toolchains that cannot do without WASI: a world without files, arguments and environment, whose stdout is the log.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { WASI, WASI_FUNCTIONS } from '../grant/wasi-functions.ts';
import { library } from '#parts';
import { fatally, type Import, type Imports } from './bind-imports.ts';
import { bytesAt, countOperation, type Guest } from './guest.ts';
import { logText } from './guest-log.ts';
import type { GuestModule } from './guest-module.ts';

type Library = typeof import('@wasmer/wasi');

export const needsWasi = ({ imports }: GuestModule): boolean => imports.some(({ module: from }) => from === WASI);

/** The library gets itself ready asynchronously, runs do not: await this before the first run of a module that needs it. */
export const prepareWasi = async (): Promise<void> => library<Library>('wasi').init();

export function bindWasi(guest: Guest): { imports: Imports; attach(instance: WebAssembly.Instance): void; close(): void } {
  const { call } = guest;
  const wasi = openWasi(guest);
  const given = (wasi.getImports(call.module.code) as Imports)[WASI] ?? {};
  const own: Record<string, Import> = {
    // Not a failure of the run, but the guest's frames have to be left.
    proc_exit: (code = 0) => {
      guest.exited = code;
      throw new Error('exit');
    },
    clock_time_get: (clock, _precision, at = 0) => clockAnswer(guest, 'clock_time_get', clock, at, clock === REALTIME ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint()),
    clock_res_get: (clock, at = 0) => clockAnswer(guest, 'clock_res_get', clock, at, clock === REALTIME ? 1_000_000n : 1n),
    random_get: (at = 0, length = 0) => {
      call.random(bytesAt(guest, at, length, 'wasi.random_get'));
      return 0;
    },
    fd_write: (fd, vectors = 0, count = 0, written = 0) => print(guest, fd, vectors, count, written),
  };
  const functions = { ...given, ...own };
  const all = [...WASI_FUNCTIONS.keys()].map((name) => [name, name === 'proc_exit' ? functions[name] : counted(name, allowed(guest, name, functions[name]))]);
  return { imports: { [WASI]: Object.fromEntries(all) as Record<string, Import> }, attach: (instance) => void wasi.instantiate(instance), close: () => close(wasi) };
}

function openWasi(guest: Guest): InstanceType<Library['WASI']> {
  try {
    const { WASI } = library<Library>('wasi');
    return new WASI({ args: [], env: {}, preopens: {} });
  } catch (error) {
    throw new CniError(CODE.hostInternal, `plugin "${guest.call.name}" needs WASI and it is not ready; await prepareWasi() first`, { cause: error });
  }
}

/** The library has its own table of what it was given, the guest's memory among it. */
function close(wasi: InstanceType<Library['WASI']>): void {
  try {
    wasi.free();
  } catch {
    // It failed inside, and believes to be in use for ever.
  }
}

/** errno of WASI preview 1 */
const BAD_FD = 8;
const INVALID = 28;
const NOT_CAPABLE = 76;

/** What a program needs to start, to print and to end. The rest would be files, sockets, signals and sleep. */
const ALLOWED = [
  'args_get', 'args_sizes_get', 'environ_get', 'environ_sizes_get', 'clock_res_get', 'clock_time_get', 'random_get', 'sched_yield',
  'fd_write', 'fd_close', 'fd_seek', 'fd_fdstat_get', 'fd_prestat_get', 'fd_prestat_dir_name',
];

/** The library has a file system in memory and opens its root unasked. Nobody needs it, and it grows without a limit. */
function allowed(guest: Guest, name: string, run: Import | undefined): Import {
  if (!run || !ALLOWED.includes(name)) {
    return () => {
      guest.call.audit(new CniError(CODE.capabilityDenied, `wasi.${name} is not there`, { kind: 'denied', at: name }), `wasi.${name}`);
      return NOT_CAPABLE;
    };
  }
  if (name.startsWith('fd_')) return (fd = -1, ...rest) => (fd >>> 0 > 2 ? BAD_FD : run(fd, ...rest));
  return run;
}

const REALTIME = 0;
const MONOTONIC = 1;

/** The two clocks of cni:abi/1, and none of the processor's. */
function clockAnswer(guest: Guest, name: string, clock: number | undefined, at: number, value: bigint): number {
  if (clock !== REALTIME && clock !== MONOTONIC) return INVALID;
  viewAt(guest, at, 8, `wasi.${name}`).setBigUint64(0, value, true);
  return 0;
}

const STDOUT = 1;
const STDERR = 2;

/**
 * The library would put all of it together, in memory that no limit of ours covers, and a guest can name the same bytes as often as it likes: no more is
 * taken than the log has room for.
 */
function print(guest: Guest, fd: number | undefined, vectors: number, count: number, written: number): number {
  if (fd !== STDOUT && fd !== STDERR) return BAD_FD;
  const { logBytes } = guest.call.limits;
  const list = viewAt(guest, vectors, count * 8, 'wasi.fd_write');
  const taken: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < list.byteLength; at += 8) {
    const part = bytesAt(guest, list.getUint32(at, true), list.getUint32(at + 4, true), 'wasi.fd_write');
    if (part.length > 0 && length < logBytes) taken.push(part.subarray(0, logBytes - length));
    length += part.length;
  }
  viewAt(guest, written, 4, 'wasi.fd_write').setUint32(0, length, true);
  if (length > 0) logText(guest, fd === STDOUT ? 'info' : 'error', Buffer.concat(taken));
  return 0;
}

function viewAt(guest: Guest, at: number, length: number, what: string): DataView {
  const { buffer, byteOffset, byteLength } = bytesAt(guest, at, length, what);
  return new DataView(buffer, byteOffset, byteLength);
}

const counted = (name: string, run: Import): Import => fatally((guest, ...args) => {
  countOperation(guest, `wasi.${name}`);
  return run(...args);
});
