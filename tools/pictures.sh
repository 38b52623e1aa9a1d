#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tools/pictures.sh [folder [program]]: draws the pictures of the pages, of the digits, anew.
# Default: docs/pictures, by build/bin/calibra.
#
# tools/pictures.sh --all folder [program [dumps]]: draws every kind of picture, as SVG, PNG and PDF,
# and writes a report, of the digits and of each NAME.probs.npy with NAME.labels.npy in the folder
# `dumps`, into folder/NAME.
set -euo pipefail
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
all=0
if [[ "${1:-}" == --all ]]; then
  all=1
  shift
  if (($# == 0)); then
    echo "usage: tools/pictures.sh --all folder [program [dumps]]" >&2
    exit 1
  fi
fi
folder=$(realpath "${1:-$root/docs/pictures}")
program=$(realpath "${2:-$root/build/bin/calibra}")
dumps=${3:+$(realpath -m "$3")}  # need not be there
cd "$root"
digits=examples/data/digits
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$program" fit "$digits/validation_logits.npy" "$digits/validation_labels.npy" \
  -o "$scratch/digits.json" >/dev/null

if ((!all)); then
  draw() { # name flag...
    local name=$1
    shift
    "$program" diagram "$digits/test_logits.npy" "$digits/test_labels.npy" "$@" -o "$folder/$name.svg"
  }
  draw reliability --title "600 digits"
  draw before_after --apply "$scratch/digits.json"
  draw classwise --kind classwise --bars none --bins 10
  draw corp --kind corp --title "600 digits"
  draw smooth --kind smooth --title "600 digits"
  draw cumulative --kind cumulative --title "600 digits"
  draw risk_coverage --kind risk_coverage --apply "$scratch/digits.json"
  draw groups --kind groups --by label --title "600 digits by label"
  exit
fi

everything() { # name model scores labels flag...: what the scores are
  local name=$1 model=$2 scores=$3 labels=$4 kind ending
  shift 4
  mkdir -p "$folder/$name"
  for ending in svg png pdf; do
    for kind in reliability classwise corp smooth cumulative risk_coverage; do
      "$program" diagram "$scores" "$labels" "$@" --kind "$kind" -o "$folder/$name/$kind.$ending"
    done
    "$program" diagram "$scores" "$labels" "$@" --kind groups --by predicted \
      -o "$folder/$name/groups.$ending"
    "$program" diagram "$scores" "$labels" "$@" --apply "$model" \
      -o "$folder/$name/before_after.$ending"
    "$program" diagram "$scores" "$labels" "$@" --dark -o "$folder/$name/dark.$ending"
  done
  "$program" report "$scores" "$labels" "$@" --apply "$model" --by predicted \
    -o "$folder/$name/report.html"
}
everything digits "$scratch/digits.json" "$digits/test_logits.npy" "$digits/test_labels.npy"
for scores in "$dumps"/*.probs.npy; do
  [[ -n "$dumps" && -e "$scores" ]] || continue
  name=$(basename "$scores" .probs.npy)
  labels=$dumps/$name.labels.npy
  "$program" fit "$scores" "$labels" --from probabilities -o "$scratch/$name.json" >/dev/null
  everything "$name" "$scratch/$name.json" "$scores" "$labels" --from probabilities
done
