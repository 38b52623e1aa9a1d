#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""single_header.py [-o FILE] [HEADER ...]: calibra in one file.

Writes calibra/calibra.hpp, and all that it includes, as one header that needs the standard library
alone. More headers may be named: calibra/recalibration.hpp calibra/adapters/eigen.hpp

  -o FILE   where to write it; standard output unless told
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = 'calibra/calibra.hpp'

OWN = re.compile(r'#include "(calibra/[^"]+)"')
OTHER = re.compile(r'#include <([^>]+)>')
OPEN = re.compile(r'#\s*if(n?def)?\b')
CLOSE = re.compile(r'#\s*endif\b')
BRANCH = re.compile(r'#\s*(else|elif)\b')
COPYRIGHT = re.compile(r'// (Copyright \(c\)|SPDX-License-Identifier:)')

# True in the one file, which ends with an error otherwise: what such a line opens is there always.
ALWAYS = '#ifndef CALIBRA_COMPILED'

HEAD = '''\
// calibra {version} in one file: {headers}
// Made by tools/single_header.py; what is to be changed is in the folder include/calibra.
//
{licence}
#pragma once

#if defined(CALIBRA_COMPILED)
#error "calibra: the library calibra::compiled goes with the folder calibra/, not with this one file"
#elif defined(CALIBRA_VERSION)
#error "calibra: include either this one file or headers of the folder calibra/, not both"
#else
'''


class Fault(Exception):
    """What keeps headers from being one file."""


class Gatherer:
    """Reads headers below `include`, each where it is first included."""

    def __init__(self, include):
        self.include = include
        self.done = set()  # headers that are in, or are being read
        self.standard = set()
        self.libraries = []  # headers of other libraries, in the order that they are met
        self.lines = []

    def add(self, header, conditions=()):
        """Appends the header, and before it those that it includes. `conditions`: the lines that open
        what it is included in."""
        try:
            text = (self.include / header).read_text(encoding='utf-8')
        except OSError as error:
            raise Fault(f'{header}: {error.strerror}') from error
        lines = text.splitlines()
        if '#pragma once' in lines:
            if header in self.done:
                return
            if any(condition != ALWAYS for condition in conditions):
                raise Fault(f'{header}: included under {conditions[-1]}, expected to be there always; '
                            'name it before the header that includes it')
            self.done.add(header)
        self.lines += ['', f'// {header}']
        self.read(header, lines, list(conditions))
        self.lines.append(f'// end of {header}')

    def read(self, header, lines, conditions):
        outside = len(conditions)
        for number, line in enumerate(lines, 1):
            if line == '#pragma once' or (number <= 2 and COPYRIGHT.match(line)):
                continue
            if OPEN.match(line):
                conditions.append(line)
            elif BRANCH.match(line) and len(conditions) > outside:
                conditions[-1] = line
            elif CLOSE.match(line) and len(conditions) > outside:
                conditions.pop()
            own = OWN.match(line)
            other = OTHER.match(line)
            if own:
                self.add(own[1], conditions)
            elif other and all(condition == ALWAYS for condition in conditions):
                self.add_library(other[1])
            elif re.match(r'#\s*include\b', line) and not other:
                raise Fault(f'{header}:{number}: expected #include "calibra/..." or <...>, got {line}')
            else:
                self.lines.append(line)
        if len(conditions) != outside:
            raise Fault(f'{header}: {conditions[-1]} is not closed')

    def add_library(self, header):
        if re.fullmatch(r'[a-z0-9_]+', header):
            self.standard.add(header)
        elif header not in self.libraries:
            self.libraries.append(header)


def version_of(include):
    text = (include / 'calibra/version.hpp').read_text(encoding='utf-8')
    return '.'.join(
        re.search(rf'CALIBRA_VERSION_{part} (\d+)', text)[1] for part in ('MAJOR', 'MINOR', 'PATCH'))


def single_header(root, headers):
    """The text of the one file."""
    gatherer = Gatherer(root / 'include')
    gatherer.add('calibra/version.hpp')  # asks for C++20 before the standard headers are met
    version = gatherer.lines
    gatherer.lines = []
    for header in headers:
        gatherer.add(header)
    licence = (root / 'LICENSE').read_text(encoding='utf-8').strip().splitlines()
    parts = [
        HEAD.format(version=version_of(root / 'include'), headers=', '.join(headers),
                    licence='\n'.join(f'// {line}'.rstrip() for line in licence)), '\n'.join(version),
        '',
        '\n'.join(f'#include <{name}>' for name in sorted(gatherer.standard)),
        '\n'.join(f'#include <{name}>' for name in gatherer.libraries),
        '\n'.join(gatherer.lines), '', '#endif', ''
    ]
    return re.sub(r'\n{3,}', '\n\n', '\n'.join(parts))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage='single_header.py [-o FILE] [HEADER ...]')
    parser.add_argument('-o', dest='output', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('headers', nargs='*', help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    headers = [CORE] + [header for header in options.headers if header != CORE]
    try:
        text = single_header(ROOT, headers)
        if options.output is None:
            sys.stdout.write(text)
        else:
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(text, encoding='utf-8')
    except (Fault, OSError) as error:
        print(f'single_header.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
