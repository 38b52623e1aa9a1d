# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Metrics of calibration that fill on the device of the scores, batch by batch, and the same as
functions.

What holds for all of them:

Shapes: `scores` N x K for kind "logits" and "probabilities", N for "binary_logits" and
    "binary_probabilities"; of float16, bfloat16, float32 or float64. `target`: N integers in
    [0, K), on the same device. Samples whose target is `ignore_index` are left out.
Binary scores: `binary` says what is binned: "positive_class" (P(y = 1), [y = 1]), or "top_label"
    (max(p, 1 - p), [the likelier class is right]).
Prediction: the first of the largest scores. A logit may be -inf, where another is not.
Sums: in float64, on the device. Those by bin are of integers (multiples of 2^-41), so that neither
    the order of atomic additions nor a permutation of a batch changes a bit.
Precision: float64 scores give the C++ library's numbers to 1e-12; others are computed in float32
    and agree to 1e-6, save that a confidence within that of an edge may fall to its other side.
Values: no element is read on the host by update() or a function. What is wrong with them (a label
    out of range, a score that is not finite, a row that is not probabilities) is found on the
    device: compute() raises ValueError with the first such row, and a function gives NaN.
Empty: NaN.
Errors: TypeError for what is not a tensor; ValueError for shapes that do not fit, other dtypes, two
    devices and options out of their range, before anything is added.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Callable, Dict, Optional, TypeVar

import torch

from pycalibra.torch._batch import (
    BINARY,
    FAULTS,
    Batch,
    calibration_error,
    check_bins,
    class_sums,
    confidence_sums,
)
from pycalibra.torch._checks import check_choice, check_count, describe
from pycalibra.torch._rows import KINDS

_NO_ROW = 2**62
_NORMS = ("l1", "l2", "max")
_ROW_KINDS = ("logits", "probabilities")
_Self = TypeVar("_Self", bound="Metric")


