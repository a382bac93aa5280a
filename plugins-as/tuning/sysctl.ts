// One sysctl of the configuration: how its key is written, where it is, and what writing and reading it say.
// SPDX-License-Identifier: Apache-2.0

import { Answer, Fault } from '../sdk/answer';
import { linkGet, sysctlGet, sysctlSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';

const IFNAME = 'IFNAME';

export class Sysctl {
  /** `written` is the key as it stands in the configuration. */
  constructor(readonly written: string, public value: string) {}

  /** '' when it was written; else what was in the way, in the reference's words. */
  write(ifname: string): string {
    const key = this.key;
    if (!isBelowNet(key)) return this.invalid(ifname);
    // The kernel takes nothing for nothing.
    const request = this.place(key, ifname).str('value', this.value);
    const written = this.value.length == 0 ? sysctlGet(this.place(key, ifname)) : sysctlSet(request);
    return written.ok ? '' : problem(written.error, 'write', shown(key, ifname));
  }

  /** '' when it has its value. */
  check(ifname: string): string {
    const key = this.key;
    if (!isBelowNet(key)) return this.invalid(ifname);
    const read = sysctlGet(this.place(key, ifname));
    // What can only be written, as route/flush, has nothing to compare.
    if (!read.ok && read.error.errno == 'EACCES') return '';
    if (!read.ok) return problem(read.error, 'read', shown(key, ifname));
    if (!read.json.get('value').exists) return 'open ' + shown(key, ifname) + ': no such file or directory';
    const current = read.json.get('value').str();
    if (sameWords(current, this.value)) return '';
    return 'Error: Tuning configured value of ' + shown(key, ifname) + ' is ' + this.value + ', current value is ' + current;
  }

  private invalid(ifname: string): string {
    return 'invalid net sysctl key: ' + quote(this.slashed.replace(IFNAME, ifname));
  }

  private get slashed(): string {
    return this.written.replaceAll('.', '/');
  }

  /** In slash form, IFNAME still in it: a name may hold dots. */
  private get key(): string {
    const parts = this.slashed.split('/');
    const kept: string[] = [];
    for (let i = 0; i < parts.length; i++) if (parts[i].length > 0) kept.push(parts[i]);
    return kept.join('/');
  }

  /** The host puts the name of the link there; a link that is not there leaves a key that is not there. */
  private place(key: string, ifname: string): Obj {
    const at = '/' + IFNAME;
    const alone = key.endsWith(at) || key.includes(at + '/');
    const link: Answer | null = alone ? linkGet(new Obj().str('name', ifname)) : null;
    if (link === null || !link.ok) return new Obj().str('key', key.replace(IFNAME, ifname));
    return new Obj().str('key', key.replace(IFNAME, '{link}')).int('link', link.json.get('link').int());
  }
}

function isBelowNet(key: string): bool {
  return key.startsWith('net/');
}

function shown(key: string, ifname: string): string {
  return '/proc/sys/' + key.replace(IFNAME, ifname);
}

function problem(fault: Fault, doing: string, path: string): string {
  if (fault.kind == 'not-found') return 'open ' + path + ': no such file or directory';
  if (fault.errno == 'EISDIR') return (doing == 'read' ? 'read ' : 'open ') + path + ': is a directory';
  if (fault.errno == 'EINVAL') return doing + ' ' + path + ': invalid argument';
  return fault.msg;
}

/** The kernel puts tabs between the numbers of a list, people put blanks. */
function sameWords(a: string, b: string): bool {
  return a == b || a.replaceAll('\t', ' ') == b.replaceAll('\t', ' ').trim();
}
