// Names and name servers of a result, from a configuration or another result.
// SPDX-License-Identifier: Apache-2.0

import { Config } from './config';
import { Arr, Json, Obj } from './json';

export class Dns {
  nameservers: string[] = [];
  domain: string = '';
  search: string[] = [];
  options: string[] = [];
  /** Something was said, be it an empty list: it takes the place of what an IPAM plugin said. */
  given: bool = false;

  static from(json: Json): Dns {
    return Dns.configured(new Config(json, 'DNS', 'dns.'));
  }

  static configured(config: Config): Dns {
    const dns = new Dns();
    dns.nameservers = config.strings('nameservers');
    dns.domain = config.str('domain');
    dns.search = config.strings('search');
    dns.options = config.strings('options');
    dns.given = dns.domain.length > 0 || config.has('nameservers') || config.has('search') || config.has('options');
    return dns;
  }

  json(): Obj {
    const json = new Obj();
    if (this.nameservers.length > 0) json.arr('nameservers', Arr.of(this.nameservers));
    json.optional('domain', this.domain);
    if (this.search.length > 0) json.arr('search', Arr.of(this.search));
    if (this.options.length > 0) json.arr('options', Arr.of(this.options));
    return json;
  }
}
