// Modules that go after what is on the node: links, addresses, routes, rules, leases, files; in ADD and in the other verbs.
// SPDX-License-Identifier: Apache-2.0

import { addresses } from './cases/addresses.ts';
import { stores } from './cases/files.ts';
import { links } from './cases/links.ts';
import { rules } from './cases/rules.ts';
import { verbs } from './cases/verbs.ts';
import { play } from './corpus.ts';

play((node) => [...links(node), ...addresses(node), ...rules(node), ...stores(node), ...verbs()]);
