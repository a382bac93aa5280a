// An IPAM program of somebody else, as a test wants it: it notes what it was called with and does what the test says for each verb.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface IpamProgram {
  folder: string;
  /** `script` is of the shell, with the configuration in the file "$stdin". A verb without one is answered with silence. */
  does(verb: string, script: string): void;
  /** What it prints on ADD. */
  gives(result: object): void;
  calls(): string[];
  stdin(verb: string): string;
  env(verb: string): Record<string, string>;
  forget(): void;
}

/** @param name what a configuration calls it */
export function ipamProgram(folder: string, name: string): IpamProgram {
  const notes = join(folder, 'notes');
  const at = (what: string, verb: string): string => join(notes, `${what}.${verb}`);
  const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  mkdirSync(notes, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh
stdin=${notes}/stdin.$CNI_COMMAND
cat > "$stdin"
env > ${notes}/env.$CNI_COMMAND
echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME" >> ${notes}/calls.all
[ ! -e ${notes}/does.$CNI_COMMAND ] || . ${notes}/does.$CNI_COMMAND
`, { mode: 0o755 });
  const does = (verb: string, script: string): void => writeFileSync(at('does', verb), script);
  return {
    folder, does,
    gives: (result) => does('ADD', `cat <<'EOF'\n${JSON.stringify(result)}\nEOF\n`),
    calls: () => text(at('calls', 'all')).split('\n').filter(Boolean),
    stdin: (verb) => text(at('stdin', verb)),
    env: (verb) => Object.fromEntries(text(at('env', verb)).split('\n').filter(Boolean).map((line) => [line.replace(/=.*/s, ''), line.replace(/^[^=]*=/, '')])),
    forget() {
      rmSync(notes, { recursive: true });
      mkdirSync(notes);
    },
  };
}
