// What a person sees of an attachment, and a picture of the whole node to compare. Read with the host's own kernel layer, so that
// neither ip nor nft nor iptables need be there.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel, Ns } from '../../host/kernel/kernel.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { openLibc, type Libc } from '../../host/kernel/live/libc.ts';

const TABLES = [['inet', 'cni_plugins_masquerade'], ['ip', 'cni_hostport'], ['ip6', 'cni_hostport']] as const;

export function show(libc: Libc, netns: string): void {
  const kernel = liveKernel(libc, netns);
  for (const ns of ['host', 'container'] as const) {
    console.log(`   -- ${ns}`);
    for (const line of [...links(kernel, ns), ...routes(kernel, ns)]) console.log(`   ${line}`);
  }
  console.log('   -- rules');
  for (const line of rules(kernel)) console.log(`   ${line}`);
  kernel.close();
}

function links(kernel: Kernel, ns: Ns): string[] {
  return kernel.link.list(ns).map(({ index, name, kind, mtu, state, mac }) => {
    const addresses = kernel.addr.list(ns, index).map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
    const shaping = kernel.tc.qdiscs(ns, index).flatMap(({ tbf }) => (tbf ? [`limited to ${(tbf.rate * 8) / 1e6} Mbit/s`] : []));
    return [name.padEnd(16), kind.padEnd(7), `mtu ${mtu}`, state.padEnd(8), mac, ...addresses, ...shaping].join('  ');
  });
}

const routes = (kernel: Kernel, ns: Ns): string[] =>
  kernel.route.list(ns).filter(({ dst, gw }) => gw !== undefined || !dst.startsWith('fe80:')).map(({ dst, gw, index }) => `route ${dst}${gw ? ` via ${gw}` : ''} dev ${index === undefined ? '-' : kernel.link.get(ns, { index })?.name}`);

/** Of whichever backend the node has. */
function rules(kernel: Kernel): string[] {
  const nft = TABLES.flatMap(([family, name]) => (kernel.nft.read('host', family, name)?.chains ?? [])
    .flatMap((chain) => chain.rules.map(({ rule, comment }) => `nft ${family} ${name} ${chain.name}: ${JSON.stringify(rule?.match)} ${JSON.stringify(rule?.action)}${comment ? `  # ${comment}` : ''}`)));
  const iptables = (['ip', 'ip6'] as const).filter((family) => kernel.iptables.unusable('host', family) === undefined)
    .flatMap((family) => kernel.iptables.read('host', family, 'nat').chains.flatMap(({ name, rules: lines }) => lines.map(({ text }) => `${family}tables -t nat -A ${name} ${text}`)));
  return [...nft, ...iptables];
}

/** Everything an attachment may touch. */
export function nodePicture(env: Readonly<Record<string, string>>): object {
  const kernel = liveKernel(openLibc(), '');
  const found = {
    links: kernel.link.list('host').map(({ name, kind, mtu, promisc }) => ({ name, kind, mtu, promisc })),
    addresses: kernel.addr.list('host').filter(({ address }) => !address.startsWith('fe80:')).map(({ address }) => address),
    routes: kernel.route.list('host').filter(({ dst }) => !dst.startsWith('fe80:')).map(({ dst, gw }) => ({ dst, gw })),
    qdiscs: kernel.link.list('host').flatMap(({ index }) => kernel.tc.qdiscs('host', index).map(({ kind }) => kind)),
    rules: rules(kernel),
    files: Object.values(env).flatMap(files),
  };
  kernel.close();
  return found;
}

/** The round-robin cursor of host-local moves on for good. */
function files(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return /last_reserved_ip/.test(path) ? [] : [`${path}: ${readFileSync(path, 'utf8')}`];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}
