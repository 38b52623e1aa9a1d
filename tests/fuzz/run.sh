#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tests/fuzz/run.sh [runs [seconds [target...]]]: builds the fuzz targets of the readers with clang and
# gives each so many inputs (10,000,000), for so many seconds at most (0: without a limit), one target
# after the other. Prints a row for each; ends with status 1 where there was a finding. Inputs that
# reach something new are kept in build/fuzz/corpus, findings in build/fuzz/findings.

source "$(dirname "${BASH_SOURCE[0]}")/../../tools/common.sh"

runs=${1:-10000000}
seconds=${2:-0}
targets=("${@:3}")
if ((${#targets[@]} == 0)); then
  targets=(npy npz safetensors pt pickle csv llama records presets contents evidence model)
fi
# Blocks of the heap without the calls that led to them, which take most of the time otherwise.
export ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=4

cmake --preset fuzz >/dev/null
ninja -C build/fuzz -j "${JOBS:-2}" "${targets[@]/#/fuzz_}" >&2

status=0
row='%-12s %12s %9s %8s %9s\n'
# shellcheck disable=SC2059
printf "$row" target runs seconds corpus findings
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target findings=build/fuzz/findings/$target
  log=build/fuzz/$target.log
  mkdir -p "$corpus" "$findings"
  began=$SECONDS
  "build/fuzz/bin/fuzz_$target" -runs="$runs" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$findings/" "$corpus" "tests/fuzz/corpus/$target" >"$log" 2>&1 || status=1
  made=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  # shellcheck disable=SC2059
  printf "$row" "$target" "${made:-?}" $((SECONDS - began)) \
    "$(find "$corpus" -type f | wc -l)" "$(find "$findings" -type f | wc -l)"
done
exit $status
