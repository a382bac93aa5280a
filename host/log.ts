// Logs for people: JSON lines through pino, to stderr or a file, never stdout. The library is loaded when the first line is written.
// SPDX-License-Identifier: Apache-2.0

import { appendFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { library } from '#parts';
import { makeFolder } from './make-folder.ts';
import { APPEND } from './open-file.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export interface Log extends Record<LogLevel, (facts: object, text: string) => void> {
  /** the least level that is written */
  readonly level: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export type WriteLine = (line: string) => void;

/** CNI_WASM_LOG is the least level that is written (warn when unset, and when it is none, which the log then begins with), CNI_WASM_LOG_FILE the file instead of stderr. */
export function openLog(env: Readonly<Record<string, string | undefined>>, toStderr: WriteLine = writeStderr): Log {
  const asked = env['CNI_WASM_LOG'];
  const least = LEVELS.findIndex((level) => level === asked);
  const from = least < 0 ? LEVELS.indexOf('warn') : least;
  let sink: Record<LogLevel, (facts: object, text: string) => void> | undefined;
  const write = (level: LogLevel) => (facts: object, text: string): void => {
    if (LEVELS.indexOf(level) >= from) (sink ??= openSink(LEVELS[from]!, writerTo(env['CNI_WASM_LOG_FILE'], toStderr)))[level](facts, text);
  };
  const log: Log = { level: LEVELS[from]!, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  if (asked && least < 0) log.warn({}, `CNI_WASM_LOG is "${asked}": give debug, info, warn or error`);
  return log;
}

/** Level and time in words: whoever reads them at night compares them with the runtime's own. */
function openSink(level: LogLevel, write: WriteLine): import('pino').Logger {
  const { pino } = library<typeof import('pino')>('pino');
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (name) => ({ level: name }) } }, { write });
}

/** The file is opened for each line: it may be moved away under a process that lives on. What cannot be written there goes to stderr. */
function writerTo(file: string | undefined, toStderr: WriteLine): WriteLine {
  if (!file) return toStderr;
  return (line) => {
    try {
      makeFolder(dirname(file), 0o777);
      // Node takes numbers, which its types do not say.
      appendFileSync(file, line, { flag: APPEND as unknown as string });
    } catch {
      toStderr(line);
    }
  };
}

/** A log that nobody reads must not fail a call. */
function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // closed, or a full pipe
  }
}
