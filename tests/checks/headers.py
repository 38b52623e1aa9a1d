#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""headers.py CHECK INCLUDE_FOLDER: what holds for the headers as a whole.

  rooms    includes between the folders of calibra/ go one way
  lengths  no header is longer than 300 lines, save the kernels
  root     at most eight headers stand in calibra/ itself
  cxx20    whatever header a program begins with, the first that is read is version.hpp, which asks
           for C++20 before the compiler stumbles over the rest
  std      a header includes the standard headers of the names that it uses, whatever others include
  names    a header includes, itself or by others, those of calibra that declare the names it uses

Prints what offends and ends with status 1. A known exception that no longer offends does so too.
"""
import pathlib
import re
import sys

# The rooms, lowest first: a header includes headers of its own room and of those before it. A header
# in calibra/ itself is a room of its own.
ORDER = [
    'version.hpp', 'error.hpp', 'array', 'detail', 'scores.hpp', 'table', 'options.hpp', 'rows',
    'metrics', 'evaluate', 'evaluate.hpp', 'conventions', 'selective', 'recalibration',
    'ensemble', 'interval', 'decomposition', 'compare', 'hypothesis', 'groups', 'diagram', 'report',
    'loss', 'outlier', 'torch', 'adapters', 'json', 'json.hpp', 'io', 'calibra.hpp', 'recalibration.hpp',
]

# Exceptions to be mended: 'including header -> included header'.
KNOWN_ARROWS = set()
# Exceptions to be mended: headers longer than LONGEST.
KNOWN_LONG = {
    'array/access.hpp',
    'rows/row_worker.hpp',
    'torch/detail/device_rows.hpp',
}

LONGEST = 300
MOST_IN_ROOT = 8
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]calibra/([^>"]+)[>"]', re.MULTILINE)


# The standard headers of the names that are used; any of several will do.
STANDARD = {
    'algorithm':
        'all_of any_of clamp copy copy_if copy_n count_if equal fill fill_n find '
        'find_if for_each is_sorted lower_bound max max_element merge min min_element '
        'minmax minmax_element move_backward none_of nth_element partition pop_heap '
        'push_heap remove_if replace reverse rotate sort stable_sort transform unique '
        'upper_bound',
    'array': 'array',
    'atomic': 'atomic atomic_ref memory_order_relaxed',
    'bit': 'bit_cast bit_ceil bit_width countl_zero countr_zero endian popcount',
    'cctype': 'tolower',
    'charconv': 'chars_format from_chars to_chars',
    'cmath':
        'abs acos cbrt ceil copysign cos erf erfc exp expm1 fabs floor fma fmod frexp '
        'hypot isfinite isinf isnan ldexp lgamma log log10 log1p log2 lround nan '
        'nearbyint nextafter pow round signbit sin sqrt tanh',
    'complex': 'complex',
    'concepts':
        'constructible_from convertible_to default_initializable derived_from '
        'equality_comparable floating_point integral invocable same_as '
        'signed_integral totally_ordered unsigned_integral',
    'chrono': 'chrono_literals',
    'condition_variable': 'condition_variable',
    'cstddef': 'byte nullptr_t ptrdiff_t size_t to_integer',
    'cstdint': 'int16_t int32_t int64_t int8_t uint16_t uint32_t uint64_t uint8_t uintptr_t',
    'cstdio': 'fclose ferror fopen fread fscanf fwrite printf snprintf',
    'cstdlib': 'getenv',
    'cstring': 'memcmp memcpy memset strlen',
    'deque': 'deque',
    'exception': 'current_exception exception_ptr rethrow_exception',
    'filesystem': 'filesystem',
    'fstream': 'ifstream ofstream',
    'functional': 'function greater less',
    'initializer_list': 'initializer_list',
    'istream iostream fstream sstream iosfwd': 'istream',
    'limits': 'numeric_limits',
    'map': 'map multimap',
    'memory': 'make_shared make_unique shared_ptr unique_ptr weak_ptr',
    'memory_resource': 'pmr',
    'mutex': 'lock_guard mutex scoped_lock unique_lock',
    'new': 'align_val_t bad_alloc nothrow',
    'numbers': 'numbers',
    'numeric': 'accumulate gcd inner_product iota partial_sum',
    'optional': 'nullopt optional',
    'ostream iostream fstream sstream iosfwd': 'ostream',
    'set': 'multiset set',
    'span': 'as_bytes dynamic_extent span',
    'sstream': 'istringstream ostringstream stringstream',
    'stdexcept': 'domain_error invalid_argument logic_error out_of_range runtime_error',
    'string': 'stod stoi to_string',
    'string string_view': 'string string_view',
    'system_error': 'errc error_code generic_category',
    'thread': 'jthread thread',
    'tuple': 'apply make_tuple tie tuple tuple_element_t tuple_size tuple_size_v',
    'type_traits':
        'add_const_t conditional_t decay_t enable_if_t false_type integral_constant '
        'invoke_result_t is_arithmetic_v is_base_of_v is_const_v is_constructible_v '
        'is_convertible_v is_enum_v is_floating_point_v is_integral_v is_invocable_v '
        'is_lvalue_reference_v is_pointer_v is_same_v is_signed_v '
        'is_trivially_copyable_v is_unsigned_v remove_const_t remove_cv_t '
        'remove_cvref_t remove_pointer_t remove_reference_t true_type type_identity '
        'underlying_type_t void_t',
    'typeinfo': 'type_info',
    'unordered_map': 'unordered_map',
    'unordered_set': 'unordered_set',
    'utility': 'as_const declval exchange forward index_sequence make_index_sequence pair',
    'utility algorithm': 'move swap',
    'variant': 'get_if holds_alternative monostate variant visit',
    'vector': 'vector',
}
# Names of calibra that are found where a tensor is given, by what has included the adapter.
OF_TENSORS = {'fitted_temperature', 'recalibrated_tensor'}
# Names of calibra that are names of local things as well, where the check does not see it.
ALSO_LOCAL = {'hottest', 'isotonic', 'option_values'}
OF_MANY = {'begin', 'end', 'erase_if', 'get', 'rename'}
NAMES = {name: wanted for wanted, names in STANDARD.items() for name in names.split()}


def room(header):
    """The folder that a header stands in; the header itself where that is calibra/."""
    return header.split('/')[0]


def read(folder):
    """Every header below folder/calibra: its path there, its text."""
    root = pathlib.Path(folder) / 'calibra'
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding='utf-8')
        for path in sorted(root.rglob('*.hpp'))
    }


def includes(headers):
    return {header: INCLUDE.findall(text) for header, text in headers.items()}


def unused(known, found, what):
    return [f'{entry}: {what}; take it off the list' for entry in sorted(known - found)]


def cycle(graph):
    """Some rooms that include one another in a circle, or nothing."""
    state = {}
    path = []

    def visit(node):
        state[node] = 'open'
        path.append(node)
        for other in sorted(graph.get(node, ())):
            if state.get(other) == 'open':
                return path[path.index(other):] + [other]
            if other not in state:
                found = visit(other)
                if found:
                    return found
        path.pop()
        state[node] = 'done'
        return None

    for node in sorted(graph):
        if node not in state:
            found = visit(node)
            if found:
                return found
    return None


def check_rooms(headers, order=None, known=None):
    order = ORDER if order is None else order
    known = KNOWN_ARROWS if known is None else known
    place = {name: i for i, name in enumerate(order)}
    faults = [
        f'{name}: no such room; take it off the list' for name in order
        if name not in {room(header) for header in headers}
    ]
    back = set()
    graph = {}
    reasons = {}
    for header, others in includes(headers).items():
        here = room(header)
        if here not in place:
            faults.append(f'{header}: its room has no place in the list of rooms')
            place[here] = len(place)
        for other in others:
            there = room(other)
            arrow = f'{header} -> {other}'
            if there == here:
                continue
            if place.get(there, len(order)) > place[here]:
                back.add(arrow)
                if arrow in known:
                    continue
                faults.append(f'{arrow}: {there} comes after {here}')
            graph.setdefault(here, set()).add(there)
            reasons.setdefault((here, there), arrow)
    circle = cycle(graph)
    if circle:
        faults.append('rooms that include one another: ' + ' -> '.join(circle))
        faults += ['  ' + reasons[step] for step in zip(circle, circle[1:])]
    return faults + unused(known, back, 'points the right way or is gone')


def check_lengths(headers, known=None):
    known = KNOWN_LONG if known is None else known
    long = {
        header: text.count('\n')
        for header, text in headers.items()
        if text.count('\n') > LONGEST and not header.startswith('rows/kernels/')
    }
    faults = [
        f'{header}: {lines} lines, {LONGEST} are allowed' for header, lines in long.items()
        if header not in known
    ]
    return faults + unused(known, set(long), f'has at most {LONGEST} lines or is gone')


def check_root(headers):
    root = [header for header in headers if '/' not in header]
    if len(root) <= MOST_IN_ROOT:
        return []
    return [f'{len(root)} headers in calibra/, {MOST_IN_ROOT} are allowed: ' + ', '.join(root)]


def check_cxx20(headers):
    first = {header: others[:1] for header, others in includes(headers).items()}
    return [
        f'{header}: its first include of calibra has to be calibra/version.hpp'
        for header, others in first.items()
        # The kernels are included by headers that have asked already.
        if not others and header != 'version.hpp' and not header.startswith('rows/kernels/')
    ]


def check_std(headers):
    faults = []
    for header, text in headers.items():
        if header.endswith('.inl.hpp'):
            continue
        there = set(re.findall(r'^#include <([a-z0-9_]+)>', text, re.MULTILINE))
        # Macros are read where they are used.
        code = re.sub(r'#define(?:.*\\\n)*.*|//.*|"(?:\\.|[^"\\\n])*"', '', text)
        for name in sorted(set(re.findall(r'\bstd::([a-z0-9_]+)', code))):
            if name in OF_MANY:
                continue
            wanted = NAMES.get(name, '').split()
            if not wanted:
                faults.append(f'{header}: std::{name} is not in the list of {pathlib.Path(__file__).name}')
            elif not there.intersection(wanted):
                faults.append(f'{header}: std::{name} without <{wanted[0]}>')
    return faults


# What is no name of calibra: comments, texts, includes, members of an object; and names of std.
NO_NAME = re.compile(
    r'//.*|"(?:\\.|[^"\\\n])*"|^\s*#\s*(?:include|pragma).*'
    r'|(?:\.|->)(?:template )?\s*\w+', re.MULTILINE)
OF_STD = re.compile(r'\bstd(?:::\w+)+')
MACRO = re.compile(r'#define(?:.*\\\n)*.*')
# Declarations outside of classes and functions begin their line.
DECLARED = [
    re.compile(pattern, re.MULTILINE) for pattern in (
        r'^(?:template<.*>\s*)?(?:class|struct|enum class|concept|using)\s+'
        r'(?:alignas\([^)]*\)\s*)?(\w+)\b(?!::)(?=[^;\n]*[{=:;]|\s*$)',
        r'^#define\s+(\w+)',
        r'^inline constexpr [^\n=;{]*?\b(\w+)(?:\s*=|\s*\{|;|\[)',
        r'^(?!#|namespace|class|struct|public|private|protected|return|template<|using|static_assert)'
        r'(?:\w|\[\[nodiscard\]\])[^\n;{}=(]*[\s&*>](\w+)\(',
    )
]
# Declarations inside of them: parameters, variables, members, bindings, captures, enumerators.
LOCAL = re.compile(r'([\w>\]])[&*]*(?:\.\.\.)? [&*]*(\w+)(?=\s*[;,)={(\[:])')
LOCALS = [
    re.compile(pattern, re.MULTILINE) for pattern in (
        r'\bauto(?:&&?|\*)? (?:\[)?(\w+)',
        r'[\[,] ?(\w+)(?=[\w, ]*\] [=:])',
        r'(?:typename|class|size_t|bool|int|auto) (\w+)[,>]',
        r'^ +(?:class|struct|enum class|using) (\w+)',
    )
]
ENUMERATORS = re.compile(r'\benum class [^{;]*\{([^}]*)\}')
NO_TYPE = set('and case constexpr class concept const delete else enum explicit goto if inline new not operator or public '
              'requires return sizeof static struct template throw typename using'.split())


def local_names(code):
    names = {name for pattern in LOCALS for name in pattern.findall(code)}
    for enumerators in ENUMERATORS.findall(code):
        names.update(re.findall(r'\w+', enumerators))
    for found in LOCAL.finditer(code):
        start = code.rfind('\n', 0, found.start()) + 1
        before = code[start:found.start() + 1]
        type_name = re.search(r'(\w*)$', before)[1]
        outside = not before[:1].isspace() and before.count('(') == before.count(')')
        if type_name not in NO_TYPE and not outside:
            names.add(found[2])
    return names


def check_names(headers, of_tensors=None, also_local=None):
    of_tensors = OF_TENSORS if of_tensors is None else of_tensors
    also_local = ALSO_LOCAL if also_local is None else also_local
    included = includes(headers)

    def reach(header, seen):
        for other in included.get(header, ()):
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    declared = {}
    used = {}
    local = set()
    for header, text in headers.items():
        code = OF_STD.sub('std', NO_NAME.sub('', text))
        for pattern in DECLARED:
            for name in pattern.findall(code):
                declared.setdefault(name, set()).add(header)
        code = MACRO.sub('', code)  # macros are read where they are used
        used[header] = set(re.findall(r'\b\w+\b', code))
        local |= local_names(code)
    missing = {}
    for header, names in used.items():
        if header.endswith('.inl.hpp'):
            continue
        there = reach(header, {header})
        for name in sorted(names & declared.keys() - local - NO_TYPE):
            if not declared[name] & there:
                missing.setdefault(name, []).append((header, min(declared[name])))
    known = of_tensors | also_local
    faults = [
        f'{header}: {name} without {source}' for name, places in sorted(missing.items())
        if name not in known for header, source in places
    ]
    return faults + unused(known, set(missing), 'nobody lacks it')


CHECKS = {
    'rooms': check_rooms,
    'lengths': check_lengths,
    'root': check_root,
    'cxx20': check_cxx20,
    'std': check_std,
    'names': check_names,
}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in CHECKS:
        sys.exit(__doc__)
    headers = read(arguments[1])
    faults = CHECKS[arguments[0]](headers) if headers else [f'no headers below {arguments[1]}']
    print('\n'.join(faults) or f'{len(headers)} headers: {arguments[0]} as they should be')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
