// The command for people: what a module asks for, installing one, running a conflist by hand.
// SPDX-License-Identifier: Apache-2.0

import { CniError } from '../cni-error.ts';
import { formatError } from '../protocol/write-result.ts';
import { rootsFrom } from '../roots.ts';
import { VERSION } from '../version.ts';
import { inspect } from './inspect.ts';
import { install } from './install.ts';
import { run } from './run.ts';

const USAGE = `cni-wasm ${VERSION}: WebAssembly plugins for container networking

As a CNI plugin it is executed by a container runtime, with CNI_COMMAND and the rest in the environment and the
configuration on stdin. For people:

  cni-wasm inspect MODULE              what a module (a name, or a .wasm file) asks for
  cni-wasm install FILE.wasm [NAME]    put a module in place under its own or another name, and print the policy it needs
  cni-wasm run add CONFLIST NETNS      attach a network namespace as a runtime would; also: check, del
      --container-id ID  --ifname NAME  --bin DIR  --capability-args JSON  --result FILE (add's answer)
  cni-wasm --version | --help

Files: /etc/cni/wasm/{policy.json,modules.lock}  /var/lib/cni-wasm  /run/cni-wasm
Environment: CNI_WASM_ETC, CNI_WASM_STATE, CNI_WASM_RUN, CNI_WASM_LEASES move them;
  CNI_WASM_LOG=debug|info|warn|error and CNI_WASM_LOG_FILE=PATH say what is logged and where (stderr).
`;

/** The exit code. */
export function cli(words: readonly string[]): number {
  const [command = '', ...rest] = words;
  try {
    switch (command) {
      case '--help': case '-h': case 'help': return say(USAGE);
      case '--version': case '-v': return say(`${VERSION}\n`);
      case 'inspect': return say(inspect(rest, rootsFrom(process.env)));
      case 'install': return say(install(rest, rootsFrom(process.env)));
      case 'run': return say(run(rest));
      default:
        process.stderr.write(`cni-wasm: unknown command "${command}"\n\n${USAGE}`);
        return 2;
    }
  } catch (error) {
    process.stderr.write(error instanceof CniError ? `cni-wasm: ${formatError(error)}\n` : `cni-wasm: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}
