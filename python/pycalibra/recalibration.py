# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Recalibrators as estimators with the interface of scikit-learn, which they do not need.

Each is fitted to held-out scores and labels, and then makes scores into better probabilities:
`TemperatureScaling(logits=True).fit(z, y).predict_proba(z_test)`. `methods` lists what there is.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from . import _core
from ._arrays import core_array, optional_core_array
from ._checks import text, whole
from ._inputs import core_settings

R = TypeVar("R", bound="Recalibrator")


class Method(NamedTuple):
    """What is known of a method: what becomes of a score, what its report counts, what it keeps.

    `takes` is "classes", "binary" or "any": whether it is fitted to samples x classes, to one
    number a sample, or to both; of samples x classes one of binary scores is fitted to every class
    against the rest. `proximity`: whether it takes a proximity a sample. `options` are those of the
    method, with their values by default.
    """

    name: str
    map: str
    objective: str
    keeps: str
    source: str
    takes: str
    proximity: bool
    options: dict[str, Any]


class FitReport(NamedTuple):
    """How a fit went.

    `converged`: the optimum was found; else `note` says what the recalibrator is instead of one.
    `objective_before` and `objective_after`: what the method minimises, of the scores as they came
    and recalibrated. `gradient`: its largest derivative at the end, NaN for methods in closed form.
    `iterations`, `passes`, `partial_passes`: what it took. `fitted_on`: the kind of scores.
    """

    converged: bool
    objective_before: float
    objective_after: float
    gradient: float
    iterations: int
    passes: int
    partial_passes: float
    note: str
    fitted_on: str | None


class Candidate(NamedTuple):
    """A method that `Auto` looked at: its mean negative log-likelihood over samples that it was not
    fitted to, the difference from the best one's, and the standard error of the difference."""

    name: str
    score: float
    difference: float
    error: float


class Choice(NamedTuple):
    """What `Auto` chose: the simplest method within one standard error of the best."""

    chosen: str
    best: str
    candidates: list[Candidate]


#: Every method by its name, in the order of documents.
methods: Mapping[str, Method] = MappingProxyType(
    {info["name"]: Method(**info) for info in _core.method_infos()}
)


class NotFittedError(ValueError, AttributeError):
    """Raised where an estimator is used before it was fitted."""


