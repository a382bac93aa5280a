// What portmap refuses, what it has nothing to do for, and whose errors it passes on.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse } from '../support/guest-host.ts';
import { conf, node, portmap, prevResult, v4Only } from './portmap-case.ts';

test('without port mappings the result is handed on', () => {
  assert.equal(portmap({ verb: 'ADD', config: conf({ runtimeConfig: {} }) }).result, prevResult);
  assert.equal(portmap({ verb: 'ADD', config: conf({ runtimeConfig: { portMappings: null } }) }).result, prevResult);
});

const refuses = (title: string, keys: object, msg: string, code = 999): void => {
  test(`refuses ${title}`, () => {
    const { error, asked } = portmap({ verb: 'ADD', config: conf(keys) });
    assert.equal([error, asked], [{ code, msg: code === 999 && !msg.startsWith('must') ? `failed to parse config: ${msg}` : msg }, []]);
  });
};
const one = (mapping: object): object => ({ runtimeConfig: { portMappings: [{ hostPort: 1, containerPort: 1, protocol: 'tcp', ...mapping }] } });
refuses('a call outside of a chain', { prevResult: undefined }, 'must be called as chained plugin');
refuses('port 0', one({ hostPort: 0 }), 'Invalid host port number: 0');
refuses('a port above 65535', one({ containerPort: 65536 }), 'Invalid container port number: 65536');
refuses('another protocol', one({ protocol: 'icmp' }), 'invalid protocol "icmp" of host port 1; give tcp, udp, sctp or dccp');
refuses('a host IP that is none', one({ hostIP: '1.2.3' }), 'invalid host IP "1.2.3" of host port 1; give an IPv4 or IPv6 address');
refuses('a port in quotes', one({ hostPort: '1' }), 'failed to parse network configuration: json: cannot unmarshal string into Go struct field PortMapEntry.runtimeConfig.portMappings.hostPort of type int');
refuses('mappings that are no list', { runtimeConfig: { portMappings: { hostPort: 1 } } }, 'failed to parse network configuration: json: cannot unmarshal object into Go struct field .runtimeConfig.portMappings of type []main.PortMapEntry');
refuses('another backend', { backend: 'ebtables' }, 'unrecognized backend "ebtables"');
refuses('two ways to mark', { externalSetMarkChain: 'A', markMasqBit: 1 }, 'Cannot specify externalSetMarkChain and markMasqBit');
refuses('bit 32', { markMasqBit: 32 }, 'MasqMarkBit must be between 0 and 31');
refuses('an empty backend', { backend: '' }, 'unrecognized backend ""');
const misfit = (backend: string, other: string, keys: string): string => `${backend} backend was requested but configuration contains ${other}-specific options [${keys}]`;
refuses('nft words with iptables', { backend: 'iptables', conditionsV4: ['iifname', 'eth0'] }, misfit('iptables', 'nftables', 'conditionsV4'));
refuses('iptables words with nftables', { backend: 'nftables', externalSetMarkChain: 'A', conditionsV4: ['-s', '192.0.2.0/24'], conditionsV6: ['!', '-i', 'eth0'] }, misfit('nftables', 'iptables', 'externalSetMarkChain conditionsV4 conditionsV6'));

test('words of another backend than the one that is chosen, also without port mappings', () => {
  const config = conf({ conditionsV4: ['iifname', 'eth0'], runtimeConfig: {} });
  assert.is(portmap({ verb: 'ADD', config }, node).error?.msg, `failed to parse config: ${misfit('iptables', 'nftables', 'conditionsV4')}`);
  assert.is(portmap({ verb: 'CHECK', config }, node).error?.msg, misfit('iptables', 'nftables', 'conditionsV4'));
  const onlyNft = { ...node, 'iptables.usable': { usable: false, why: 'no' } };
  assert.is(portmap({ verb: 'ADD', config }, onlyNft).error, undefined);
});

test('passes on what the host refuses, with what it was for', () => {
  const msg = (op: string, keys: object): string | undefined => portmap({ verb: 'ADD', config: conf(keys) }, { ...node, [op]: refuse('io', 'no') }).error?.msg;
  assert.is(msg('iptables.apply', {}), 'unable to setup DNAT: no');
  assert.is(msg('nft.apply', { backend: 'nftables' }), 'unable to set up nftables rules for port mappings: no');
  assert.is(msg('sysctl.set', {}), 'unable to enable route_localnet: no');
});

test('flows that cannot be flushed are told and no error', () => {
  const { error, logged } = portmap({ verb: 'ADD', config: conf({}, v4Only) }, { ...node, 'conntrack.flush': refuse('denied', 'not granted') });
  assert.equal([error, logged], [undefined, ['failed to delete stale UDP conntrack entries: not granted']]);
});

test.run();
