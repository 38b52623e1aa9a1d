# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Losses of scores and labels, in PyTorch's own operations.

What holds for all of them:

Shapes: `scores` N x K with K >= 1 for kind "logits" and "probabilities", N for "binary_logits" and
    "binary_probabilities" (rows of two classes: logits (0, x), probabilities (1 - p, p)); of
    float16, bfloat16, float32 or float64. `labels`: N integers in [0, K), on the same device.
Result: no dimension, on that device; float64 for float64 scores, else float32. float16 and bfloat16
    are computed in float32, inside autocast too.
Gradient: by the scores, through autograd. The prediction is the first of the most probable classes;
    whether it is right has no slope. Given probabilities are each a variable of its own.
Values: no element is read on the host and nothing waits for the device. A logit that is not finite,
    a row that is not probabilities and a label outside [0, K) give a NaN loss.
Empty: N = 0 gives NaN.
Errors: TypeError for what is not a tensor or not a number; ValueError for an option out of its
    range, shapes that do not fit, other dtypes and two devices.
"""

from __future__ import annotations

import math
from typing import Optional

import torch

from pycalibra.torch._checks import check_choice, check_count, check_number, check_scores
from pycalibra.torch._rows import KINDS, LOGIT_KINDS, Rows

_LEAST_GOOD = 1e-5  # of the divisor of AvUC
_LEAST_MASS = 1e-5  # of the divisor of a soft bin
_SMOOTHING = 1e-5  # of p towards 1/K in the entropy of soft AvUC
_MOST_ENTROPY = 1 - 1e-6  # of entropy / ln K, before its log-odds


def _no_rows(scores: torch.Tensor) -> torch.Tensor:
    """NaN that stays a function of the scores, so that backward() runs."""
    return scores.to(torch.promote_types(scores.dtype, torch.float32)).sum() * math.nan


def _flat_power(x: torch.Tensor, exponent: float) -> torch.Tensor:
    """x^exponent of x >= 0 that has slope 0 at 0; what rounding left below 0 counts as 0."""
    none = x.detach().le(0)
    return x.masked_fill(none, 1).pow(exponent).masked_fill(none, 0)


def _avuc(good: torch.Tensor, bad: torch.Tensor) -> torch.Tensor:
    return (bad / good.clamp_min(_LEAST_GOOD)).log1p()


def _at_least_0(x: float) -> bool:
    return x >= 0


def _above_0(x: float) -> bool:
    return x > 0


def mmce_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    bandwidth: float = 0.4,
    weighted: bool = False,
    squared: bool = False,
) -> torch.Tensor:
    """Maximum mean calibration error of a batch: a regulariser beside cross-entropy.

    Formula: sqrt(sum_ij d_i d_j exp(-|r_i - r_j| / bandwidth)), r_i = max_k p_ik, c_i = 1 where the
        prediction is the label, d_i = (c_i - r_i) / N. `weighted` (WMMCE): d_i = (1 - r_i) / n for
        the n hits and -r_i / (N - n) for the others; a group without samples has no terms.
        `squared`: without the root.
    Range: [0, 1]; weighted [0, sqrt(2)). Slope 0 where the value or a distance is 0.
    Cost: O(N^2) time and memory. Errors: see the module.
    Source: Kumar, Sarawagi, Jain, ICML 2018.
    """
    where = "mmce_loss()"
    check_number(where, "bandwidth", bandwidth, _above_0, "a finite number > 0")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    r, hit = rows.confidence(), rows.hit()
    if weighted:
        # A group without samples is divided by 1: it has no terms.
        right, wrong = hit.sum().clamp_min(1), (1 - hit).sum().clamp_min(1)
        residual = (hit - r) * (hit / right + (1 - hit) / wrong)
    else:
        residual = (hit - r) / rows.rows
    kernel = ((r.unsqueeze(1) - r.unsqueeze(0)).abs() * (-1 / bandwidth)).exp()
    form = (residual.unsqueeze(1) * residual.unsqueeze(0) * kernel).sum()
    return form if squared else _flat_power(form, 0.5)


def soft_binned_ece_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    bins: int = 15,
    temperature: float = 0.01,
    norm: float = 2,
) -> torch.Tensor:
    """ECE with soft bins: a regulariser beside cross-entropy.

    Formula: (sum_j S_j/N |A_j - C_j|^q)^(1/q), q = `norm`; u_ij = softmax over j of
        -(r_i - x_j)^2 / temperature, x_j = (j - 1/2) / bins; S_j = sum_i u_ij,
        A_j = sum_i u_ij c_i / max(S_j, 1e-5), C_j = sum_i u_ij r_i / max(S_j, 1e-5).
    Range: [0, 1]. Slope 0 where the value or a gap is 0; S_j below 1e-5 is constant where it
        divides. Cost: O(N (K + bins)). Errors: see the module.
    Source: Karandikar et al., NeurIPS 2021 (arXiv 2108.00106), equation 11.
    """
    where = "soft_binned_ece_loss()"
    check_count(where, "bins", bins, 1, 1_000_000)
    check_number(where, "temperature", temperature, _above_0, "a finite number > 0")
    check_number(where, "norm", norm, lambda q: q >= 1, "a finite number >= 1")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    r, hit = rows.confidence().unsqueeze(1), rows.hit().unsqueeze(1)
    centres = (torch.arange(bins, dtype=r.dtype, device=r.device) + 0.5) / bins
    share = ((r - centres).square() / -temperature).softmax(1)
    mass = share.sum(0)
    gap = (share * (hit - r)).sum(0) / mass.clamp_min(_LEAST_MASS)
    power = (mass * gap.abs().pow(norm)).sum() / rows.rows
    return _flat_power(power, 1 / norm)


def mdca_loss(scores: torch.Tensor, labels: torch.Tensor, *, kind: str = "logits") -> torch.Tensor:
    """Multi-class difference of confidence and accuracy: a regulariser beside cross-entropy.

    Formula: (1/K) sum_k |mean_i p_ik - mean_i [y_i = k]|.
    Range: [0, 2/K]. Slope 0 where a gap is 0. Cost: O(N K). Errors: see the module.
    Source: Hebbalaguppe et al., CVPR 2022 (arXiv 2203.13834).
    """
    check_scores("mdca_loss()", scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    return (rows.p().mean(0) - rows.label_shares()).abs().mean()


def dca_loss(scores: torch.Tensor, labels: torch.Tensor, *, kind: str = "logits") -> torch.Tensor:
    """Difference of confidence and accuracy of a batch: a regulariser beside cross-entropy.

    Formula: |mean_i c_i - mean_i r_i|, r_i = max_k p_ik, c_i = 1 where the prediction is the label.
    Range: [0, 1]. Slope 0 at 0. Cost: O(N K). Errors: see the module.
    Source: Liang et al., BMVC 2020 (arXiv 2009.04057).
    """
    check_scores("dca_loss()", scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    return (rows.hit() - rows.confidence()).mean().abs()


def avuc_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    threshold: Optional[float] = None,
) -> torch.Tensor:
    """Accuracy versus uncertainty of a batch: a regulariser beside cross-entropy.

    Formula: ln(1 + (n_AU + n_IC) / max(n_AC + n_IU, 1e-5)); r = max_k p_k, u the entropy in nats;
        right predictions (A) and wrong ones (I), certain (C, u <= `threshold`) and not (U):
        n_AC = sum r (1 - tanh u), n_AU = sum r tanh u, n_IC = sum (1 - r)(1 - tanh u),
        n_IU = sum (1 - r) tanh u. `threshold`: ln(K) / 2 where not given.
    Range: >= 0. The split at the threshold has no slope; n_AC + n_IU below 1e-5 is constant.
    Cost: O(N K). Errors: see the module.
    Source: Krishnan, Tickoo, NeurIPS 2020 (arXiv 2012.07923), equation 3.
    """
    where = "avuc_loss()"
    if threshold is not None:
        check_number(where, "threshold", threshold, lambda _: True, "a finite number")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    limit = math.log(rows.classes) / 2 if threshold is None else threshold
    r, hit, entropy = rows.confidence(), rows.hit(), rows.entropy()
    spread = entropy.tanh()
    certain = entropy.detach().le(limit).to(r.dtype)
    sure = hit * r + (1 - hit) * (1 - r)
    term = sure * (certain * (1 - spread) + (1 - certain) * spread)
    good = hit * certain + (1 - hit) * (1 - certain)
    return _avuc((good * term).sum(), ((1 - good) * term).sum())


def soft_avuc_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    kappa: float = 0.5,
    temperature: float = 1,
) -> torch.Tensor:
    """Soft accuracy versus uncertainty of a batch: a regulariser beside cross-entropy.

    Formula: ln(1 + (n_AU + n_IC) / max(n_AC + n_IU, 1e-5)); u the entropy in nats of
        (1 - 1e-5) p + 1e-5 / K, e = min(u / ln K, 1 - 1e-6),
        q_u = sigmoid(ln(e (1 - kappa) / ((1 - e) kappa)) / temperature), q_c = 1 - q_u;
        n_AC = sum q_c (1 - tanh u), n_AU = sum q_u tanh u over the right predictions, n_IC and
        n_IU the same over the others.
    Range: >= 0. By u alone; e is constant at 1 - 1e-6, the divisor below 1e-5. K >= 2.
    Cost: O(N K). Errors: see the module; ValueError for K < 2.
    Source: Karandikar et al., NeurIPS 2021 (arXiv 2108.00106), equation 15.
    """
    where = "soft_avuc_loss()"
    check_number(where, "kappa", kappa, lambda k: 0 < k < 1, "a number in (0, 1)")
    check_number(where, "temperature", temperature, _above_0, "a finite number > 0")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.dim() == 2 and scores.shape[1] < 2:
        raise ValueError(f"{where}: expected at least 2 classes, got {scores.shape[1]}")
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    hit, entropy = rows.hit(), rows.entropy(_SMOOTHING)
    e = (entropy / math.log(rows.classes)).clamp_max(_MOST_ENTROPY)
    x = (e.logit() - math.log(kappa / (1 - kappa))) / temperature
    spread = entropy.tanh()
    certain, uncertain = (-x).sigmoid() * (1 - spread), x.sigmoid() * spread
    good = (hit * certain + (1 - hit) * uncertain).sum()
    bad = (hit * uncertain + (1 - hit) * certain).sum()
    return _avuc(good, bad)


def focal_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    gamma: float = 3,
    schedule: str = "constant",
) -> torch.Tensor:
    """Focal loss of a batch: a complete loss, in place of cross-entropy.

    Formula: -(1/N) sum_i (1 - p_iy)^gamma ln p_iy. `schedule` "flsd_53": 5 where p_iy < 0.2, 3
        where p_iy < 0.5, `gamma` elsewhere.
    Range: >= 0; infinite where a label has a given probability of 0. The steps of the schedule have
        no slope; slope 0 where p_iy = 1. Cost: O(N K). Errors: see the module.
    Source: Lin et al., ICCV 2017; Mukhoti et al., NeurIPS 2020 (arXiv 2002.09437).
    """
    where = "focal_loss()"
    check_number(where, "gamma", gamma, _at_least_0, "a finite number >= 0")
    check_choice(where, "schedule", schedule, ("constant", "flsd_53"))
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    log_p, rest = rows.log_p_of_label(), rows.rest_of_label()
    # p = 1 has neither loss nor slope, nor a power of 0 to differentiate.
    none = rest.detach().le(0)
    base = rest.masked_fill(none, 1)
    if schedule == "constant":
        weight = base.pow(gamma)
    else:
        p = log_p.detach().exp()
        exponent = torch.full_like(p, gamma).masked_fill(p.lt(0.5), 3).masked_fill(p.lt(0.2), 5)
        weight = base.pow(exponent)
    return -(weight * log_p.masked_fill(none, 0)).mean()


def confidence_penalty_loss(
    scores: torch.Tensor, labels: torch.Tensor, *, kind: str = "logits", weight: float = 0.1
) -> torch.Tensor:
    """Cross-entropy with a confidence penalty: a complete loss.

    Formula: (1/N) sum_i (-ln p_iy - weight H(p_i)), H the entropy in nats.
    Range: >= -weight ln K; infinite where a label has a given probability of 0. In the entropy a
        given probability of 0 has slope 0. Cost: O(N K). Errors: see the module.
    Source: Pereyra et al., 2017 (arXiv 1701.06548).
    """
    where = "confidence_penalty_loss()"
    check_number(where, "weight", weight, _at_least_0, "a finite number >= 0")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    return rows.cross_entropy() - rows.entropy().mean() * weight


def label_smoothing_loss(
    scores: torch.Tensor, labels: torch.Tensor, *, kind: str = "logits", smoothing: float = 0.1
) -> torch.Tensor:
    """Cross-entropy with smoothed labels: a complete loss.

    Formula: -(1/N) sum_ik t_ik ln p_ik, t_ik = (1 - smoothing) [y_i = k] + smoothing / K.
    Range: >= 0; infinite where a given probability of 0 has a part of the target.
    Cost: O(N K). Errors: see the module.
    Source: Szegedy et al., CVPR 2016, section 7; the form of torch.nn.CrossEntropyLoss.
    """
    where = "label_smoothing_loss()"
    check_number(where, "smoothing", smoothing, lambda s: 0 <= s <= 1, "a number in [0, 1]")
    check_scores(where, scores, labels, kind, KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    if smoothing == 0:  # a part of 0 adds nothing, not even of a probability of 0
        return rows.cross_entropy()
    over_classes = rows.log_p().mean() * -smoothing
    if smoothing == 1:
        return over_classes
    return over_classes + rows.cross_entropy() * (1 - smoothing)


def margin_smoothing_loss(
    scores: torch.Tensor,
    labels: torch.Tensor,
    *,
    kind: str = "logits",
    margin: float = 10,
    weight: float = 0.1,
) -> torch.Tensor:
    """Margin-based label smoothing (MbLS): a complete loss, of logits alone.

    Formula: (1/N) sum_i (-ln p_iy + (weight / K) sum_k max(0, max_j z_ij - z_ik - margin)).
    Range: >= 0. Slope 0 on the margin. Cost: O(N K).
    Errors: see the module; `kind` is "logits" or "binary_logits".
    Source: Liu et al., CVPR 2022 (arXiv 2111.15430).
    """
    where = "margin_smoothing_loss()"
    check_number(where, "margin", margin, _at_least_0, "a finite number >= 0")
    check_number(where, "weight", weight, _at_least_0, "a finite number >= 0")
    check_scores(where, scores, labels, kind, LOGIT_KINDS)
    if scores.shape[0] == 0:
        return _no_rows(scores)
    rows = Rows(scores, labels, kind)
    return rows.cross_entropy() + (rows.margins() - margin).relu().mean() * weight
