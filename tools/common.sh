# shellcheck shell=bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# What tools/test.sh and tools/quickstart.sh share. Sourced, not run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the program needs, and what the tests need besides.
# zipcmp, zipmerge and ziptool: the CMake package of Debian's libzip-dev names these programs and
# fails where they are absent.
program_packages=(
  g++ cmake ninja-build
  libcli11-dev nlohmann-json3-dev libzip-dev zlib1g-dev libzstd-dev libhdf5-dev
  libcairo2-dev
)
program_headers=(concepts CLI/CLI.hpp nlohmann/json.hpp zip.h zstd.h)
test_packages=(
  pkg-config git ca-certificates python3 dpkg-dev file
  catch2 librapidcheck-dev libbenchmark-dev
  libeigen3-dev libxtensor-dev zipcmp zipmerge ziptool
)
test_headers=(catch2/catch.hpp rapidcheck.h Eigen/Core xtensor/xtensor.hpp zlib.h)

say() {
  printf '== %s\n' "$*"
}

# run command...: shows the command, then runs it.
run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# apt_install package...: status 1 where there is no apt, no right to use it, or it fails.
apt_install() {
  local package
  local -a missing=() root=()
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "no apt on this system"
    return 1
  fi
  for package in "$@"; do
    if [[ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" != *' installed' ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    say "all Debian packages are already installed"
    return 0
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "missing, and neither root nor sudo to install them: ${missing[*]}"
      return 1
    fi
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  if [[ -z "${apt_is_updated:-}" ]]; then
    "${root[@]}" apt-get -qq update || return 1
    apt_is_updated=yes
  fi
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y install --no-install-recommends "${missing[@]}"
}

# found_by_hand compiler header...: true if the tools and these headers are there, whoever installed
# them. Otherwise names what is not.
found_by_hand() {
  local compiler=$1 tool header version
  shift
  local -a absent=() flags=()
  for tool in cmake ctest ninja "$compiler"; do
    command -v "$tool" >/dev/null || absent+=("$tool")
  done
  if command -v cmake >/dev/null; then
    version=$(cmake --version | sed -n '1s/.* //p')
    if [[ "$(printf '%s\n' 3.24 "$version" | sort -V | head -n 1)" != 3.24 ]]; then
      absent+=("cmake 3.24 or newer (this one is $version)")
    fi
  fi
  if command -v "$compiler" >/dev/null; then
    if command -v pkg-config >/dev/null; then
      read -r -a flags <<<"$(pkg-config --cflags eigen3 2>/dev/null)"
    fi
    for header in "$@"; do
      "$compiler" -std=c++20 "${flags[@]}" -x c++ -fsyntax-only - \
        <<<"#include <$header>" >/dev/null 2>&1 || absent+=("<$header>")
    done
  fi
  if ((${#absent[@]} == 0)); then
    say "cmake, ninja, $compiler and all headers are there: going on"
    return 0
  fi
  printf 'not found: %s\n' "${absent[@]}" >&2
  return 1
}

# install_packages compiler program|tests [package...]: installs by apt what the program needs, or
# the tests too, and the packages given; where that cannot be, goes on if all is there, else says
# what to do and ends the script.
install_packages() {
  local compiler=$1 what=$2
  local -a packages=("${program_packages[@]}") headers=("${program_headers[@]}")
  shift 2
  if [[ "$what" == tests ]]; then
    packages+=("${test_packages[@]}")
    headers+=("${test_headers[@]}")
  fi
  if apt_install "${packages[@]}" "$@" || found_by_hand "$compiler" "${headers[@]}"; then
    return 0
  fi
  cat >&2 <<'TEXT'
Please install these by hand, then run this script again:
  a C++20 compiler (g++ 12 or clang 14, or newer), CMake 3.24 or newer, Ninja,
  CLI11 2.x, nlohmann-json 3.x, libzip, zlib, zstd
TEXT
  if [[ "$what" == tests ]]; then
    echo "  pkg-config, Catch2 2.x, RapidCheck, Eigen 3.4, xtensor 0.24, zlib" >&2
  fi
  exit 1
}
