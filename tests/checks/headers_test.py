# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Each check of headers.py finds the fault that it is for, and names it."""
import unittest

import headers


def tree(**files):
    """Headers by path; double underscores stand for slashes."""
    return {name.replace('__', '/') + '.hpp': text for name, text in files.items()}


def include(*others):
    return ''.join(f'#include "calibra/{other}"\n' for other in others)


class Rooms(unittest.TestCase):
    order = ['error.hpp', 'array', 'table']

    def check(self, files, order=None, known=()):
        return headers.check_rooms(files, order or self.order, set(known))

    def test_one_way(self):
        files = tree(error='', array__view=include('error.hpp'),
                     table__bins=include('array/view.hpp', 'table/sum.hpp'), table__sum='')
        self.assertEqual(self.check(files), [])

    def test_arrow_back(self):
        files = tree(error='', array__view=include('table/bins.hpp'), table__bins='')
        self.assertEqual(self.check(files),
                         ['array/view.hpp -> table/bins.hpp: table comes after array'])

    def test_known_arrow(self):
        files = tree(error='', array__view=include('table/bins.hpp'),
                     table__bins=include('array/other.hpp'), array__other='')
        self.assertEqual(self.check(files, known=['array/view.hpp -> table/bins.hpp']), [])

    def test_known_arrow_that_is_gone(self):
        files = tree(error='', array__view='', table__bins='')
        self.assertEqual(self.check(files, known=['array/view.hpp -> table/bins.hpp']), [
            'array/view.hpp -> table/bins.hpp: points the right way or is gone; take it off the list'
        ])

    def test_circle(self):
        files = tree(error='', array__view=include('table/bins.hpp'),
                     table__bins=include('array/other.hpp'), array__other='')
        self.assertEqual(self.check(files)[1:], [
            'rooms that include one another: array -> table -> array',
            '  array/view.hpp -> table/bins.hpp', '  table/bins.hpp -> array/other.hpp'
        ])

    def test_circle_outside_the_list(self):
        files = tree(a__x=include('b/x.hpp'), b__x=include('c/x.hpp'), c__x=include('a/y.hpp'),
                     a__y='')
        found = '\n'.join(self.check(files, order=['a', 'b', 'c']))
        self.assertIn('a -> b -> c -> a', found)

    def test_room_without_a_place(self):
        files = tree(error='', array__view='', table__bins='', attic__x='')
        self.assertEqual(self.check(files),
                         ['attic/x.hpp: its room has no place in the list of rooms'])

    def test_place_without_a_room(self):
        self.assertEqual(self.check(tree(error='', array__view='')),
                         ['table: no such room; take it off the list'])


class Others(unittest.TestCase):

    def test_lengths(self):
        files = tree(short='x\n' * 300, long='x\n' * 301, rows__kernels__rows='x\n' * 400)
        self.assertEqual(headers.check_lengths(files, set()),
                         ['long.hpp: 301 lines, 300 are allowed'])
        self.assertEqual(headers.check_lengths(files, {'long.hpp'}), [])
        self.assertEqual(headers.check_lengths(files, {'long.hpp', 'short.hpp'}),
                         ['short.hpp: has at most 300 lines or is gone; take it off the list'])

    def test_root(self):
        files = tree(**{f'h{i}': '' for i in range(8)}, array__view='')
        self.assertEqual(headers.check_root(files), [])
        files['h8.hpp'] = ''
        self.assertEqual(len(headers.check_root(files)), 1)

    def test_cxx20(self):
        files = tree(version='', error=include('version.hpp'), array__view='#include <span>\n',
                     table__bins=include('error.hpp'))
        self.assertEqual(headers.check_cxx20(files),
                         ['array/view.hpp: its first include of calibra has to be calibra/version.hpp'])

    def test_std(self):
        files = tree(error='#include <vector>\n// std::map\nstd::vector<int> a; auto b = "std::map";\n',
                     table__bins='std::string_view s = std::move(t);\nstd::unheard_of u;\n',
                     table__more='#include <string>\n#include <algorithm>\n'
                                 'std::string_view s = std::move(t);\n')
        self.assertEqual(headers.check_std(files), [
            'table/bins.hpp: std::move without <utility>',
            'table/bins.hpp: std::string_view without <string>',
            'table/bins.hpp: std::unheard_of is not in the list of headers.py'
        ])


class Names(unittest.TestCase):
    declared = {
        'array/view.hpp': 'template<class T>\nclass view {\n};\n',
        'error.hpp': 'inline void refuse(int row) {\n}\n#define CALIBRA_CHECK(x)\n',
        'table/bins.hpp': 'inline constexpr int most_bins = 9;\nenum class side { left, right };\n',
    }

    def check(self, text, known=()):
        return headers.check_names({**self.declared, 'user.hpp': text}, set(), set(known))

    def test_each_declaration(self):
        text = 'void f(view<int> v, side s) {\n  refuse(most_bins);\n  CALIBRA_CHECK(s);\n}\n'
        self.assertEqual(self.check(text), [
            'user.hpp: CALIBRA_CHECK without error.hpp', 'user.hpp: most_bins without table/bins.hpp',
            'user.hpp: refuse without error.hpp', 'user.hpp: side without table/bins.hpp',
            'user.hpp: view without array/view.hpp'
        ])
        includes = include('array/view.hpp', 'error.hpp', 'table/bins.hpp')
        self.assertEqual(self.check(includes + text), [])

    def test_by_others(self):
        files = {**self.declared, 'a.hpp': include('array/view.hpp'),
                 'user.hpp': include('a.hpp') + 'view<int> f();\n'}
        self.assertEqual(headers.check_names(files, set(), set()), [])

    def test_no_names_of_calibra(self):
        self.assertEqual(self.check('// view\nint f() {\n  return x.view + g("view") + std::view(); }\n'), [])
        self.assertEqual(self.check('class view;\nview f();\n'), [])  # its own
        self.assertEqual(self.check('int f() {\n  std::string view = g();\n  return view; }\n'), [])
        self.assertEqual(self.check('int f() {\n  enum class x { view };\n  return view; }\n'), [])

    def test_known(self):
        self.assertEqual(self.check('view f();\n', ['view']), [])
        self.assertEqual(self.check('', ['view']), ['view: nobody lacks it; take it off the list'])


if __name__ == '__main__':
    unittest.main()
