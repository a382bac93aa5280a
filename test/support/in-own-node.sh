#!/bin/sh
# Runs a command as if it had the machine for itself: called inside new mount and network namespaces, which it furnishes.
# SPDX-License-Identifier: Apache-2.0
set -e

mount -t tmpfs -o mode=755 tmpfs /run
for folder in /var/lib/cni /var/lib/cni-wasm /etc/cni; do
  if [ ! -d "$folder" ]; then
    # The machine has no such folder, and shall not get one from us: it is made in a layer over its parent.
    parent=${folder%/*}
    layer=/run/test-layers$parent
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay -o "lowerdir=$parent,upperdir=$layer/upper,workdir=$layer/work" "$parent"
    mkdir "$folder"
  fi
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
ip link set lo up
exec "$@"
