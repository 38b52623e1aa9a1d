# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures in the shape of netcal."""

from __future__ import annotations

import numpy as np
import pytest

from pycalibra import netcal as ours

CASES = [(), (15,), (7, False), (1,)]


def some_scores(dtype):
    rng = np.random.default_rng(8)
    z = 2 * rng.normal(size=(500, 4))
    p = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)).astype(dtype)
    return p, rng.integers(0, 4, size=500), p[:, 0].copy(), rng.integers(0, 2, size=500)


def gaps(c, hit, bins):
    """Weight and gap of each bin of [lo, hi) that holds samples."""
    index = np.minimum((c * bins).astype(int), bins - 1)
    return [
        (np.mean(index == b), abs(hit[index == b].mean() - c[index == b].mean()))
        for b in np.unique(index)
    ]


def test_against_numpy():
    p, y, q, b = some_scores(np.float64)
    pairs = gaps(p.max(axis=1), p.argmax(axis=1) == y, 10)
    assert ours.ECE().measure(p, y) == pytest.approx(sum(w * g for w, g in pairs), rel=1e-12)
    assert ours.MCE().measure(p, y) == pytest.approx(max(g for _, g in pairs), rel=1e-12)
    assert ours.ACE().measure(p, y) == pytest.approx(np.mean([g for _, g in pairs]), rel=1e-12)
    assert ours.ECE().measure(p, np.eye(4)[y]) == ours.ECE().measure(p, y)
    pairs = gaps(q, b, 10)
    assert ours.ECE().measure(q, b) == pytest.approx(sum(w * g for w, g in pairs), rel=1e-12)
    with pytest.raises(ValueError, match=r"ECE.measure\(\): .*row 0"):
        ours.ECE().measure(2 * p, y)
    with pytest.raises(ValueError, match=r"MCE.measure\(\): bins: expected a number from 1"):
        ours.MCE(0).measure(p, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["ECE", "MCE", "ACE"])
@pytest.mark.parametrize("arguments", CASES)
def test_equals_netcal(dtype, name, arguments):
    theirs = pytest.importorskip("netcal.metrics")
    p, y, q, b = some_scores(dtype)
    for x, labels in ((p, y), (p, np.eye(4)[y]), (q, b)):
        expected = getattr(theirs, name)(*arguments).measure(x, labels)
        found = getattr(ours, name)(*arguments).measure(x, labels)
        assert found == pytest.approx(float(expected), abs=1e-9)


def test_mmce_equals_netcal():
    theirs = pytest.importorskip("netcal.metrics")
    p, y, _, _ = some_scores(np.float64)
    assert ours.MMCE().measure(p, y) == pytest.approx(theirs.MMCE().measure(p, y), rel=1e-12)
