# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""What the tests share: the digits, and the program to compare with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "data" / "digits"


@pytest.fixture(scope="session")
def digits():
    """Logits and labels of the test digits."""
    if not DIGITS.is_dir():
        pytest.skip("the digits are not here")
    return np.load(DIGITS / "test_logits.npy"), np.load(DIGITS / "test_labels.npy")


@pytest.fixture(scope="session")
def program():
    """A function from the arguments of `calibra` to what it writes as JSON."""
    path = os.environ.get("CALIBRA_PROGRAM")
    if not path:
        pytest.skip("CALIBRA_PROGRAM does not name the program")

    def run(*arguments):
        command = [path, *map(str, arguments), "--format", "json", "--threads", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def rng():
    return np.random.default_rng(11)
