# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Every number equals, to the last bit, what the program writes as JSON."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

import pycalibra
from conftest import DIGITS

FILES = (DIGITS / "test_logits.npy", DIGITS / "test_labels.npy")


def same(found, written):
    """Everything but the names of files."""
    mine = found.to_dict()
    options = written.pop("options")
    weights = options.pop("weights"), options.pop("proximity")
    mine_options = mine.pop("options")
    assert mine_options.pop("weights") is None and mine_options.pop("proximity") is None
    assert mine_options == options, weights
    assert mine == written


@pytest.mark.parametrize("like", list(pycalibra.conventions()))
@pytest.mark.parametrize("scheme", ["equal_width", "equal_mass"])
def test_every_convention(digits, program, like, scheme):
    z, y = digits
    flag = {"equal_width": "width", "equal_mass": "mass"}[scheme]
    written = program("eval", *FILES, "--like", like, "--binning", flag)
    same(pycalibra.evaluate(logits=z, labels=y, like=like, scheme=scheme, threads=1), written)


@pytest.mark.parametrize("like", list(pycalibra.conventions()))
@pytest.mark.parametrize("scheme", ["equal_width", "equal_mass"])
def test_golden_dumps(golden_files, program, like, scheme):
    p, y, d = (np.load(file) for file in golden_files)
    flags = ["--like", like, "--binning", {"equal_width": "width", "equal_mass": "mass"}[scheme]]
    flags += ["--from", "probabilities", "--proximity", golden_files[2], "--classwise"]
    written = program("eval", *golden_files[:2], *flags)
    found = pycalibra.evaluate(
        probabilities=p,
        labels=y,
        proximity=d,
        like=like,
        scheme=scheme,
        per_class=True,
        threads=1,
    )
    same(found, written)


def test_intervals_of_golden_dumps(golden_files, program):
    p, y, _ = (np.load(file) for file in golden_files)
    flags = ["--from", "probabilities", "--interval", "--replicates", "200"]
    written = program("eval", *golden_files[:2], *flags)
    asked = pycalibra.IntervalOptions(replicates=200)
    found = pycalibra.evaluate(probabilities=p, labels=y, interval=asked, threads=1)
    same(found, written)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_type(digits, program, tmp_path, dtype, order):
    z, y = digits
    z = np.asarray(z.astype(dtype), order=order)
    np.save(tmp_path / "z.npy", z)
    same(
        pycalibra.evaluate(logits=z, labels=y, per_class=True, threads=1),
        program("eval", tmp_path / "z.npy", FILES[1], "--classwise"),
    )


@pytest.mark.parametrize("target", [None, "top", "positive"])
@pytest.mark.parametrize("like", ["calibra", "netcal", "torch_uncertainty", "sklearn"])
def test_one_number_a_sample(program, tmp_path, rng, like, target):
    p, y = rng.uniform(size=200), rng.integers(0, 2, size=200)
    np.save(tmp_path / "p.npy", p)
    np.save(tmp_path / "y.npy", y)
    flags = [] if target is None else ["--target", target]
    same(
        pycalibra.evaluate(probabilities=p, labels=y, like=like, binary=target, threads=1),
        program(
            "eval",
            tmp_path / "p.npy",
            tmp_path / "y.npy",
            "--from",
            "probabilities",
            "--like",
            like,
            *flags,
        ),
    )


def test_weights_and_confidences_and_labels(program, tmp_path, rng):
    arrays = {
        "c": rng.uniform(size=200),
        "hit": rng.integers(0, 2, size=200),
        "w": rng.uniform(size=200),
        "p": rng.uniform(size=(200, 3)),
        "t": rng.integers(0, 2, size=(200, 3)),
    }
    at = {name: tmp_path / f"{name}.npy" for name in arrays}
    for name, x in arrays.items():
        np.save(at[name], x)
    same(
        pycalibra.evaluate(
            confidences=arrays["c"], hits=arrays["hit"], weights=arrays["w"], threads=1
        ),
        program("eval", at["c"], at["hit"], "--from", "confidences", "--weights", at["w"]),
    )
    same(
        pycalibra.evaluate(
            probabilities=arrays["p"], labels=arrays["t"], multilabel=True, threads=1
        ),
        program("eval", at["p"], at["t"], "--from", "probabilities", "--sigmoid"),
    )


def test_class_axis(program, tmp_path, rng):
    z, y = rng.normal(size=(4, 3, 5, 6)).astype(np.float32), rng.integers(0, 3, size=(4, 5, 6))
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    same(
        pycalibra.evaluate(logits=z, labels=y, class_axis=1, ignore_label=2, threads=1),
        program(
            "eval",
            tmp_path / "z.npy",
            tmp_path / "y.npy",
            "--class-axis",
            "1",
            "--ignore-label",
            "2",
        ),
    )


def test_intervals(digits, program):
    z, y = digits
    written = program(
        "eval", *FILES, "--metrics", "accuracy,ece,debiased_l2,nll", "--interval", "--seed", "5"
    )
    asked = pycalibra.IntervalOptions(seed=5)
    names = ["accuracy", "ece", "debiased_l2", "nll"]
    same(pycalibra.evaluate(logits=z, labels=y, metrics=names, interval=asked, threads=1), written)


def test_the_printed_table(digits, program, tmp_path):
    import os
    import subprocess

    z, y = digits
    command = [os.environ["CALIBRA_PROGRAM"], "eval", *map(str, FILES), "--threads", "1"]
    printed = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    assert str(pycalibra.evaluate(logits=z, labels=y, threads=1)) == printed.stdout
