# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""tools/site/check_links.py finds links that lead nowhere, and tools/site/hooks.py changes bars in code
alone."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools/site'))
import check_links  # noqa: E402
import hooks  # noqa: E402


class Links(unittest.TestCase):

    def faults(self, **pages):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name).resolve()
            (folder / 'reference').mkdir()
            for i in range(20):
                (folder / f'other{i}.html').write_text('', encoding='utf-8')
            for page, text in pages.items():
                path = folder / page.replace('__', '/')
                path.with_suffix('.html').write_text(text, encoding='utf-8')
            return list(check_links.faults(folder))

    def test_good(self):
        self.assertEqual(
            self.faults(a='<a href="b.html#place">b</a><a href="#top"></a><h1 id="top"></h1>'
                        '<a href="https://example.org/none"></a><a href="reference/c.html#x%3A1"></a>',
                        b='<h2 id="place"></h2>', reference__c='<a name="x:1"></a><a href="none"></a>'),
            [])

    def test_faults(self):
        self.assertEqual(
            self.faults(a='<a href="b.html#other">b</a><a href="#up"></a><a href="none.html"></a>'
                        '<img src="none.svg">', b='<h2 id="place"></h2>'),
            ['a.html: b.html#other: no such place', 'a.html: #up: no such place',
             'a.html: none.html leads nowhere', 'a.html: none.svg leads nowhere'])

    def test_no_site(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(list(check_links.faults(pathlib.Path(folder))),
                             [f'{folder}: expected a site, found 0 pages'])


class Bars(unittest.TestCase):

    def test_bars(self):
        self.assertEqual(hooks.on_page_markdown('| `a\\|b` | c \\| d | `e` |\n`f\\|g`\n', page=None),
                         '| `a|b` | c \\| d | `e` |\n`f\\|g`\n')


if __name__ == '__main__':
    unittest.main()
