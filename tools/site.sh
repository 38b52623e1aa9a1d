#!/usr/bin/env bash
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
#
# tools/site.sh [folder]: makes the pages and the reference of the headers a site, by MkDocs with the
# Material theme and by Doxygen (Debian: mkdocs-material, doxygen). Default: build/site. A warning of
# either, and a link that leads nowhere, is an error.
set -euo pipefail
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
folder=$(realpath -m "${1:-$root/build/site}")
cd "$root"
export CALIBRA_PAGES
CALIBRA_PAGES=$(mktemp -d)
trap 'rm -rf "$CALIBRA_PAGES"' EXIT

cp README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE tools/site/site.css "$CALIBRA_PAGES"
find docs examples tests/golden -type f \( -name '*.md' -o -name '*.svg' -o -name '*.cpp' \) \
  -exec cp --parents -t "$CALIBRA_PAGES" {} +
cat >"$CALIBRA_PAGES/reference.md" <<'TEXT'
# Reference

Every public header of [include/calibra](docs/index.md#the-headers), from its comments:

- [namespace calibra](reference/namespacecalibra.html): its functions, types and variables
- [classes](reference/annotated.html) by name
- [files](reference/files.html)
TEXT

{
  cat tools/site/Doxyfile
  echo "OUTPUT_DIRECTORY = \"$CALIBRA_PAGES\""
} | doxygen -
mkdocs build --strict --clean --config-file tools/site/mkdocs.yml --site-dir "$folder"
python3 -B tools/site/check_links.py "$folder"
echo "$folder/index.html"
