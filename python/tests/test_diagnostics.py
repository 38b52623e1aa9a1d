# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Groups, tests and comparisons: by hand, and against the program."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from conftest import DIGITS

import pycalibra

FILES = (DIGITS / "test_logits.npy", DIGITS / "test_labels.npy")


def test_groups_are_measured_by_themselves(rng):
    z, y = rng.normal(size=(200, 3)), rng.integers(0, 3, size=200)
    group = rng.integers(-1, 3, size=200)
    found = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by=group.astype(np.int16))
    assert [g.group for g in found.groups] == [-1, 0, 1, 2]
    confidence, predicted = naive.top(naive.softmax(z))
    for g in found.groups:
        inside = group == g.group
        assert g.samples == inside.sum()
        expected = naive.ece(confidence[inside], (predicted == y)[inside], 15)
        assert g.values["ece"] == pytest.approx(expected, abs=1e-12)
    assert found.groups.worst.kuiper == max(g.kuiper for g in found.groups)
    assert "\nby groups\n" in str(found)
    names = ["a", "b", "c"]
    of_label = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by="label", class_names=names)
    assert [g.name for g in of_label.groups] == names
    same = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by=y)
    assert [g.values for g in of_label.groups] == [g.values for g in same.groups]
    by_predicted = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by="predicted")
    same = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by=predicted)
    assert [g.values for g in by_predicted.groups] == [g.values for g in same.groups]


@pytest.mark.parametrize("by", ["predicted", "label"])
def test_groups_of_the_program(digits, program, by):
    z, y = digits
    written = program("eval", *FILES, "--by", by, "--metrics", "ece,nll")
    mine = pycalibra.evaluate(logits=z, labels=y, by=by, metrics=["ece", "nll"], threads=1)
    assert mine.to_dict() == written


def test_spiegelhalter_is_that_of_the_definition(rng):
    p = rng.uniform(0.05, 0.95, size=400)
    y = (rng.uniform(size=400) < p).astype(int)
    found = pycalibra.test_calibration(probabilities=p, labels=y, tests="spiegelhalter")
    top = ((y - p) * (1 - 2 * p)).sum()
    z = top / np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    assert list(found) == ["spiegelhalter"]
    assert found["spiegelhalter"].statistic == pytest.approx(z, abs=1e-9)
    assert 0 <= found["spiegelhalter"].p <= 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_tests_of_the_program(digits, program, tmp_path, dtype):
    z, y = digits
    z = z.astype(dtype)
    np.save(tmp_path / "z.npy", z)
    written = program("test", tmp_path / "z.npy", FILES[1], "--seed", "4")["tests"]
    found = pycalibra.test_calibration(logits=z, labels=y, seed=4, threads=1)
    assert list(found) == list(written)
    for name, t in found.items():
        assert written[name] == {
            "statistic": None if np.isnan(t.statistic) else t.statistic,
            "p": None if np.isnan(t.p) else t.p,
            "note": t.note,
        }


def test_tests_of_confidences_and_names(rng):
    c, hit = rng.uniform(size=90), rng.integers(0, 2, size=90)
    found = pycalibra.test_calibration(confidences=c, hits=hit)
    assert np.isnan(found["skce"].p) and "classes" in found["skce"].note
    assert found["ks"].p < 1
    with pytest.raises(ValueError, match="tests: expected names out of kuiper"):
        pycalibra.test_calibration(confidences=c, hits=hit, tests="none")


def test_comparison_is_the_difference(rng):
    z, y = rng.normal(size=(200, 3)), rng.integers(0, 3, size=200)
    a, b = naive.softmax(2 * z), naive.softmax(z)
    asked = pycalibra.IntervalOptions(replicates=100)
    found = pycalibra.compare(a, b, y, metrics=["nll", "ece"], interval=asked)
    for name, d in found.items():
        one = pycalibra.evaluate(probabilities=a, labels=y, metrics=name)[name]
        two = pycalibra.evaluate(probabilities=b, labels=y, metrics=name)[name]
        assert (d.a, d.b) == pytest.approx((one, two), abs=1e-12)
        assert d.difference == pytest.approx(one - two, abs=1e-12)
        assert d.lower < d.difference < d.upper and 0 < d.p <= 1
    losses = -np.log(a[np.arange(200), y]) + np.log(b[np.arange(200), y])
    expected = losses.std() / np.sqrt(200)
    assert found["nll"].standard_error == pytest.approx(expected, rel=0.01)
    assert str(found).startswith("200 samples\n\nmetric")
    one_class_more = np.c_[b, np.zeros(200)]
    with pytest.raises(ValueError, match=r"as in a, got \(200, 4\)"):
        pycalibra.compare(a, one_class_more, y)


@pytest.mark.parametrize("types", [(np.float32, np.float32), (np.float32, np.float64)])
def test_comparison_of_the_program(digits, program, tmp_path, types):
    z, y = digits
    a, b = z.astype(types[0]), (z / 2).astype(types[1])
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    flags = ["--metrics", "ece,nll,classwise_ece", "--replicates", "200", "--seed", "3"]
    written = program("compare", tmp_path / "a.npy", tmp_path / "b.npy", FILES[1], *flags)
    asked = pycalibra.IntervalOptions(replicates=200, seed=3)
    names = ["ece", "nll", "classwise_ece"]
    found = pycalibra.compare(a, b, y, logits=True, metrics=names, interval=asked, threads=1)
    assert found.to_dict() == written
