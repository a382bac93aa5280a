// A C library whose kernel answers with what a test wrote, as datagrams.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { LiveContext } from '../../host/kernel/live/context.ts';
import type { Libc } from '../../host/kernel/live/libc.ts';
import { NetfilterSocket } from '../../host/kernel/live/netfilter-socket.ts';
import { NetlinkSocket } from '../../host/kernel/live/netlink.ts';
import { programsIn } from '../../host/kernel/live/programs.ts';

/** Gets the sequence number of each request; gives the datagrams of its answer. */
export type Script = (sequence: number, sent: Buffer) => Buffer[];

export function scriptedLibc(script: Script): Libc {
  const waiting: Buffer[] = [];
  const nothing = (): void => {};
  return {
    socket: () => 3, connect: nothing, setsockopt: nothing, setns: nothing, close: nothing, tryFlock: () => true, makePipe: nothing, awaitHangUp: nothing, filesystemType: () => 0, getsockopt64: () => undefined,
    send(_fd, data) {
      const sent = Buffer.from(data);
      waiting.push(...script(sent.readUInt32LE(8), sent));
    },
    recv(_fd, buffer, action) {
      const datagram = waiting.shift();
      if (!datagram) throw new KernelError('ETIMEDOUT', action);
      buffer.set(datagram);
      return datagram.length;
    },
    recvWaiting: () => undefined,
  };
}

export const scriptedSocket = (script: Script): NetlinkSocket => new NetlinkSocket(scriptedLibc(script), 0);

export function scriptedContext(script: Script): LiveContext {
  const libc = scriptedLibc(script);
  const socket = new NetfilterSocket(libc);
  return { libc, programs: programsIn(''), netnsId: () => '4:1', netnsMark: () => '4:1', netnsFd: () => 4, locks: () => [], route: () => socket, netfilter: () => socket, within: (_ns, act) => act(), close() {} };
}

export function answer(sequence: number, type: number, flags: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc((16 + body.length + 3) & ~3);
  bytes.writeUInt32LE(16 + body.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(body, 16);
  return bytes;
}

export const NLM_F_MULTI = 2;
export const done = (sequence: number, flags = NLM_F_MULTI): Buffer => answer(sequence, 3, flags, Buffer.alloc(4));
/** NLMSG_ERROR with errno 0. */
export const ack = (sequence: number): Buffer => answer(sequence, 2, 0x100, Buffer.alloc(20));

/** NLMSG_ERROR; `about` is the failed message the kernel sends back, of which a capped answer has the header alone. */
export function failure(sequence: number, errno: number, words: string, about: Buffer = Buffer.alloc(16)): Buffer {
  const body = Buffer.alloc(4);
  body.writeInt32LE(-errno);
  const text = Buffer.from(`${words}\0`);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + text.length, 0);
  head.writeUInt16LE(1, 2);
  return answer(sequence, 2, 0x200 | (about.length === 16 ? 0x100 : 0), Buffer.concat([body, about, head, text]));
}
