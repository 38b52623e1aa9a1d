# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Every recalibrator equals, to the last bit, what the program fits and applies."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest

from conftest import DIGITS
from pycalibra import recalibration
from pycalibra.recalibration import methods

ESTIMATORS = {getattr(recalibration, name): name for name in recalibration.__all__ if isinstance(getattr(recalibration, name), type) and getattr(getattr(recalibration, name), "method", "")}
BY_METHOD = {estimator.method: estimator for estimator in ESTIMATORS}
FITTED = [*(name for name in methods if name != "dac"), "auto"]


@pytest.fixture(scope="session")
def calibra():
    path = os.environ.get("CALIBRA_PROGRAM")
    if not path:
        pytest.skip("CALIBRA_PROGRAM does not name the program")

    def run(*arguments):
        command = [path, *map(str, arguments), "--threads", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return run


def compare(calibra, folder, estimator, z, y, test, **columns):
    """Fits and applies both ways."""
    form = "logits" if estimator.logits else "probabilities"
    at = {"z": z, "y": y, "test": test, **columns}
    files = {name: folder / f"{name}.npy" for name in at}
    for name, x in at.items():
        np.save(files[name], x)
    flags, later = ["--from", form], ["--from", form]
    fitted, applied = {}, {}
    if "w" in columns:
        flags += ["--weights", files["w"]]
        fitted["sample_weight"] = columns["w"]
    if "d" in columns:
        flags += ["--proximity", files["d"]]
        fitted["proximity"] = columns["d"]
        later += ["--proximity", files["e"]]
        applied["proximity"] = columns["e"]
    for name, value in estimator.get_params().items():
        if name in getattr(methods.get(estimator.method), "options", ()) and value != methods[estimator.method].options[name]:
            flags += ["--option", f"{name}={value}"]
    model = folder / "model.json"
    calibra("fit", files["z"], files["y"], "--method", estimator.method, "-o", model, *flags)
    estimator.fit(z, y, **fitted)
    assert estimator.to_json() == model.read_text()
    again = type(estimator).from_json(estimator.to_json())
    assert again.to_json() == estimator.to_json()
    for kind in ("probabilities", "logits"):
        out = folder / f"{kind}.npy"
        calibra("apply", model, files["test"], "-o", out, "--as", kind, *later)
        written = np.load(out)
        function = "transform" if kind == "probabilities" else "transform_logits"
        for one in (estimator, again):
            made = getattr(one, function)(test, **applied)
            assert made.dtype == written.dtype and made.shape == written.shape
            assert made.tobytes() == written.tobytes()
    p = estimator.predict_proba(test, **applied)
    written = np.load(folder / "probabilities.npy")
    assert (p if written.ndim == 2 else p[:, 1]).tobytes() == written.tobytes()


@pytest.mark.parametrize("method", FITTED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_digits(calibra, digits, tmp_path, method, dtype):
    z, y = np.load(DIGITS / "validation_logits.npy"), np.load(DIGITS / "validation_labels.npy")
    z, test = z.astype(dtype), digits[0].astype(dtype)
    more = {}
    if "procal" in method:
        rng = np.random.default_rng(3)
        more = {"d": rng.uniform(size=len(z)), "e": rng.uniform(size=len(test))}
    estimator = BY_METHOD[method](logits=True, threads=1)
    compare(calibra, tmp_path, estimator, z, y, test, **more)
    assert isinstance(json.loads(estimator.to_json()), dict)
