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

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "examples" / "data" / "digits"
GOLDEN = Path(os.environ.get("CALIBRA_GOLDEN_DIR", ROOT.parent / "shared" / "golden"))
DUMPS = ("lenet-5-cifar-10", "wideresnet-16-4-cifar-100")


@pytest.fixture(scope="session")
def digits():
    """Logits and labels of the test digits."""
    if not DIGITS.is_dir():
        pytest.skip("the digits are not here")
    return np.load(DIGITS / "test_logits.npy"), np.load(DIGITS / "test_labels.npy")


@pytest.fixture(scope="session", params=DUMPS)
def golden_files(request):
    """Files of probabilities, labels and proximities of a dump that published values are known of."""
    files = [GOLDEN / f"{request.param}.{part}.npy" for part in ("probs", "labels", "proximity")]
    if not all(file.is_file() for file in files):
        pytest.skip(f"{request.param} is not in {GOLDEN}")
    return files


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
