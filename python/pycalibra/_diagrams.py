# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Pictures of calibration as SVG."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _core
from ._checks import text, whole
from ._evaluate import Evaluation, evaluate
from ._files import write_text
from ._inputs import IntervalOptions, core_data, core_settings


class Diagram:
    """A picture: `svg()` is its text, `save()` writes it, and a notebook shows it."""

    def __init__(self, draw: Callable[[bool], str]) -> None:
        self._draw = draw

    def svg(self, *, dark: bool = False) -> str:
        """The picture as an SVG document; `dark`: for a dark page."""
        return self._draw(bool(dark))

    def save(self, path: str | os.PathLike[str], *, dark: bool = False) -> None:
        """Writes a file whose name ends in .svg. Raises ValueError for another ending, OSError
        where it cannot be written."""
        name = os.fspath(path)
        if not name.endswith(".svg"):
            raise ValueError(
                f"Diagram.save(): path: expected a name that ends in .svg, got {name!r}"
            )
        write_text(name, self.svg(dark=dark))

    def _repr_svg_(self) -> str:
        return self.svg()


def reliability_diagram(
    *, title: str = "", interval: bool | IntervalOptions = True, **measured: Any
) -> Diagram:
    """A bar a bin: accuracy with its limits, the gap to the confidence, how many samples; ece with
    its interval and noise floor in the caption. As `calibra diagram`. The other arguments, and
    errors, are those of `evaluate()`."""
    where = "reliability_diagram()"
    found = evaluate(metrics=["ece", "accuracy"], interval=interval, **measured)
    return Diagram(lambda dark: found.svg(text(where, "title", title), dark=dark))


def _curve(kind: str, shows: str) -> Callable[..., Diagram]:
    where = f"{kind}_diagram()"

    def diagram(*, title: str = "", **measured: Any) -> Diagram:
        named = text(where, "title", title)
        picture = _core.curve_diagram(where, kind, _pairs(where, measured), named)
        return Diagram(picture.svg)

    diagram.__name__ = diagram.__qualname__ = f"{kind}_diagram"
    diagram.__module__ = "pycalibra"
    diagram.__doc__ = (
        f"{shows}\n\nScores, labels and options are those of `evaluate()`, and so are errors."
    )
    return diagram


corp_diagram = _curve(
    "corp", "Isotonic regression in place of bins, with the band of calibrated models."
)
smooth_diagram = _curve(
    "smooth",
    "A smoothed curve at the bandwidth of smooth_ece, with the band of calibrated models.",
)
cumulative_diagram = _curve(
    "cumulative", "What Kuiper's test looks at, with two standard deviations."
)


def risk_coverage_diagram(models: Mapping[str, Mapping[str, Any]], *, title: str = "") -> Diagram:
    """The error rate of the most confident samples against their share: one to four models by name,
    each with its scores, labels and options as those of `evaluate()`."""
    where = "risk_coverage_diagram()"
    _expect_mapping(where, "models", models)
    pairs = [_pairs(where, dict(measured)) for measured in models.values()]
    picture = _core.risk_coverage_diagram(where, list(models), pairs, text(where, "title", title))
    return Diagram(picture.svg)


def reliability_lines(evaluations: Mapping[str, Evaluation], *, title: str = "") -> Diagram:
    """The bins of one to four evaluations, by name, as lines in one frame."""
    where = "reliability_lines()"
    results = _results(where, evaluations)
    picture = _core.reliability_lines(
        where, list(evaluations), results, text(where, "title", title)
    )
    return Diagram(picture.svg)


def reliability_diagrams(evaluations: Mapping[str, Evaluation]) -> Diagram:
    """The reliability diagrams of one to twelve evaluations, by name, side by side."""
    where = "reliability_diagrams()"
    results = _results(where, evaluations)
    return Diagram(_core.reliability_diagrams(where, list(evaluations), results).svg)


def classwise_diagram(evaluation: Evaluation, *, most: int = 9) -> Diagram:
    """The worst classes, `most` of them, of an evaluation with per_class=True."""
    where = "classwise_diagram()"
    result = _results(where, {"": evaluation})[0]
    return Diagram(_core.classwise_diagram(where, result, whole(where, "most", most, 1)).svg)


def group_diagram(evaluation: Evaluation, *, title: str = "", most: int = 20) -> Diagram:
    """A line a group, `most` of them, of an evaluation with `by`."""
    where = "group_diagram()"
    _results(where, {"": evaluation})
    if evaluation.groups is None:
        raise ValueError(f"{where}: expected an evaluation with by=")
    report = evaluation.groups._report
    named = text(where, "title", title)
    return Diagram(_core.group_diagram(where, report, named, whole(where, "most", most, 1)).svg)


def _pairs(where: str, measured: dict[str, Any]) -> _core.Pairs:
    arrays = {name: measured.pop(name) for name in _ARRAYS if name in measured}
    return _core.pairs(core_data(where, **arrays), core_settings(where, **measured))


_ARRAYS = (
    "logits",
    "probabilities",
    "confidences",
    "labels",
    "hits",
    "weights",
    "valid",
    "class_axis",
)


def _results(where: str, evaluations: Mapping[str, Evaluation]) -> Sequence[_core.Result]:
    _expect_mapping(where, "evaluations", evaluations)
    for evaluation in evaluations.values():
        if not isinstance(evaluation, Evaluation):
            raise TypeError(
                f"{where}: expected what evaluate() gives, got {type(evaluation).__name__}"
            )
    return [evaluation._result for evaluation in evaluations.values()]


def _expect_mapping(where: str, name: str, x: Any) -> None:
    if not isinstance(x, Mapping):
        raise TypeError(f"{where}: {name}: expected a dict by name, got {type(x).__name__}")
    for key in x:
        text(where, name, key)
