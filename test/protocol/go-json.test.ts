// Keys as Go's encoding/json finds them; the reference and ours must read the same value when a configuration has several.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { field } from '../../host/protocol/go-json.ts';

const reads = (what: string, text: string, expected: unknown): void => test(what, () => assert.equal(field(JSON.parse(text), 'hostPort'), expected));

reads('any case', '{"HOSTPORT":1}', 1);
reads('of several the last', '{"hostPort":1,"HostPort":2}', 2);
reads('the exact one when it is the last', '{"HostPort":2,"hostPort":1}', 1);
reads('no null that comes later', '{"hostPort":1,"HostPort":null}', 1);
reads('null as absent', '{"hostPort":null}', undefined);
reads('nothing of a list', '[1]', undefined);

test.run();
