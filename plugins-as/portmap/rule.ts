// Rules in the host's vocabulary, built word by word.
// SPDX-License-Identifier: Apache-2.0

import { Arr, Obj } from '../sdk/json';

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

  toHost(): Rule {
    return this.when(new Obj().str('dstType', 'local'));
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

  jump(chain: string): Rule {
    return this.then(new Obj().str('jump', chain));
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
