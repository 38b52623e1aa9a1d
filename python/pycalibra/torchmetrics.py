# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""A metric for torchmetrics, whose states are sums: it needs torchmetrics, and pycalibra does not.

from pycalibra.torchmetrics import CalibrationMetric
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torchmetrics import Metric

from . import _core
from ._catalogue import metrics as all_metrics
from ._inputs import core_data, core_settings


class CalibrationMetric(Metric):
    """Metrics of calibration, of batches and of ranks: states are sums, and are reduced as such.

    The metrics are those that are made of sums over samples and bins of equal width, as ece, mce,
    rmsce, nll, brier and accuracy; their results equal those of one pass over all samples within
    1e-12. `metrics` is a name, and `compute()` gives a number; or several, and it gives a dict.
    Tensors lie on the CPU, or are a TypeError.

    logits: whether `preds` are logits. n_bins, like, side, ignore_index, nan, renormalise, binary:
    as of `pycalibra.ece()`; the rest as of torchmetrics.Metric. Raises TypeError and ValueError as
    `evaluate()`, and ValueError for metrics that need more than sums.
    """

    is_differentiable = False
    full_state_update = False

    def __init__(
        self,
        metrics: str | Iterable[str] = "ece",
        *,
        logits: bool = False,
        n_bins: int = 15,
        side: str | None = None,
        like: str = "calibra",
        ignore_index: int | None = None,
        nan: str = "reject",
        renormalise: bool = False,
        binary: str | None = None,
        threads: int | None = None,
        **of_metric: Any,
    ) -> None:
        super().__init__(**of_metric)
        self.logits = bool(logits)
        self._name = metrics if isinstance(metrics, str) else None
        self._given = {
            "metrics": metrics if isinstance(metrics, str) else list(metrics),
            "bins": n_bins,
            "side": side,
            "like": like,
            "ignore_label": ignore_index,
            "nan": nan,
            "renormalise": renormalise,
            "binary": binary,
            "threads": threads,
        }
        sums = torch.zeros(self._accumulator().sum_count, dtype=torch.float64)
        self.add_state("sums", sums, dist_reduce_fx="sum")
        self.add_state("form", torch.zeros(3, dtype=torch.int64), dist_reduce_fx="max")

    @property
    def higher_is_better(self) -> bool | None:
        """Of one metric; None of several, and where neither is better."""
        better = all_metrics[self._name].better if self._name else "neither"
        return None if better == "neither" else better == "higher"

    def update(self, preds: Any, target: Any, weights: Any = None) -> None:
        """Adds a batch: N x K scores with N labels, or N with 0 and 1."""
        form = {"logits" if self.logits else "probabilities": preds}
        where = "CalibrationMetric.update()"
        added = self._accumulator()
        added.add(core_data(where, **form, labels=target, weights=weights))
        kind = torch.tensor(added.form, dtype=torch.int64)
        if self.sums[:2].any() and not torch.equal(kind, self.form.cpu()):
            raise ValueError(f"{where}: expected scores of the same type and classes as before")
        self.form = kind.to(self.form.device)
        more = torch.tensor(added.sums, dtype=torch.float64)
        self.sums = self.sums + more.to(self.sums.device)

    def compute(self) -> Any:
        """The metrics as tensors of float64. Raises ValueError where nothing was added."""
        if not self.sums[:2].any():
            raise ValueError("CalibrationMetric.compute(): nothing was added")
        seen = self._accumulator()
        seen.load_sums(self.form.tolist(), self.sums.tolist())
        found = {
            name: torch.tensor(value, dtype=torch.float64)
            for name, value, _ in seen.compute(
                "logits" if self.logits else "probabilities", []
            ).metrics
        }
        return found if self._name is None else found[self._name]

    def _accumulator(self) -> _core.Accumulator:
        return _core.Accumulator(core_settings("CalibrationMetric()", **self._given))
