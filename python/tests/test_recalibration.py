# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Recalibrators against calculations of NumPy, and as estimators."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pycalibra import recalibration
from pycalibra.recalibration import Recalibrator, methods

ESTIMATORS = [
    e
    for e in (getattr(recalibration, n) for n in recalibration.__all__)
    if hasattr(e, "method") and e is not Recalibrator
]
FITTED = [e for e in ESTIMATORS if e.method != "dac" and not e.method.startswith("procal")]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def some_logits(rng, n=400, k=4):
    """Logits, and labels drawn of them at temperature 2."""
    z = 3 * rng.normal(size=(n, k))
    y = np.array([rng.choice(k, p=p) for p in softmax(z / 2)])
    return z, y


def pooled(x, y):
    """Isotonic regression of sorted numbers, by pooling what is out of order until nothing is."""
    blocks = [[x_i, y_i, 1] for x_i, y_i in sorted(zip(x, y))]
    i = 0
    while i + 1 < len(blocks):
        if blocks[i][1] >= blocks[i + 1][1]:
            (first, a, n), (_, b, m) = blocks[i], blocks.pop(i + 1)
            blocks[i] = [first, (a * n + b * m) / (n + m), n + m]
            i = max(i - 1, 0)
        else:
            i += 1
    return blocks


def test_every_method_has_an_estimator():
    assert {e.method for e in ESTIMATORS} == {*methods, "auto"}
    for estimator in ESTIMATORS:
        assert estimator.__name__ in recalibration.__all__
        arguments = inspect.signature(estimator).parameters
        assert all(a.kind is a.KEYWORD_ONLY for a in arguments.values())
        assert {name: a.default for name, a in arguments.items()} == estimator().get_params()
        if estimator.method != "auto":
            known = methods[estimator.method]
            assert known.map in estimator.__doc__ and known.source in estimator.__doc__
            assert set(known.options) <= set(arguments)


def test_temperature_is_the_most_likely(rng):
    z, y = some_logits(rng)
    made = recalibration.TemperatureScaling(logits=True).fit(z, y)
    t = made.parameters_["temperature"]

    def nll(temperature):
        return -np.log(softmax(z / temperature)[np.arange(len(y)), y]).mean()

    assert 1.5 < t < 2.6
    assert nll(t) < min(nll(t * 0.999), nll(t * 1.001))
    assert made.report_.converged and made.report_.fitted_on == "logits"
    assert made.report_.objective_before == pytest.approx(nll(1), rel=1e-12)
    assert made.report_.objective_after == pytest.approx(nll(t), rel=1e-12)
    np.testing.assert_allclose(made.predict_proba(z), softmax(z / t), rtol=1e-12)
    np.testing.assert_allclose(made.recalibrate_logits(z), z / t, rtol=1e-14)
    assert (made.predict(z) == z.argmax(axis=1)).all()
    assert made.score(z, y) == (z.argmax(axis=1) == y).mean()


def test_isotonic_regression(rng):
    p = rng.permutation(np.linspace(0.01, 0.99, 60))
    y = (rng.uniform(size=60) < p**2).astype(int)
    made = recalibration.Isotonic().fit(p, y)
    blocks = pooled(p, y)
    starts = np.array([b[0] for b in blocks])
    expected = np.array([b[1] for b in blocks])[np.searchsorted(starts, p, side="right") - 1]
    np.testing.assert_allclose(made.recalibrate(p), expected, atol=1e-14)
    both = made.predict_proba(p)
    np.testing.assert_allclose(both, np.stack([1 - expected, expected], axis=1), atol=1e-14)


