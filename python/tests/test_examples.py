# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The examples run, and find what evaluate() finds."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import DIGITS

import pycalibra

ROOT = DIGITS.parents[2]


def test_measure(digits):
    example = ROOT / "examples" / "python" / "measure.py"
    if not example.is_file():
        pytest.skip("the examples are not here")
    done = subprocess.run(
        [sys.executable, str(example)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    z, y = digits
    found = pycalibra.evaluate(logits=z, labels=y, metrics=["accuracy", "nll", "ece"])
    expected = [found["ece"], str(found), found.table[-1], found.to_dict()["metrics"], 1200]
    assert done.stdout == "".join(f"{x}\n" for x in expected)


def test_tutorial(digits, capsys, monkeypatch):
    """The blocks of the page are those of the example, and print what stands behind them."""
    page = ROOT / "docs" / "python-tutorial.md"
    example = ROOT / "examples" / "python" / "tutorial.py"
    if not page.is_file() or not example.is_file():
        pytest.skip("the pages are not here")
    monkeypatch.chdir(ROOT)
    source, names, printed = example.read_text(encoding="utf-8"), {}, 0
    for language, block in re.findall(
        r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), re.S
    ):
        if language == "python":
            head, code = block.split("\n", 1)
            assert head == "# examples/python/tutorial.py" and code in source
            exec(code, names)
        else:
            assert capsys.readouterr().out == block
            printed += 1
    assert printed == 6
