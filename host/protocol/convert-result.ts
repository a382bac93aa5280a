// A result in the shape of an older version, key order included: from 1.0.0 alphabetical, before in the order of the specification.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { isIpv6 } from '../kernel/address.ts';
import type { Dns, Result, ResultInterface, ResultIp, ResultRoute } from './result.ts';

/** Throws for 0.1.0 and 0.2.0 when there is no address. */
export function convertResult(result: Result, cniVersion: string): object {
  // The reference's library converts from one version to another, and loopback claims that there is nothing to convert.
  if (result.cniVersion === cniVersion) return sorted({ cniVersion, ...withoutEmpty(result) });
  switch (cniVersion) {
    case '0.1.0': case '0.2.0': return oldest(result, cniVersion);
    case '0.3.0': case '0.3.1': case '0.4.0': return older(result, cniVersion);
    default: return sorted({ cniVersion, ...withoutEmpty(result) });
  }
}

function oldest({ ips = [], routes = [], dns = {} }: Result, cniVersion: string): object {
  const family = (six: boolean): object | undefined => {
    const ip = ips.find(({ address }) => isIpv6(address) === six);
    if (!ip) return undefined;
    const own = routes.filter(({ dst }) => isIpv6(dst) === six).map(({ dst, gw }) => ({ dst, ...(gw ? { gw } : {}) }));
    return { ip: ip.address, ...(ip.gateway ? { gateway: ip.gateway } : {}), ...(own.length > 0 ? { routes: own } : {}) };
  };
  const [ip4, ip6] = [family(false), family(true)];
  if (!ip4 && !ip6) throw new CniError(CODE.plugin, 'cannot convert: no valid IP addresses', { details: `cniVersion ${cniVersion} cannot say "no address"; use 0.3.0 or later` });
  return { cniVersion, ...(ip4 ? { ip4 } : {}), ...(ip6 ? { ip6 } : {}), dns: dnsInOrder(dns) };
}

function older({ interfaces = [], ips = [], routes = [], dns = {} }: Result, cniVersion: string): object {
  return {
    cniVersion,
    ...(interfaces.length > 0 ? { interfaces: interfaces.map(plainInterface) } : {}),
    ...(ips.length > 0 ? { ips: ips.map(ipWithVersion) } : {}),
    ...(routes.length > 0 ? { routes: routes.map(routeInOrder) } : {}),
    dns: dnsInOrder(dns),
  };
}

const plainInterface = ({ name, mac, sandbox }: ResultInterface): object => ({ name, ...(mac ? { mac } : {}), ...(sandbox ? { sandbox } : {}) });

const ipWithVersion = ({ interface: index, address, gateway }: ResultIp): object =>
  ({ version: isIpv6(address) ? '6' : '4', ...(index === undefined ? {} : { interface: index }), address, ...(gateway ? { gateway } : {}) });

const routeInOrder = ({ dst, gw, mtu, advmss, priority, table, scope }: ResultRoute): object => ({
  dst, ...(gw ? { gw } : {}), ...(mtu ? { mtu } : {}), ...(advmss ? { advmss } : {}), ...(priority ? { priority } : {}),
  ...(table === undefined ? {} : { table }), ...(scope === undefined ? {} : { scope }),
});

const dnsInOrder = ({ nameservers, domain, search, options }: Dns): object =>
  ({ ...(nameservers ? { nameservers } : {}), ...(domain ? { domain } : {}), ...(search ? { search } : {}), ...(options ? { options } : {}) });

function withoutEmpty({ interfaces, ips, routes, dns }: Result): Result {
  return {
    ...(interfaces?.length ? { interfaces } : {}), ...(ips?.length ? { ips } : {}), ...(routes?.length ? { routes } : {}),
    ...(dns && Object.keys(dns).length > 0 ? { dns } : {}),
  };
}

function sorted(value: unknown): object {
  if (Array.isArray(value)) return value.map((item: unknown) => (typeof item === 'object' && item !== null ? sorted(item) : item));
  return Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]: [string, unknown]) => [key, typeof item === 'object' && item !== null ? sorted(item) : item]));
}
