#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tools/pictures.sh [folder [program]]: draws the pictures of the pages, of the digits, anew.
# Default: docs/pictures, by build/bin/calibra.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(realpath "${1:-docs/pictures}")
program=$(realpath "${2:-build/bin/calibra}")
digits=examples/data/digits
test=("$digits/test_logits.npy" "$digits/test_labels.npy")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$program" fit "$digits/validation_logits.npy" "$digits/validation_labels.npy" \
  -o "$scratch/temperature.json" >/dev/null
draw() { # name flag...: an .svg, and others where there is cairo
  local name=$1
  shift
  "$program" diagram "${test[@]}" "$@" -o "$folder/$name.svg"
}
draw reliability --title "600 digits"
draw before_after --apply "$scratch/temperature.json"
draw classwise --kind classwise --bars none --bins 10
draw corp --kind corp --title "600 digits"
draw cumulative --kind cumulative --title "600 digits"
draw risk_coverage --kind risk_coverage --apply "$scratch/temperature.json"
draw groups --kind groups --by label --title "600 digits by label"
