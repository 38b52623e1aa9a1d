# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""evaluate() against naive calculations, and what its result is like."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import naive
import numpy as np
import pytest

import pycalibra


def drawn(rng, n=200, k=5):
    z = rng.normal(size=(n, k)) * 2
    return z, rng.integers(0, k, size=n)


@pytest.mark.parametrize("bins", [1, 7, 15, 40])
@pytest.mark.parametrize("form", ["logits", "probabilities"])
def test_values_are_those_of_the_definitions(rng, bins, form):
    z, y = drawn(rng)
    p = naive.softmax(z)
    confidence, predicted = naive.top(p)
    hit = predicted == y
    scores = {"logits": z, "probabilities": p}[form]
    found = pycalibra.evaluate(
        **{form: scores}, labels=y, bins=bins, metrics=["accuracy", "nll", "brier", "ece", "mce"]
    )
    assert found["accuracy"] == pytest.approx(hit.mean(), abs=1e-12)
    assert found["nll"] == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), abs=1e-12)
    one_hot = np.eye(p.shape[1])[y]
    assert found["brier"] == pytest.approx(((p - one_hot) ** 2).sum(axis=1).mean(), abs=1e-12)
    assert found["ece"] == pytest.approx(naive.ece(confidence, hit, bins), abs=1e-12)
    assert found["mce"] == pytest.approx(naive.mce(confidence, hit, bins), abs=1e-12)
    assert found.samples == len(y) and found.classes == p.shape[1] and found.skipped == 0


def test_one_number_a_sample_is_the_probability_of_class_1(rng):
    x = rng.normal(size=300)
    y = rng.integers(0, 2, size=300)
    p = 1 / (1 + np.exp(-x))
    of_logits = pycalibra.evaluate(logits=x, labels=y, metrics="ece", bins=10)
    of_probabilities = pycalibra.evaluate(probabilities=p, labels=y, metrics="ece", bins=10)
    assert of_logits["ece"] == pytest.approx(naive.ece(p, y, 10), abs=1e-12)
    assert of_probabilities["ece"] == pytest.approx(naive.ece(p, y, 10), abs=1e-12)
    top = pycalibra.evaluate(probabilities=p, labels=y, metrics="ece", bins=10, binary="top")
    expected = naive.ece(np.maximum(p, 1 - p), (p > 0.5) == y, 10)
    assert top["ece"] == pytest.approx(expected, abs=1e-12)


def test_confidences_with_hits(rng):
    c = rng.uniform(size=300)
    hit = rng.integers(0, 2, size=300)
    found = pycalibra.evaluate(confidences=c, hits=hit, metrics=["ece", "nll"], bins=12)
    assert found["ece"] == pytest.approx(naive.ece(c, hit, 12), abs=1e-12)
    assert found.classes is None


def test_several_labels_a_sample(rng):
    p = rng.uniform(size=(150, 4))
    y = rng.integers(0, 2, size=(150, 4))
    found = pycalibra.evaluate(probabilities=p, labels=y, metrics="ece", multilabel=True)
    assert found["micro_ece"] == pytest.approx(naive.ece(p.ravel(), y.ravel(), 15), abs=1e-12)
    each = [naive.ece(p[:, k], y[:, k], 15) for k in range(4)]
    assert found["macro_ece"] == pytest.approx(np.mean(each), abs=1e-12)
    assert found.entries == 600 and found.samples == 150


def test_any_dimension_holds_the_classes(rng):
    z = rng.normal(size=(3, 4, 5, 6))
    y = rng.integers(0, 4, size=(3, 5, 6))
    rows = np.moveaxis(z, 1, -1).reshape(-1, 4)
    flat = pycalibra.evaluate(logits=rows, labels=y.reshape(-1), threads=1)
    for axis in (1, -3):
        found = pycalibra.evaluate(logits=z, labels=y, class_axis=axis, threads=1)
        np.testing.assert_equal(dict(found), dict(flat))


def test_weights_masks_and_ignored_labels(rng):
    z, y = drawn(rng)
    confidence, predicted = naive.top(naive.softmax(z))
    hit = predicted == y
    w = rng.integers(0, 4, size=len(y)).astype(np.float32)
    weighted = pycalibra.evaluate(logits=z, labels=y, weights=w, metrics="ece")
    assert weighted["ece"] == pytest.approx(naive.ece(confidence, hit, 15, w), abs=1e-12)
    kept = rng.uniform(size=len(y)) < 0.5
    masked = pycalibra.evaluate(logits=z, labels=y, valid=kept, metrics="ece")
    assert masked["ece"] == pytest.approx(naive.ece(confidence[kept], hit[kept], 15), abs=1e-12)
    assert masked.samples == kept.sum()
    ignored = pycalibra.evaluate(logits=z, labels=y, ignore_label=2, metrics="ece")
    rest = y != 2
    assert ignored["ece"] == pytest.approx(naive.ece(confidence[rest], hit[rest], 15), abs=1e-12)


