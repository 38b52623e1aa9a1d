#!/usr/bin/env bash
# Builds the benchmarks (preset "bench") and runs them: bench/run.sh [repetitions] [program ...]
# Prints medians over the repetitions; the whole output is in build/bench/results/*.csv.
# Ends with status 1 if a benchmark found its own result wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
repetitions=5
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  repetitions=$1
  shift
fi
programs=("$@")
if [[ ${#programs[@]} -eq 0 ]]; then
  programs=(row_pass layouts equal_mass classwise temperature file threads intervals dor)
fi

cmake --preset bench >/dev/null
cmake --build --preset bench --target "${programs[@]/#/bench_}" >/dev/null
# One thread, of OpenBLAS too.
export OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=passive
results=build/bench/results
mkdir -p "$results"

failed=0
for program in "${programs[@]}"; do
  csv=$results/$program.csv
  "build/bench/bin/bench_$program" --benchmark_format=csv --benchmark_min_time=0.2 \
    --benchmark_repetitions="$repetitions" --benchmark_enable_random_interleaving=true \
    --benchmark_report_aggregates_only=true >"$csv" 2>"$results/$program.log" ||
    { cat "$results/$program.log" >&2; exit 1; }
  printf '\n%-52s %10s %10s %8s %8s %8s\n' "$program" 'wall ms' 'cpu ms' 'GB/s' 'M/s' '% read'
  sed 's/, / /g; s/"//g' "$csv" | awk -F, '
    function millis(x, unit) { return unit == "ns" ? x / 1e6 : unit == "us" ? x / 1e3 : x }
    function show(x, scale) { return x == "" ? "-" : sprintf("%.1f", x * scale) }
    $1 == "name" { for (i = 1; i <= NF; ++i) if ($i == "share_of_read") share = i; next }
    $9 == "true" { print $1 ": " $10; bad = 1 }
    $1 ~ /_median$/ {
      sub(/_median$/, "", $1); sub(/\/(real|manual)_time/, "", $1)
      printf "%-52s %10.2f %10.2f %8s %8s %8s\n", $1, millis($3, $5), millis($4, $5),
             show($6, 1e-9), show($7, 1e-6), share ? show($share, 100) : "-"
    }
    END { exit bad }' | sort -V || failed=1
done
exit $failed
