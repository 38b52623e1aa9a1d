#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Whether the tests notice faults: puts each of faults.py into a copy of the headers, one at a time, and
compiles and runs the test that should fail.

    run.py [--check] [--only TEXT] [--compiler g++]

Prints a row a fault (caught by a compiler, by a failing or by a hanging test, or MISSED) and one an area,
and ends with status 1 where one is missed: all those of a test that fails without a fault are. --check compiles
nothing: it says whether the text of every fault is in its file exactly once. --only: faults whose name,
file or test holds the text.
"""
import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from faults import FAULTS

root = pathlib.Path(__file__).resolve().parents[2]
headers, tests = root / "include" / "calibra", root / "tests"
# What the tests of a folder are compiled with besides.
LINKED = {
    "io": ["-lzip", "-lz", "-lzstd"],
    "recalibration": [str(tests / "support" / "allocations.cpp")],
    "interval": [str(tests / "support" / "allocations.cpp")],
}
FLAGS_OF = {"core/fast_math_test.cpp": ["-O1", "-ffast-math"]}
FLAGS = ["-std=c++20", "-O0", "-w", "-pthread",
         *(f"-I{tests / folder}" for folder in ("support", "evaluate", "io", "metrics"))]


def wrong_faults():
    """A sentence for each fault that cannot be put in."""
    out = []
    names = collections.Counter(fault.name for fault in FAULTS)
    for fault in FAULTS:
        file = headers / fault.file
        count = file.read_text().count(fault.text) if file.is_file() else None
        if count is None:
            out.append(f"{fault.name}: there is no {fault.file}")
        elif count != 1:
            out.append(f"{fault.name}: expected its text once in {fault.file}, got {count} times")
        if not (tests / fault.test).is_file():
            out.append(f"{fault.name}: there is no tests/{fault.test}")
        if fault.text == fault.replacement:
            out.append(f"{fault.name}: changes nothing")
        if names[fault.name] > 1:
            out.append(f"{fault.name}: {names[fault.name]} faults have this name")
    return out


class Bench:
    """A copy of the headers, with a fault in it or none."""

    def __init__(self, folder, compiler):
        self.folder, self.program = pathlib.Path(folder), pathlib.Path(folder) / "test"
        self.include = self.folder / "include"
        shutil.copytree(root / "include", self.include)
        self.compile = [compiler, *FLAGS, f"-I{self.include}"]
        self.main, common = self.folder / "main.o", self.folder / "common.hpp"
        subprocess.run([*self.compile, "-c", tests / "support" / "main.cpp", "-o", self.main], check=True)
        # What all tests include and no fault is in, read once.
        common.write_text("#include <catch2/catch.hpp>\n")
        subprocess.run([*self.compile, "-x", "c++-header", common, "-o", f"{common}.gch"], check=True)
        self.compile += ["-include", common]

    def run(self, test, limit):
        """How the test ends, and after how many seconds: "", or what caught the fault."""
        began = time.monotonic()
        source, built = tests / test, self.folder / "test.o"
        flags = [*FLAGS_OF.get(test, []), f"-I{source.parent}"]
        compiled = subprocess.run([*self.compile, *flags, "-c", source, "-o", built], stderr=subprocess.PIPE)
        if compiled.returncode != 0:
            return "the compiler", time.monotonic() - began
        linked = LINKED.get(test.split("/")[0], [])
        subprocess.run([*self.compile, built, self.main, *linked, "-o", self.program], check=True)
        try:
            ended = subprocess.run([self.program], timeout=limit, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, cwd=self.folder).returncode
        except subprocess.TimeoutExpired:
            return "no end", time.monotonic() - began
        caught = "" if ended == 0 else "a crash" if ended < 0 else "a check"
        return caught, time.monotonic() - began

    def run_with(self, fault, limit):
        file = self.include / "calibra" / fault.file
        whole = file.read_text()
        file.write_text(whole.replace(fault.text, fault.replacement))
        try:
            return self.run(fault.test, limit)
        finally:
            file.write_text(whole)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--check", action="store_true")
    options.add_argument("--only", default="")
    options.add_argument("--compiler", default="g++")
    o = options.parse_args()
    wrong = wrong_faults()
    print("\n".join(wrong), end="\n" if wrong else "")
    if o.check or wrong:
        print(f"{len(FAULTS)} faults, {len(wrong)} of them wrong")
        return 1 if wrong else 0

    chosen = [f for f in FAULTS if o.only in f.name or o.only in f.file or o.only in f.test]
    areas, status = collections.defaultdict(lambda: [0, 0, 0.0]), 0
    row = "{:38} {:44} {:42} {:13} {:>7}"
    print(row.format("fault", "file", "test", "caught by", "seconds"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, o.compiler)
        limits = {}  # none for a test that fails without a fault: it catches nothing
        for fault in chosen:
            if fault.test not in limits:
                fails, seconds = bench.run(fault.test, 600)
                limits[fault.test] = None if fails else 30 + 10 * seconds
                print(row.format("none", "", fault.test, f"FAILS: {fails}" if fails else "", f"{seconds:.1f}"),
                      flush=True)
            limit = limits[fault.test]
            caught, seconds = bench.run_with(fault, limit) if limit else ("", 0.0)
            area = areas[re.match(r"[^/.]*", fault.file)[0]]
            area[0] += 1
            area[1] += bool(caught)
            area[2] += seconds
            status |= not caught
            print(row.format(fault.name, fault.file, fault.test, caught or "MISSED", f"{seconds:.1f}"), flush=True)
    print("\n{:16} {:>7} {:>7} {:>8}".format("area", "faults", "caught", "seconds"))
    for area, (count, caught, seconds) in sorted(areas.items()):
        print(f"{area:16} {count:7} {caught:7} {seconds:8.0f}")
    total = [sum(x) for x in zip(*areas.values())] or [0, 0, 0]
    print(f"{'all':16} {total[0]:7} {total[1]:7} {total[2]:8.0f}")
    return status


if __name__ == "__main__":
    sys.exit(main())
