#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tools/test.sh [preset]: installs what is missing, configures, builds and runs all tests.
# The preset is one of CMakePresets.json (release, dev, clang, asan, tsan); default: release.

# shellcheck source=tools/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if (($# > 1)); then
  echo "usage: tools/test.sh [preset]" >&2
  exit 1
fi
preset=${1:-release}
packages=()  # beyond those of every preset
# LibTorch's adapter, losses and the CoOp example, with a BLAS that is not the reference one.
torch_packages=(libtorch-dev libgloo-dev libopenblas0-pthread python3-torch wordnet-base libstb-dev)
# What pictures and reports are looked at with.
viewers=(chromium poppler-utils)
# What makes the pages a site.
site_makers=(mkdocs-material doxygen)
# What the program shares files among processes by.
mpi_packages=(libopenmpi-dev openmpi-bin)
# What the Python package is built and tested with; nanobind comes from PyPI.
python_packages=(python3-dev python3-venv python3-numpy python3-pytest python3-h5py)
python_flags=()
if [[ "$preset" == release ]]; then
  build=build
else
  build=build/$preset
fi
if [[ "$preset" == clang ]]; then
  compiler=clang++
  packages+=(clang)
  torch_packages=()  # clang does not take Debian's LibTorch 1.13 as C++20
else
  compiler=g++
fi

say "preset $preset, build folder $build"
install_packages "$compiler" tests "${packages[@]}"
apt_install "${torch_packages[@]}" || say "going on without those: their tests are left out by name"
if [[ "$preset" != asan && "$preset" != tsan ]]; then  # they leave these tests out
  apt_install "${viewers[@]}" || say "going on without those: pictures and reports are not opened"
  apt_install "${site_makers[@]}" || say "going on without those: the pages are not made a site"
  apt_install "${mpi_packages[@]}" || say "going on without those: mpirun is not tried"
fi
if [[ "$preset" == release ]]; then  # once is enough: it takes the compiler minutes
  environment=$PWD/build/python-environment
  if apt_install "${python_packages[@]}" &&
    /usr/bin/python3 -m venv --system-site-packages "$environment" &&
    "$environment/bin/pip" install --quiet 'nanobind>=2.4'; then
    python_flags=(-DCALIBRA_BUILD_PYTHON=ON "-DPython_EXECUTABLE=$environment/bin/python")
  else
    say "going on without those: the Python package is not built"
    python_flags=(-DCALIBRA_BUILD_PYTHON=OFF)  # whatever an earlier run said
  fi
fi
say "configuring"
cmake --preset "$preset" -DCALIBRA_BUILD_TESTS=ON "${python_flags[@]}"
say "building"
cmake --build "$build"
say "testing"
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(nproc)"
