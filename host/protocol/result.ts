// A CNI result, always in its 1.1.0 form inside the host; convert-result.ts knows the older shapes.
// SPDX-License-Identifier: Apache-2.0

export interface Result {
  /** the version it says to be of already: printed as it is when that is the configuration's */
  cniVersion?: string;
  interfaces?: ResultInterface[];
  ips?: ResultIp[];
  routes?: ResultRoute[];
  dns?: Dns;
}
export interface ResultInterface { name: string; mac?: string; mtu?: number; sandbox?: string; socketPath?: string; pciID?: string }
export interface ResultIp { /** index into interfaces */ interface?: number; /** "10.1.0.5/24" */ address: string; gateway?: string }
export interface ResultRoute { dst: string; gw?: string; mtu?: number; advmss?: number; priority?: number; table?: number; scope?: number }
export interface Dns { nameservers?: string[]; domain?: string; search?: string[]; options?: string[] }
