// For modules of toolchains that cannot do without WASI: a world without files, arguments and environment, whose stdout is the log.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { library } from '#parts';
import { fatally, type Import, type Imports } from './bind-imports.ts';
import { bytesAt, countOperation, type Guest } from './guest.ts';
import { logText } from './guest-log.ts';

export const WASI = 'wasi_snapshot_preview1';

type Library = typeof import('@wasmer/wasi');

export const needsWasi = (module: WebAssembly.Module): boolean => WebAssembly.Module.imports(module).some(({ module: from }) => from === WASI);

/** The library gets itself ready asynchronously, runs do not: await this before the first run of a module that needs it. */
export const prepareWasi = async (): Promise<void> => library<Library>('wasi').init();

export function bindWasi(guest: Guest): { imports: Imports; attach(instance: WebAssembly.Instance): void } {
  const { call } = guest;
  const wasi = openWasi(guest);
  const given = (wasi.getImports(call.module) as Imports)[WASI] ?? {};
  const flush = (): void => {
    for (const [level, bytes] of [['info', wasi.getStdoutBuffer()], ['error', wasi.getStderrBuffer()]] as const) {
      if (bytes.length > 0) logText(guest, level, bytes);
    }
  };
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
    // Read out at once: the library keeps what is written in memory that no limit of ours covers.
    fd_write: (...args) => {
      const errno = given['fd_write']!(...args);
      flush();
      return errno;
    },
  };
  const all = Object.entries({ ...given, ...own }).map(([name, run]) => [name, name === 'proc_exit' ? run : counted(guest, name, allowed(guest, name, run))]);
  return { imports: { [WASI]: Object.fromEntries(all) as Record<string, Import> }, attach: (instance) => void wasi.instantiate(instance) };
}

function openWasi(guest: Guest): InstanceType<Library['WASI']> {
  try {
    const { WASI } = library<Library>('wasi');
    return new WASI({ args: [], env: {}, preopens: {} });
  } catch (error) {
    throw new CniError(CODE.hostInternal, `plugin "${guest.call.name}" needs WASI and it is not ready; await prepareWasi() first`, { cause: error });
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
function allowed(guest: Guest, name: string, run: Import): Import {
  if (!ALLOWED.includes(name)) {
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
  const bytes = bytesAt(guest, at, 8, `wasi.${name}`);
  new DataView(bytes.buffer, bytes.byteOffset, 8).setBigUint64(0, value, true);
  return 0;
}

const counted = (guest: Guest, name: string, run: Import): Import => fatally(guest, (...args) => {
  countOperation(guest, `wasi.${name}`);
  return run(...args);
});
