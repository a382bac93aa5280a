#!/bin/sh
# What a runtime executes: finds node and becomes the host, which reads from $0 which plugin it is. VERSION of our own plugins it answers itself.
# The build fills in the two paths and the answers, and writes one copy for each plugin. Builtins only: there may be no PATH, and a fork costs.
# SPDX-License-Identifier: Apache-2.0

node=@NODE@
host=@HOST@

fail() {
  code=107
  [ "$CNI_COMMAND" = STATUS ] && code=50
  printf '{"cniVersion":"1.1.0","code":%s,"msg":"%s"}\n' "$code" "$1"
  exit 1
}

# Beside the launcher: for an installation that was moved as a whole.
[ -r "$host" ] || host=${0%/*}/../lib/host.cjs
[ -r "$host" ] || fail 'cni-wasm: its host program is not at the place where it was built: build or install it again'

if [ ! -x "$node" ]; then
  node=$(command -v node) && [ -x "$node" ] || node=/usr/local/bin/node
  [ -x "$node" ] || node=/usr/bin/node
  [ -x "$node" ] || fail 'cni-wasm: node is neither where it was at build time, nor in PATH, nor in /usr/local/bin, nor in /usr/bin: install Node.js 20 or later'
fi

# What a plugin of ours speaks was fixed when it was built, and nothing on the node changes it.
[ "$CNI_COMMAND" = VERSION ] && [ $# -eq 0 ] && case ${0##*/} in
@VERSIONS@
esac

# Both belong to whoever started the runtime: the one loads code into us, the other takes 40 ms to read certificates nobody needs.
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec "$node" "$host" "${0##*/}" "$@"
