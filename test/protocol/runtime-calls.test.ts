// Calls recorded from containerd and podman: every request is understood, every recorded result is written again as it was.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDelegateResult, readPrevResult } from '../../host/protocol/prev-result.ts';
import { readRequest } from '../../host/protocol/read-request.ts';
import { checkVersion, VERSIONS, versionAnswer } from '../../host/protocol/versions.ts';
import { formatResult } from '../../host/protocol/write-result.ts';

interface Recorded { client: string; plugin: string; env: Record<string, string>; stdin: string; stdout: string }
const calls = JSON.parse(readFileSync('test/fixtures/runtime-calls.json', 'utf8')) as Recorded[];

for (const { client, plugin, env, stdin, stdout } of calls) {
  const verb = env['CNI_COMMAND']!;
  test(`${client}: ${plugin} ${verb} ${env['CNI_CONTAINERID']?.slice(0, 8)} ${env['CNI_NETNS'] ? '' : 'without netns'}`, () => {
    const request = readRequest(plugin, env, () => Buffer.from(stdin));
    assert.is(request.verb, verb);
    assert.is(request.netns, env['CNI_NETNS'] ?? '');
    if (verb === 'VERSION') return assert.is(stdout, versionAnswer(versionsOf(plugin)).replace('"1.1.0",', '"1.0.0",').replace(',"1.1.0"]', ']'));
    const { netconf } = request;
    const given = JSON.parse(stdin) as { cniVersion: string; name: string; prevResult?: unknown };
    assert.is(netconf.text, stdin);
    assert.equal([netconf.cniVersion, netconf.name, netconf.type], [given.cniVersion, given.name, JSON.parse(stdin).type]);
    checkVersion(request.verb, netconf.cniVersion, VERSIONS);
    const prevResult = readPrevResult(netconf);
    assert.equal(prevResult === undefined, given.prevResult === undefined);
    if (prevResult) assert.equal(JSON.parse(formatResult(prevResult, netconf.cniVersion)), withoutEmptyDns(given.prevResult));
    if (stdout) same(formatResult(parseDelegateResult(stdout, netconf.cniVersion), netconf.cniVersion), stdout, netconf.cniVersion);
  });
}

/** firewall is younger than the protocol. */
const versionsOf = (plugin: string): readonly string[] => (plugin === 'firewall' ? VERSIONS.slice(VERSIONS.indexOf('0.4.0')) : VERSIONS);

/** The reference 1.1.1, which some were recorded with, still wrote 1.0.0 in the order of its structures, with an empty `dns`. */
function same(ours: string, theirs: string, cniVersion: string): void {
  if (cniVersion === '1.0.0') assert.equal(JSON.parse(ours), withoutEmptyDns(JSON.parse(theirs)));
  // Its loopback leaves out the `version` of an address, which 0.3.x requires.
  else assert.is(theirs.includes('"version"') ? ours : ours.replace(/ *"version": "[46]",\n/g, ''), theirs);
}

function withoutEmptyDns(result: unknown): unknown {
  const { dns, ...rest } = result as { dns?: object };
  return dns && Object.keys(dns).length > 0 ? { ...rest, dns } : rest;
}

test.run();
