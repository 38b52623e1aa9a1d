# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Scores of a batch to confidences and hits on their own device, and sums by bin: operations that
neither read an element on the host nor have shapes that depend on one."""

from __future__ import annotations

import math
from typing import Optional, Tuple

import torch

from pycalibra.torch._checks import check_choice, check_count, check_scores, sum_tolerance
from pycalibra.torch._rows import KINDS

SIDES = ("right_closed", "left_closed")
BINARY = ("positive_class", "top_label")
#: What is wrong with a row, in the order of Batch.faults().
FAULTS = (
    "the label is not in [0, {classes})",
    "a score is not finite, or every logit is -inf",
    "a probability is not in [0, 1]; if these are logits, say kind='logits'",
    "the probabilities do not sum to 1; renormalise them or, if these are logits, say "
    "kind='logits'",
)


_MOST = 2**21  # numbers in [0, 1] whose sum in multiples of 2^-41 fits into int64


class Batch:
    """A batch of scores with its labels. What is left out or wrong counts as nothing. Float16,
    bfloat16 and float32 are computed in float32, and binary scores in float64; what comes out is
    float64."""

    def __init__(
        self,
        where: str,
        scores: torch.Tensor,
        target: torch.Tensor,
        kind: str,
        ignore_index: Optional[int],
        binary: str = "positive_class",
        kinds: Tuple[str, ...] = KINDS,
    ) -> None:
        check_scores(where, scores, target, kind, kinds)
        self.classes = 2 if kind.startswith("binary") else scores.shape[1]
        self.kind = kind
        scores = scores.detach()
        wide = kind.startswith("binary") or scores.dtype == torch.float64
        self._x = scores.to(torch.float64 if wide else torch.float32)
        label = target.detach().long()
        self.kept = torch.ones_like(label, dtype=torch.bool)
        if ignore_index is not None:
            self.kept = label.ne(ignore_index)
        bad_label = label.lt(0).logical_or(label.ge(self.classes))
        self.label = label.clamp(0, self.classes - 1)
        none = torch.zeros_like(bad_label)
        if kind.startswith("binary"):
            bad_score, bad_range, bad_sum = self._take_binary(none, binary)
        elif kind == "logits":
            bad_score, bad_range, bad_sum = self._take_logits(none)
        else:
            bad_score, bad_range, bad_sum = self._take_probabilities(
                sum_tolerance(scores.dtype, self.classes)
            )
        self._faults = torch.stack([bad_label, bad_score, bad_range, bad_sum]).logical_and(
            self.kept
        )
        self.confidence = self._counted(self.confidence)
        self.hit = self.hit.logical_and(self.kept)
        self.correct = self.correct.logical_and(self.kept)

    def _counted(self, values: torch.Tensor) -> torch.Tensor:
        """Values in [0, 1]; 0 where a row is left out or NaN."""
        kept = self.kept if values.dim() == 1 else self.kept.unsqueeze(1)
        return values.masked_fill(kept.logical_not(), 0).clamp(0, 1).nan_to_num(0.0)

    def _take_logits(self, none: torch.Tensor) -> Tuple[torch.Tensor, ...]:
        largest, top = self._x.max(1)
        self._shifted = self._x - largest.unsqueeze(1)
        self._e = self._shifted.exp()
        self._sum = self._e.sum(1, dtype=torch.float64)
        self.confidence = self._sum.reciprocal()
        self.hit = self.correct = top.eq(self.label)
        return self._sum.ne(self._sum), none, none

    def _take_probabilities(self, tolerance: float) -> Tuple[torch.Tensor, ...]:
        largest, top = self._x.max(1)
        total = self._x.sum(1, dtype=torch.float64)
        bad_score = total.ne(total).logical_or(total.eq(math.inf))
        bad_range = (
            self._x.amin(1)
            .lt(0)
            .logical_or(largest.double().gt(1 + tolerance))
            .logical_or(total.eq(-math.inf))
        )
        bad_sum = (total - 1).abs().gt(tolerance).logical_and(bad_range.logical_not())
        self.confidence = largest.double()
        self.hit = self.correct = top.eq(self.label)
        return bad_score, bad_range, bad_sum

    def _take_binary(self, none: torch.Tensor, binary: str) -> Tuple[torch.Tensor, ...]:
        is_logit = self.kind == "binary_logits"
        self._p = self._x.sigmoid() if is_logit else self._x
        self.correct = self._p.gt(0.5).eq(self.label.eq(1))
        if binary == "positive_class":
            self.confidence, self.hit = self._p, self.label.eq(1)
        else:
            self.confidence, self.hit = torch.maximum(self._p, 1 - self._p), self.correct
        if is_logit:
            return self._x.isfinite().logical_not(), none, none
        inside = self._p.ge(0).logical_and(self._p.le(1))
        return self._x.ne(self._x), inside.logical_not().logical_and(self._x.eq(self._x)), none

    def faults(self) -> torch.Tensor:
        """[4, N] bool, in the order of FAULTS."""
        return self._faults

    def _at_label(self, values: torch.Tensor) -> torch.Tensor:
        return values.gather(1, self.label.unsqueeze(1)).squeeze(1).double()

    def nll(self) -> torch.Tensor:
        """-log p of the label, N; 0 where a row is left out."""
        if self.kind == "logits":
            values = self._sum.log() - self._at_label(self._shifted)
        elif self.kind == "probabilities":
            values = -self._at_label(self._x).clamp_max(1).log()
        elif self.kind == "binary_logits":
            x = torch.where(self.label.eq(1), self._x, -self._x)
            values = x.abs().neg().exp().log1p() - x.clamp_max(0)
        else:
            values = -torch.where(self.label.eq(1), self._p.log(), self._p.neg().log1p())
        return values.masked_fill(self.kept.logical_not(), 0)

    def brier(self) -> torch.Tensor:
        """sum_k (p_k - [y = k])^2, N; 0 where a row is left out."""
        if self.kind == "logits":
            second = (self._e * self._e).sum(1, dtype=torch.float64)
            c = self._sum.reciprocal()
            values = ((second * c - 2 * self._at_label(self._shifted).exp()) * c + 1).clamp_min(0)
        elif self.kind == "probabilities":
            second = (self._x * self._x).sum(1, dtype=torch.float64)
            values = (second - 2 * self._at_label(self._x) + 1).clamp_min(0)
        else:
            miss = torch.where(self.label.eq(1), 1 - self._p, self._p)
            values = 2 * miss * miss
        return values.masked_fill(self.kept.logical_not(), 0)

    def probabilities(self) -> torch.Tensor:
        """Of every class of logits or probabilities, N x K float64; 0 where a row is left out."""
        if self.kind == "logits":
            values = self._e * self._sum.reciprocal().to(self._e.dtype).unsqueeze(1)
        else:
            values = self._x
        return self._counted(values.double())


def check_bins(where: str, bins: int, side: str) -> None:
    """Raises for a number of bins outside [1, 10^6] and a side of another name."""
    check_count(where, "bins", bins, 1, 1_000_000)
    check_choice(where, "side", side, SIDES)


def bin_index(confidence: torch.Tensor, bins: int, side: str) -> torch.Tensor:
    """The bin of each confidence: B of equal width, edges k/B."""
    edges = torch.arange(1, bins, dtype=torch.float64, device=confidence.device) / bins
    return torch.bucketize(confidence.contiguous(), edges, right=side == "left_closed")


def bin_sums(
    index: torch.Tensor, kept: torch.Tensor, confidence: torch.Tensor, hit: torch.Tensor, bins: int
) -> torch.Tensor:
    """[3, bins] float64: samples, sum of confidences, hits. Sums are of integers, multiples of
    2^-41, so that no order of additions changes them."""
    if confidence.shape[0] > _MOST:
        parts = zip(*(x.split(_MOST) for x in (index, kept, confidence, hit)))
        return torch.stack([bin_sums(*part, bins) for part in parts]).sum(0)
    scaled = (confidence * 2.0**41).round().long()
    values = torch.stack([kept.long(), scaled, hit.long()])
    sums = torch.zeros(3, bins, dtype=torch.int64, device=confidence.device)
    sums = sums.scatter_add(1, index.unsqueeze(0).expand(3, -1), values).double()
    return torch.stack([sums[0], sums[1] * 2.0**-41, sums[2]])


def confidence_sums(batch: Batch, bins: int, side: str) -> torch.Tensor:
    """bin_sums() of the confidences."""
    index = bin_index(batch.confidence, bins, side)
    return bin_sums(index, batch.kept, batch.confidence, batch.hit, bins)


def class_sums(batch: Batch, bins: int, side: str) -> torch.Tensor:
    """bin_sums() of the pairs (p_ik, [y_i = k]) of each class: [3, K bins]."""
    p = batch.probabilities()
    classes = torch.arange(batch.classes, device=p.device)
    index = bin_index(p, bins, side) + classes * bins
    kept = batch.kept.unsqueeze(1).expand(p.shape)
    hit = batch.label.unsqueeze(1).eq(classes).logical_and(kept)
    size = batch.classes * bins
    return bin_sums(index.reshape(-1), kept.reshape(-1), p.reshape(-1), hit.reshape(-1), size)


def calibration_error(sums: torch.Tensor, norm: str) -> torch.Tensor:
    """Of sums [3, ..., bins], over the last dimension: "l1" sum_b (n_b/N) |gap_b|, "l2" the root of
    sum_b (n_b/N) gap_b^2, "max" max_b |gap_b|. NaN without samples."""
    count, confidence, hits = sums
    total = count.sum(-1)
    off = (hits - confidence).abs()
    filled = count.clamp_min(1)
    if norm == "l1":
        return off.sum(-1) / total
    if norm == "l2":
        return ((off * off / filled).sum(-1) / total).sqrt()
    return (off / filled).amax(-1).masked_fill(total.eq(0), math.nan)
