#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# bench/calarena/run.sh [SET [METHOD...]]: what recalibrators cost at the sizes of CalArena's sets,
# beside probmetrics where a Python has it (PYTHON names one), in one run, on one thread.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
cmake --preset bench >/dev/null
cmake --build --preset bench --target bench_calarena >/dev/null
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
dumps=$(mktemp -d)
trap 'rm -rf "$dumps"' EXIT
echo "calibra"
build/bench/bin/bench_calarena --write "$dumps" "$@"
if "$python" -c "import probmetrics" 2>/dev/null; then
  echo "probmetrics $("$python" -c "import importlib.metadata as m; print(m.version('probmetrics'))")"
  "$python" bench/calarena/probmetrics_times.py "$dumps" "$@"
else
  echo "probmetrics: not installed for $python"
fi
