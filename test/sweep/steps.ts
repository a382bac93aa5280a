// Every step a host takes towards kernel and disk passes here, so that a sweep can strike at each: refuse it, spin in it, or keep what a host
// that is killed there leaves behind.
// SPDX-License-Identifier: Apache-2.0

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Script } from 'node:vm';
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

  /** Guests run without their deadline: starting the watchdog takes longer than most of them run. */
  constructor() {
    this.watchDisk();
    const run = Script.prototype.runInThisContext;
    Script.prototype.runInThisContext = function unwatched(this: Script) { return run.call(this) as unknown; };
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
      netnsId: (ns) => kernel.netnsId(ns), close() {},
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

  private cutOf(name: string, write: Call, args: readonly unknown[], act: () => unknown): Pick<Step, 'cut'> {
    const [at, content, ...more] = args;
    if (name === 'writeSync') return { cut: () => inHalves(write, args) };
    if (name !== 'writeFileSync') return {};
    // Whatever was there before is written over, or there was nothing.
    const again = (): unknown => {
      this.run(() => fs.unlinkSync(at as string));
      return act();
    };
    return { cut: () => (write(at, halvesOf(content)[0], ...more), again) };
  }
}

type Call = (...args: unknown[]) => unknown;

/** With or without offset, length and position. */
function inHalves(write: Call, [fd, content, ...where]: readonly unknown[]): () => unknown {
  const [first, second] = halvesOf(content);
  const at = where[2] as number | undefined;
  const put = (half: string | Uint8Array, position = at): number => write(fd, half, ...(typeof where[0] === 'number' ? [0, half.length, position] : where)) as number;
  const written = put(first);
  return () => written + put(second, at === undefined ? at : at + first.length);
}

function halvesOf(content: unknown): [string, string] | [Uint8Array, Uint8Array] {
  const { length } = content as string | Uint8Array;
  const half = Math.floor(length / 2);
  return typeof content === 'string' ? [content.slice(0, half), content.slice(half)] : [(content as Uint8Array).subarray(0, half), (content as Uint8Array).subarray(half)];
}
