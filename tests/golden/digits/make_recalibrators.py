#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes recalibrators.json: what histogram binning and scaling-binning of published Python packages
make of examples/data/digits.

    python -m venv v && v/bin/pip install netcal==1.4.0 uncertainty-calibration==0.1.4
    v/bin/python tests/golden/digits/make_recalibrators.py

The README beside this file says what the fields mean.
"""

import importlib.metadata
import json
import pathlib

import calibration
import numpy as np
from netcal.binning import HistogramBinning

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "examples" / "data" / "digits"
EVERY = 6  # rows of the test half that are written


def load(half):
    logits = np.load(DATA / f"{half}_logits.npy").astype(np.float64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True), np.load(DATA / f"{half}_labels.npy")


def problems():
    """Names, with scores and outcomes of the validation half and scores of the test half."""
    p, y = load("validation")
    q, _ = load("test")
    yield "class 3 against the rest", p[:, 3], (y == 3).astype(int), q[:, 3]
    yield "top label", p.max(axis=1), (p.argmax(axis=1) == y).astype(int), q.max(axis=1)


def netcal_width(bins):
    def made(p, y, q):
        return HistogramBinning(bins=bins).fit(p, y).transform(q)

    return made


def verified(calibrator, bins):
    def made(p, y, q):
        fitted = calibrator(len(p), bins)
        fitted.train_calibration(p, y)
        return fitted.calibrate(q)

    return made


entries = []
for problem, p, y, q in problems():
    for bins in (5, 10, 15):
        for peer, package, function, kind, made in (
            ("netcal", "netcal", "HistogramBinning", "histogram_width", netcal_width(bins)),
            (
                "verified_calibration",
                "uncertainty-calibration",
                "HistogramCalibrator",
                "histogram_mass",
                verified(calibration.HistogramCalibrator, bins),
            ),
            (
                "verified_calibration",
                "uncertainty-calibration",
                "PlattBinnerCalibrator",
                "scaling_binning",
                verified(calibration.PlattBinnerCalibrator, bins),
            ),
        ):
            entries.append(
                {
                    "peer": peer,
                    "version": importlib.metadata.version(package),
                    "function": function,
                    "kind": kind,
                    "bins": bins,
                    "problem": problem,
                    "values": [float(v) for v in np.ravel(made(p, y, q))[::EVERY]],
                }
            )

with open(HERE / "recalibrators.json", "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")
