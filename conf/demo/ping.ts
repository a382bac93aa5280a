// One ICMP echo out of the container, through a raw socket made in its namespace: there may be no ping program.
// SPDX-License-Identifier: Apache-2.0

import { parseAddress } from '../../host/kernel/address.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import type { Libc } from '../../host/kernel/live/libc.ts';

const AF_INET6 = 10;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const ICMP = { protocol: 1, request: 8, reply: 0 };
const ICMP6 = { protocol: 58, request: 128, reply: 129 };
/** s */
const PATIENCE = 3n;

/** The time to the answer in ms; throws when there is none in 3 s. */
export function pingFrom(libc: Libc, netns: string, address: string): number {
  const { family, bytes } = parseAddress(address);
  const { protocol, request, reply } = family === AF_INET6 ? ICMP6 : ICMP;
  const context = openContext(libc, netns);
  const action = `ping ${address}`;
  const fd = context.within('container', () => libc.socket(family, SOCK_RAW, protocol, action));
  try {
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(PATIENCE, 0);
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, action);
    libc.connect(fd, socketAddress(family, bytes), action);
    const start = performance.now();
    libc.send(fd, echo(request), action);
    const answer = Buffer.alloc(1500);
    for (;;) {
      const length = libc.recv(fd, answer, action);
      // An IPv4 raw socket gives the IP header too.
      const at = family === AF_INET6 ? 0 : (answer[0]! & 0x0f) * 4;
      if (length > at && answer[at] === reply) return performance.now() - start;
    }
  } finally {
    libc.close(fd);
    context.close();
  }
}

/** Type, code, checksum, identifier 0x636e, sequence 1. ICMPv6's checksum is filled in by the kernel. */
function echo(type: number): Buffer {
  const packet = Buffer.from([type, 0, 0, 0, 0x63, 0x6e, 0, 1]);
  let sum = 0;
  for (let at = 0; at < packet.length; at += 2) sum += packet.readUInt16BE(at);
  packet.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 2);
  return packet;
}

/** struct sockaddr_in or sockaddr_in6, port 0 */
function socketAddress(family: number, bytes: Buffer): Buffer {
  const address = Buffer.alloc(family === AF_INET6 ? 28 : 16);
  address.writeUInt16LE(family, 0);
  bytes.copy(address, family === AF_INET6 ? 8 : 4);
  return address;
}
