# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Recalibrators in CalArena's benchmark: an index of data sets and models, an HDF5 file of their
probabilities and labels, P(y = 1) where there are two classes, and a dict of what makes calibrators,
which have fit(p_cal, y_cal) and predict_proba(p_test)."""

from __future__ import annotations

import numpy as np
import pytest

from pycalibra import recalibration

h5py = pytest.importorskip("h5py")

CALIBRATORS = {
    name: estimator
    for name, estimator in ((n, getattr(recalibration, n)) for n in recalibration.__all__)
    if hasattr(estimator, "method")
    and estimator not in (recalibration.Recalibrator, recalibration.DAC)
    and not estimator.method.startswith("procal")
}
OF_CLASSES = [m.name for m in recalibration.methods.values() if m.takes == "classes"]


def test_every_calibrator(rng, tmp_path):
    sets = {"c10/resnet110": 4, "adult/forest": 2, "adult/line": 1}
    with h5py.File(tmp_path / "sets.h5", "w") as file:
        for name, k in sets.items():
            z = 5 * rng.normal(size=(1000, max(k, 2)))
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            true = np.exp(z / 5) / np.exp(z / 5).sum(axis=1, keepdims=True)
            y = np.array([rng.choice(len(row), p=row) for row in true])
            group = file.create_group(name)
            for part, rows in (("cal", slice(0, 500)), ("test", slice(500, 1000))):
                group[f"probas_{part}"] = p[rows, 1] if k == 1 else p[rows]
                group[f"labels_{part}"] = y[rows]
    with h5py.File(tmp_path / "sets.h5") as file:
        for name, k in sets.items():
            group = file[name]
            p, y = group["probas_cal"][:], group["labels_cal"][:]
            test, truth = group["probas_test"][:], group["labels_test"][:]
            before = np.stack([1 - test, test], axis=1) if k == 1 else test
            hits = np.eye(before.shape[1])[truth]
            for title, factory in CALIBRATORS.items():
                if k == 1 and factory.method in OF_CLASSES:
                    continue
                calibrator = factory()
                calibrator.fit(p, y)
                made = calibrator.predict_proba(test)
                assert made.shape == before.shape
                np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-9)
                brier = ((made - hits) ** 2).sum(axis=1).mean()
                assert brier < ((before - hits) ** 2).sum(axis=1).mean(), title
