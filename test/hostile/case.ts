// One case of the corpus: a module that tries one escape, what it is granted, how it must end, and what the audit log must say of it.
// SPDX-License-Identifier: Apache-2.0

import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';

/** An operation and its request; text, of bytes, for what is no JSON. `close` is cni:abi/1's, with a handle. */
export type Ask = readonly [operation: string, request: object | string | number];

export interface Installed { name: string; blob: string }

export interface Case {
  /** what it tries */
  name: string;
  /** the operator's word; the manifest wants the same unless `wants` says otherwise */
  grants?: object;
  wants?: object;
  limits?: object;
  /** more of the manifest */
  manifest?: object;
  /** asked for in this order; the first that is refused is passed on as the module's error, and when none is, the call succeeds */
  asks?: readonly Ask[];
  /** instead: the text of cni_add, with what else belongs into the module */
  body?: string;
  more?: string;
  pages?: string;
  /** instead: the whole module, manifest included */
  bytes?: Uint8Array;
  verb?: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';
  /** more keys of the configuration */
  conf?: object;
  /** what is done between installing the module and running it */
  before?: (installed: Installed) => void;
  after?: (installed: Installed) => void;
  /** 0: the call succeeds without it, as DEL must */
  code: number;
  says: RegExp;
  /** what the audit log must name; absent where nothing was refused but nothing was shown either */
  operation?: string;
  object?: RegExp;
}

const REQUESTS = 4096;
const ANSWER = 65536;

export const manifestOf = ({ grants = {}, wants = grants, manifest = {} }: Case, name: string): string =>
  JSON.stringify({ abi: 1, name, version: '1.0.0', role: 'main', wants, ...manifest });

export function moduleOf(one: Case, name: string): Uint8Array {
  if (one.bytes) return one.bytes;
  return stamp(bytesOf(one.asks ? asking(one.asks, one.verb ?? 'ADD', one.pages) : plain(one)), manifestOf(one, name));
}

/** Whatever it gets through ends in success, so that a hole shows. */
function asking(asks: readonly Ask[], verb: string, pages = '2 4'): string {
  const names = [...new Set(asks.map(([operation]) => operation))].filter((operation) => operation !== 'close');
  let at = REQUESTS;
  const placed = asks.map(([operation, request]) => {
    if (typeof request === 'number') return { call: `(drop (call $close (i32.const ${request})))`, data: '' };
    const bytes = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request), typeof request === 'string' ? 'latin1' : 'utf8');
    const place = {
      call: `(local.set $n (call $${operation} (i32.const ${at}) (i32.const ${bytes.length}))) ${passOn}`,
      data: `(data (i32.const ${at}) "${escaped(bytes)}")`,
    };
    at += bytes.length;
    return place;
  });
  return `(module
  (import "cni:abi/1" "take" (func $take (param i32 i32) (result i32)))
  (import "cni:abi/1" "fail" (func $fail (param i32 i32)))
  (import "cni:abi/1" "result" (func $result (param i32 i32)))
  (import "cni:abi/1" "close" (func $close (param i32) (result i32)))
  ${names.map((operation) => importOf(operation)).join('\n  ')}
  (memory (export "memory") ${pages})
  ${placed.map(({ data }) => data).join('\n  ')}
  (data (i32.const 16) "{}")
  (func (export "cni_abi_1"))
  (func (export "cni_${verb.toLowerCase()}") (param $length i32) (result i32) (local $n i32)
    ${placed.map(({ call }) => call).join('\n    ')}
    (call $result (i32.const 16) (i32.const 2))
    (i32.const 0)))`;
}

const passOn = `(if (i32.lt_s (local.get $n) (i32.const 0)) (then
      (call $fail (i32.const ${ANSWER}) (call $take (i32.const ${ANSWER}) (i32.sub (i32.const 0) (local.get $n))))
      (return (i32.const 1))))`;

function importOf(operation: string): string {
  const [domain, name] = operation.split('.');
  return `(import "cni:${domain}/1" "${name}" (func $${operation} (param i32 i32) (result i32)))`;
}

const escaped = (bytes: Uint8Array): string => [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

/** A module with the functions that tricks in its own memory need; VETH lies at 1024. */
const plain = ({ body = '(i32.const 0)', more = '', pages = '1 32', verb = 'ADD' }: Case): string => `(module
  (import "cni:abi/1" "take" (func $take (param i32 i32) (result i32)))
  (import "cni:abi/1" "result" (func $result (param i32 i32)))
  (import "cni:abi/1" "fail" (func $fail (param i32 i32)))
  (import "cni:abi/1" "log" (func $log (param i32 i32 i32)))
  (import "cni:abi/1" "random" (func $random (param i32 i32)))
  (import "cni:abi/1" "now" (func $now (param i32) (result i64)))
  (import "cni:link/1" "create" (func $create (param i32 i32) (result i32)))
  (memory (export "memory") ${pages})
  (data (i32.const 1024) "${VETH.replaceAll('"', '\\"')}")
  (data (i32.const 1536) "{}")
  (func (export "cni_abi_1"))
  ${more}
  (func (export "cni_${verb.toLowerCase()}") (param $length i32) (result i32) ${body}))`;

const VETH = '{"name":"eth0","kind":"veth","peer":{"ns":"host"}}';
/** Makes a veth pair before it goes wrong: what is to be taken back. */
export const CREATE = `(drop (call $create (i32.const 1024) (i32.const ${VETH.length})))`;
export const VETH_GRANT = { link: { host: ['veth'], container: ['veth'] } };

/** The same as an operation that is asked for: its handles are 1 in the container and 2 on the host. */
export const PAIR: Ask = ['link.create', { name: 'eth0', kind: 'veth', peer: { ns: 'host' } }];
