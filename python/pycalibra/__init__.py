# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Confidence calibration of classifiers: measures it, repairs it.

`evaluate()` measures scores and labels by any number of metrics at once; every metric has a function
of its name; `Calibration` takes batches. `test_calibration()` and `compare()` judge
models; `reliability_diagram()` and others draw, `report()` says it all on a page; `metrics` and
`conventions()` list what there is.
`pycalibra.recalibration` repairs, `pycalibra.netcal` and `pycalibra.torchmetrics` have the shapes of
those packages, `pycalibra.torch` is for training loops. Each of these is imported where it is first
used.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from ._calibration import Calibration
from ._catalogue import Convention, Metric, conventions, metrics
from ._core import version as __version__
from ._diagnostics import Comparison, Difference, TestResult, compare, test_calibration
from ._diagrams import (
    Diagram,
    classwise_diagram,
    corp_diagram,
    cumulative_diagram,
    group_diagram,
    reliability_diagram,
    reliability_diagrams,
    reliability_lines,
    risk_coverage_diagram,
    smooth_diagram,
)
from ._evaluate import Bin, Evaluation, Group, Groups, Interval, evaluate
from ._functions import metric_function as _function
from ._inputs import IntervalOptions
from ._report import Report, report

if TYPE_CHECKING:
    from . import netcal, recalibration, torch, torchmetrics
else:

    def __getattr__(name):
        if name in ("netcal", "recalibration", "torch", "torchmetrics"):
            return _import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Without those that need a package of their own: help() imports all that is listed.
    return sorted({*globals(), "netcal", "recalibration"})


accuracy = _function("accuracy")
confidence = _function("confidence")
nll = _function("nll")
brier = _function("brier")
brier_top = _function("brier_top")
brier_reliability = _function("brier_reliability")
brier_resolution = _function("brier_resolution")
brier_uncertainty = _function("brier_uncertainty")
ece = _function("ece")
overconfidence = _function("overconfidence")
underconfidence = _function("underconfidence")
mce = _function("mce")
weighted_mce = _function("weighted_mce")
rmsce = _function("rmsce")
debiased_l2 = _function("debiased_l2")
mean_gap = _function("mean_gap")
ace = _function("ace")
classwise_ece = _function("classwise_ece")
classwise_mce = _function("classwise_mce")
classwise_rmsce = _function("classwise_rmsce")
classwise_debiased_l2 = _function("classwise_debiased_l2")
classwise_ace = _function("classwise_ace")
tace = _function("tace")
pooled_ece = _function("pooled_ece")
sweep_ece = _function("sweep_ece")
smooth_ece = _function("smooth_ece")
ks_error = _function("ks_error")
mmce = _function("mmce")
piece = _function("piece")
aurc = _function("aurc")
e_aurc = _function("e_aurc")
augrc = _function("augrc")
auroc = _function("auroc")

__all__ = [
    "Bin",
    "Calibration",
    "Comparison",
    "Convention",
    "Diagram",
    "Difference",
    "Evaluation",
    "Group",
    "Groups",
    "Interval",
    "IntervalOptions",
    "Metric",
    "Report",
    "TestResult",
    "__version__",
    "classwise_diagram",
    "compare",
    "conventions",
    "corp_diagram",
    "cumulative_diagram",
    "evaluate",
    "group_diagram",
    "metrics",
    "reliability_diagram",
    "reliability_diagrams",
    "reliability_lines",
    "report",
    "risk_coverage_diagram",
    "smooth_diagram",
    "test_calibration",
    *metrics,
]
