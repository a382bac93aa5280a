// What can be changed of an interface. As a wish it is a part of the configuration, as a backup a file that the reference reads too.
// SPDX-License-Identifier: Apache-2.0

import { Json } from '../sdk/json';

export class Attributes {
  /** '' : not said. As it was written, in any notation. */
  mac: string = '';
  /** 0: not said. */
  mtu: i64 = 0;
  hasPromisc: bool = false;
  promisc: bool = false;
  hasAllmulti: bool = false;
  allmulti: bool = false;
  hasTxqlen: bool = false;
  txqlen: i64 = 0;

  get given(): bool {
    return this.mac.length > 0 || this.mtu != 0 || this.hasPromisc || this.hasAllmulti || this.hasTxqlen;
  }

  /** What `link` has of that which `wish` changes. */
  static of(link: Json, wish: Attributes): Attributes {
    const now = new Attributes();
    if (wish.mac.length > 0) now.mac = link.get('mac').str();
    if (wish.mtu != 0) now.mtu = link.get('mtu').int();
    now.hasPromisc = wish.hasPromisc;
    now.promisc = link.get('promisc').bool();
    now.hasAllmulti = wish.hasAllmulti;
    now.allmulti = link.get('allmulti').bool();
    now.hasTxqlen = wish.hasTxqlen;
    now.txqlen = link.get('txqlen').int();
    return now;
  }

  static fromBackup(text: string): Attributes {
    const json = Json.parse(text);
    const saved = new Attributes();
    saved.mac = json.field('mac').str();
    saved.mtu = json.field('mtu').int();
    saved.hasPromisc = json.field('promisc').exists;
    saved.promisc = json.field('promisc').bool();
    saved.hasAllmulti = json.field('allmulti').exists;
    saved.allmulti = json.field('allmulti').bool();
    saved.hasTxqlen = json.field('txQLen').exists;
    saved.txqlen = json.field('txQLen').int();
    return saved;
  }

  /** In the reference's order and with its blanks, so that nobody can tell who wrote it. */
  backup(): string {
    const lines: string[] = [];
    if (this.mac.length > 0) lines.push(' "mac": "' + this.mac + '"');
    if (this.hasPromisc) lines.push(' "promisc": ' + this.promisc.toString());
    if (this.mtu != 0) lines.push(' "mtu": ' + this.mtu.toString());
    if (this.hasAllmulti) lines.push(' "allmulti": ' + this.allmulti.toString());
    if (this.hasTxqlen) lines.push(' "txQLen": ' + this.txqlen.toString());
    return '{\n' + lines.join(',\n') + '\n}';
  }
}
