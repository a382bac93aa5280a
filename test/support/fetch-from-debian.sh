#!/usr/bin/env bash
# Unpacks one folder of packages of a suite of Debian's, without changing the system.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

usage='usage: fetch-from-debian.sh SUITE FOLDER-IN-THEM INTO PACKAGE…'
suite=${1:?$usage} folder=${2:?$usage} into=${3:?$usage} packages=("${@:4}")
[[ -d $into ]] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,deb}
: > "$work/status"

# The mirror is the one this machine installs from, if it is a Debian.
mirror=${DEBIAN_MIRROR:-$(grep -rhoE '(https?|mirror\+file|file):[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d " " || true)}
[[ -n $mirror ]] || { echo 'no Debian mirror among the package sources of this machine: give one as DEBIAN_MIRROR' >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/sources.list"

# A mirror that has stood still for a while is as good: what comes from it is signed all the same.
options=(
  -o Acquire::Check-Valid-Until=false
  -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$work/lists" -o "Dir::State::Status=$work/status"
  -o "Dir::Cache=$work/cache" -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
)
apt-get "${options[@]}" -q update >&2
(cd "$work/deb" && apt-get "${options[@]}" -q download "${packages[@]}" >&2)
for package in "$work"/deb/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done
mkdir -p "$(dirname "$into")"
mv "$work/unpacked$folder" "$into"
