// Every step a host takes towards kernel and disk passes here, so that a sweep can strike at each: refuse it, spin in it, or keep what a host
// that is killed there leaves behind.
// SPDX-License-Identifier: Apache-2.0

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';

export interface Step {
  of: 'kernel' | 'disk';
  /** "link.create", "renameSync" */
  name: string;
  /** leaves something behind */
  changes: boolean;
  args: readonly unknown[];
  act(): unknown;
  /** of a write: the first half of it alone; what is given does it after all */
  cut?(): () => unknown;
}

/** What is done instead of a step. */
export type Strike = (step: Step) => unknown;

const CHANGES = /^(create|set|delete|remove|add|apply|restore)/;
const DISK_READS = ['readFileSync', 'readdirSync', 'statSync', 'lstatSync', 'fstatSync', 'existsSync', 'readSync', 'statfsSync'] as const;
const DISK_CHANGES = ['mkdirSync', 'openSync', 'closeSync', 'writeSync', 'writeFileSync', 'renameSync', 'unlinkSync', 'rmSync', 'rmdirSync', 'fsyncSync', 'ftruncateSync', 'utimesSync'] as const;

export class Steps {
  /** disk steps below it count */
  root = '';
  private strike: Strike | undefined;
  private readonly open = new Set<unknown>();

  constructor() {
    this.watchDisk();
  }

  /** Runs `act`, with `strike` in the place of each of its steps; without one they are none of those of an `act` that is under way. */
  run<T>(act: () => T, strike?: Strike): T {
    const outer = this.strike;
    this.strike = strike;
    try {
      return act();
    } finally {
      this.strike = outer;
    }
  }

  /** The kernel as the host sees it. */
  kernel(kernel: FakeKernel): Kernel {
    const domain = <Part extends object>(name: string, part: Part): Part => Object.fromEntries(Object.entries(part).map(([method, run]) => [
      method, (...args: unknown[]): unknown => this.step({ of: 'kernel', name: `${name}.${method}`, changes: CHANGES.test(method), args, act: () => (run as (...all: unknown[]) => unknown)(...args) }),
    ])) as Part;
    const { link, addr, route, policyRule, neigh, nft, iptables, tc, sysctl, conntrack, firewalld } = kernel;
    return {
      netnsId: (ns) => kernel.netnsId(ns), netnsMark: (ns) => kernel.netnsMark(ns), isNetns: (ns, mark) => kernel.isNetns(ns, mark), close() {},
      link: domain('link', link), addr: domain('addr', addr), route: domain('route', route), policyRule: domain('policyRule', policyRule), neigh: domain('neigh', neigh),
      nft: domain('nft', nft), iptables: domain('iptables', iptables), tc: domain('tc', tc), sysctl: domain('sysctl', sysctl), conntrack: domain('conntrack', conntrack), firewalld: domain('firewalld', firewalld),
    };
  }

  private step(step: Step): unknown {
    return this.strike ? this.strike(step) : step.act();
  }

  /** Bundled code has live bindings to the functions of node:fs, which this replaces for the whole process. */
  private watchDisk(): void {
    const all = fs as unknown as Record<string, Call>;
    for (const name of [...DISK_READS, ...DISK_CHANGES]) {
      const original: Call = all[name]!;
      const changes = (DISK_CHANGES as readonly string[]).includes(name);
      all[name] = (...args) => {
        const [at] = args;
        if (!this.strike || !(typeof at === 'string' ? at.startsWith(this.root) : this.open.has(at))) return original(...args);
        const act = (): unknown => {
          const answer = original(...args);
          if (name === 'openSync') this.open.add(answer);
          if (name === 'closeSync') this.open.delete(at);
          return answer;
        };
        return this.step({ of: 'disk', name, changes, args, act, ...this.cutOf(name, original, args, act) });
      };
    }
    syncBuiltinESMExports();
  }

  /** A file that is written is written over, or was not there. */
  private cutOf(name: string, write: Call, args: readonly unknown[], act: () => unknown): Pick<Step, 'cut'> {
    const [at, content, ...how] = args;
    const halves = (): ReturnType<typeof halvesOf> => halvesOf(content as string | Uint8Array);
    switch (name) {
      case 'writeSync': return { cut: () => {
        const [first, second] = halves();
        const position = how[2] as number | undefined;
        // Length and position where they were given.
        const put = (half: typeof first, from = position): number => write(at, half, ...(how.length > 1 ? [0, half.length, from] : how)) as number;
        const written = put(first);
        return () => written + put(second, position === undefined ? position : position + first.length);
      } };
      case 'writeFileSync': return { cut: () => {
        write(at, halves()[0], ...how);
        return () => {
          this.run(() => fs.unlinkSync(at as string));
          return act();
        };
      } };
      default: return {};
    }
  }
}

type Call = (...args: unknown[]) => unknown;

function halvesOf(content: string | Uint8Array): [string | Uint8Array, string | Uint8Array] {
  const half = Math.floor(content.length / 2);
  return [content.slice(0, half), content.slice(half)];
}
