# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""tools/single_header.py keeps each line of every header, in the order in which they are needed."""
import collections
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import single_header  # noqa: E402

VERSION = '''// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#define CALIBRA_VERSION_MAJOR 3
#define CALIBRA_VERSION_MINOR 4
#define CALIBRA_VERSION_PATCH 5
'''


class SmallTree(unittest.TestCase):

    def gather(self, *headers, **files):
        """The one file of headers given by path; double underscores stand for slashes."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'LICENSE').write_text('A licence\n\nof two paragraphs\n', encoding='utf-8')
            files['version'] = VERSION
            for name, text in files.items():
                path = root / 'include/calibra' / (name.replace('__', '/') + '.hpp')
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding='utf-8')
            return single_header.single_header(root, headers or ['calibra/calibra.hpp'])

    def code(self, *headers, **files):
        """The lines of it that are neither empty nor comments, behind the version."""
        lines = self.gather(*headers, **files).split('// end of calibra/version.hpp')[1].splitlines()
        return [line for line in lines if line and not line.startswith('//')]

    def fault(self, **files):
        with self.assertRaises(single_header.Fault) as caught:
            self.gather(**files)
        return str(caught.exception)

    def test_head(self):
        head = self.gather(calibra='#pragma once\nint x;\n').splitlines()
        self.assertEqual(head[0], '// calibra 3.4.5 in one file: calibra/calibra.hpp')
        self.assertEqual(head[3:7], ['// A licence', '//', '// of two paragraphs', '#pragma once'])

    def test_order(self):
        self.assertEqual(
            self.code(calibra='#pragma once\n#include "calibra/a.hpp"\n#include "calibra/b.hpp"\n'
                      '#include "calibra/a.hpp"\nint last;\n',
                      a='#pragma once\n#include "calibra/b.hpp"\n#include "calibra/version.hpp"\nint a;\n',
                      b='#pragma once\nint b;\n'),
            ['int b;', 'int a;', 'int last;', '#endif'])

    def test_pieces_come_as_often_as_they_are_included(self):
        self.assertEqual(
            self.code(calibra='#pragma once\n#define SET a\n#include "calibra/p.inl.hpp"\n#undef SET\n'
                      '#if X86\n#define SET b\n#include "calibra/p.inl.hpp"\n#undef SET\n#endif\n',
                      **{'p.inl': 'int SET;\n'}),
            ['#define SET a', 'int SET;', '#undef SET', '#if X86', '#define SET b', 'int SET;',
             '#undef SET', '#endif', '#endif'])

    def test_standard_headers_on_top(self):
        self.assertEqual(
            self.code(calibra='#pragma once\n#include <vector>\n#include "calibra/a.hpp"\n#include <zip.h>\n'
                      '#include <array>\nint x;\n',
                      a='#pragma once\n#include <array>\n#include <Eigen/Core>\nint a;\n'),
            ['#include <array>', '#include <vector>', '#include <Eigen/Core>', '#include <zip.h>',
             'int a;', 'int x;', '#endif'])

    def test_what_depends_on_the_platform_stays(self):
        text = ['#if CALIBRA_DETAIL_X86', '#include <immintrin.h>', '#elif __has_include(<other.h>)',
                '#include <other.h>', '#else', '#include <third>', '#endif', 'int x;']
        self.assertEqual(self.code(calibra='#pragma once\n' + '\n'.join(text) + '\n'), text + ['#endif'])

    def test_what_the_library_leaves_out_is_there(self):
        self.assertEqual(
            self.code(calibra='#pragma once\n#ifndef CALIBRA_COMPILED\n#include <array>\n'
                      '#include "calibra/a.hpp"\n#endif\n#include "calibra/a.hpp"\n',
                      a='#pragma once\nint a;\n'),
            ['#include <array>', '#ifndef CALIBRA_COMPILED', 'int a;', '#endif', '#endif'])

    def test_headers_under_conditions(self):
        self.assertEqual(
            self.fault(calibra='#pragma once\n#ifdef WITH\n#include "calibra/a.hpp"\n#endif\n',
                       a='#pragma once\n'),
            'calibra/a.hpp: included under #ifdef WITH, expected to be there always; '
            'name it before the header that includes it')
        self.assertEqual(
            self.fault(calibra='#pragma once\n#ifndef CALIBRA_COMPILED\n#else\n#include "calibra/a.hpp"\n'
                       '#endif\n', a='#pragma once\n').split(',')[0],
            'calibra/a.hpp: included under #else')

    def test_faults_name_their_place(self):
        self.assertEqual(self.fault(calibra='#pragma once\n#include "calibra/a.hpp"\n'),
                         'calibra/a.hpp: No such file or directory')
        self.assertEqual(
            self.fault(calibra='#pragma once\n#include "other.hpp"\n'),
            'calibra/calibra.hpp:2: expected #include "calibra/..." or <...>, got #include "other.hpp"')
        self.assertEqual(self.fault(calibra='#pragma once\n#if X\n'),
                         'calibra/calibra.hpp: #if X is not closed')


class ThisTree(unittest.TestCase):

    def test_every_line_is_there(self):
        """Walks the includes in another way: the compiler's set of files, by a plain search."""
        include = ROOT / 'include'
        todo, found = ['calibra/calibra.hpp'], set()
        while todo:
            header = todo.pop()
            if header not in found:
                found.add(header)
                todo += re.findall(r'^#include "(.*)"', (include / header).read_text(encoding='utf-8'),
                                   re.MULTILINE)
        self.assertGreater(len(found), 150)
        text = single_header.single_header(ROOT, [single_header.CORE])
        written = collections.Counter(text.splitlines())
        for header in found:
            copies = 3 if header.endswith(('row_kernels.inl.hpp', 'fit_kernels.inl.hpp')) else 1
            self.assertEqual(written[f'// {header}'], copies, header)
            lines = collections.Counter(
                line for line in (include / header).read_text(encoding='utf-8').splitlines()[2:]
                if line and line != '#pragma once' and not line.startswith('#include'))
            for line, count in lines.items():
                self.assertGreaterEqual(written[line], count * copies, f'{header}: {line}')
        self.assertNotIn('<Eigen/Core>', text)
        self.assertEqual(re.findall('#include [<"]calibra/.*', re.sub('".*?"', '', text)), [])
        self.assertEqual([line for line in text.splitlines() if re.match('#include "', line)], [])

    def test_every_public_header_may_be_named(self):
        include = ROOT / 'include'
        headers = [
            path.relative_to(include).as_posix() for path in sorted(include.rglob('*.hpp'))
            if '/detail/' not in path.as_posix() and not path.name.endswith('.inl.hpp')
        ]
        lines = single_header.single_header(ROOT, headers).splitlines()
        for header in headers:
            self.assertEqual(lines.count(f'// {header}'), 1, header)
        for library in ('Eigen/Core', 'ATen/ATen.h', 'nlohmann/json.hpp', 'hdf5.h'):
            self.assertEqual(lines.count(f'#include <{library}>'), 1, library)


if __name__ == '__main__':
    unittest.main()
