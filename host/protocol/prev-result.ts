// Results that come from outside, in the shape of their version: prevResult and the answers of delegates.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { canonicalAddress, formatPrefix, isAddress, parsePrefix } from '../kernel/address.ts';
import { field, isObject, parseObject, reason } from './go-json.ts';
import type { Netconf } from './request.ts';
import type { Dns, Result, ResultInterface, ResultIp, ResultRoute } from './result.ts';

/** The configuration's prevResult in 1.1.0 form, undefined without one. Throws `could not parse prevResult: …`. */
export function readPrevResult({ value, cniVersion }: Pick<Netconf, 'value' | 'cniVersion'>): Result | undefined {
  const given = field(value, 'prevResult');
  if (given === undefined) return undefined;
  try {
    return parseResult(given, cniVersion);
  } catch (error) {
    throw new CniError(CODE.plugin, `could not parse prevResult: ${reason(error)}`, { cause: error });
  }
}

/** What a delegate printed. Without cniVersion it is of the configuration's. */
export function parseDelegateResult(stdout: string, cniVersion: string): Result {
  try {
    const { value } = parseObject(Buffer.from(stdout));
    const own = field(value, 'cniVersion');
    return parseResult(value, typeof own === 'string' && own ? own : cniVersion);
  } catch (error) {
    throw new CniError(CODE.plugin, `could not parse the delegate's result: ${reason(error)}`, { cause: error });
  }
}

/** Throws Error with a reason. */
export function parseResult(value: unknown, cniVersion: string, anyVersion = false): Result {
  const result = object(value, 'a result');
  const own = text(result, 'cniVersion') ?? cniVersion;
  const alike = SHAPES.find((versions) => versions.includes(cniVersion));
  if (!alike) throw new Error(`there is no result of version "${cniVersion}"`);
  if (!alike.includes(own) && !anyVersion) throw new Error(`result type supports [${alike.join(' ')}] but unmarshalled CNIVersion is "${own}"`);
  return alike.includes('0.1.0') ? fromOldest(result) : fromInterfaces(result);
}

/** Versions that share one shape. */
const SHAPES: readonly (readonly string[])[] = [['0.1.0', '0.2.0'], ['0.3.0', '0.3.1', '0.4.0'], ['1.0.0', '1.1.0']];

function fromInterfaces(value: object): Result {
  const interfaces = items(value, 'interfaces').map(parseInterface);
  const ips = items(value, 'ips').map(parseIp);
  const routes = items(value, 'routes').map(parseRoute);
  return assemble(interfaces, ips, routes, parseDns(field(value, 'dns')));
}

/** 0.1.0 and 0.2.0 know one address of each family and no interfaces. */
function fromOldest(value: object): Result {
  const families = ['ip4', 'ip6'].map((key) => field(value, key)).filter((one) => one !== undefined);
  const ips = families.map((one) => {
    const gateway = optionalIp(one, 'gateway');
    return { address: cidr(field(one, 'ip')), ...(gateway ? { gateway } : {}) };
  });
  return assemble([], ips, families.flatMap((one) => items(one, 'routes').map(parseRoute)), parseDns(field(value, 'dns')));
}

function assemble(interfaces: ResultInterface[], ips: ResultIp[], routes: ResultRoute[], dns: Dns): Result {
  return {
    ...(interfaces.length > 0 ? { interfaces } : {}),
    ...(ips.length > 0 ? { ips } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(Object.keys(dns).length > 0 ? { dns } : {}),
  };
}

function parseInterface(entry: unknown): ResultInterface {
  const value = object(entry, 'an entry of "interfaces"');
  const name = text(value, 'name');
  return {
    name: name ?? '',
    ...optional('mac', text(value, 'mac')), ...optional('mtu', count(value, 'mtu')), ...optional('sandbox', text(value, 'sandbox')),
    ...optional('socketPath', text(value, 'socketPath')), ...optional('pciID', text(value, 'pciID')),
  };
}

function parseIp(value: unknown): ResultIp {
  return { ...optional('interface', integer(value, 'interface')), address: cidr(field(value, 'address')), ...optional('gateway', optionalIp(value, 'gateway')) };
}

function parseRoute(value: unknown): ResultRoute {
  return {
    dst: cidr(field(value, 'dst')), ...optional('gw', optionalIp(value, 'gw')),
    ...optional('mtu', count(value, 'mtu')), ...optional('advmss', count(value, 'advmss')), ...optional('priority', count(value, 'priority')),
    ...optional('table', integer(value, 'table')), ...optional('scope', integer(value, 'scope')),
  };
}

function parseDns(given: unknown): Dns {
  const value = object(given ?? {}, '"dns"');
  const list = (key: string): string[] | undefined => {
    const found = items(value, key);
    if (found.some((item) => typeof item !== 'string')) throw new Error(`"${key}" must be a list of strings`);
    return found.length > 0 ? (found as string[]) : undefined;
  };
  return { ...optional('nameservers', list('nameservers')), ...optional('domain', text(value, 'domain')), ...optional('search', list('search')), ...optional('options', list('options')) };
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } => (value === undefined ? {} : { [key]: value } as { [key in K]: V });

function object(value: unknown, what: string): Record<string, unknown> {
  if (!isObject(value)) throw new Error(`${what} must be an object`);
  return value;
}

function items(value: unknown, key: string): unknown[] {
  const found = field(value, key);
  if (found === undefined) return [];
  if (!Array.isArray(found)) throw new Error(`"${key}" must be a list`);
  return found;
}

function text(value: unknown, key: string): string | undefined {
  const found = field(value, key);
  if (found !== undefined && typeof found !== 'string') throw new Error(`"${key}" must be a string`);
  return found === '' ? undefined : found;
}

function integer(value: unknown, key: string): number | undefined {
  const found = field(value, key);
  if (found !== undefined && !Number.isSafeInteger(found)) throw new Error(`"${key}" must be an integer`);
  return found as number | undefined;
}

/** Where 0 says nothing, and is left out when it is written again. */
const count = (value: unknown, key: string): number | undefined => integer(value, key) || undefined;

/** Host bits stay. */
function cidr(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`invalid CIDR address: ${String(value)}`);
  try {
    const { bytes, length } = parsePrefix(value);
    return formatPrefix(bytes, length);
  } catch {
    throw new Error(`invalid CIDR address: ${value}`);
  }
}

function optionalIp(value: unknown, key: string): string | undefined {
  const found = field(value, key);
  if (found === undefined || found === '') return undefined;
  if (typeof found !== 'string' || !isAddress(found)) throw new Error(`invalid IP address: ${String(found)}`);
  return canonicalAddress(found);
}
