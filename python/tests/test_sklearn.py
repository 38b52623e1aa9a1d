# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Recalibrators in scikit-learn: its checks of estimators, clones, searches and pipelines."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from pycalibra import recalibration

sklearn = pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone, is_classifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_predict  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

COLUMNS = "a column a class: the check gives fewer columns than classes"
TYPE = "a TypeError here"
WORDS = "the same error in other words"
EXPECTED = {
    "check_classifier_data_not_an_array": COLUMNS,
    "check_classifiers_classes": COLUMNS,
    "check_classifiers_train": COLUMNS,
    "check_estimators_fit_returns_self": COLUMNS,
    "check_estimators_overwrite_params": COLUMNS,
    "check_fit2d_1feature": COLUMNS,
    "check_readonly_memmap_input": COLUMNS,
    "check_sample_weights_not_an_array": COLUMNS,
    "check_sample_weights_not_overwritten": COLUMNS,
    "check_sample_weights_pandas_series": COLUMNS,
    "check_sample_weights_shape": COLUMNS,
    "check_complex_data": TYPE,
    "check_dtype_object": TYPE,
    "check_requires_y_none": TYPE,
    "check_classifiers_regression_target": WORDS,
    "check_estimators_empty_data_messages": WORDS,
    "check_fit2d_predict1d": WORDS,
    "check_supervised_y_2d": "labels of N x 1 are taken without a warning",
}
OF_ONE_METHOD = {
    # They keep the prediction of the scores, whatever the labels are.
    "check_classifiers_one_label": {
        "TemperatureScaling",
        "ClasswiseTemperature",
        "OrderPreserving",
        "ETS",
        "IRM",
    },
    # Searches that end within 1e-6 of each other; and parts that depend on the number of samples.
    "check_sample_weight_equivalence_on_dense_data": {
        "VectorScaling",
        "MatrixScaling",
        "CrossVennAbers",
        "HistogramMass",
    },
}
ESTIMATORS = [
    getattr(recalibration, name)
    for name in recalibration.__all__
    if hasattr(getattr(recalibration, name), "fit") and name not in ("Recalibrator", "DAC")
]


def failures(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    passed = {r["check_name"] for r in results if r["status"] == "passed"}
    return passed, {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}


@pytest.mark.parametrize("estimator", [e for e in ESTIMATORS if "Procal" not in e.__name__])
def test_check_estimator(estimator):
    passed, failed = failures(estimator(logits=True))
    for name, why in failed.items():
        alone = OF_ONE_METHOD.get(name, ())
        assert name in EXPECTED or estimator.__name__ in alone, why
    assert {"check_estimators_pickle", "check_fit_idempotent", "check_n_features_in"} <= passed
    assert len(passed) > 35


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_clone(estimator):
    made = estimator(logits=True, threads=1)
    again = clone(made)
    assert type(again) is estimator and again.get_params() == made.get_params()
    assert is_classifier(made)


def some_classes(rng, n=300):
    y = rng.integers(0, 3, size=n)
    return rng.normal(size=(n, 4)) + np.eye(3, 4)[y] * 2, y


def test_cross_validation_and_search(rng):
    x, y = some_classes(rng)
    p = cross_val_predict(LogisticRegression(C=100), x, y, method="predict_proba", cv=3)
    made = cross_val_predict(recalibration.SVS(), p, y, method="predict_proba", cv=3)
    assert made.shape == p.shape
    search = GridSearchCV(
        recalibration.Dirichlet(), {"off_diagonal": [1e-4, 1.0]}, scoring="neg_log_loss", cv=3
    ).fit(p, y)
    assert search.best_estimator_.off_diagonal == search.best_params_["off_diagonal"]
    assert search.best_estimator_.predict_proba(p).shape == p.shape


def test_end_of_a_pipeline(rng):
    x, y = some_classes(rng)
    model = LogisticRegression().fit(x[:150], y[:150])
    names = np.array(["ant", "bee", "cat"])
    line = make_pipeline(
        FunctionTransformer(model.decision_function), recalibration.TemperatureScaling(logits=True)
    ).fit(x[150:], names[y[150:]])
    alone = recalibration.TemperatureScaling(logits=True)
    alone.fit(model.decision_function(x[150:]), y[150:])
    assert (line.predict_proba(x) == alone.predict_proba(model.decision_function(x))).all()
    assert (line.predict(x) == names[model.predict(x)]).all()
