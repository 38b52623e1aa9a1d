#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tools/quickstart.sh: installs what is missing, builds the calibra program, measures the
# calibration of the example data and repairs it. Writes only below build/.

# shellcheck source=tools/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

calibra=build/program/bin/calibra
data=examples/data/digits
out=build/quickstart
metrics=accuracy,nll,brier,ece,ace,mce

install_packages g++ program
say "configuring"
cmake --preset program
say "building $calibra"
cmake --build build/program --target calibra_cli
mkdir -p "$out"

say "how well calibrated is the classifier on the test half?"
run "$calibra" eval "$data/test_logits.npy" "$data/test_labels.npy"

say "fitting a temperature on the validation half, applying it to the test half"
run "$calibra" fit "$data/validation_logits.npy" "$data/validation_labels.npy" \
  --output "$out/temperature.json"
run "$calibra" apply "$out/temperature.json" "$data/test_logits.npy" \
  --output "$out/test_scaled.npy"

say "before"
run "$calibra" eval "$data/test_logits.npy" "$data/test_labels.npy" --metrics "$metrics"
say "after"
run "$calibra" eval "$out/test_scaled.npy" "$data/test_labels.npy" --metrics "$metrics"

say "a report of the test half, before and after"
run "$calibra" report "$data/test_logits.npy" "$data/test_labels.npy" \
  --apply "$out/temperature.json" --by label --output "$out/report.html"
say "open $out/report.html"
