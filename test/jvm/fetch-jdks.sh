#!/bin/bash
# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# Fetches the JVMs that the tests in this folder run besides the installed one:
#
#   test/jvm/fetch-jdks.sh [--to FOLDER] [MAJOR...]
#
# They are Debian unstable's, unpacked into FOLDER/debian with the libraries that
# they need and nothing installed; by default JDK 8, 11, 21 and 25 into the
# folder where the tests look. It needs Debian's apt-get and dpkg-deb, on a
# machine whose apt sources name a Debian mirror; the machine's own apt set-up
# stays as it is. What cannot be had is said, and is no error: unstable moves,
# and a release leaves it.
set -euo pipefail

target=${EVENKEEL_JDKS:-${XDG_CACHE_HOME:-$HOME/.cache}/evenkeel/jdks}
if [[ ${1:-} == --to ]]; then
  target=${2:?--to needs a folder}
  shift 2
fi
if (($# == 0)); then
  set -- 8 11 21 25
fi
for tool in apt-get dpkg dpkg-deb; do
  if ! command -v "$tool" >/dev/null; then
    echo "fetch-jdks: there is no $tool; on a system that is not Debian's, put JDKs into $target/<name> by hand" >&2
    exit 1
  fi
done

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -- '-security' | head -n 1 || true)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [[ -z $mirror || ! -r $keyring ]]; then
  echo "fetch-jdks: this machine's apt sources name no Debian mirror, or $keyring is missing" >&2
  exit 1
fi

# An apt of its own, in a folder of its own.
apt=$target/apt
architecture=$(dpkg --print-architecture)
mkdir -p "$apt"/{lists/partial,archives/partial,sources.d,preferences.d} "$target/debian"
echo "deb [signed-by=$keyring] $mirror sid main" >"$apt/sources.list"
: >"$apt/status"
options=(
  -o "Dir::State=$apt" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
  -o "Dir::Cache=$apt" -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/sources.d"
  -o "Dir::Etc::preferencesparts=$apt/preferences.d" -o "APT::Architecture=$architecture"
  -o "APT::Architectures=$architecture" -o "Acquire::Languages=none" -o "APT::Sandbox::User="
)
apt-get "${options[@]}" -qq update

fetch() { # fetch PACKAGE: unpacks it, or fails.
  (cd "$apt/archives" && rm -f "$1"_*.deb && apt-get "${options[@]}" -qq download "$1") &&
    dpkg-deb -x "$apt/archives/$1"_*.deb "$target/debian" && rm -f "$apt/archives/$1"_*.deb
}

# The merged /usr, which the package base-files would make.
mkdir -p "$target/debian/usr/"{bin,lib,lib64,sbin} "$target/debian/etc"
for folder in bin lib lib64 sbin; do
  [[ -e $target/debian/$folder ]] || ln -s "usr/$folder" "$target/debian/$folder"
done
for package in libc6 libgcc-s1 libstdc++6 zlib1g dash; do
  fetch "$package"
done
cp /etc/passwd /etc/group "$target/debian/etc/"
[[ -e $target/debian/usr/bin/sh ]] || ln -s dash "$target/debian/usr/bin/sh"

for major; do
  if fetch "openjdk-$major-jre-headless" 2>"$apt/error"; then
    echo "fetch-jdks: JDK $major is in $target/debian/usr/lib/jvm"
  else
    echo "fetch-jdks: JDK $major is not to be had: $(tail -n 1 "$apt/error")"
  fi
done
