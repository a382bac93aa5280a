// What `--help` says, of the whole and of each command.
// SPDX-License-Identifier: Apache-2.0

import { VERSION } from '../version.ts';

interface Command { words: string; does: string; more: string }

const COMMANDS: Readonly<Record<string, Command>> = {
  inspect: {
    words: 'inspect MODULE', does: 'what a module (a name, or a .wasm file) is and asks for',
    more: `Shows digest, signature, verbs, imported operations, and the manifest: wants, optional imports, limits and the keys of its
configuration. Nothing of the module is run.
`,
  },
  explain: {
    words: 'explain CONFLIST', does: 'what every module of a network asks for, gets and does not get, and why',
    more: `For every module of the list, and the IPAM plugins they hand on to: what it asks for, what it is granted and by what (as part of this
host, by its entry in policy.json, by its signer), and for what it does not get the exact line that would allow it. The exit code is 1 when one
would be refused. Keys of the configuration that its manifest does not have are told, too: CNI ignores them, and mostly they are misspelt.
`,
  },
  install: {
    words: 'install FILE.wasm [NAME]', does: 'put a module in place under its own or another name, and print the policy it needs',
    more: `Copies the bytes into /var/lib/cni-wasm/blobs and writes name and digest to /etc/cni/wasm/modules.lock. A signature beside it,
FILE.wasm.sig, is checked and goes along. What the name stood for before is said; those bytes stay, so that there is a way back. What
the module may do stays the word of /etc/cni/wasm/policy.json.
`,
  },
  keygen: {
    words: 'keygen FILE', does: 'make a key to sign modules with, and print its public half',
    more: `FILE gets an Ed25519 private key (PKCS #8, PEM), readable by you alone, as \`openssl genpkey -algorithm ed25519\` would make it. The
public half is what an operator writes into policy.json:

  "signers": { "acme": { "key": "ed25519:…", "networks": ["prod-*"], "may": { "route": ["container"] }, "limits": { "timeMs": 5000 } } }
`,
  },
  sign: {
    words: 'sign FILE.wasm --key KEYFILE', does: 'vouch for a module: writes FILE.wasm.sig',
    more: `Signs the digest of the bytes. Where a policy names the key under "signers", the module gets what it wants within that signer's
"may" without an entry of its own, and with an entry never more than that.
`,
  },
  run: {
    words: 'run VERB CONFLIST [NETNS]', does: 'call the plugins of a network by hand, as a runtime would',
    more: `  run add|check CONFLIST NETNS   add looks for all plugins and modules of the list before the first one runs
  run del CONFLIST [NETNS]
  run status CONFLIST            can containers be attached?
  run gc CONFLIST ID/IFNAME…     free what containers that are not listed have left; "none" when no container is to stay

  --container-id ID        cni-wasm-run when not given
  --ifname NAME            eth0 when not given
  --bin DIR[:DIR]          where the plugins are; CNI_PATH, or those beside this program, when not given
  --args 'K=V;K2=V2'       CNI_ARGS, such as 'IgnoreUnknown=1;IP=192.0.2.7', as runtimes write it: bridge does not know IP
  --capability-args JSON   what a runtime offers, such as {"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}
  --result FILE            the answer of add, for check and del
`,
  },
  plan: {
    words: 'plan add|del CONFLIST [NETNS]', does: 'what that would change on this node, and which plugin asks for it; changes nothing',
    more: `  plan add CONFLIST [NETNS]      without NETNS for a fresh network namespace that there is not yet
  plan del CONFLIST [NETNS]

One line for each change, in order: PLUGIN: DOMAIN: what. --json has the whole name of the operation, as policy and log have it. It comes from the plugins themselves, which run on copies in memory of what the kernel,
the leases and the ledger hold. They are those of this host, whatever is on CNI_PATH. An add that would fail fails here, with the same error.
Names and MAC addresses that are drawn at random will be others. "host" is what the host does by itself.
Of a plugin that is a program it is not known what it would do: plan add ends there with an error, plan del says so and goes on.

  --container-id ID, --ifname NAME, --bin DIR[:DIR], --args 'K=V', --capability-args JSON, --result FILE (for del)   as for cni-wasm run
  --json     {"verb": …, "changes": [{"plugin", "op", "ns", "text"}], "result": …}
`,
  },
  gc: {
    words: 'gc [--dry-run]', does: 'take back what attachments without a network namespace and killed calls have left',
    more: `For every network of the ledger. An attachment is over when its namespace is gone, and with it the container's end of its link; one
of which that cannot be said stays, with the reason. Where the valid attachments are known, or the plugins' own GC shall run too:
cni-wasm run gc CONFLIST ID/IFNAME…

  --dry-run  say what would go, whose it is and why, and change nothing
  --json     {"dryRun": …, "gone": [{"network", "containerId", "ifname", "netns", "why", "objects": [{"plugin", "object"}]}], "kept": […],
              "torn": [PATH], "unclaimed": [{"ip", "folder"}]}: torn records of the ledger go; leases that name no
              container stay, and are told. With "left" and "failures" when something could not be taken back

Both wait for calls under way, up to a minute.
`,
  },
  why: {
    words: 'why LINK|IP|RULE|PORT', does: 'who owns it: network, container, plugin, and when it was made',
    more: `  why veth53597fd3 | why 12          a link of the node, by name or index; a bridge, by its ports
  why 192.0.2.4                      an address, also one that another plugin leased
  why 8080 | why 8080/tcp            a port of the node
  why CNI-1e7c4cbd4f830a53cc84fc80   a chain of iptables
  why 'name: "blue" id: "c1"'        the comment of a rule
  why -A POSTROUTING -s 192.0.2.4/32 …   a line as iptables -S, iptables-save or nft list ruleset print it

  --json     {"question": …, "owners": [{"object", "network", "containerId", "ifname", "plugin", "made", "netns", "netnsIs", "from"}]}

Nothing is changed. It answers from the ledger (from: ledger), from what calls under way or killed ones wrote down (journal), and from lease
files (lease; unclaimed when the file names no container). Without an owner it says so, and "owners" is empty.
`,
  },
  serve: {
    words: 'serve', does: 'be the resident host: calls then take milliseconds; without one they work all the same',
    more: `Listens on a socket below CNI_WASM_RUN until it is told to end. The plugins find it by themselves.
`,
  },
};

const line = ({ words, does }: Command): string => `  cni-wasm ${words.padEnd(33)} ${does}\n`;

export const usage = (): string => `cni-wasm ${VERSION}: WebAssembly plugins for container networking

As a CNI plugin it is executed by a container runtime, with CNI_COMMAND and the rest in the environment and the
configuration on stdin. For people:

${Object.values(COMMANDS).map(line).join('')}  cni-wasm COMMAND --help | --version

Exit codes: 1 for what was refused or failed, 2 for what is no command.

Files: /etc/cni/wasm/{policy.json,modules.lock,pod-cidr}  /var/lib/cni-wasm  /run/cni-wasm
Kubernetes, kube-proxy with iptables: "bridgeNfCallIptables": true in the configuration of bridge, and modprobe br_netfilter.
Environment: CNI_WASM_ETC, CNI_WASM_STATE, CNI_WASM_RUN, CNI_WASM_LEASES, CNI_WASM_TUNING move them;
  CNI_WASM_LOG=debug|info|warn|error and CNI_WASM_LOG_FILE=PATH say what is logged and where (stderr).
`;

/** Undefined for a command there is none of. */
export function usageOf(command: string): string | undefined {
  const found = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  return found && `cni-wasm ${found.words}\n\n${found.does}\n\n${found.more}`;
}