class Metric(torch.nn.Module):
    """What the metrics of this module have in common: a module whose buffers are its sums.

    They move with `.to(device)`, keep their dtype under `.half()` and the like, and are saved by
    state_dict(). `forward` is update().
    """

    sums: torch.Tensor
    rows: torch.Tensor
    faults: torch.Tensor

    _kinds = KINDS

    def __init__(
        self, shape: tuple, kind: str, ignore_index: Optional[int], binary: str = "positive_class"
    ) -> None:
        super().__init__()
        where = self._where("")
        check_choice(where, "kind", kind, self._kinds)
        check_choice(where, "binary", binary, BINARY)
        if ignore_index is not None:
            check_count(where, "ignore_index", ignore_index, -(2**63), 2**63 - 1)
        self.kind, self.ignore_index, self.binary = kind, ignore_index, binary
        self.register_buffer("sums", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("rows", torch.zeros((), dtype=torch.int64))
        first = torch.full((len(FAULTS),), _NO_ROW, dtype=torch.int64)
        self.register_buffer("faults", first)  # the first row that has each
        self.classes: Optional[int] = None

    def _where(self, method: str) -> str:
        return f"{type(self).__name__}{method}()"

    def _sums_of(self, batch: Batch) -> torch.Tensor:
        raise NotImplementedError

    def _value(self) -> torch.Tensor:
        raise NotImplementedError

    def _settings(self) -> Dict[str, Any]:
        """The options in which two metrics that are merged must agree."""
        return {"kind": self.kind, "ignore_index": self.ignore_index, "binary": self.binary}

    def _check_classes(self, batch: Batch) -> None:
        if self.classes is not None and batch.classes != self.classes:
            raise ValueError(
                f"{self._where('.update')}: expected {self.classes} classes as in the batches "
                f"before, got {batch.classes}"
            )

    @torch.no_grad()
    def update(self, scores: torch.Tensor, target: torch.Tensor) -> None:
        """Adds a batch. Does not make the host wait for the device."""
        where = self._where(".update")
        options = (self.kind, self.ignore_index, self.binary, self._kinds)
        batch = Batch(where, scores, target, *options)
        if scores.device != self.sums.device:
            raise ValueError(
                f"{where}: scores are {describe(scores)}, the metric is on {self.sums.device}; "
                "move it there with .to(device)"
            )
        self._check_classes(batch)
        self.classes = batch.classes
        if scores.shape[0] == 0:
            return
        self.sums.add_(self._sums_of(batch))
        row = self.rows + torch.arange(scores.shape[0], device=scores.device)
        first = row.masked_fill(batch.faults().logical_not(), _NO_ROW).amin(1)
        self.faults.copy_(torch.minimum(self.faults, first))
        self.rows.add_(scores.shape[0])

    forward = update

    @torch.no_grad()
    def compute(self) -> torch.Tensor:
        """The metric of what was added so far: float64 without dimensions, on the device. Reads
        four numbers on the host to raise ValueError where the input was wrong."""
        first = self.faults.tolist()
        row = min(first)
        if row < _NO_ROW:
            fault = FAULTS[first.index(row)].format(classes=self.classes)
            raise ValueError(f"{self._where('.compute')}: {fault}, at row {row}")
        return self._value()

    def reset(self) -> None:
        """Forgets all batches."""
        self.sums.zero_()
        self.rows.zero_()
        self.faults.fill_(_NO_ROW)
        self.classes = None

    def _check_same(self, other: "Metric") -> None:
        where = self._where(".merge")
        if type(other) is not type(self):
            kind = type(other).__name__
            raise TypeError(f"{where}: other is {kind}; expected {type(self).__name__}")
        if self._settings() != other._settings():
            raise ValueError(
                f"{where}: the options differ: {self._settings()} and {other._settings()}"
            )
        if self.sums.device != other.sums.device:
            raise ValueError(
                f"{where}: sums are on {self.sums.device} and {other.sums.device}; expected the "
                "same device"
            )
        if None not in (self.classes, other.classes) and self.classes != other.classes:
            raise ValueError(
                f"{where}: {other.classes} classes do not go to {self.classes} classes"
            )

    @torch.no_grad()
    def merge(self: _Self, other: _Self) -> _Self:
        """Adds what `other` has seen, as if its batches came after these. Gives the metric itself.
        TypeError for another metric, ValueError for other options, classes or another device."""
        self._check_same(other)
        theirs = torch.where(other.faults < _NO_ROW, other.faults + self.rows, other.faults)
        self.faults.copy_(torch.minimum(self.faults, theirs))
        self.sums.add_(other.sums)
        self.rows.add_(other.rows)
        self.classes = other.classes if self.classes is None else self.classes
        return self

    @torch.no_grad()
    def all_reduce(self: _Self, group: Any = None) -> _Self:
        """A copy that has seen the batches of all ranks of the torch.distributed group, by sums:
        `metric.all_reduce().compute()`. Every rank of the group has to call it. The metric itself
        stays as it is. Rows in messages are counted on the rank that has them."""
        every = copy.deepcopy(self)
        for buffer in (every.sums, every.rows):
            torch.distributed.all_reduce(buffer, torch.distributed.ReduceOp.SUM, group=group)
        torch.distributed.all_reduce(every.faults, torch.distributed.ReduceOp.MIN, group=group)
        return every

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        # Sums and counts move to a device, and keep their dtype.
        for name, buffer in self._buffers.items():
            moved = fn(buffer)
            self._buffers[name] = moved if moved.dtype == buffer.dtype else buffer.to(moved.device)
        return self


class _Mean(Metric):
    """A mean over samples."""

    def __init__(
        self,
        *,
        kind: str = "logits",
        ignore_index: Optional[int] = None,
        binary: str = "positive_class",
    ) -> None:
        super().__init__((2,), kind, ignore_index, binary)

    def _sums_of(self, batch: Batch) -> torch.Tensor:
        return torch.stack([batch.kept.sum().double(), self._of(batch).sum()])

    @staticmethod
    def _of(batch: Batch) -> torch.Tensor:
        raise NotImplementedError

    def _value(self) -> torch.Tensor:
        return self.sums[1] / self.sums[0]


class Accuracy(_Mean):
    """Formula: (1/N) sum_i [prediction_i = y_i]. Range: [0, 1]."""

    @staticmethod
    def _of(batch: Batch) -> torch.Tensor:
        return batch.correct.double()


class MeanConfidence(_Mean):
    """Formula: (1/N) sum_i confidence_i, max_k p_ik unless scores are binary. Range: [0, 1]."""

    @staticmethod
    def _of(batch: Batch) -> torch.Tensor:
        return batch.confidence


class NLL(_Mean):
    """Formula: -(1/N) sum_i log p_i,y_i. Range: [0, inf]. Source: Good 1952."""

    @staticmethod
    def _of(batch: Batch) -> torch.Tensor:
        return batch.nll()


class Brier(_Mean):
    """Formula: (1/N) sum_i sum_k (p_ik - [y_i = k])^2. Range: [0, 2]. Source: Brier 1950."""

    @staticmethod
    def _of(batch: Batch) -> torch.Tensor:
        return batch.brier()


class ECE(Metric):
    """Expected calibration error, on bins of equal width.

    Formula: norm "l1" sum_b (n_b/N) |acc_b - conf_b|; "l2" sqrt(sum_b (n_b/N) (acc_b - conf_b)^2);
        "max" max_b |acc_b - conf_b| over the non-empty bins.
    `bins`: in [1, 10^6], edges k/bins. `side`: "right_closed" (lower, upper] or "left_closed".
    Range: [0, 1]. Memory: 24 bytes a bin on the device. Cost: O(N K) a batch.
    Source: Naeini, Cooper, Hauskrecht 2015; Guo et al. 2017 (arXiv 1706.04599), equation 3.
    """

    def __init__(
        self,
        bins: int = 15,
        norm: str = "l1",
        *,
        kind: str = "logits",
        side: str = "right_closed",
        ignore_index: Optional[int] = None,
        binary: str = "positive_class",
    ) -> None:
        check_bins(self._where(""), bins, side)
        check_choice(self._where(""), "norm", norm, _NORMS)
        super().__init__((3, bins), kind, ignore_index, binary)
        self.bins, self.norm, self.side = bins, norm, side

    def _settings(self) -> Dict[str, Any]:
        return dict(super()._settings(), bins=self.bins, side=self.side)

    def _sums_of(self, batch: Batch) -> torch.Tensor:
        return confidence_sums(batch, self.bins, self.side)

    def _value(self) -> torch.Tensor:
        return calibration_error(self.sums, self.norm)


class MCE(ECE):
    """Maximum calibration error: ECE with norm "max". Source: Guo et al. 2017, equation 5."""

    def __init__(self, bins: int = 15, **options: Any) -> None:
        super().__init__(bins, "max", **options)


class RMSCE(ECE):
    """Root mean squared calibration error: ECE with norm "l2". Source: Nguyen and O'Connor 2015."""

    def __init__(self, bins: int = 15, **options: Any) -> None:
        super().__init__(bins, "l2", **options)


class ClasswiseECE(Metric):
    """Mean over classes of the ECE of the pairs (p_ik, [y_i = k]).

    Formula: (1/K) sum_k sum_b (n_kb/N) |acc_kb - conf_kb|. Range: [0, 1].
    `num_classes`: K. `kind`: "logits" or "probabilities". `bins`, `side`: as for ECE. Memory: 24
        bytes a bin and class. Cost: O(N K log bins) a batch.
    Source: Nixon et al. 2019 (arXiv 1904.01685), SCE.
    """

    _kinds = _ROW_KINDS

    def __init__(
        self,
        num_classes: int,
        bins: int = 15,
        *,
        kind: str = "logits",
        side: str = "right_closed",
        ignore_index: Optional[int] = None,
    ) -> None:
        check_count(self._where(""), "num_classes", num_classes, 1, 2**31)
        check_bins(self._where(""), bins, side)
        super().__init__((3, num_classes * bins), kind, ignore_index)
        self.num_classes, self.bins, self.side = num_classes, bins, side

    def _settings(self) -> Dict[str, Any]:
        options = {"num_classes": self.num_classes, "bins": self.bins, "side": self.side}
        return dict(super()._settings(), **options)

    def _check_classes(self, batch: Batch) -> None:
        if batch.classes != self.num_classes:
            raise ValueError(
                f"{self._where('.update')}: expected {self.num_classes} classes, got "
                f"{batch.classes}"
            )

    def _sums_of(self, batch: Batch) -> torch.Tensor:
        return class_sums(batch, self.bins, self.side)

    def _value(self) -> torch.Tensor:
        return calibration_error(self.sums.view(3, self.num_classes, self.bins), "l1").mean()


def _of_good(batch: Batch, value: torch.Tensor) -> torch.Tensor:
    """The value, or NaN where a row has a fault."""
    return value.masked_fill(batch.faults().any(), math.nan)


@torch.no_grad()
def ece(
    scores: torch.Tensor,
    target: torch.Tensor,
    *,
    bins: int = 15,
    norm: str = "l1",
    kind: str = "logits",
    side: str = "right_closed",
    ignore_index: Optional[int] = None,
    binary: str = "positive_class",
) -> torch.Tensor:
    """Expected calibration error of one batch: float64 without dimensions, on the device of the
    scores, without a gradient (soft_binned_ece_loss has one). Works inside
    torch.compile(fullgraph=True). Formula, options, errors: as ECE and its module."""
    check_bins("ece()", bins, side)
    check_choice("ece()", "norm", norm, _NORMS)
    check_choice("ece()", "binary", binary, BINARY)
    batch = Batch("ece()", scores, target, kind, ignore_index, binary)
    return _of_good(batch, calibration_error(confidence_sums(batch, bins, side), norm))


def mce(scores: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    """Maximum calibration error of one batch: ece(..., norm="max")."""
    return ece(scores, target, norm="max", **options)


def rmsce(scores: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    """Root mean squared calibration error of one batch: ece(..., norm="l2")."""
    return ece(scores, target, norm="l2", **options)


@torch.no_grad()
def classwise_ece(
    scores: torch.Tensor,
    target: torch.Tensor,
    *,
    bins: int = 15,
    kind: str = "logits",
    side: str = "right_closed",
    ignore_index: Optional[int] = None,
) -> torch.Tensor:
    """Classwise ECE of one batch, as ece() gives ECE. Formula, options, errors: as ClasswiseECE."""
    check_bins("classwise_ece()", bins, side)
    batch = Batch("classwise_ece()", scores, target, kind, ignore_index, kinds=_ROW_KINDS)
    sums = class_sums(batch, bins, side).view(3, batch.classes, bins)
    return _of_good(batch, calibration_error(sums, "l1").mean())
