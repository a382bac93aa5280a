// The version of the package, put in by esbuild when it bundles.
// SPDX-License-Identifier: Apache-2.0

import manifest from '../package.json' with { type: 'json' };

export const VERSION = `v${manifest.version}`;
