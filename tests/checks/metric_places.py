#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""metric_places.py ROOT: every metric of the list is one header and one line of the list.

A metric's key stands between quotation marks once in include/ and tools/, in its own header (and in
the conventions that define it otherwise); its object is named in the list once.
"""
import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    listed = (root / 'include/calibra/evaluate/all_metrics.hpp').read_text(encoding='utf-8')
    start = listed.index('  return {') + len('  return {')
    body = listed[start:listed.index('};', start)]
    objects = re.findall(r'(\w+),', body)
    faults = []
    sources = [path for folder in ('include', 'tools') for path in (root / folder).rglob('*')
               if path.suffix in ('.hpp', '.cpp')]
    for name in objects:
        header = root / f'include/calibra/metrics/{name}.hpp'
        if not header.is_file():
            faults.append(f'{name}: no header metrics/{name}.hpp')
            continue
        key = re.search(r'\.name = "(\w+)"', header.read_text(encoding='utf-8')).group(1)
        use = re.compile(rf'(\.name = |[=!]= ){chr(34)}{key}{chr(34)}')
        places = [path for path in sources if use.search(path.read_text(encoding='utf-8'))
                  and 'conventions' not in path.parts]
        if places != [header]:
            faults.append(f'"{key}" stands in ' + ', '.join(str(p.relative_to(root))
                                                           for p in places))
        if objects.count(name) != 1:
            faults.append(f'{name}: {objects.count(name)} lines of the list')
    print('\n'.join(faults) or f'{len(objects)} metrics: one header and one line each')
    return 1 if faults or len(objects) < 33 else 0


if __name__ == '__main__':
    sys.exit(main())
