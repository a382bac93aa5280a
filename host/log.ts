// Logs for people: JSON lines through pino, to stderr or a file, never stdout. The library is loaded when the first line is written.
// SPDX-License-Identifier: Apache-2.0

import { lazy } from './lazy.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export interface Log extends Record<LogLevel, (facts: object, text: string) => void> {
  /** the least level that is written */
  readonly level: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** CNI_WASM_LOG is the least level that is written (warn when unset), CNI_WASM_LOG_FILE the file instead of stderr. */
export function openLog(env: Readonly<Record<string, string | undefined>>): Log {
  const asked = env['CNI_WASM_LOG'];
  const least = LEVELS.findIndex((level) => level === asked);
  const from = least < 0 ? LEVELS.indexOf('warn') : least;
  let sink: Record<LogLevel, (facts: object, text: string) => void> | undefined;
  const write = (level: LogLevel) => (facts: object, text: string): void => {
    if (LEVELS.indexOf(level) >= from) (sink ??= openSink(env['CNI_WASM_LOG_FILE'], LEVELS[from]!))[level](facts, text);
  };
  return { level: LEVELS[from]!, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function openSink(file: string | undefined, level: LogLevel): import('pino').Logger {
  const { pino } = lazy<typeof import('pino')>('pino');
  const to = (dest: string | number) => pino({ level, base: { pid: process.pid } }, pino.destination({ dest, sync: true, ...(typeof dest === 'string' ? { mkdir: true } : {}) }));
  try {
    return to(file ?? 2);
  } catch {
    return to(2);
  }
}
