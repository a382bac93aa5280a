// Operations on addresses.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { now } from '../clock.ts';
import { addressOf, isIpv6 } from '../kernel/address.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { AlongWithAddress } from '../ledger/undo.ts';
import { sleep } from '../sleep.ts';
import { change, lifeOn, within, type Call } from './call.ts';
import type { Held } from './handles.ts';
import { isOwnNetwork } from './own-networks.ts';
import { denied, needNs, rightToHostLink, sameAddress } from './scope.ts';

export const addrOps = { 'addr.list': list, 'addr.add': add, 'addr.delete': remove, 'addr.await': settle };

/** ms between two looks at duplicate address detection. The reference looks each 50; where none is done (accept_dad 0) the kernel still needs a moment, and less than one. */
const DAD_POLL = { first: 1, most: 50 };
/** RTPROT_KERNEL (linux/rtnetlink.h): comes with its address by itself */
const PROTO_KERNEL = 2;
/** linux/neighbour.h */
const NUD_PERMANENT = 0x80;

function list(call: Call, req: Requests['addr.list']): Answers['addr.list'] {
  const held = call.handles.use(req.link, 'addr.list', 'read');
  return { addrs: call.kernel.addr.list(held.ns, held.index).map(({ address, scope, tentative, dadFailed }) => ({ address, scope, tentative, dadFailed })) };
}

function add(call: Call, req: Requests['addr.add']): Answers['addr.add'] {
  const held = target(call, 'addr.add', req.link);
  if (held.ns === 'host') {
    checkFree(call, req.address);
    // A connected route comes with it, or at least one for the host to take what is sent there as its own. What a module that ships with the host gives it,
    // the configuration and the IPAM plugin say: the gateway of 192.0.2.7/32, for one, which is 192.0.2.8/32.
    if (call.granting && !isOwnNetwork(call, req.address)) throw denied(call, 'addr.add', `of ${req.address} on the host, which is of no network of this attachment,`, undefined, `host:${req.address}`);
  }
  change(call, 'addr.add', lifeOn(held, req.life ?? 'attachment'), { do: 'delete address', ...within(call, held.ns), index: held.index, address: req.address }, () =>
    call.kernel.addr.add(held.ns, held.index, req.address));
  return {};
}

function remove(call: Call, req: Requests['addr.delete']): Answers['addr.delete'] {
  const held = target(call, 'addr.delete', req.link);
  const along = goesAlong(call.kernel, held, req.address);
  change(call, 'addr.delete', lifeOn(held, 'network'), { do: 'add address', ...within(call, held.ns), index: held.index, address: req.address, ...(along ? { along } : {}) }, () =>
    call.kernel.addr.delete(held.ns, held.index, req.address));
  return {};
}

/**
 * What the kernel may take away with an IPv4 address: secondary ones of its network, and with a link's last one all routes and neighbours on it
 * (net/ipv4/devinet.c, fib_disable_ip()). Others may have made them. With one of IPv6 nothing goes that somebody made, but routes lose it as their `src`, and
 * do not get it back: they would have to be written anew, after a second or two of duplicate address detection, without what is not known of them here.
 */
function goesAlong({ addr, route, neigh }: Kernel, { ns, index }: Held, address: string): AlongWithAddress | undefined {
  if (isIpv6(address)) return undefined;
  const addresses = addr.list(ns, index).map((one) => one.address).filter((one) => !isIpv6(one));
  const sources = addresses.map(addressOf);
  const routes = route.list(ns).filter((one) => !isIpv6(one.dst) && one.protocol !== PROTO_KERNEL && (one.index === index || (one.src !== undefined && sources.includes(one.src))));
  const neighbours = neigh.list(ns, index).flatMap(({ ip, mac, state }) => (state === NUD_PERMANENT && mac !== undefined && !isIpv6(ip) ? [{ ip, mac }] : []));
  return { addresses: addresses.filter((one) => one !== address), routes, neighbours };
}

function settle(call: Call, req: Requests['addr.await']): Answers['addr.await'] {
  const held = call.handles.use(req.link, 'addr.await', 'read');
  const deadline = now() + req.timeoutMs;
  for (let pause = DAD_POLL.first; ; pause = Math.min(2 * pause, DAD_POLL.most)) {
    const six = call.kernel.addr.list(held.ns, held.index).filter(({ address }) => isIpv6(address));
    const failed = six.find(({ dadFailed }) => dadFailed);
    if (failed) return { settled: false, failed: addressOf(failed.address) };
    if (!six.some(({ tentative }) => tentative)) return { settled: true };
    if (now() >= deadline) return { settled: false };
    sleep(pause);
  }
}

/**
 * An address on two links of the host is a way to get at the traffic of the other one. Of a module that ships with the host the configuration says it, and
 * may say the same gateway for several bridges, fe80::1 for one, as with the reference.
 */
function checkFree(call: Call, address: string): void {
  const { addr, link } = call.kernel;
  for (const { index } of addr.list('host').filter((one) => sameAddress(one.address, address))) {
    const holder = link.get('host', { index });
    const right = holder && rightToHostLink(call, holder);
    const isForeign = right === undefined || right === 'read';
    if (holder && isForeign && !(call.granting === undefined && (holder.kind === 'bridge' || holder.name === 'lo'))) throw denied(call, 'addr.add', `of ${address}, which is on a link of others,`, undefined, `host:${address}`);
  }
}

function target(call: Call, op: string, handle: number): Held {
  const held = call.handles.use(handle, op, 'configure');
  needNs(call, op, 'addr', held.ns);
  return held;
}
