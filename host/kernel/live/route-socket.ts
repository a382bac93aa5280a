// The socket to rtnetlink.
// SPDX-License-Identifier: Apache-2.0

import type { Libc } from './libc.ts';
import { NetlinkSocket } from './netlink.ts';

const NETLINK_ROUTE = 0;

export class RouteSocket extends NetlinkSocket {
  constructor(libc: Libc) {
    super(libc, NETLINK_ROUTE);
  }
}
