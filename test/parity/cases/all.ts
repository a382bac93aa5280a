// Every configuration of the tables.
// SPDX-License-Identifier: Apache-2.0

import type { Case } from '../case.ts';
import { bandwidthCases } from './bandwidth.ts';
import { bridgeKeys, bridgeProducts, bridgeVersions } from './bridge.ts';
import { chainCases } from './chains.ts';
import { firewallCases, firewallErrors } from './firewall.ts';
import { guards } from './guards.ts';
import { hostLocalCases, hostLocalErrors } from './host-local.ts';
import { loopback } from './loopback.ts';
import { portmapConditions, portmapErrors, portmapKeys, portmapProducts } from './portmap.ts';
import { documents, environment } from './protocol.ts';
import { staticCases, staticErrors } from './static.ts';
import { tuningCases, tuningErrors } from './tuning.ts';

export const CASES: readonly Case[] = [
  ...loopback, ...environment, ...documents, ...hostLocalCases, ...hostLocalErrors, ...bridgeVersions, ...bridgeKeys, ...bridgeProducts,
  ...guards, ...portmapKeys, ...portmapErrors, ...portmapProducts, ...portmapConditions, ...bandwidthCases, ...staticCases, ...staticErrors,
  ...tuningCases, ...tuningErrors, ...firewallCases, ...firewallErrors, ...chainCases,
];