def test_rows_that_are_not_numbers_are_counted(rng):
    z, y = drawn(rng)
    z[7, 1] = np.nan
    with pytest.raises(ValueError, match="row 7"):
        pycalibra.evaluate(logits=z, labels=y)
    found = pycalibra.evaluate(logits=z, labels=y, nan="count", metrics="ece")
    rest = np.arange(len(y)) != 7
    confidence, predicted = naive.top(naive.softmax(z[rest]))
    assert found.skipped == 1
    assert found["ece"] == pytest.approx(naive.ece(confidence, predicted == y[rest], 15), abs=1e-12)


def test_table_holds_the_bins(rng):
    z, y = drawn(rng)
    confidence, predicted = naive.top(naive.softmax(z))
    table = pycalibra.evaluate(logits=z, labels=y, bins=9).table
    assert len(table) == 9 and sum(b.count for b in table) == len(y)
    expected = naive.binned(confidence, predicted == y, 9)
    filled = [b for b in table if b.count]
    assert len(filled) == len(expected)
    for b, (weight, mean, accuracy) in zip(filled, expected):
        assert (b.weight, b.count) == (weight, weight)
        assert b.confidence == pytest.approx(mean, abs=1e-12)
        assert b.accuracy == pytest.approx(accuracy, abs=1e-12)
        assert b.gap == b.accuracy - b.confidence
        assert b.lower < b.confidence <= b.upper


def test_given_edges(rng):
    z, y = drawn(rng)
    edges = [0, 0.3, 0.5, 0.9, 1]
    found = pycalibra.evaluate(logits=z, labels=y, edges=edges, metrics="ece")
    assert [b.lower for b in found.table] == edges[:-1]
    confidence, predicted = naive.top(naive.softmax(z))
    ece = 0.0
    for low, high in zip(edges, edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            ece += abs(((predicted == y)[inside] - confidence[inside]).sum()) / len(y)
    assert found["ece"] == pytest.approx(ece, abs=1e-12)


def test_ece_of_each_class(rng):
    z, y = drawn(rng, k=3)
    p = naive.softmax(z)
    found = pycalibra.evaluate(logits=z, labels=y, per_class=True)
    expected = [naive.ece(p[:, k], y == k, 15) for k in range(3)]
    np.testing.assert_allclose(found.ece_per_class, expected, atol=1e-12)
    assert found["classwise_ece"] == pytest.approx(np.mean(expected), abs=1e-12)
    assert [sum(b.count for b in t) for t in found.class_tables] == [len(y)] * 3


def test_result_is_a_mapping_and_prints(digits):
    z, y = digits
    found = pycalibra.evaluate(logits=z, labels=y)
    assert list(found) == list(pycalibra.metrics) and len(found) == len(pycalibra.metrics)
    assert "ece" in found and found.get("no such") is None
    with pytest.raises(KeyError, match="was not measured"):
        found["no such"]
    text = str(found)
    assert text.startswith("600 samples, 10 classes, from logits\n")
    assert f"{found['ece']:.6f}  noise floor {found.floors['ece']:.4f}" in text
    assert found._repr_svg_().startswith("<svg ") and "</svg>" in found._repr_html_()
    assert found.svg("A title") != found.svg("A title", dark=True)
    json.dumps(found.to_dict(), allow_nan=False)


def test_intervals(rng):
    z, y = drawn(rng)
    one = pycalibra.evaluate(logits=z, labels=y, metrics=["accuracy", "ece"], interval=True)
    accuracy = one.intervals["accuracy"]
    p = one["accuracy"]
    assert accuracy.standard_error == pytest.approx(math.sqrt(p * (1 - p) / len(y)), rel=0.01)
    assert accuracy.lower < p < accuracy.upper
    wide = pycalibra.evaluate(
        logits=z,
        labels=y,
        metrics=["accuracy"],
        interval=pycalibra.IntervalOptions(level=0.99, replicates=500, seed=3),
    ).intervals["accuracy"]
    assert wide.lower < accuracy.lower and wide.upper > accuracy.upper


def test_threads_do_not_matter(rng):
    z, y = drawn(rng, n=20000, k=3)
    one = pycalibra.evaluate(logits=z, labels=y, threads=1)
    two = pycalibra.evaluate(logits=z, labels=y, threads=2)
    for name, value in one.items():
        assert two[name] == pytest.approx(value, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", ["netcal", "recalibration", "torch", "torchmetrics"])
def test_modules_are_imported_where_they_are_used(name):
    """Or say what they miss, as an import of them does."""
    code = (
        "import importlib, sys, pycalibra\n"
        f"name = 'pycalibra.{name}'\n"
        "assert name not in sys.modules\n"
        "try:\n"
        f"    found = pycalibra.{name}\n"
        "except ImportError as error:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ImportError as same:\n"
        "        assert str(error) == str(same), (error, same)\n"
        "    else:\n"
        "        raise\n"
        "else:\n"
        "    assert found is sys.modules[name]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_package_lists():
    code = (
        "import pydoc, sys, pycalibra\n"
        "assert {'recalibration', 'netcal', 'ece', '__version__'} <= set(dir(pycalibra))\n"
        "pydoc.render_doc(pycalibra)\n"
        "assert not {'torch', 'torchmetrics'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'pycalibra' has no attribute 'eec'"):
        pycalibra.eec  # noqa: B018


def test_import_needs_numpy_alone():
    code = (
        "import sys, pycalibra; "
        "print([m for m in ('torch', 'sklearn', 'matplotlib', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
