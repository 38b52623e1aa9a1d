# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Confidence calibration of classifiers: measures it.

`evaluate()` measures scores and labels by any number of metrics at once.
"""

from __future__ import annotations

from ._catalogue import Convention, Metric, conventions, metrics
from ._core import version as __version__
from ._evaluate import Bin, Evaluation, Interval, evaluate
from ._inputs import IntervalOptions

__all__ = [
    "Bin",
    "Convention",
    "Evaluation",
    "Interval",
    "IntervalOptions",
    "Metric",
    "__version__",
    "conventions",
    "evaluate",
    "metrics",
]
