# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Dynamic Outlier Regularization for a training loop."""

from __future__ import annotations

from typing import List, Optional

import torch

from pycalibra.torch._checks import check_count, check_features, check_number
from pycalibra.torch._random import CounterRandom, sample_without_replacement
from pycalibra.torch.feature_losses import cosine_distance, moment_distance
from pycalibra.torch.outliers import OutlierBank, _check_names, fingerprint

_WHERE = "DynamicOutlierRegularization()"
_HEAD = "calibra-sampling-1"


class DynamicOutlierRegularization(torch.nn.Module):
    """Owns a bank of outliers with their frozen zero-shot features, draws a fresh batch of them
    each iteration, and gives the loss of the features that the tuned prompt has for them:

        index = dor.sample()                   # which outliers, int64 on the features' device
        loss = loss + dor(encode(index))       # their tuned features, B x D, in that order

    Formula: weight (1 - mean_b cos(tuned_b, zero_shot_b) + gamma |Cov_t - Cov_0|_F^2); Cov_t and
        Cov_0 are the covariances of the batch's tuned and zero-shot features, brought to norm 1,
        with divisor B. `gamma` is 0 in the paper.
    `bank`: names and features, a row a name. They become a buffer that moves with `.to(device)` and
        is not part of the state_dict, as it never changes.
    `batch`: outliers an iteration, in [1, the bank's]. `weight`: lambda; the paper has 8 for CoOp
        and 2 for other methods. `seed`: of the batches, in [0, 2^64).
    Batches: the t-th draws a function of (seed, t, batch, bank size) alone: those of the C++ class
        calibra::dynamic_outlier_regularization. Ranks with one seed draw the same batches.
    state_dict: where the batches stand, as text; load_state_dict() goes on there, and raises
        ValueError for the state of another bank or another batch size.
    Errors: TypeError; ValueError for a bank without outliers, names and features that differ in
        number, and options out of their range.
    Source: Wang, Li, Wei, ICML 2025 (arXiv 2410.02681).
    """

    features: torch.Tensor

    def __init__(
        self,
        bank: OutlierBank,
        *,
        batch: int = 32,
        weight: float = 8,
        seed: int = 0,
        gamma: float = 0,
    ) -> None:
        super().__init__()
        if not isinstance(bank, OutlierBank):
            raise TypeError(f"{_WHERE}: bank is {type(bank).__name__}; expected an OutlierBank")
        names = _check_names(_WHERE, "bank.names", bank.names)
        check_features(_WHERE, "bank.features", bank.features)
        if bank.features.shape[0] != len(names):
            raise ValueError(
                f"{_WHERE}: the bank has {len(names)} names and {bank.features.shape[0]} rows of "
                "features; expected as many of both"
            )
        if not names:
            raise ValueError(f"{_WHERE}: the bank has no outlier")
        check_count(_WHERE, "batch", batch, 1, len(names))
        check_count(_WHERE, "seed", seed, 0, 2**64 - 1)
        check_number(_WHERE, "weight", weight, lambda x: x >= 0, "a finite number >= 0")
        check_number(_WHERE, "gamma", gamma, lambda x: x >= 0, "a finite number >= 0")
        self.bank_names = names
        self.batch, self.weight, self.seed, self.gamma = batch, weight, seed, gamma
        self.iteration = 0  #: batches drawn so far
        self.current: List[int] = []  #: the current batch; empty before the first sample()
        self._index: Optional[torch.Tensor] = None
        self._fingerprint = fingerprint(names)
        self.register_buffer("features", bank.features.detach(), persistent=False)

    def sample(self) -> torch.Tensor:
        """Draws the next batch: `batch` different outlier numbers, int64 on the features'
        device."""
        random = CounterRandom(self.seed, self.iteration)
        self.current = sample_without_replacement(len(self.bank_names), self.batch, random)
        self.iteration += 1
        self._index = torch.tensor(self.current).to(self.features.device, non_blocking=True)
        return self._index

    @property
    def names(self) -> List[str]:
        """The names of the current batch, in its order."""
        return [self.bank_names[i] for i in self.current]

    @property
    def zero_shot(self) -> torch.Tensor:
        """The frozen zero-shot features of the current batch, B x D. ValueError before the first
        sample()."""
        if self._index is None:
            raise ValueError(
                f"{_WHERE}: there is no batch yet; expected sample() to be called first"
            )
        return self.features.index_select(0, self._index.to(self.features.device))

    def forward(self, tuned: torch.Tensor) -> torch.Tensor:
        """The loss of the tuned features of the current batch, B x D, in its order: a tensor
        without dimensions. ValueError before the first sample() and for features of another
        shape."""
        zero_shot = self.zero_shot
        distance = cosine_distance(_WHERE, tuned, zero_shot)
        if self.gamma == 0:
            return self.weight * distance
        moments = moment_distance(_WHERE, tuned, zero_shot, 0, self.gamma)
        return self.weight * (distance + moments)

    def extra_repr(self) -> str:
        outliers = len(self.bank_names)
        return (
            f"outliers={outliers}, batch={self.batch}, weight={self.weight}, seed={self.seed}, "
            f"gamma={self.gamma}"
        )

    def get_extra_state(self) -> str:
        """Where the batches stand: "calibra-sampling-1", then seed, batches drawn, batch, outliers
        and the fingerprint of their names; the text of the C++ class's state."""
        numbers = (self.seed, self.iteration, self.batch, len(self.bank_names), self._fingerprint)
        return " ".join([_HEAD, *map(str, numbers)])

    def set_extra_state(self, state: str) -> None:
        """Goes on where `state` was taken: the next sample() draws what it would have drawn
        there."""
        where = "DynamicOutlierRegularization.load_state_dict()"
        fields = state.split(" ") if isinstance(state, str) else []
        whole = all(x.isascii() and x.isdigit() and int(x) < 2**64 for x in fields[1:])
        if len(fields) != 6 or fields[0] != _HEAD or not whole:
            raise ValueError(f'{where}: {state!r}: expected "{_HEAD}" and five numbers')
        seed, iteration, batch, outliers, print_ = map(int, fields[1:])
        if (outliers, print_) != (len(self.bank_names), self._fingerprint):
            raise ValueError(
                f"{where}: the state is of a bank of {outliers} outliers with fingerprint "
                f"{print_}, this bank has {len(self.bank_names)} with fingerprint "
                f"{self._fingerprint}"
            )
        if batch != self.batch:
            raise ValueError(
                f"{where}: the state has batches of {batch}, this module of {self.batch}"
            )
        self.seed, self.iteration = seed, iteration
        self.current, self._index = [], None
