# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Tests of calibration, and comparisons of two models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import _core
from ._checks import json_number, texts, whole
from ._inputs import IntervalOptions, core_data, core_settings


class TestResult(NamedTuple):
    """A test's statistic, and `p`: how often a calibrated model gives one like it or further out;
    NaN where the test cannot be made, which `note` says."""

    __test__ = False  # no test case of pytest

    name: str
    statistic: float
    p: float
    note: str


class Difference(NamedTuple):
    """A metric of two models: a - b with limits, and `p`: how often models that are alike differ as
    much. NaN where it is not known; `note` says why."""

    name: str
    a: float
    b: float
    difference: float
    lower: float
    upper: float
    standard_error: float
    p: float
    method: str
    note: str


class Comparison(Mapping[str, Difference]):
    """What `compare()` found: the names of metrics and their differences, read-only."""

    def __init__(self, samples: int, level: float, rows: Iterable[tuple[Any, ...]]) -> None:
        self.samples = samples
        self.level = level
        self._differences = {row[0]: Difference(*row) for row in rows}

    def __getitem__(self, name: str) -> Difference:
        return self._differences[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._differences)

    def __len__(self) -> int:
        return len(self._differences)

    def __str__(self) -> str:
        heads = ("a", "b", "a - b", "lower", "upper", "p")
        width = max([6, *map(len, self)])
        lines = [f"{self.samples} samples", "", "metric".ljust(width) + _cells(heads)]
        for d in self.values():
            numbers = (d.a, d.b, d.difference, d.lower, d.upper, d.p)
            shown = ["-" if math.isnan(x) else f"{x:.6f}" for x in numbers]
            lines.append(d.name.ljust(width) + _cells(shown))
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """As `calibra compare --format json` writes it."""
        kept = ("a", "b", "difference", "lower", "upper", "p")
        return {
            "calibra": _core.version,
            "samples": self.samples,
            "level": self.level,
            "differences": {
                d.name: {key: json_number(getattr(d, key)) for key in kept} for d in self.values()
            },
        }


def _cells(texts_of_row: Iterable[str]) -> str:
    return "".join(f"  {text:>9}" for text in texts_of_row)


def test_calibration(
    *,
    logits: Any = None,
    probabilities: Any = None,
    confidences: Any = None,
    labels: Any = None,
    hits: Any = None,
    tests: str | Iterable[str] | None = None,
    seed: int = 0,
    weights: Any = None,
    ignore_label: int | None = None,
    valid: Any = None,
    nan: str = "reject",
    renormalise: bool = False,
    class_axis: int | None = None,
    threads: int | None = None,
) -> dict[str, TestResult]:
    """Tests whether the scores are calibrated: eight tests by their names, or those of `tests`.

    Scores, labels and options as those of `evaluate()`. `seed`: of the tests that draw. Raises
    TypeError and ValueError as `evaluate()`, and ValueError for a test that is none.
    """
    where = "test_calibration()"
    data = core_data(
        where,
        logits=logits,
        probabilities=probabilities,
        confidences=confidences,
        labels=labels,
        hits=hits,
        weights=weights,
        valid=valid,
        class_axis=class_axis,
    )
    settings = core_settings(
        where, ignore_label=ignore_label, nan=nan, renormalise=renormalise, threads=threads
    )
    names = [] if tests is None else texts(where, "tests", tests)
    rows = _core.test_calibration(data, settings, names, whole(where, "seed", seed, 0))
    return {row[0]: TestResult(*row) for row in rows}


test_calibration.__test__ = False  # type: ignore[attr-defined]  # no test case of pytest


def compare(
    a: Any,
    b: Any,
    labels: Any,
    *,
    logits: bool = False,
    metrics: str | Iterable[str] | None = None,
    like: str = "calibra",
    bins: int = 15,
    scheme: str = "equal_width",
    side: str | None = None,
    edges: Sequence[float] | None = None,
    weights: Any = None,
    ignore_label: int | None = None,
    valid: Any = None,
    cluster: Any = None,
    stratum: Any = None,
    renormalise: bool = False,
    binary: str | None = None,
    class_axis: int | None = None,
    interval: IntervalOptions | None = None,
    threads: int | None = None,
) -> Comparison:
    """Compares two models on the same samples: of each metric the difference a - b, with limits
    from the same rows of both, and how often models that are alike differ as much.

    `a` and `b` are probabilities, or logits with logits=True, of one shape; `labels` and options as
    those of `evaluate()`; `interval` says how limits are made. p are not corrected for the number
    of metrics. Raises TypeError and ValueError as `evaluate()`.
    """
    where = "compare()"
    how = IntervalOptions() if interval is None else interval
    if not isinstance(how, IntervalOptions):
        raise TypeError(f"{where}: interval: expected IntervalOptions, got {type(how).__name__}")
    form = "logits" if logits else "probabilities"
    both = [
        core_data(
            where,
            **{form: scores},
            labels=labels,
            weights=weights,
            valid=valid,
            cluster=cluster,
            stratum=stratum,
            class_axis=class_axis,
        )
        for scores in (a, b)
    ]
    settings = core_settings(
        where,
        metrics=metrics,
        like=like,
        bins=bins,
        scheme=scheme,
        side=side,
        edges=edges,
        ignore_label=ignore_label,
        renormalise=renormalise,
        binary=binary,
        threads=threads,
    )
    samples, rows = _core.compare(*both, settings, how.core(where))
    return Comparison(samples, how.level, rows)
