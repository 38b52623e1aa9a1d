# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Every recalibrator equals, to the last bit, what the program fits and applies."""

from __future__ import annotations

import os
import subprocess
from types import MappingProxyType

import numpy as np
import pytest

from conftest import DIGITS
from pycalibra import recalibration
from pycalibra.recalibration import methods

BY_METHOD = {
    e.method: e
    for e in (getattr(recalibration, n) for n in recalibration.__all__)
    if hasattr(e, "method")
}
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


def compare(calibra, folder, estimator, z, y, test, options=MappingProxyType({}), **columns):
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
    for name, value in options.items():
        flags += ["--option", f"{name}={str(value).lower()}"]
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
        function = "recalibrate" if kind == "probabilities" else "recalibrate_logits"
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


@pytest.mark.parametrize("method", FITTED)
def test_golden_dumps(calibra, golden_files, tmp_path, method):
    p, y, d = (np.load(file) for file in golden_files)
    n = 1000  # of each half: the whole takes minutes
    first, second = slice(n), slice(len(y) - n, len(y))
    columns = {"d": d[first], "e": d[second]} if "procal" in method else {}
    estimator = BY_METHOD[method](threads=1)
    compare(calibra, tmp_path, estimator, p[first], y[first], p[second], **columns)


BINARY = [name for name in FITTED if name == "auto" or methods[name].takes != "classes"]


@pytest.mark.parametrize("method", BINARY)
@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_one_number_a_sample(calibra, tmp_path, rng, method, logits, dtype):
    z = rng.normal(size=300)
    y = (rng.uniform(size=300) < 1 / (1 + np.exp(-2 * z))).astype(np.int32)
    scores = (z if logits else 1 / (1 + np.exp(-z))).astype(dtype)
    columns = {"w": rng.uniform(size=200)}
    if "procal" in method:
        columns.update(d=rng.uniform(size=200), e=rng.uniform(size=100))
    estimator = BY_METHOD[method](logits=logits, threads=1)
    compare(calibra, tmp_path, estimator, scores[:200], y[:200], scores[200:], **columns)


@pytest.mark.parametrize("method", FITTED)
def test_probabilities(calibra, tmp_path, rng, method):
    p = rng.dirichlet([0.5, 1, 2], size=300)
    y = np.array([rng.choice(3, p=row) for row in p**2 / (p**2).sum(axis=1, keepdims=True)])
    columns = {"w": rng.integers(0, 3, size=200).astype(float)}
    if "procal" in method:
        columns.update(d=rng.uniform(size=200), e=rng.uniform(size=100))
    estimator = BY_METHOD[method](threads=1)
    compare(calibra, tmp_path, estimator, p[:200], y[:200], p[200:], **columns)


@pytest.mark.parametrize(
    "method, options",
    [
        ("temperature", {"max_iterations": 3, "warm_start": False}),
        ("order_preserving", {"segments": 4}),
        ("matrix", {"off_diagonal": 0.25, "intercept": 1e-7, "max_iterations": 7}),
        ("affine", {"smooth_targets": False}),
        ("beta", {"form": "ab"}),
        ("cross_venn_abers", {"folds": 3}),
        ("histogram_mass", {"bins": 20}),
        ("bbq", {"prior": 0.1}),
    ],
)
def test_options(calibra, digits, tmp_path, method, options):
    z, y = digits
    estimator = BY_METHOD[method](logits=True, threads=1, **options)
    compare(calibra, tmp_path, estimator, z[:300], y[:300], z[300:], options=options)


def test_text_features(calibra, tmp_path, rng):
    features = {
        "base_zero_shot": rng.normal(size=(9, 6)),
        "base_tuned": rng.normal(size=(9, 4)),
        "test_zero_shot": rng.normal(size=(5, 6)),
        "test_tuned": rng.normal(size=(5, 4)).astype(np.float32),
    }
    flags = []
    for name, x in features.items():
        np.save(tmp_path / f"{name}.npy", x)
        flags += [f"--{name.replace('_', '-')}", tmp_path / f"{name}.npy"]
    model = tmp_path / "model.json"
    calibra("fit", "--method", "dac", "--option", "neighbours=3", "-o", model, *flags)
    made = recalibration.DAC(logits=True, neighbours=3).from_features(**features)
    assert made.to_json() == model.read_text()
    z = rng.normal(size=(20, 5))
    factor = np.array(made.parameters_["gammas"])[z.argmax(axis=1)]
    e = np.exp(z * factor[:, None])
    np.testing.assert_allclose(made.predict_proba(z), e / e.sum(axis=1, keepdims=True), rtol=1e-13)
