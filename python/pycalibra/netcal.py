# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures with the names, arguments and definitions of netcal 1.4, which they do not need.

from pycalibra.netcal import ECE
ECE(15).measure(confidences, labels)
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from . import _core
from ._inputs import core_data, core_settings


class _Binned:
    """Measures probabilities on bins.

    bins: how many; equal_intervals: of equal width, else of equally many samples.
    """

    _metric: ClassVar[str]

    def __init__(self, bins: int = 10, equal_intervals: bool = True) -> None:
        self.bins = bins
        self.equal_intervals = equal_intervals

    def measure(self, X: Any, y: Any) -> float:
        """Measures X, N x K probabilities or N P(y = 1), and y, N labels or N x K one-hot rows.

        Raises TypeError and ValueError as `pycalibra.evaluate()`: for rows that do not sum to 1,
        and for NaN, where netcal goes on.
        """
        where = f"{type(self).__name__}.measure()"
        scheme = "equal_width" if self.equal_intervals else "equal_mass"
        return _measured(where, X, y, metrics=self._metric, bins=self.bins, scheme=scheme)


class ECE(_Binned):
    """Expected calibration error: Σ_b (n_b/N) |acc_b − conf_b|."""

    _metric = "ece"


class MCE(_Binned):
    """Maximum calibration error: max_b |acc_b − conf_b|."""

    _metric = "mce"


class ACE(_Binned):
    """Average calibration error: the mean over the bins that are not empty of |acc_b − conf_b|."""

    _metric = "ace"


class MMCE:
    """Maximum mean calibration error, a kernel's; in O(N)."""

    def measure(self, X: Any, y: Any) -> float:
        """Measures X, N x K probabilities or N P(y = 1), and y, N labels or N x K one-hot rows."""
        return _measured("MMCE.measure()", X, y, metrics="mmce")


def _measured(where: str, X: Any, y: Any, **settings: Any) -> float:
    labels = y
    if getattr(X, "ndim", 0) == 2 and getattr(y, "shape", None) == X.shape:
        labels = np.asarray(y).argmax(axis=1)
    data = core_data(where, probabilities=X, labels=labels)
    found = _core.evaluate(data, core_settings(where, like="netcal", **settings))
    return found.metrics[0][1]