def test_bounds_of_venn_abers(rng):
    p = rng.permutation(np.linspace(0.02, 0.98, 25))
    y = (rng.uniform(size=25) < p).astype(int)
    made = recalibration.VennAbers().fit(p, y)
    test = rng.uniform(size=20)
    bounds = made.predict_bounds(test)

    def with_one_more(x, outcome):
        blocks = pooled([*p, x], [*y, outcome])
        return [b[1] for b in blocks if b[0] <= x][-1]

    for x, (p0, p1), q in zip(test, bounds, made.recalibrate(test)):
        assert p0 == pytest.approx(with_one_more(x, 0), abs=1e-14)
        assert p1 == pytest.approx(with_one_more(x, 1), abs=1e-14)
        assert q == pytest.approx(p1 / (1 - p0 + p1), abs=1e-14)


def test_bounds_of_venn_abers_of_classes(rng):
    z, y = some_logits(rng, k=3)
    made = recalibration.VennAbers(logits=True).fit(z, y)
    bounds = made.predict_bounds(z)
    assert bounds.shape == (400, 3, 2) and (bounds[..., 0] < bounds[..., 1]).all()
    merged = bounds[..., 1] / (1 - bounds[..., 0] + bounds[..., 1])
    np.testing.assert_allclose(
        made.predict_proba(z), merged / merged.sum(axis=1, keepdims=True), rtol=1e-14
    )
    for k in range(3):
        alone = recalibration.VennAbers().fit(softmax(z)[:, k], (y == k).astype(int))
        np.testing.assert_allclose(alone.predict_bounds(softmax(z)[:, k]), bounds[:, k], atol=1e-12)


@pytest.mark.parametrize(
    "estimator",
    [e for e in ESTIMATORS if getattr(methods.get(e.method), "takes", "binary") == "binary"],
)
def test_two_columns_are_one_number(rng, estimator):
    z = rng.normal(size=(200, 2))
    y = (rng.uniform(size=200) < sigmoid(2 * (z[:, 1] - z[:, 0]))).astype(int)
    two = estimator(logits=True).fit(z, y)
    one = estimator(logits=True).fit(z[:, 1] - z[:, 0], y)
    assert two.to_json() == one.to_json()
    assert (two.predict_proba(z) == one.predict_proba(z[:, 1] - z[:, 0])).all()
    p = softmax(z)
    two, one = estimator().fit(p, y), estimator().fit(p[:, 1], y)
    assert two.to_json() == one.to_json()
    assert (two.predict_proba(p) == one.predict_proba(p[:, 1])).all()
    with pytest.raises(ValueError, match="row 7"):
        bad = p.copy()
        bad[7] *= 1.5
        two.fit(bad, y)


@pytest.mark.parametrize("estimator", FITTED)
def test_weights_are_repetitions(rng, estimator):
    if estimator.method in ("auto", "cross_venn_abers", "histogram_mass"):
        pytest.skip("depends on which sample is where")
    z, y = some_logits(rng, 200, 3)
    w = rng.integers(0, 4, size=200)
    weighted = estimator(logits=True).fit(z, y, sample_weight=w)
    repeated = estimator(logits=True).fit(np.repeat(z, w, axis=0), np.repeat(y, w))
    difference = np.abs(weighted.predict_proba(z) - repeated.predict_proba(z))
    assert difference.max() < 1e-5
    assert (
        np.abs(estimator(logits=True).fit(z, y).predict_proba(z) - weighted.predict_proba(z)).max()
        > 1e-4
    )


