# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Every metric has a function of its name, which gives what evaluate() gives."""

from __future__ import annotations

import inspect

import naive
import numpy as np
import pytest

import pycalibra


def same(a, b):
    return a == b or (np.isnan(a) and np.isnan(b))


def test_every_metric_has_a_function_that_says_what_it_is():
    for name, metric in pycalibra.metrics.items():
        function = getattr(pycalibra, name)
        assert function.__name__ == name and name in pycalibra.__all__
        assert function.__doc__.startswith(metric.formula)
        assert metric.source in function.__doc__ and metric.range in function.__doc__
        assert list(inspect.signature(function).parameters)[:2] == ["preds", "target"]


@pytest.mark.parametrize("name", list(pycalibra.metrics))
def test_functions_give_what_evaluate_gives(rng, name):
    z, y = rng.normal(size=(120, 4)), rng.integers(0, 4, size=120)
    p = naive.softmax(z)
    near = rng.uniform(size=120)
    function = getattr(pycalibra, name)
    found = function(z, y, logits=True, n_bins=9, proximity=near)
    assert same(found, pycalibra.evaluate(logits=z, labels=y, bins=9, proximity=near)[name])
    found = function(p, y, ignore_index=1, like="torchmetrics")
    expected = pycalibra.evaluate(
        probabilities=p, labels=y, ignore_label=1, like="torchmetrics", metrics=name
    )
    assert same(found, expected[name])


def test_ece_is_that_of_the_definition(rng):
    p, y = naive.softmax(rng.normal(size=(90, 3))), rng.integers(0, 3, size=90)
    confidence, predicted = naive.top(p)
    expected = naive.ece(confidence, predicted == y, 15)
    assert pycalibra.ece(p, y) == pytest.approx(expected, abs=1e-12)
    assert pycalibra.ece(preds=p, target=y) == pytest.approx(expected, abs=1e-12)


def test_errors_name_the_function(rng):
    p, y = naive.softmax(rng.normal(size=(9, 3))), rng.integers(0, 3, size=9)
    with pytest.raises(ValueError, match=r"^mce\(\): labels: expected shape \(9,\)"):
        pycalibra.mce(p, y[:-1])
    with pytest.raises(TypeError, match=r"^ece\(\): expected preds and target"):
        pycalibra.ece(p, None)
    with pytest.raises(ValueError, match=r"^ece\(\): the probabilities of row 0 sum to 2"):
        pycalibra.ece(p * 2, y)
    seen = pycalibra.Calibration()
    with pytest.raises(ValueError, match=r"^Calibration.update\(\): label 3 at row 0"):
        seen.update(probabilities=p, labels=y * 0 + 3)
    with pytest.raises(ValueError, match=r"^test_calibration\(\): label 3 at row 0"):
        pycalibra.test_calibration(probabilities=p, labels=y * 0 + 3)
    with pytest.raises(ValueError, match=r"^compare\(\): a: label 3 at row 0"):
        pycalibra.compare(p, p, y * 0 + 3)


def test_conventions_say_what_they_do():
    all_of_them = pycalibra.conventions()
    assert list(all_of_them)[0] == "calibra" and len(all_of_them) > 15
    for name, convention in all_of_them.items():
        assert convention.name == name and convention.implementation and convention.settings
