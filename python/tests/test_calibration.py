# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Batches, merged accumulators and saved states give what one pass gives."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pycalibra


def drawn(rng, n=300, k=4):
    return rng.normal(size=(n, k)) * 2, rng.integers(0, k, size=n)


def close(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name
    assert found.samples == expected.samples and len(found.table) == len(expected.table)
    for mine, other in zip(found.table, expected.table):
        assert mine.count == other.count
        assert mine.confidence == pytest.approx(other.confidence, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("like", ["calibra", "netcal", "torchmetrics", "verified"])
@pytest.mark.parametrize("scheme", ["equal_width", "equal_mass"])
def test_batches_are_one_pass(rng, like, scheme):
    z, y = drawn(rng)
    batches = pycalibra.Calibration(like=like, scheme=scheme, bins=10)
    for rows in np.array_split(np.arange(len(y)), [1, 50, 51, 200]):
        batches.update(logits=z[rows], labels=y[rows])
    one = pycalibra.evaluate(logits=z, labels=y, like=like, scheme=scheme, bins=10)
    close(batches.compute(), one)
    assert str(batches.compute()) == str(one)
    assert batches.compute().to_dict().keys() == one.to_dict().keys()
    assert batches.compute().to_dict()["options"] == one.to_dict()["options"]


def test_merged_ones_are_one_pass(rng):
    z, y = drawn(rng)
    w = rng.uniform(0.5, 2, size=len(y)).astype(np.float32)
    parts = []
    for rows in np.array_split(np.arange(len(y)), 3):
        part = pycalibra.Calibration()
        part.update(logits=z[rows], labels=y[rows], weights=w[rows])
        parts.append(part)
    sum_of_all = pycalibra.Calibration()
    for part in parts:
        sum_of_all.merge(part)
    sum_of_all.merge(pycalibra.Calibration())
    close(sum_of_all.compute(), pycalibra.evaluate(logits=z, labels=y, weights=w))
    assert "weight" in sum_of_all.compute().to_dict()["bins"][0]


@pytest.mark.parametrize("form", ["logits", "confidences"])
def test_states_come_back_exactly(rng, form):
    seen = pycalibra.Calibration(metrics=["ece", "ace", "accuracy"], like="netcal", bins=7)
    if form == "logits":
        z, y = drawn(rng)
        batch = {"logits": z, "labels": y}
    else:
        batch = {"confidences": rng.uniform(size=90), "hits": rng.integers(0, 2, size=90)}
    seen.update(**batch)
    loaded = pycalibra.Calibration(metrics=["ece", "ace", "accuracy"], like="netcal", bins=7)
    loaded.load_state_dict(seen.state_dict())
    for other in (loaded, pickle.loads(pickle.dumps(seen)), copy.deepcopy(seen)):
        np.testing.assert_equal(dict(other.compute()), dict(seen.compute()))
        other.update(**batch)
        assert other.compute().samples == 2 * seen.compute().samples
    loaded.load_state_dict(pycalibra.Calibration(**seen.state_dict()["settings"]).state_dict())
    with pytest.raises(ValueError, match="nothing was added"):
        loaded.compute()


def test_a_batch_that_is_wrong_adds_nothing(rng):
    z, y = drawn(rng)
    seen = pycalibra.Calibration(metrics="ece")
    seen.update(logits=z, labels=y)
    before = dict(seen.compute())
    for wrong in (
        {"logits": z, "labels": y + 1},
        {"logits": z[:, :3], "labels": y % 3},
        {"probabilities": z, "labels": y},
        {"logits": z.astype(np.float32), "labels": y},
    ):
        with pytest.raises(ValueError):
            seen.update(**wrong)
    assert dict(seen.compute()) == before
    seen.reset()
    with pytest.raises(ValueError, match="nothing was added"):
        seen.compute()
    seen.update(logits=z.astype(np.float32), labels=y)


def test_what_does_not_belong_together(rng):
    z, y = drawn(rng)
    with pytest.raises(ValueError, match="nobody"):
        pycalibra.Calibration(like="nobody")
    with pytest.raises(ValueError, match="no_such"):
        pycalibra.Calibration(metrics=["no_such"])
    with pytest.raises(ValueError, match="scheme: expected one of"):
        pycalibra.Calibration(scheme="width")
    a, b = pycalibra.Calibration(bins=np.int16(10)), pycalibra.Calibration(bins=11)
    b.update(logits=z, labels=y)
    with pytest.raises(ValueError, match="bins=10, got 11"):
        a.merge(b)
    with pytest.raises(ValueError, match="bins=10, got 11"):
        a.load_state_dict(b.state_dict())
    with pytest.raises(ValueError, match="bins=11, got 10"):
        b.merge(a)  # nothing was added to it
    with pytest.raises(ValueError, match="bins=10, got 12"):
        a.merge(pycalibra.Calibration(bins=12))
    with pytest.raises(TypeError, match="expected a Calibration, got int"):
        a.merge(3)
    state = b.state_dict()
    for evidence in (b"", b"calibra", state["evidence"][:-1], state["evidence"] + b"x", "text"):
        with pytest.raises(ValueError):
            b.load_state_dict({**state, "evidence": evidence})
    with pytest.raises(ValueError, match="state_dict"):
        b.load_state_dict({})
    with pytest.raises(ValueError, match="one label a sample|labels: expected shape"):
        a.update(probabilities=rng.uniform(size=(9, 2)), labels=np.ones((9, 2), dtype=int))
