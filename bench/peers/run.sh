#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# bench/peers/run.sh [NxK...]: calibra beside the Python packages of requirements.txt on the same
# dumps in the same run: metrics and a temperature in the process, and a whole process from files to
# a number. Prints Markdown; all repeats are in build/peers/results.json. Needs a Python with venv,
# 3.11 to 3.13 (PYTHON names one), 5 GB of disk, 18 GB of memory, and PyPI at the first run.
# Ends with status 1 if a value differs from calibra's.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$PWD/build/peers
venv=$folder/venv
mkdir -p "$folder"

if ! cmp -s bench/peers/requirements.txt "$venv/installed.txt"; then
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv"
  # --no-deps: the wheel of torch asks for gigabytes of CUDA that a processor has no use for.
  "$venv/bin/pip" install --quiet --no-deps -r bench/peers/requirements.txt
  cp bench/peers/requirements.txt "$venv/installed.txt"
fi
libraries=("$venv"/lib/python3*/site-packages/nvidia/*/lib)
LD_LIBRARY_PATH=$(IFS=:; echo "${libraries[*]}")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

# build PRESET TARGET
build() {
  { cmake --preset "$1" && cmake --build --preset "$1" --target "$2"; } >"$folder/build.log" 2>&1 ||
    { cat "$folder/build.log" >&2; exit 1; }
}
build bench bench_peers
build program calibra_cli

# One thread, of everything; torch is told by set_num_threads(1), calibra by its options.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1
exec "$venv/bin/python" bench/peers/compare.py build/bench/bin/bench_peers \
  build/program/bin/calibra "$folder" "$@"
