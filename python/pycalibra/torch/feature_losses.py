# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Losses of text features and of zero-shot logits, in PyTorch's own operations.

What holds for those of features:

Shapes: rows of features, a pair of one shape on one device, of any floating type. Rows are divided
    by their norms, at least 1e-8. `zero_shot` is detached: no gradient flows to it.
Result: no dimension, on that device; float64 where an input is, else float32. float16 and bfloat16
    are computed in float32, inside autocast too.
Values: no element is read on the host and nothing waits for the device, so that a NaN or an
    infinity gives a NaN loss and no exception; a row of zeros in `zero_shot` has cosine 0.
Empty: no row gives NaN.
Errors: TypeError for what is not a tensor; ValueError for shapes that do not fit, dtypes that are
    not floating, two devices, and options out of their range.
"""

from __future__ import annotations

import math
from typing import Tuple

import torch

from pycalibra.torch._checks import (
    NORM_FLOOR,
    SCORE_DTYPES,
    check_choice,
    check_count,
    check_feature_pair,
    check_features,
    check_number,
    check_tensor,
    computing_dtype,
    describe,
    full_precision,
)

_MOST_COSINE = 1 - 1e-6  # the largest cosine that has a slope; the smallest is minus this


def _directions(features: torch.Tensor) -> torch.Tensor:
    norms = torch.linalg.vector_norm(features, 2, dim=1, keepdim=True)
    return features / norms.clamp_min(NORM_FLOOR)


def _units(where: str, features: torch.Tensor) -> torch.Tensor:
    check_features(where, "features", features)
    return _directions(features.to(computing_dtype(features)))


def _no_value(units: torch.Tensor) -> torch.Tensor:
    """NaN that stays a function of the features, so that backward() runs."""
    return units.sum() * math.nan


def cosine_distance(where: str, tuned: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
    """1 - mean_b cos(tuned_b, zero_shot_b). Errors name `where`."""
    check_feature_pair(where, tuned, zero_shot)
    dtype = computing_dtype(tuned, zero_shot)
    units = _directions(tuned.to(dtype))
    return 1 - (units * _directions(zero_shot.detach().to(dtype))).sum(1).mean()


def dor_loss(tuned: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
    """The loss of Dynamic Outlier Regularization.

    Formula: 1 - (1/B) sum_b cos(u_b, v_b), cos(u, v) = u.v / (max(|u|, 1e-8) max(|v|, 1e-8)); u_b
        is row b of `tuned`, v_b row b of `zero_shot`. A trainer minimises cross-entropy + lambda
        times this, with lambda 8 for CoOp and 2 for other methods in the paper.
    Shapes: B x D each. Range: [0, 2] up to rounding. Differentiable twice. Cost: O(B D).
    Errors: see the module.
    Source: Wang, Li, Wei, ICML 2025 (arXiv 2410.02681).
    """
    return cosine_distance("dor_loss()", tuned, zero_shot)


def kgcoop_loss(tuned: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
    """The knowledge-guided loss of KgCoOp: dor_loss over the features of classes, K x D.

    Formula: 1 - (1/K) sum_k cos(w_k, z_k). Everything else as dor_loss; its weight is 8 in the
        paper.
    Source: Yao, Zhang, Xu, CVPR 2023.
    """
    return cosine_distance("kgcoop_loss()", tuned, zero_shot)


def dispersion_loss(features: torch.Tensor) -> torch.Tensor:
    """The loss of C-TPT: the average distance of text features from their mean, with a minus.

    Formula: -(1/C) sum_c |u_c - m|, m = (1/C) sum_c u_c, u_c = t_c / max(|t_c|, 1e-8).
    Shapes: C x D. Range: [-1, 0]. A feature at the mean has slope 0. Cost: O(C D).
    Errors: see the module. Source: Yoon et al., ICLR 2024.
    """
    units = _units("dispersion_loss()", features)
    if units.shape[0] == 0:
        return _no_value(units)
    # From the first row on, so that the distances of equal rows are exactly 0.
    moved = units - units[:1].detach()
    return -torch.linalg.vector_norm(moved - moved.mean(0, keepdim=True), 2, dim=1).mean()


def orthogonality_loss(features: torch.Tensor) -> torch.Tensor:
    """The loss of O-TPT: how far text features are from being orthogonal.

    Formula: |U U^T - I|_F^2 = sum_ij (u_i.u_j - [i = j])^2, u_c = t_c / max(|t_c|, 1e-8).
    Shapes: C x D. Range: [0, C (C - 1)], up to rows of zeros. Differentiable twice.
    Cost: O(C^2 D). Errors: see the module. Source: Sharifdeen et al., 2025.
    """
    units = _units("orthogonality_loss()", features)
    if units.shape[0] == 0:
        return _no_value(units)
    with full_precision(units):
        identity = torch.eye(units.shape[0], dtype=units.dtype, device=units.device)
        return (units.matmul(units.t()) - identity).square().sum()


def angular_separation_loss(features: torch.Tensor) -> torch.Tensor:
    """The loss of A-TPT: the mean angle from each text feature to its nearest other, with a minus.

    Formula: -(1/C) sum_i min_{j != i} arccos(clamp(u_i.u_j, -c, c)), c = 1 - 1e-6,
        u_c = t_c / max(|t_c|, 1e-8).
    Shapes: C x D. Range: [-3.1401788, -0.0014142]; NaN for C < 2. Among equally near features the
        first has the slope; beyond c or -c there is none. Cost: O(C^2 D).
    Errors: see the module. Source: Ahamed et al., 2025 (arXiv 2510.26441).
    """
    units = _units("angular_separation_loss()", features)
    if units.shape[0] < 2:
        return _no_value(units)
    with full_precision(units):
        own = torch.eye(units.shape[0], dtype=torch.bool, device=units.device)
        cosines = units.matmul(units.t()).masked_fill(own, -math.inf)
        return -cosines.max(1)[0].clamp(-_MOST_COSINE, _MOST_COSINE).acos().mean()


def _covariance_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    # The difference of the covariances is E^T S + S^T E with E = A - B and S = (A + B)/2; its
    # square needs the products of rows alone.
    e, s = a - b, (a + b) / 2
    se = s.matmul(e.t())
    total = (e.matmul(e.t()) * s.matmul(s.t())).sum() + (se * se.t()).sum()
    return total * (2 / (a.shape[0] * a.shape[0]))


def moment_distance(
    where: str, tuned: torch.Tensor, zero_shot: torch.Tensor, mean: float, covariance: float
) -> torch.Tensor:
    """mean |mu_t - mu_0|^2 + covariance |Cov_t - Cov_0|_F^2. Errors name `where`."""
    check_feature_pair(where, tuned, zero_shot)
    dtype = computing_dtype(tuned, zero_shot)
    t, z = _directions(tuned.to(dtype)), _directions(zero_shot.detach().to(dtype))
    if t.shape[0] == 0:
        return _no_value(t)
    with full_precision(t):
        mean_t, mean_z = t.mean(0, keepdim=True), z.mean(0, keepdim=True)
        value = t.sum() * 0  # NaN stays NaN where both weights are 0
        if covariance > 0:
            value = value + _covariance_distance(t - mean_t, z - mean_z) * covariance
        if mean > 0:
            value = value + (mean_t - mean_z).square().sum() * mean
    return value


def moment_matching_loss(
    tuned: torch.Tensor, zero_shot: torch.Tensor, *, mean: float = 1, covariance: float = 1
) -> torch.Tensor:
    """How far mean and covariance of the tuned features are from those of the zero-shot ones.

    Formula: mean |mu_t - mu_0|^2 + covariance |Cov_t - Cov_0|_F^2, mu = (1/C) sum_c u_c,
        Cov = (1/C) sum_c (u_c - mu)(u_c - mu)^T, u_c = row c / max(|row c|, 1e-8).
    Shapes: C x D each. Range: >= 0, up to rounding. Differentiable twice. Cost: O(C^2 D).
    Errors: see the module. Source: after Sharifdeen et al., 2026 (arXiv 2602.19024).
    """
    where = "moment_matching_loss()"
    check_number(where, "mean", mean, lambda x: x >= 0, "a finite number >= 0")
    check_number(where, "covariance", covariance, lambda x: x >= 0, "a finite number >= 0")
    return moment_distance(where, tuned, zero_shot, mean, covariance)


def feature_divergence(features: torch.Tensor, nearest: int = 5) -> torch.Tensor:
    """The mean distance from each feature, brought to norm 1, to its nearest other features.

    Formula: (1/N) sum_i (1/m) sum_{j in the m nearest of i, j != i} |u_i - u_j|,
        m = min(nearest, N - 1).
    Shapes: N x D. Range: [0, 2]; NaN for N < 2. Cost: O(N^2 D) time, O(N^2) memory.
    Errors: see the module. Source: Wang, Li, Wei, ICML 2025 (arXiv 2410.02681).
    """
    where = "feature_divergence()"
    check_count(where, "nearest", nearest, 1, 2**62)
    units = _units(where, features)
    n = units.shape[0]
    if n < 2:
        return _no_value(units)
    # By differences, never by a matrix product, which loses small distances.
    distances = torch.cdist(units, units, compute_mode="donot_use_mm_for_euclid_dist")
    own = torch.eye(n, dtype=torch.bool, device=units.device)
    return (
        distances.masked_fill(own, math.inf).topk(min(nearest, n - 1), 1, largest=False)[0].mean()
    )


def _logit_pair(
    where: str, logits: torch.Tensor, zero_shot: torch.Tensor, dims: int
) -> Tuple[torch.Tensor, torch.Tensor]:
    check_tensor(where, "logits", logits)
    check_tensor(where, "zero_shot", zero_shot)
    both = f"{where}: logits are {describe(logits)}, zero-shot logits are {describe(zero_shot)}"
    if (
        logits.dim() != dims
        or logits.shape != zero_shot.shape
        or (dims == 2 and logits.shape[1] == 0)
    ):
        of = "two dimensions and at least one column" if dims == 2 else "one dimension"
        raise ValueError(f"{both}; expected the same shape, of {of}")
    if logits.dtype not in SCORE_DTYPES or zero_shot.dtype not in SCORE_DTYPES:
        raise ValueError(f"{both}; expected floating-point numbers")
    if logits.device != zero_shot.device:
        raise ValueError(f"{both}; expected the same device")
    dtype = computing_dtype(logits, zero_shot)
    return logits.to(dtype), zero_shot.detach().to(dtype)


def _nan_unless_finite(logits: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
    """0 in rows of finite logits, NaN in others; N x 1."""
    return (logits.detach() * 0 + zero_shot * 0).sum(1, keepdim=True)


def zero_shot_range_penalty_loss(
    logits: torch.Tensor, zero_shot: torch.Tensor, *, kind: str = "logits"
) -> torch.Tensor:
    """Penalty on logits that leave the range of the zero-shot logits of the same sample.

    Formula: (1/N) sum_i sum_k (max(0, z_ik - max_j s_ij) + max(0, min_j s_ij - z_ik)).
    Shapes: N x K each for kind "logits", N for "binary_logits", a row (0, x). Range: >= 0. Slope 0
        on the ends of the range; none by the zero-shot logits. A logit that is not finite gives
        NaN, and so does N = 0. Cost: O(N K).
    Errors: TypeError, ValueError as for features.
    Source: Murugesan et al., ECCV 2024 (arXiv 2407.13588); the mean over samples is calibra's.
    """
    where = "zero_shot_range_penalty_loss()"
    check_choice(where, "kind", kind, ("logits", "binary_logits"))
    z, s = _logit_pair(where, logits, zero_shot, 2 if kind == "logits" else 1)
    if z.shape[0] == 0:
        return z.sum() * math.nan
    if kind == "binary_logits":
        z = torch.stack([torch.zeros_like(z), z], 1)
        s = torch.stack([torch.zeros_like(s), s], 1)
    above = (z - s.amax(1, keepdim=True)).relu()
    below = (s.amin(1, keepdim=True) - z).relu()
    return ((above + below).sum(1, keepdim=True) + _nan_unless_finite(z, s)).mean()


def zero_shot_normalised(logits: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
    """Zero-shot normalisation: each row mapped by a line to the range of its zero-shot logits.

    Formula: z'_ik = (z_ik - min_j z_ij)/(max_j z_ij - min_j z_ij) (max_j s_ij - min_j s_ij)
        + min_j s_ij; min_j s_ij for a row of equal logits.
    Shapes: N x K each; gives N x K, float64 where an input is, else float32. The least and the
        largest are the first of equal ones. A row with a logit that is not finite is NaN.
    Cost: O(N K). Errors: TypeError, ValueError as for features.
    Source: Murugesan et al., ECCV 2024 (arXiv 2407.13588), ZS-Norm.
    """
    z, s = _logit_pair("zero_shot_normalised()", logits, zero_shot, 2)
    low = z.min(1, keepdim=True)[0]
    range_z = z.max(1, keepdim=True)[0] - low
    low_s = s.amin(1, keepdim=True)
    range_s = s.amax(1, keepdim=True) - low_s
    none = range_z.detach().eq(0)  # equal logits have neither place nor slope
    place = (z - low).masked_fill(none, 0) / range_z.masked_fill(none, 1)
    return place * range_s + low_s + _nan_unless_finite(z, s)
