// What the kernel asks of the graph of chains, whichever backend wrote it: no loops, and nat statements only where nat happens.
// SPDX-License-Identifier: Apache-2.0

export interface ChainNode {
  name: string;
  /** only for base chains */
  hook?: { type: string; hook: string };
  steps: Step[];
}
/** what of a rule matters here */
export type Step = 'masquerade' | 'dnat' | 'other' | { to: string };
type GraphError = { errno: 'EMLINK' | 'EOPNOTSUPP'; chain: string };

const JUMP_STACK = 16;
const HOOKS = { masquerade: ['postrouting'], dnat: ['prerouting', 'output'] };

/** Walks from every base chain, as nft_table_validate() does; chains nobody reaches are not looked at. */
export function faultOf(chains: readonly ChainNode[]): GraphError | undefined {
  for (const base of chains) {
    const fault = base.hook && walk(chains, base, base.hook, 0);
    if (fault) return fault;
  }
  return undefined;
}

function walk(chains: readonly ChainNode[], at: ChainNode, hook: { type: string; hook: string }, depth: number): GraphError | undefined {
  if (depth >= JUMP_STACK) return { errno: 'EMLINK', chain: at.name };
  for (const step of at.steps) {
    if (step === 'other') continue;
    if (typeof step === 'string') {
      if (hook.type !== 'nat' || !HOOKS[step].includes(hook.hook)) return { errno: 'EOPNOTSUPP', chain: at.name };
      continue;
    }
    const next = chains.find((chain) => chain.name === step.to);
    const fault = next && walk(chains, next, hook, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}
