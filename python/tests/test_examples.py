# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The examples run, and find what evaluate() finds."""

from __future__ import annotations

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
