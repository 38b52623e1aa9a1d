# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""A function for every metric, with the argument names of torchmetrics.functional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from . import _core
from ._catalogue import Metric, metrics
from ._inputs import core_data, core_settings


class MetricFunction(Protocol):
    """What every metric's function takes and gives."""

    __name__: str

    def __call__(
        self,
        preds: Any,
        target: Any,
        *,
        logits: bool = False,
        n_bins: int = 15,
        scheme: str = "equal_width",
        side: str | None = None,
        edges: Sequence[float] | None = None,
        like: str = "calibra",
        weights: Any = None,
        ignore_index: int | None = None,
        valid: Any = None,
        proximity: Any = None,
        nan: str = "reject",
        renormalise: bool = False,
        binary: str | None = None,
        class_axis: int | None = None,
        threads: int | None = None,
    ) -> float: ...


def metric_function(name: str) -> MetricFunction:
    """The function that measures the metric of that name."""
    where = f"{name}()"

    def measure(
        preds: Any,
        target: Any,
        *,
        logits: bool = False,
        n_bins: int = 15,
        scheme: str = "equal_width",
        side: str | None = None,
        edges: Sequence[float] | None = None,
        like: str = "calibra",
        weights: Any = None,
        ignore_index: int | None = None,
        valid: Any = None,
        proximity: Any = None,
        nan: str = "reject",
        renormalise: bool = False,
        binary: str | None = None,
        class_axis: int | None = None,
        threads: int | None = None,
    ) -> float:
        if preds is None or target is None:
            raise TypeError(f"{where}: expected preds and target, got None")
        data = core_data(
            where,
            **{"logits" if logits else "probabilities": preds},
            labels=target,
            weights=weights,
            valid=valid,
            proximity=proximity,
            class_axis=class_axis,
        )
        settings = core_settings(
            where,
            metrics=name,
            like=like,
            bins=n_bins,
            scheme=scheme,
            side=side,
            edges=edges,
            ignore_label=ignore_index,
            nan=nan,
            renormalise=renormalise,
            binary=binary,
            threads=threads,
        )
        _, value, _ = _core.evaluate(data, settings).metrics[0]
        return value

    measure.__name__ = measure.__qualname__ = name
    measure.__module__ = "pycalibra"
    measure.__doc__ = _described(metrics[name])
    return measure


def _described(metric: Metric) -> str:
    about = [metric.formula]
    if metric.note:
        about.append(metric.note)
    about.append(f"Range:   {metric.range}; better: {metric.better}.")
    about.append(f"Weights: {metric.weights}.")
    about.append(f"Source:  {metric.source}.")
    about.append(
        "preds are probabilities, or logits with logits=True: N x K with target N, whole numbers\n"
        "from 0; or N numbers, P(y = 1) or its logit, with 0 and 1. n_bins: bins of [0, 1].\n"
        "ignore_index: samples with this label are left out. The other arguments, and errors, are\n"
        "those of evaluate(). NaN where the metric is undefined."
    )
    return "\n\n".join(about)