@pytest.mark.parametrize("estimator", FITTED)
def test_copies_are_equal(rng, estimator):
    z, y = some_logits(rng, 150, 3)
    made = estimator(logits=True).fit(z, y)
    p = made.predict_proba(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    again = [
        pickle.loads(pickle.dumps(made)),
        copy.deepcopy(made),
        estimator.from_json(made.to_json()),
        type(made).from_json(made.to_json()),
    ]
    if estimator is not recalibration.Auto:
        again.append(Recalibrator.from_json(made.to_json()))
    for one in again:
        assert type(one) is estimator and one.get_params() == made.get_params()
        assert one.to_json() == made.to_json()
        assert one.predict_proba(z).tobytes() == p.tobytes()


def test_arguments():
    made = recalibration.HistogramMass(bins=20, logits=True)
    assert repr(made) == "HistogramMass(logits=True, bins=20)"
    assert made.get_params()["bins"] == 20
    assert made.set_params(bins=7) is made and made.bins == 7
    with pytest.raises(ValueError, match=r"set_params\(\): expected one of .*bins; got 'bin'"):
        made.set_params(bin=7)
    with pytest.raises(TypeError, match="no argument 'bin'"):
        recalibration.HistogramMass(bin=7)
    with pytest.raises(TypeError, match="derived from it"):
        Recalibrator()


def test_labels(rng):
    z, y = some_logits(rng, 100, 3)
    numbers = recalibration.SVS(logits=True).fit(z, y)
    assert (numbers.classes_ == [0, 1, 2]).all()
    names = np.array(["ant", "bee", "cat"])
    for given in (names[y], names[y].tolist(), names[y].astype(object)):
        named = recalibration.SVS(logits=True).fit(z, given)
        assert named.to_json() == numbers.to_json()
        assert (named.classes_ == names).all()
        assert (named.predict(z) == names[numbers.predict(z)]).all()
        assert named.score(z, given) == numbers.score(z, y)
    order = recalibration.SVS(logits=True, classes=["cat", "bee", "ant"])
    order.fit(z[:, ::-1], names[y])
    np.testing.assert_allclose(
        order.predict_proba(z[:, ::-1])[:, ::-1], named.predict_proba(z), rtol=1e-6
    )
    shifted = recalibration.SVS(logits=True, classes=[10, 20, 30]).fit(z, 10 * (y + 1))
    assert shifted.to_json() == numbers.to_json()
    with pytest.raises(ValueError, match="expected 3 classes, one a column, got 2"):
        recalibration.SVS(logits=True).fit(z, names[y % 2])
    with pytest.raises(ValueError, match="expected labels out of classes, got 40"):
        recalibration.SVS(logits=True, classes=[10, 20, 30]).fit(z, 10 * (y + 2))


@pytest.mark.parametrize("method", list(methods))
def test_kinds_of_arrays(rng, method):
    estimator = next(e for e in ESTIMATORS if e.method == method)
    if method == "dac" or method.startswith("procal"):
        pytest.skip("made of other arrays")
    z, y = some_logits(rng, 120, 3)
    z = z.astype(np.float32)
    expected = estimator(logits=True).fit(z, y)
    for other in (np.asfortranarray(z), np.repeat(z, 2, axis=0)[::2], z[::-1][::-1], z.tolist()):
        made = estimator(logits=True).fit(other, y.tolist())
        np.testing.assert_allclose(made.predict_proba(other), expected.predict_proba(z), rtol=2e-4)
    half = estimator(logits=True).fit(z.astype(np.float16), y).predict_proba(z.astype(np.float16))
    assert half.dtype == np.float32


def test_rows_that_are_not_numbers(rng):
    z, y = some_logits(rng, 50, 3)
    z[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"TemperatureScaling.fit\(\): .*row 3"):
        recalibration.TemperatureScaling(logits=True).fit(z, y)
    for estimator in (recalibration.TemperatureScaling, recalibration.Isotonic):
        made = estimator(logits=True, nan="count").fit(z, y)
        kept = np.arange(50) != 3
        without = estimator(logits=True).fit(z[kept], y[kept])
        p = made.predict_proba(z)
        assert np.isnan(p[3]).all()
        np.testing.assert_allclose(p[kept], without.predict_proba(z[kept]), rtol=1e-12)


def test_renormalise(rng):
    z, y = some_logits(rng, 50, 3)
    p = softmax(z)
    made = recalibration.VectorScaling(renormalise=True).fit(3 * p, y)
    plain = recalibration.VectorScaling().fit(p, y)
    np.testing.assert_allclose(made.predict_proba(3 * p), plain.predict_proba(p), rtol=1e-6)
    with pytest.raises(ValueError, match="renormalise: only for probabilities"):
        recalibration.VectorScaling(renormalise=True, logits=True).fit(p, y)


def test_auto(rng):
    z, y = some_logits(rng, 500, 3)
    made = recalibration.Auto(logits=True, folds=4).fit(z, y)
    names = [c.name for c in made.choice_.candidates]
    assert names == ["temperature", "ets", "svs", "vector", "sms"]
    assert made.choice_.chosen == "temperature"
    scores = []
    for fold in range(4):
        inside = np.arange(500) % 4 == fold
        t = recalibration.TemperatureScaling(logits=True).fit(z[~inside], y[~inside])
        p = t.predict_proba(z[inside])
        scores.append(-np.log(p[np.arange(len(p)), y[inside]]))
    assert made.choice_.candidates[0].score == pytest.approx(np.concatenate(scores).mean())
    best = min(made.choice_.candidates, key=lambda c: c.score)
    assert made.choice_.best == best.name and best.difference == 0
    assert Recalibrator.from_json(made.to_json()).method == "temperature"


def test_proximity(rng):
    z, y = some_logits(rng, 300, 3)
    d = rng.uniform(size=300)
    made = recalibration.ProcalBinMeanShift(logits=True, bins=2).fit(z, y, d)
    near = d > made.parameters_["edges"][0]
    for side in (near, ~near):
        alone = recalibration.Isotonic(logits=True).fit(z[side], y[side])
        np.testing.assert_allclose(
            made.predict_proba(z[side], d[side]), alone.predict_proba(z[side]), rtol=1e-12
        )
    assert (made.predict(z, d) == made.predict_proba(z, d).argmax(axis=1)).all()
    assert made.score(z, y, d) == (made.predict(z, d) == y).mean()
    again = pickle.loads(pickle.dumps(made))
    assert again.predict_proba(z, d).tobytes() == made.predict_proba(z, d).tobytes()
    with pytest.raises(ValueError, match="proximity: expected a number a sample"):
        made.predict_proba(z)
    with pytest.raises(ValueError, match="proximity: expected shape"):
        made.predict_proba(z, d[1:])


def test_before_it_is_fitted(rng):
    z, _ = some_logits(rng, 10, 3)
    for estimator in ESTIMATORS:
        made = estimator()
        for call in (
            lambda: made.predict_proba(z),
            lambda: made.predict(z),
            lambda: made.to_json(),
            lambda: made.report_,
        ):
            with pytest.raises(
                ValueError, match=rf"{estimator.__name__}\..*expected fit\(\) before"
            ):
                call()
    with pytest.raises(ValueError, match=r"expected from_features\(\)"):
        recalibration.DAC().fit(z, z)


def wrong(x, message, **arguments):
    return pytest.param(x, message, arguments, id=message)


@pytest.mark.parametrize(
    "error, message, arguments",
    [
        wrong(ValueError, "expected 1 or 2 dimensions", X=np.zeros((2, 3, 4))),
        wrong(ValueError, "no samples", X=np.zeros((0, 3)), y=[]),
        wrong(TypeError, "X: expected an array", X="scores"),
        wrong(TypeError, "X: expected an array", X=(row for row in [[0, 1]])),
        wrong(ValueError, "label 5 at row 1 is not in", y=[0, 5, 1, 2]),
        wrong(ValueError, "y: expected shape", y=[0, 1]),
        wrong(ValueError, "whole numbers", y=[0, 1, 0.5, 1]),
        wrong(TypeError, "y: expected", y=None),
        wrong(ValueError, "sample_weight: expected shape", sample_weight=[1.0]),
        wrong(ValueError, "weight", sample_weight=[1.0, -1.0, 1.0, 1.0]),
        wrong(ValueError, "no samples left of 4 that have a weight", sample_weight=[0.0] * 4),
        wrong(ValueError, "threads: expected a number from 1", threads=0),
        wrong(TypeError, "nan: expected a str", nan=3),
        wrong(ValueError, "nan: expected one of 'reject', 'count'", nan="drop"),
        wrong(ValueError, "max_iterations: expected a whole number", max_iterations=0.5),
        wrong(ValueError, "warm_start: expected true or false", warm_start=3),
        wrong(TypeError, "warm_start: expected a number, a bool or a str", warm_start=[True]),
    ],
)
def test_bad_input(error, message, arguments):
    given = {
        "X": [[1.0, 2, 3], [3, 2, 1], [0, 1, 0], [1, 0, 2]],
        "y": [0, 1, 2, 1],
        "sample_weight": None,
    }
    options = {name: x for name, x in arguments.items() if name not in given}
    given.update((name, x) for name, x in arguments.items() if name in given)
    made = recalibration.TemperatureScaling(logits=True, **options)
    with pytest.raises(error, match=message) as raised:
        made.fit(**given)
    assert str(raised.value).startswith("TemperatureScaling.fit(): ")


def test_scores_that_do_not_belong(rng):
    z, y = some_logits(rng, 50, 3)
    made = recalibration.SVS(logits=True).fit(z, y)
    with pytest.raises(ValueError, match=r"SVS.predict_proba\(\): X has 4 features, .*expecting 3"):
        made.predict_proba(np.zeros((5, 4)))
    other = recalibration.SVS.from_json(made.to_json())
    with pytest.raises(ValueError, match=r"SVS.predict\(\): fitted on 3 classes, got scores of 4"):
        other.predict(np.zeros((5, 4)))
    with pytest.raises(ValueError, match="fitted on logits"):
        other.set_params(logits=False).predict(softmax(z))
    with pytest.raises(ValueError, match="samples x classes"):
        recalibration.SVS(logits=True).fit(z[:, 0], (y > 0).astype(int))
    with pytest.raises(ValueError, match=r"SVS.from_json\(\): expected svs, got temperature"):
        recalibration.SVS.from_json(
            recalibration.TemperatureScaling(logits=True).fit(z, y).to_json()
        )
    for text in ("", "{}", "[1]", '{"calibra": "1", "kind": "nothing"}', made.to_json()[:-20]):
        with pytest.raises(ValueError, match=r"Recalibrator.from_json\(\)"):
            Recalibrator.from_json(text)
    with pytest.raises(TypeError, match="document: expected a str"):
        Recalibrator.from_json(b"{}")


@pytest.mark.parametrize("name", ["t.json", "/models/t.json", "models/t", "my model.json"])
def test_the_name_of_a_file_is_no_document(name):
    says = (
        rf"SVS.from_json\(\): document: expected the text .* pathlib.Path\('{name}'\).read_text\(\)"
    )
    with pytest.raises(ValueError, match=says):
        recalibration.SVS.from_json(name)
    with pytest.raises(TypeError, match=says):
        recalibration.SVS.from_json(Path(name))


def test_parameters_have_all_bits(rng):
    z, y = some_logits(rng, 80, 3)
    made = recalibration.Beta(logits=True).fit(z, y)
    parts = made.parameters_["parts"]
    assert [part["kind"] for part in parts] == ["beta"] * 3
    p = softmax(z)
    q = np.stack(
        [
            sigmoid(part["a"] * np.log(p[:, k]) - part["b"] * np.log1p(-p[:, k]) + part["c"])
            for k, part in enumerate(parts)
        ],
        axis=1,
    )
    np.testing.assert_allclose(made.predict_proba(z), q / q.sum(axis=1, keepdims=True), rtol=1e-10)
    assert math.isfinite(made.report_.objective_after)


def test_nothing_else_is_loaded():
    code = (
        "import sys, pycalibra.recalibration as r\n"
        "r.SVS(logits=True).fit([[0., 1], [1, 0], [2, 0]], [1, 0, 1]).predict([[0., 1]])\n"
        "assert not {'sklearn', 'torch', 'matplotlib', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
