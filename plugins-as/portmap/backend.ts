// Which of the two packet filters of the node the ports are forwarded with.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { iptablesUsable, nftUsable } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { PortmapConfig } from './config';

/** iptables is the choice of a configuration that makes none, unless only nftables can be used. */
export function usesNft(config: PortmapConfig, v6: bool): bool {
  if (config.backend.length > 0) return config.backend == 'nftables';
  return whyNoIptables(v6).length > 0 && whyNoNft().length == 0;
}

/** '' when it can be used. */
export function whyNoIptables(v6: bool): string {
  return why(iptablesUsable(new Obj().str('ns', 'host').str('family', v6 ? 'ip6' : 'ip')));
}

export function whyNoNft(): string {
  return why(nftUsable(new Obj().str('ns', 'host')));
}

function why(answer: Answer): string {
  if (!answer.ok) return answer.error.msg;
  if (answer.json.get('usable').bool()) return '';
  const reason = answer.json.get('why').str();
  return reason.length > 0 ? reason : 'it cannot be used';
}
