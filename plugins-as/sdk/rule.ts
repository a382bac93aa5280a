// Rules in the host's vocabulary, built word by word.
// SPDX-License-Identifier: Apache-2.0

import { Arr, Obj } from './json';

export class Rule {
  private matches: Arr = new Arr();
  private verb: Obj = new Obj();
  private remark: string = '';

  from(source: string): Rule {
    return this.when(new Obj().str('saddr', source));
  }

  to(destination: string): Rule {
    return destination.length == 0 ? this : this.when(new Obj().str('daddr', destination));
  }

  notTo(destination: string): Rule {
    return this.when(new Obj().str('daddr', destination).bool('not', true));
  }

  /** By its hardware address; in rules of family bridge alone. */
  fromMac(mac: string): Rule {
    return this.when(new Obj().str('ethSaddr', mac));
  }

  toHost(): Rule {
    return this.when(new Obj().str('dstType', 'local'));
  }

  in(device: string): Rule {
    return this.when(new Obj().str('iif', device));
  }

  out(device: string): Rule {
    return this.when(new Obj().str('oif', device));
  }

  notOut(device: string): Rule {
    return this.when(new Obj().str('oif', device).bool('not', true));
  }

  /** Of a connection that was let through when it began. */
  answering(): Rule {
    return this.when(new Obj().arr('ctState', new Arr().str('related').str('established')));
  }

  port(protocol: string, port: i64): Rule {
    return this.when(new Obj().str('proto', protocol).int('dport', port));
  }

  ports(protocol: string, ports: Arr): Rule {
    return this.when(new Obj().str('proto', protocol).arr('dports', ports));
  }

  marked(bit: u32): Rule {
    return this.when(new Obj().obj('mark', mark(bit)));
  }

  accept(): Rule {
    return this.then(new Obj().str('verdict', 'accept'));
  }

  drop(): Rule {
    return this.then(new Obj().str('verdict', 'drop'));
  }

  back(): Rule {
    return this.then(new Obj().str('verdict', 'return'));
  }

  /** Words of the backend's own; the last of the matches. */
  words(words: string[]): Rule {
    if (words.length == 0) return this;
    const raw = new Arr();
    for (let i = 0; i < words.length; i++) raw.str(words[i]);
    return this.when(new Obj().arr('raw', raw));
  }

  jump(chain: string): Rule {
    return this.then(new Obj().str('jump', chain));
  }

  /** As jump, but nothing comes back. */
  goto(chain: string): Rule {
    return this.then(new Obj().str('goto', chain));
  }

  setMark(bit: u32): Rule {
    return this.then(new Obj().obj('setMark', mark(bit)));
  }

  masquerade(): Rule {
    return this.then(new Obj().bool('masquerade', true));
  }

  dnat(to: string, port: i64): Rule {
    return this.then(new Obj().obj('dnat', new Obj().str('to', to).int('port', port)));
  }

  comment(text: string): Rule {
    this.remark = text;
    return this;
  }

  json(): Obj {
    return new Obj().arr('match', this.matches).obj('action', this.verb).optional('comment', this.remark);
  }

  private when(match: Obj): Rule {
    this.matches.obj(match);
    return this;
  }

  private then(action: Obj): Rule {
    this.verb = action;
    return this;
  }
}

function mark(bit: u32): Obj {
  return new Obj().int('value', bit).int('mask', bit);
}
