// For tests: modules written in WebAssembly's own text, where a compiler would be in the way of doing what no plugin may.
// SPDX-License-Identifier: Apache-2.0

import binaryen from 'binaryen';
import { OPS } from '../../abi/ops.ts';
import { CniError } from '../../host/cni-error.ts';
import { DEFAULT_LIMITS, type Limits } from '../../host/grant/grants.ts';
import type { Result } from '../../host/protocol/result.ts';
import { compileMetered, type GuestModule } from '../../host/sandbox/guest-module.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall, LogRecord } from '../../host/sandbox/sandbox.ts';

export function bytesOf(wat: string): Uint8Array {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const bytes = parsed.emitBinary();
  parsed.dispose();
  return bytes;
}

export const moduleOf = (wat: string): GuestModule => compileMetered(bytesOf(wat));

/** A module whose cni_add is `body`; the text for `data` lies at 1024. */
export const plugin = (body: string, { data = '', imports = '', more = '', pages = '1 4' } = {}): GuestModule => moduleOf(`(module
  (import "cni:abi/1" "take" (func $take (param i32 i32) (result i32)))
  (import "cni:abi/1" "result" (func $result (param i32 i32)))
  (import "cni:abi/1" "fail" (func $fail (param i32 i32)))
  (import "cni:abi/1" "log" (func $log (param i32 i32 i32)))
  (import "cni:abi/1" "random" (func $random (param i32 i32)))
  (import "cni:abi/1" "grants" (func $grants (param i32 i32) (result i32)))
  (import "cni:abi/1" "now" (func $now (param i32) (result i64)))
  (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
  (import "cni:link/1" "get" (func $get (param i32 i32) (result i32)))
  ${imports}
  (memory (export "memory") ${pages})
  (data (i32.const 1024) "${data.replace(/["\\]/g, '\\$&')}")
  ${more}
  (func (export "cni_add") (param $len i32) (result i32) ${body}))`);

/** The length of an ASCII text, for `(i32.const …)`. */
export const size = (text: string): string => `(i32.const 1024) (i32.const ${text.length})`;

export interface Played { result?: Result; error?: CniError; logged: LogRecord[]; asked: { op: string; request: unknown }[]; refused: string[]; ms: number }
export type Rules = Partial<Omit<GuestCall, 'limits'>> & { limits?: Partial<Limits> };

export function play(module: GuestModule, rules: Rules = {}): Played {
  const played: Played = { logged: [], asked: [], refused: [], ms: 0 };
  const start = performance.now();
  try {
    const result = runGuest({
      module, name: 'acme', entry: 'cni_add', request: '{"verb":"ADD"}',
      granted: new Set(OPS.map(({ domain, name }) => `${domain}.${name}`)),
      perform({ domain, name }, request) {
        played.asked.push({ op: `${domain}.${name}`, request });
        return { link: played.asked.length };
      },
      grants: { store: 'none' },
      log: (record) => played.logged.push(record),
      audit: ({ facts }, operation, object) => void played.refused.push(`${facts.op ?? operation} ${facts.at ?? object}`),
      logLevel: 'debug',
      random: (bytes) => void bytes.fill(7),
      close: () => true,
      ...rules,
      limits: { ...DEFAULT_LIMITS, ...rules.limits },
    });
    if (result) played.result = result;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    played.error = error;
  }
  return { ...played, ms: performance.now() - start };
}
