#!/bin/sh
# Runs a command as if it had the machine for itself: called inside new mount and network namespaces, which it furnishes.
# SPDX-License-Identifier: Apache-2.0
set -e

mount -t tmpfs -o mode=755 tmpfs /run
folders='/var/lib/cni /var/lib/cni-wasm /var/lib/containers /etc/cni /opt/cni'
for folder in $folders; do
  [ -d "$folder" ] && continue
  # The machine has no such folder, and shall not get one from us: it is made in a layer over its parent.
  parent=${folder%/*}
  layer=/run/test-layers$parent
  if [ ! -d "$layer" ]; then
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay -o "lowerdir=$parent,upperdir=$layer/upper,workdir=$layer/work" "$parent"
  fi
  mkdir "$folder"
done
# Only now: a layer would hide what is mounted below its parent.
for folder in $folders; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
ip link set lo up
sh test/support/kernel-defaults.sh
exec "$@"
