#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# bench/compile_time.sh [compiler] [include folder]: what each public header, and a few programs,
# cost to compile: seconds of processor time at -O2 (the least of three runs), and lines after the
# preprocessor. For each program the same with calibra::compiled. Parts whose libraries are missing
# are left out by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
compiler=${1:-g++}
include=${2:-include}
repetitions=${REPETITIONS:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TIMEFORMAT='%3U %3S'

flags=(-std=c++20 -O2 "-I$include")
for package in eigen3 xtensor; do
  read -r -a found <<<"$(pkg-config --cflags "$package" 2>/dev/null || true)"
  flags+=("${found[@]/#-I/-isystem}")
done
# Folders that an installed LibTorch may have; TORCH_INCLUDE names another.
torch=${TORCH_INCLUDE:-/usr/include}
flags+=(-isystem "$torch/torch/csrc/api/include")
if [[ -n "${TORCH_INCLUDE:-}" ]]; then
  flags+=(-isystem "$torch")
fi

# seconds argument...: the least processor time of a few compilations.
seconds() {
  local i times
  for ((i = 0; i < repetitions; ++i)); do
    times=$({ time "$compiler" "${flags[@]}" "$@" -c -o "$scratch/x.o" >/dev/null 2>&1; } 2>&1)
    awk '{ printf "%.2f\n", $1 + $2 }' <<<"$times"
  done | sort -n | head -n 1
}

# row name file [argument...]: one line of the table, if the file compiles.
row() {
  local name=$1 file=$2 lines
  shift 2
  if ! lines=$("$compiler" "${flags[@]}" "$@" -E -P "$file" 2>/dev/null | wc -l) ||
    ! "$compiler" "${flags[@]}" "$@" -fsyntax-only "$file" 2>/dev/null; then
    printf '| %s | - | - |\n' "$name"
    return
  fi
  printf '| %s | %s | %d |\n' "$name" "$(seconds "$@" "$file")" "$lines"
}

"$compiler" --version | head -n 1
printf '\n| compiled | seconds | lines |\n|---|---:|---:|\n'

cat >"$scratch/eigen.cpp" <<'CPP'
#include <Eigen/Core>
#include <cstdio>
int main() {
  Eigen::MatrixXf z(4, 3);
  z << 4.0f, 1.0f, 0.5f, 0.2f, 2.5f, 0.1f, 1.0f, 1.2f, 0.9f, 3.0f, 0.0f, 2.0f;
  std::printf("%g\n", static_cast<double>(z.rowwise().maxCoeff().sum()));
}
CPP
cat >"$scratch/evaluate.cpp" <<'CPP'
#include <array>
#include <calibra/calibra.hpp>
#include <vector>
int main() {
  const std::vector<std::array<float, 2>> p{{0.75f, 0.25f}, {0.75f, 0.25f}};
  const std::vector<int> labels{0, 1};
  static_cast<void>(calibra::evaluate(calibra::probabilities(p), labels));
}
CPP
printf '#include <ATen/ATen.h>\nint main() { return at::eye(3).size(0) == 3 ? 0 : 1; }\n' \
  >"$scratch/aten.cpp"
cat >"$scratch/torch.cpp" <<'CPP'
#include <calibra/adapters/torch.hpp>
int main() { return calibra::ece(calibra::logits(at::eye(3)), at::arange(3)) > 0.4 ? 0 : 1; }
CPP
# shellcheck disable=SC2016  # backquotes are Markdown's
row 'Eigen alone' "$scratch/eigen.cpp"
row "README's program" examples/ece_from_eigen.cpp
row "README's program, compiled" examples/ece_from_eigen.cpp -DCALIBRA_COMPILED
# shellcheck disable=SC2016
row 'one `evaluate()`' "$scratch/evaluate.cpp"
# shellcheck disable=SC2016
row 'one `evaluate()`, compiled' "$scratch/evaluate.cpp" -DCALIBRA_COMPILED
row 'ATen alone' "$scratch/aten.cpp"
# shellcheck disable=SC2016
row '`adapters/torch.hpp`, one `ece`' "$scratch/torch.cpp"
# shellcheck disable=SC2016
row '`adapters/torch.hpp`, one `ece`, compiled' "$scratch/torch.cpp" -DCALIBRA_COMPILED

while read -r header; do
  printf '#include <%s>\n' "$header" >"$scratch/header.cpp"
  row "\`$header\`" "$scratch/header.cpp"
done < <(cd "$include" && find calibra -name '*.hpp' -not -path '*/detail/*' | sort)
