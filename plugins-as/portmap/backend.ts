// Which of the two packet filters of the node the ports are forwarded with.
// SPDX-License-Identifier: Apache-2.0

import { nftUsable } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { askIptables, isOnlyNft, whyNot } from '../sdk/usable';
import { PortmapConfig } from './config';

/** iptables is the choice of a configuration that makes none, unless only nftables can be used. */
export function usesNft(config: PortmapConfig, v6: bool): bool {
  if (config.backend.length > 0) return config.backend == 'nftables';
  return isOnlyNft(askIptables(v6 ? 'ip6' : 'ip'));
}

/** A configuration that names no backend may still contain words of the one that is not chosen. Cheap where it contains none. */
export function misfit(config: PortmapConfig): string {
  if (config.conditions.iptablesOnly.length + config.conditions.nftOnly.length == 0) return '';
  return config.conditions.misfit(usesNft(config, false));
}

/** Conditions need the nft program besides. */
export function whyNoNftWithConditions(): string {
  return whyNot(nftUsable(new Obj().str('ns', 'host').bool('raw', true)));
}