class Recalibrator:
    """What the estimators of this module share; it is not made itself.

    Scores are probabilities, or logits with logits=True: N x K, a column a class, or N numbers,
    P(y = 1) or its logit. Of N x 2 scores, methods of binary scores and `Auto` take P(y = 1): the
    second column, or of logits the second less the first. Arrays are whatever `evaluate()` takes.

    logits: whether scores are logits.
    classes: the labels in the order of the columns; None: labels are whole numbers from 0, or K
        names, which the columns have in alphabetical order.
    renormalise: divide rows of probabilities by their sum instead of rejecting them.
    nan: "reject" raises for scores that are NaN; "count" leaves such rows out of the fit, and makes
        them rows of NaN.
    threads: None: one a core. Results do not depend on it beyond 1e-12.

    After `fit()`: `classes_`, the labels in the order of the columns; `n_features_in_`, how many
    columns scores have. Raises TypeError for arguments of wrong types, and ValueError, naming the
    row, for shapes, values and options.
    """

    method: ClassVar[str] = ""
    _defaults: ClassVar[dict[str, Any]] = {
        "logits": False,
        "classes": None,
        "renormalise": False,
        "nan": "reject",
        "threads": None,
    }
    _estimator_type = "classifier"

    def __init__(self, **parameters: Any) -> None:
        if not self.method:
            raise TypeError("Recalibrator(): expected one of the classes that are derived from it")
        for name in parameters:
            if name not in self._defaults:
                raise TypeError(f"{type(self).__name__}(): there is no argument {name!r}")
        for name, default in self._defaults.items():
            setattr(self, name, parameters.get(name, default))

    def fit(self: R, X: Any, y: Any, sample_weight: Any = None) -> R:
        """Fits to scores X and labels y, N of them, with a weight each; returns itself.

        Samples of weight 0 do not count. Raises ValueError where none is left.
        """
        return self._fit(X, y, sample_weight)

    def recalibrate(self, X: Any) -> np.ndarray:
        """The recalibrated probabilities in the shape of the scores: N x K, or N P(y = 1). They are
        computed in double, and float32 of scores of up to 32 bits."""
        return self._mapped("recalibrate", X)

    def recalibrate_logits(self, X: Any) -> np.ndarray:
        """Logits whose softmax, or sigmoid, `recalibrate()` gives."""
        return self._mapped("recalibrate_logits", X, as_logits=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The recalibrated probabilities, a column a class: N x K, or N x 2 of one number a
        sample."""
        return _with_both_columns(self._mapped("predict_proba", X))

    def predict(self, X: Any) -> np.ndarray:
        """The label of the largest recalibrated probability, of equal ones the first."""
        return self._labels_of(self._mapped("predict", X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of the labels y that `predict()` says, weighted."""
        return float(np.average(self.predict(X) == np.ravel(y), weights=sample_weight))

    @property
    def report_(self) -> FitReport:
        """How the fit went."""
        return FitReport(**self._fitted("report_").report)

    @property
    def parameters_(self) -> dict[str, Any]:
        """The numbers of the fitted map by their names; "parts" are those that it is made of."""
        return self._fitted("parameters_").parameters

    def to_json(self) -> str:
        """The document that `calibra fit` writes and `calibra apply` reads: every double with all
        its bits. It has no names of classes; pickle keeps these."""
        return self._fitted("to_json()").json()

    @classmethod
    def from_json(cls: type[R], document: str, logits: bool | None = None) -> R:
        """The estimator of a document: of the class that this is called on, or, on Recalibrator,
        of the one that it is. logits: None: as it was fitted on. Raises ValueError for another
        text, also for the name of a file."""
        where = f"{cls.__name__}.from_json()"
        if isinstance(document, os.PathLike):
            raise TypeError(_file_name(where, document))
        try:
            model = _core.model_from_json(where, text(where, "document", document))
        except ValueError as error:
            if "which looks like the name of a file" not in str(error):
                raise
            raise ValueError(_file_name(where, document)) from None
        made: Any = cls
        if cls is Recalibrator:
            made = next((e for e in _estimators if e.method == model.method), None)
        if made is None or made.method not in (model.method, "auto"):
            raise ValueError(f"{where}: expected {cls.method or 'a method'}, got {model.method}")
        kind = model.report["fitted_on"] or ""
        estimator = made(logits=kind.endswith("logits") if logits is None else logits)
        estimator._model = model
        k = 2 if kind.startswith("binary") else model.classes
        if k:
            estimator.classes_ = np.arange(k)
        return estimator

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {name: getattr(self, name) for name in self._defaults}

    def set_params(self: R, **parameters: Any) -> R:
        """Changes arguments; returns itself. Raises ValueError for one that there is not."""
        for name, value in parameters.items():
            if name not in self._defaults:
                raise ValueError(
                    f"{self._where('set_params')}: expected one of {', '.join(self._defaults)}; "
                    f"got {name!r}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = [
            f"{name}={getattr(self, name)!r}"
            for name, default in self._defaults.items()
            if repr(getattr(self, name)) != repr(default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(allow_nan=self.nan == "count"),
        )

    def _where(self, function: str) -> str:
        return f"{type(self).__name__}.{function}()"

    def _fitted(self, what: str) -> _core.Model:
        if not hasattr(self, "_model"):
            # scikit-learn's exception where it is loaded.
            error = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", NotFittedError)
            raise error(f"{type(self).__name__}.{what}: expected fit() before")
        return self._model

    def _settings(self, where: str) -> _core.Settings:
        return core_settings(
            where, renormalise=self.renormalise, nan=self.nan, threads=self.threads
        )

    def _fit(self: R, X: Any, y: Any, sample_weight: Any, proximity: Any = None) -> R:
        where = self._where("fit")
        settings = self._settings(where)
        scores = _Scores(where, X, self.logits)
        if scores.columns == 2 and self._prefers_binary():
            scores.take_second(settings)
        labels, classes = _encoded(where, y, max(2, scores.columns), self.classes)
        data = scores.data(
            labels=core_array(where, "y", labels),
            weights=optional_core_array(where, "sample_weight", sample_weight),
            proximity=optional_core_array(where, "proximity", proximity),
        )
        named = methods[self.method].options if self.method in methods else ()
        options = [(name, _option_text(where, name, getattr(self, name))) for name in named]
        folds = whole(where, "folds", self.folds, 2) if self.method == "auto" else 2
        model, choice = _core.fit_model(data, settings, self.method, options, folds)
        self._model, self._choice = model, choice
        self.classes_, self.n_features_in_ = classes, scores.given_columns
        return self

    def _prefers_binary(self) -> bool:
        return self.method == "auto" or methods[self.method].takes == "binary"

    def _data(self, where: str, X: Any, settings: _core.Settings, proximity: Any) -> _core.Data:
        """X as the model takes it."""
        scores = _Scores(where, X, self.logits)
        expected = getattr(self, "n_features_in_", scores.given_columns)
        if scores.given_columns != expected:
            raise ValueError(
                f"{where}: X has {scores.given_columns} features, but {type(self).__name__} is "
                f"expecting {expected} features as input, a column a class"
            )
        kind = self._model.report["fitted_on"] or ""
        if scores.columns == 2 and kind.startswith("binary"):
            scores.take_second(settings)
        return scores.data(proximity=optional_core_array(where, "proximity", proximity))

    def _mapped(
        self, function: str, X: Any, proximity: Any = None, *, as_logits: bool = False
    ) -> np.ndarray:
        model, where = self._fitted(f"{function}()"), self._where(function)
        settings = self._settings(where)
        return model.transform(self._data(where, X, settings, proximity), settings, as_logits)

    def _labels_of(self, probabilities: np.ndarray) -> np.ndarray:
        predicted = _with_both_columns(probabilities).argmax(axis=1)
        return self.classes_[predicted] if hasattr(self, "classes_") else predicted


class _WithProximity(Recalibrator):
    """An estimator of scores with a proximity a sample: how close it lies to others, a number that
    is larger where it lies closer."""

    def fit(self: R, X: Any, y: Any, proximity: Any = None, sample_weight: Any = None) -> R:
        """Fits to scores X, labels y and proximities, N of each, with a weight each; returns
        itself. Samples of weight 0 do not count. Raises ValueError where none is left."""
        return self._fit(X, y, sample_weight, proximity)

    def recalibrate(self, X: Any, proximity: Any = None) -> np.ndarray:
        """The recalibrated probabilities of scores with proximities, in the shape of the scores."""
        return self._mapped("recalibrate", X, proximity)

    def recalibrate_logits(self, X: Any, proximity: Any = None) -> np.ndarray:
        """Logits whose softmax, or sigmoid, `recalibrate()` gives."""
        return self._mapped("recalibrate_logits", X, proximity, as_logits=True)

    def predict_proba(self, X: Any, proximity: Any = None) -> np.ndarray:
        """The recalibrated probabilities of scores with proximities, a column a class."""
        return _with_both_columns(self._mapped("predict_proba", X, proximity))

    def predict(self, X: Any, proximity: Any = None) -> np.ndarray:
        """The label of the largest recalibrated probability, of equal ones the first."""
        return self._labels_of(self._mapped("predict", X, proximity))

    def score(self, X: Any, y: Any, proximity: Any = None, sample_weight: Any = None) -> float:
        """The share of the labels y that `predict()` says, weighted."""
        hits = self.predict(X, proximity) == np.ravel(y)
        return float(np.average(hits, weights=sample_weight))


class _Scores:
    """Scores that an estimator was given: samples x classes, or one number a sample."""

    def __init__(self, where: str, X: Any, logits: bool) -> None:
        self._where = where
        self._form = "logits" if logits else "probabilities"
        self._array = core_array(where, "X", X, scores=True)
        shape = self._array.shape
        self.columns = self.given_columns = shape[1] if len(shape) == 2 else 1

    def take_second(self, settings: _core.Settings) -> None:
        """Makes two columns into P(y = 1), or its logit."""
        self._array = core_array(self._where, "X", _core.binary_scores(self.data(), settings))
        self.columns = 1

    def data(
        self,
        labels: _core.Array | None = None,
        weights: _core.Array | None = None,
        proximity: _core.Array | None = None,
    ) -> _core.Data:
        return _core.Data(
            self._where, self._form, self._array, labels, weights=weights, proximity=proximity
        )


def _with_both_columns(p: np.ndarray) -> np.ndarray:
    return np.stack([1 - p, p], axis=1) if p.ndim == 1 else p


def _file_name(where: str, document: Any) -> str:
    return (
        f"{where}: document: expected the text of a document, got the name of a file; "
        f"pathlib.Path({str(document)!r}).read_text() reads that"
    )


def _option_text(where: str, name: str, x: Any) -> str:
    if isinstance(x, (bool, np.bool_)):
        return "true" if x else "false"
    if isinstance(x, str):
        return x
    if isinstance(x, (int, float, np.integer, np.floating)):
        return repr(x.item() if isinstance(x, np.generic) else x)
    raise TypeError(f"{where}: {name}: expected a number, a bool or a str, got {type(x).__name__}")


def _encoded(where: str, y: Any, k: int, classes: Any) -> tuple[Any, np.ndarray]:
    """Labels as numbers of columns, and the label of each column."""
    labels = _names(y)
    if labels is None:
        if classes is None:
            return y, np.arange(k)
        labels = np.asarray(y)
    try:
        found, order = np.unique(labels, return_inverse=True)
    except TypeError:
        raise TypeError(f"{where}: y: expected names, or numbers, got some of both") from None
    columns = found if classes is None else np.asarray(classes)
    if len(columns) != k:
        raise ValueError(f"{where}: y: expected {k} classes, one a column, got {len(columns)}")
    place = {label: i for i, label in enumerate(columns.tolist())}
    for label in found.tolist():
        if label not in place:
            raise ValueError(f"{where}: y: expected labels out of classes, got {label!r}")
    places = np.array([place[label] for label in found.tolist()], dtype=np.int64)
    return places[order.reshape(labels.shape)], columns


def _names(y: Any) -> np.ndarray | None:
    """Labels that are names; None for numbers and for what is no array."""
    if hasattr(y, "__dlpack__") and not isinstance(y, np.ndarray):
        return None
    try:
        labels = np.asarray(y)
    except ValueError:
        return None
    return labels if labels.ndim and labels.dtype.kind in "OUS" else None


def _estimator(name: str, method: str) -> Any:
    """The class of that name that fits a method."""
    known = methods[method]
    base = _WithProximity if known.proximity else Recalibrator
    about = [
        f"{known.map}.",
        f"Keeps {known.keeps}; its report counts {known.objective}.",
        f"Source: {known.source}.",
        _taken(known),
        "The other arguments, shapes and errors are those of Recalibrator.",
    ]
    return _class(name, method, base, dict(known.options), "\n\n".join(filter(None, about)))


def _taken(known: Method) -> str:
    if known.takes == "binary":
        return (
            "Of N numbers, or N x 2 scores, one map of P(y = 1); of more columns one a class against\n"
            "the rest, whose probabilities are divided by their sum."
        )
    return "" if known.takes == "any" else "Takes N x K scores."


def _class(name: str, method: str, base: Any, options: dict[str, Any], about: str) -> Any:
    defaults = {**Recalibrator._defaults, **options}

    def __init__(self: Any, **parameters: Any) -> None:
        base.__init__(self, **parameters)

    keyword = inspect.Parameter.KEYWORD_ONLY
    arguments = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    arguments += [inspect.Parameter(n, keyword, default=x) for n, x in defaults.items()]
    __init__.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    members = {
        "__doc__": about,
        "__init__": __init__,
        "__module__": __name__,
        "_defaults": defaults,
        "method": method,
    }
    return type(name, (base,), members)


TemperatureScaling = _estimator("TemperatureScaling", "temperature")
ClasswiseTemperature = _estimator("ClasswiseTemperature", "classwise_temperature")
OrderPreserving = _estimator("OrderPreserving", "order_preserving")
ETS = _estimator("ETS", "ets")
IRM = _estimator("IRM", "irm")
VectorScaling = _estimator("VectorScaling", "vector")
SVS = _estimator("SVS", "svs")
SMS = _estimator("SMS", "sms")
MatrixScaling = _estimator("MatrixScaling", "matrix")
Dirichlet = _estimator("Dirichlet", "dirichlet")
Affine = _estimator("Affine", "affine")
Quadratic = _estimator("Quadratic", "quadratic")
Beta = _estimator("Beta", "beta")
Isotonic = _estimator("Isotonic", "isotonic")
MixedIsotonic = _estimator("MixedIsotonic", "mixed_isotonic")
CentredIsotonic = _estimator("CentredIsotonic", "centred_isotonic")
CrossVennAbers = _estimator("CrossVennAbers", "cross_venn_abers")
HistogramWidth = _estimator("HistogramWidth", "histogram_width")
HistogramMass = _estimator("HistogramMass", "histogram_mass")
BBQ = _estimator("BBQ", "bbq")
ScalingBinning = _estimator("ScalingBinning", "scaling_binning")
Spline = _estimator("Spline", "spline")
ProcalDensityRatio = _estimator("ProcalDensityRatio", "procal_density_ratio")
ProcalBinMeanShift = _estimator("ProcalBinMeanShift", "procal_bin_mean_shift")
_Auto = _class("Auto", "auto", Recalibrator, {"folds": 5}, "")
_VennAbers = _estimator("VennAbers", "venn_abers")
_DAC = _estimator("DAC", "dac")


class VennAbers(_VennAbers):
    __doc__ = _VennAbers.__doc__

    def predict_bounds(self, X: Any) -> np.ndarray:
        """[p0, p1] of each sample, N x 2: what isotonic regression says where the sample's outcome
        is 0, and where it is 1. Of N x K scores with K > 2, those of each class against the rest,
        N x K x 2, in double."""
        model, where = self._fitted("predict_bounds()"), self._where("predict_bounds")
        settings = self._settings(where)
        return model.venn_abers_bounds(self._data(where, X, settings, None), settings)


class DAC(_DAC):
    __doc__ = f"""{_DAC.__doc__}

    It is made by `from_features()`, and not fitted."""

    def fit(self: R, X: Any, y: Any, sample_weight: Any = None) -> R:
        """Raises ValueError: expected from_features()."""
        raise ValueError(f"{self._where('fit')}: made of text features; expected from_features()")

    def from_features(
        self: R, base_zero_shot: Any, base_tuned: Any, test_zero_shot: Any, test_tuned: Any
    ) -> R:
        """Takes text features, a row a class: of the base classes and of those to predict, before
        and after tuning; returns itself. Raises ValueError for shapes that do not match."""
        where = self._where("from_features")
        features = {
            "base_zero_shot": base_zero_shot,
            "base_tuned": base_tuned,
            "test_zero_shot": test_zero_shot,
            "test_tuned": test_tuned,
        }
        arrays = [core_array(where, name, x, scores=True) for name, x in features.items()]
        options = methods["dac"].options
        named = [(name, _option_text(where, name, getattr(self, name))) for name in options]
        self._model = _core.model_of_features(where, arrays, named)
        self.n_features_in_ = self._model.classes
        self.classes_ = np.arange(self.n_features_in_)
        return self


class Auto(_Auto):
    """The simplest method that cannot be told from the best.

    Methods are compared by their negative log-likelihood over `folds` parts of the samples, each
    fitted to the other parts; taken is the simplest within one standard error of the best. Of N x K
    scores these are temperature, ets, svs, vector and, where there are no fewer than K (K + 1)
    samples, sms; of P(y = 1) temperature, affine, beta, quadratic, mixed_isotonic and venn_abers.

    Source: the rule of one standard error: Breiman et al. 1984, section 3.4.3.

    The other arguments, shapes and errors are those of Recalibrator.
    """

    @property
    def choice_(self) -> Choice:
        """What was chosen, and what it was compared with."""
        self._fitted("choice_")
        found = self._choice
        scores = [Candidate(*row) for row in found["scores"]]
        return Choice(found["chosen"], found["best"], scores)


_estimators: tuple[Any, ...] = (
    TemperatureScaling,
    ClasswiseTemperature,
    OrderPreserving,
    ETS,
    IRM,
    VectorScaling,
    SVS,
    SMS,
    MatrixScaling,
    Dirichlet,
    Affine,
    Quadratic,
    Beta,
    Isotonic,
    MixedIsotonic,
    CentredIsotonic,
    VennAbers,
    CrossVennAbers,
    HistogramWidth,
    HistogramMass,
    BBQ,
    ScalingBinning,
    Spline,
    DAC,
    ProcalDensityRatio,
    ProcalBinMeanShift,
)

__all__ = [
    "Auto",
    "Candidate",
    "Choice",
    "FitReport",
    "Method",
    "NotFittedError",
    "Recalibrator",
    "methods",
    *(e.__name__ for e in _estimators),
]
