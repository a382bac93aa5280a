// Which of the two packet filters of the node the ports are forwarded with.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { iptablesUsable, nftUsable } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { isLacking, whyNoNft, whyNot } from '../sdk/usable';
import { PortmapConfig } from './config';

/** iptables is the choice of a configuration that makes none, unless only nftables can be used. */
export function usesNft(config: PortmapConfig, v6: bool): bool {
  if (config.backend.length > 0) return config.backend == 'nftables';
  // One that only does not answer now is no reason for another backend than the containers before had.
  return isLacking(askIptables(v6)) && whyNoNft().length == 0;
}

/** A configuration that names no backend may still contain words of the one that is not chosen. Cheap where it contains none. */
export function misfit(config: PortmapConfig): string {
  if (config.conditions.iptablesOnly.length + config.conditions.nftOnly.length == 0) return '';
  return config.conditions.misfit(usesNft(config, false));
}

/** '' when it can be used. */
export function whyNoIptables(v6: bool): string {
  return whyNot(askIptables(v6));
}

/** Conditions need the nft program besides. */
export function whyNoNftWithConditions(): string {
  return whyNot(nftUsable(new Obj().str('ns', 'host').bool('raw', true)));
}

export function askIptables(v6: bool): Answer {
  return iptablesUsable(new Obj().str('ns', 'host').str('family', v6 ? 'ip6' : 'ip'));
}
