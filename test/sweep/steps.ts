// Every step a host takes towards kernel and disk passes here, so that a sweep can strike at each: refuse it, spin in it, or kill the host
// before, in the middle of or after it.
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
  /** of a write: the first half of it alone */
  cut(): void;
}

/** What is done instead of a step. */
export type Strike = (step: Step) => unknown;

/** The host is gone: whatever its code still does in its last frames reaches nothing. */
export class Killed extends Error {}

const CHANGES = /^(create|set|delete|remove|add|apply|restore)/;
const DISK_READS = ['readFileSync', 'readdirSync', 'statSync', 'lstatSync', 'fstatSync', 'existsSync', 'readSync', 'statfsSync'] as const;
const DISK_CHANGES = ['mkdirSync', 'openSync', 'closeSync', 'writeSync', 'writeFileSync', 'renameSync', 'unlinkSync', 'rmSync', 'rmdirSync', 'fsyncSync', 'ftruncateSync', 'utimesSync'] as const;

export class Steps {
  /** disk steps below it count */
  root = '';
  private strike: Strike = ({ act }) => act();
  private dead = false;
  private readonly open = new Set<number>();

  /** `watched`: guests run under their deadline. Starting the watchdog takes longer than most of them run. */
  constructor({ watched }: { watched: boolean }) {
    this.watchDisk();
    const run = Script.prototype.runInThisContext;
    if (!watched) Script.prototype.runInThisContext = function unwatched(this: Script) { return run.call(this) as unknown; };
  }

  /** Runs a process of the host: `act` to its end, or until it is killed. */
  process<T>(strike: Strike, act: () => T): { value: T } | { error: unknown } | 'killed' {
    this.strike = strike;
    try {
      const value = act();
      return this.dead ? 'killed' : { value };
    } catch (error) {
      return this.dead ? 'killed' : { error };
    } finally {
      this.dead = false;
      this.strike = ({ act: go }) => go();
      for (const fd of this.open) fs.closeSync(fd);
      this.open.clear();
    }
  }

  kill(): never {
    this.dead = true;
    throw new Killed('SIGKILL');
  }

  /** The kernel as the host sees it. */
  kernel(kernel: FakeKernel): Kernel {
    const domain = <Part extends object>(name: string, part: Part): Part => Object.fromEntries(Object.entries(part).map(([method, run]) => [
      method, (...args: unknown[]): unknown => this.step({ of: 'kernel', name: `${name}.${method}`, changes: CHANGES.test(method), args, act: () => (run as (...all: unknown[]) => unknown)(...args), cut() {} }),
    ])) as Part;
    const { link, addr, route, policyRule, neigh, nft, iptables, tc, sysctl, conntrack, firewalld } = kernel;
    return {
      netnsId: (ns) => kernel.netnsId(ns), close() {},
      link: domain('link', link), addr: domain('addr', addr), route: domain('route', route), policyRule: domain('policyRule', policyRule), neigh: domain('neigh', neigh),
      nft: domain('nft', nft), iptables: domain('iptables', iptables), tc: domain('tc', tc), sysctl: domain('sysctl', sysctl), conntrack: domain('conntrack', conntrack), firewalld: domain('firewalld', firewalld),
    };
  }

  private step(step: Step): unknown {
    if (this.dead) throw new Killed('dead');
    return this.strike(step);
  }

  /** Bundled code has live bindings to the functions of node:fs, which this replaces for the whole process. */
  private watchDisk(): void {
    const all = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of [...DISK_READS, ...DISK_CHANGES]) {
      const original = all[name]!;
      all[name] = (...args) => {
        const [at] = args;
        const counts = this.root !== '' && (typeof at === 'number' ? this.open.has(at) : typeof at === 'string' && at.startsWith(this.root));
        if (!counts) return original(...args);
        const act = (): unknown => {
          const answer = original(...args);
          if (name === 'openSync') this.open.add(answer as number);
          if (name === 'closeSync') this.open.delete(at as number);
          return answer;
        };
        return this.step({ of: 'disk', name, changes: (DISK_CHANGES as readonly string[]).includes(name), args, act, cut: () => void original(at, ...firstHalf(args.slice(1))) });
      };
    }
    syncBuiltinESMExports();
  }
}

/** The arguments of a write from its content on; where they say how much of it, they say half. */
function firstHalf([content, ...more]: readonly unknown[]): unknown[] {
  if (typeof content !== 'string' && !(content instanceof Uint8Array)) return [content, ...more];
  const half = content.slice(0, content.length / 2);
  return typeof more[0] === 'number' ? [half, 0, half.length, more[2]] : [half, ...more];
}
