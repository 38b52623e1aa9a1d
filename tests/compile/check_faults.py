#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""check_faults.py FAULTS COMPILER ARGUMENT...: a file that has several faults, compiled once.

FAULTS has a fault a line: its name, a tab, and the sentence that says why it does not compile. With
FAULT_<name> of all of them defined there is an error for each, and as many have each sentence as
faults are said to."""

import collections
import subprocess
import sys


def main() -> str:
    with open(sys.argv[1], encoding="utf-8") as file:
        faults = [line.rstrip("\n").split("\t") for line in file]
    run = subprocess.run(
        sys.argv[2:] + [f"-DFAULT_{name}" for name, _ in faults], stderr=subprocess.PIPE, text=True
    )
    errors = [line for line in run.stderr.splitlines() if "error: " in line]
    wrong = []
    if len(errors) != len(faults):
        wrong.append(f"expected {len(faults)} errors, got {len(errors)}")
    for sentence, expected in collections.Counter(s for _, s in faults).items():
        got = sum(sentence in line for line in errors)
        if got != expected:
            names = ", ".join(name for name, s in faults if s == sentence)
            wrong.append(f"expected {expected} errors for {names}, got {got}: {sentence}")
    if not wrong:
        return ""
    return "\n".join(wrong + ["", run.stderr])


if __name__ == "__main__":
    sys.exit(main() or 0)
