// For modules of toolchains that cannot do without WASI: a world without files, arguments and environment, whose stdout is the log.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { lazy } from '../lazy.ts';
import { fatally, type Import, type Imports } from './bind-imports.ts';
import { bytesAt, countOperation, type Guest } from './guest.ts';
import { logText } from './guest-log.ts';

export const WASI = 'wasi_snapshot_preview1';

type Library = typeof import('@wasmer/wasi');

export const needsWasi = (module: WebAssembly.Module): boolean => WebAssembly.Module.imports(module).some(({ module: from }) => from === WASI);

/** The library gets itself ready asynchronously, runs do not: await this before the first run of a module that needs it. */
export const prepareWasi = async (): Promise<void> => lazy<Library>('wasi').init();

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
    proc_exit: (code) => {
      if (code !== 0) throw new CniError(CODE.plugin, `plugin "${call.name}" exited with status ${code}`, guest.lastErrorLog === undefined ? {} : { details: guest.lastErrorLog });
      // Not a failure of the run, but the guest's frames have to be left.
      guest.exited = true;
      throw new Error('exit');
    },
    random_get: (at = 0, length = 0) => {
      call.random(bytesAt(guest, at, length, `${WASI}.random_get`));
      return 0;
    },
    // Read out at once: the library keeps what is written in memory that no limit of ours covers.
    fd_write: (...args) => {
      const errno = given['fd_write']!(...args);
      flush();
      return errno;
    },
  };
  const all = Object.entries({ ...given, ...own }).map(([name, run]) => [name, name === 'proc_exit' ? leaving(guest, run) : counted(guest, name, withoutFiles(name, run))]);
  return { imports: { [WASI]: Object.fromEntries(all) as Record<string, Import> }, attach: (instance) => void wasi.instantiate(instance) };
}

function openWasi(guest: Guest): InstanceType<Library['WASI']> {
  try {
    const library = lazy<Library>('wasi');
    return new library.WASI({ args: [], env: {}, preopens: {} });
  } catch (error) {
    throw new CniError(CODE.hostInternal, `plugin "${guest.call.name}" needs WASI and it is not ready; await prepareWasi() first`, { cause: error });
  }
}

/** errno of WASI preview 1 */
const BAD_FD = 8;
const NOT_CAPABLE = 76;

/** The library has a file system in memory and opens its root unasked. Nobody needs it, and it grows without a limit. */
function withoutFiles(name: string, run: Import): Import {
  if (name.startsWith('path_') || name.startsWith('sock_') || name === 'poll_oneoff') return () => NOT_CAPABLE;
  if (name.startsWith('fd_')) return (fd = -1, ...rest) => (fd >>> 0 > 2 ? BAD_FD : run(fd, ...rest));
  return run;
}

const counted = (guest: Guest, name: string, run: Import): Import => fatally(guest, (...args) => {
  countOperation(guest, `${WASI}.${name}`);
  return run(...args);
});

const leaving = (guest: Guest, run: Import): Import => {
  const failing = fatally(guest, run);
  return (code = 1) => (code === 0 && !guest.fatal ? run(0) : failing(code));
};
