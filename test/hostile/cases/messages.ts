// Messages that are none, or that hide something: JSON, UTF-8, numbers, names; and results and errors that lie.
// SPDX-License-Identifier: Apache-2.0

import { CREATE, PAIR, VETH_GRANT, type Case } from '../case.ts';

const GRANTS = { ...VETH_GRANT, hostLinks: ['veth*', 'acme*'] };
const invalid = (name: string, request: string | object, says: RegExp, object = /./): Case =>
  ({ name, grants: GRANTS, asks: [PAIR, ['link.set', request]], code: 999, says, operation: 'link.set', object });
const named = (name: string, link: string, code: number, says: RegExp): Case =>
  ({ name, grants: GRANTS, asks: [['link.create', { ns: 'host', name: link, kind: 'veth', peer: { ns: 'container', name: 'eth0' } }]], code, says, operation: 'link.create', object: /./ });
const result = (name: string, text: string, says: RegExp, conf: object = {}): Case => ({
  name, grants: VETH_GRANT, conf, more: `(data (i32.const 2048) "${text.replace(/["\\]/g, '\\$&')}")`,
  body: `${CREATE} (call $result (i32.const 2048) (i32.const ${text.length})) (i32.const 0)`, code: 999, says, operation: 'abi.result', object: /./,
});
const chained = (name: string, address: string, prevResult: object): Case =>
  result(name, `{"ips":[{"address":"${address}"}]}`, new RegExp(`the address ${address.replaceAll('.', '\\.')}, which neither prevResult has nor its IPAM plugin gave`), { prevResult: { cniVersion: '1.1.0', ...prevResult } });

export const messages = (): Case[] => [
  invalid('asks in bytes that are no UTF-8', '{"link":1,"mac":"\xff\xfe"}', /invalid UTF-8/),
  invalid('asks in an overlong spelling of a slash', '{"link":1,"mac":"\xc0\xaf"}', /invalid UTF-8/),
  invalid('asks in what is no JSON', '{"link":1', /end of JSON|link\.set: /),
  invalid('asks with two documents', '{"link":1}{"link":2}', /link\.set: /),
  invalid('asks with a list', '[1]', /expected an object/),
  invalid('nests a request ten thousand deep', `{"link":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, /nested deeper/),
  invalid('asks for a field that does not exist', { link: 1, netns: '/run/netns/c0' }, /unknown field "netns"/),
  invalid('reaches for the prototype', '{"link":1,"__proto__":{"up":true}}', /unknown field "__proto__"/),
  invalid('asks with a number beyond all numbers', '{"link":1e400}', /link must be an integer/),
  invalid('asks with a fraction of a handle', '{"link":1.5}', /link must be an integer/),
  invalid('asks with a handle of text', { link: '1' }, /link must be an integer|fits none/),
  invalid('asks with an MTU below zero', { link: 1, mtu: -1 }, /mtu must be 0 to/),
  invalid('asks with an address of shell characters', { link: 1, mac: '02:00:00:00:00:0$(reboot)' }, /mac must match/),
  named('writes a line into a link\'s name', 'veth\nrm', 101, /letters, digits/),
  named('writes shell characters into a link\'s name', 'veth;$(reboot)', 101, /letters, digits/),
  named('climbs out by a link\'s name', 'veth/../x', 101, /host name "veth\/\.\.\/x"/),
  named('writes a space into a link\'s name', 'veth a', 101, /letters, digits/),
  named('gives a link a name beyond all names', 'veth567890123456', 999, /at most 15 bytes/),
  named('gives a link a name of many bytes in few letters', 'vethääääää', 999, /at most 15 bytes/),
  named('gives a link no name', '', 101, /host name ""/),
  result('says that it is in another container\'s namespace', '{"interfaces":[{"name":"eth0","sandbox":"/run/netns/c0"}]}', /"\/run\/netns\/c0", which is no namespace of this attachment/),
  result('says a result that is nested without end', `{"interfaces":${'['.repeat(5000)}${']'.repeat(5000)}}`, /nested deeper/),
  result('says a result that is none', 'interfaces', /set a result that is none/),
  result('puts its address on the interface behind the last one', '{"interfaces":[{"name":"eth0","sandbox":"container"}],"ips":[{"address":"192.0.2.9/24","interface":1}]}', /192\.0\.2\.9\/24 on interface 1, of 1/),
  result('puts its address on an interface before the first one', '{"interfaces":[{"name":"eth0","sandbox":"container"}],"ips":[{"address":"192.0.2.9/24","interface":-1}]}', /on interface -1, of 1/),
  result('writes a line into the resolv.conf of whoever believes it', '{"dns":{"search":["example.org\\nnameserver 203.0.113.9"]}}', /a control character in "example\.org\\nnameserver/),
  result('names an interface with a NUL in it', '{"interfaces":[{"name":"eth0\\u0000x"}]}', /a control character in "eth0\\u0000x"/),
  chained('says behind the plugin that attached the container that a service\'s address is the container\'s', '10.96.0.1/24', { ips: [{ address: '192.0.2.5/24' }] }),
  chained('says so where nobody has said an address', '10.96.0.1/24', { interfaces: [{ name: 'eth0', sandbox: '/run/netns/c1' }] }),
  chained('makes the network of an address the whole Internet', '192.0.2.5/0', { ips: [{ address: '192.0.2.5/24' }] }),
  result('says an address that is none', '{"ips":[{"address":"192.0.2.9/24; reboot"}]}', /invalid CIDR address/),
  { name: 'fails with what is no error', grants: VETH_GRANT, body: `${CREATE} (call $fail (i32.const 1024) (i32.const 50)) (i32.const 1)`, code: 999, says: /its error is none/, operation: 'abi.fail', object: /./ },
  { name: 'fails with a stack trace of bytes', grants: VETH_GRANT, more: '(data (i32.const 2048) "\\ff\\fe\\00")', body: `${CREATE} (call $fail (i32.const 2048) (i32.const 3)) (i32.const 1)`, code: 999, says: /its error is none/, operation: 'abi.fail', object: /./ },
];
