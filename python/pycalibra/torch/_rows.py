# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""A batch of scores and labels as a loss needs it."""

from __future__ import annotations

import math
from typing import Optional

import torch

from pycalibra.torch._checks import computing_dtype, sum_tolerance

LOGIT_KINDS = ("logits", "binary_logits")
KINDS = ("logits", "probabilities", "binary_logits", "binary_probabilities")


class Rows:
    """A checked batch of at least one row. Binary scores are rows of two classes: logits (0, x),
    probabilities (1 - p, p). A row with a bad element or a bad label is NaN."""

    def __init__(self, scores: torch.Tensor, labels: torch.Tensor, kind: str) -> None:
        self.logits = kind in LOGIT_KINDS
        given = scores.to(computing_dtype(scores))
        if kind == "binary_logits":
            self.x = torch.stack([torch.zeros_like(given), given], 1)
            bad = given.isfinite().logical_not().unsqueeze(1)
        elif kind == "binary_probabilities":
            self.x = torch.stack([1 - given, given], 1)
            bad = given.lt(0).logical_or(given.gt(1)).unsqueeze(1)
        elif kind == "logits":
            self.x = given
            bad = given.isfinite().logical_not()
        else:
            tolerance = sum_tolerance(scores.dtype, scores.shape[1])
            # Rounding may have taken a probability beyond 1: it counts as 1, with its slope.
            self.x = given - (given.detach() - 1).clamp_min(0)
            bad = (
                given.lt(0)
                .logical_or(given.gt(1 + tolerance))
                .any(1, keepdim=True)
                .logical_or((given.sum(1, keepdim=True) - 1).abs().gt(tolerance))
            )
        label = labels.long().unsqueeze(1)
        no_label = label.lt(0).logical_or(label.ge(self.classes))
        self.x = self.x.masked_fill(bad.logical_or(no_label), math.nan)
        self.label = label.clamp(0, self.classes - 1)
        self.top = self.x.detach().argmax(1, keepdim=True)  # the first of the largest

    @property
    def rows(self) -> int:
        return self.x.shape[0]

    @property
    def classes(self) -> int:
        return self.x.shape[1]

    def p(self) -> torch.Tensor:
        """Probabilities, N x K."""
        return self.x.softmax(1) if self.logits else self.x

    def log_p(self) -> torch.Tensor:
        """Their logarithms, N x K."""
        return self.x.log_softmax(1) if self.logits else self.x.log()

    def margins(self) -> torch.Tensor:
        """How far each logit lies below the largest, N x K."""
        return self.x.gather(1, self.top) - self.x

    def log_p_of_label(self) -> torch.Tensor:
        # Of given probabilities the label's alone: another one of 0 has no slope.
        if self.logits:
            return self.log_p().gather(1, self.label).squeeze(1)
        return self.x.gather(1, self.label).squeeze(1).log()

    def rest_of_label(self) -> torch.Tensor:
        """1 - p of the label."""
        if self.logits:
            return -self.log_p_of_label().expm1()
        return 1 - self.x.gather(1, self.label).squeeze(1)

    def confidence(self) -> torch.Tensor:
        return self.p().gather(1, self.top).squeeze(1)

    def hit(self) -> torch.Tensor:
        return self.top.eq(self.label).squeeze(1).to(self.x.dtype)

    def entropy(self, smoothing: Optional[float] = None) -> torch.Tensor:
        """Entropy in nats of each row, or of (1 - smoothing) p + smoothing / K."""
        if smoothing is not None:
            q = self.p() * (1 - smoothing) + smoothing / self.classes
        elif self.logits:
            return -(self.p() * self.log_p()).sum(1)
        else:
            q = self.x.masked_fill(self.x.detach().eq(0), 1)  # no term and no slope
        return -(q * q.log()).sum(1)

    def cross_entropy(self) -> torch.Tensor:
        """Mean over the batch."""
        return -self.log_p_of_label().mean()

    def label_shares(self) -> torch.Tensor:
        """The share of each class among the labels, K."""
        classes = torch.arange(self.classes, device=self.label.device)
        return self.label.eq(classes).to(self.x.dtype).mean(0)
