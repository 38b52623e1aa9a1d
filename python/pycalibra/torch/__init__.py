# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""calibra for training loops in PyTorch: losses, Dynamic Outlier Regularization, and metrics that
fill on the device of the scores. In PyTorch's own operations, with nothing to compile; imported by
`import pycalibra.torch` alone."""

from pycalibra.torch._compiled import Operators, compiled
from pycalibra.torch.dor import DynamicOutlierRegularization
from pycalibra.torch.feature_losses import (
    angular_separation_loss,
    dispersion_loss,
    dor_loss,
    feature_divergence,
    kgcoop_loss,
    moment_matching_loss,
    orthogonality_loss,
    zero_shot_normalised,
    zero_shot_range_penalty_loss,
)
from pycalibra.torch.losses import (
    avuc_loss,
    confidence_penalty_loss,
    dca_loss,
    focal_loss,
    label_smoothing_loss,
    margin_smoothing_loss,
    mdca_loss,
    mmce_loss,
    soft_avuc_loss,
    soft_binned_ece_loss,
)
from pycalibra.torch.outliers import (
    OutlierBank,
    OutlierSelector,
    build_outlier_bank,
    normalised_name,
    read_nouns,
    read_wordnet_nouns,
)
from pycalibra.torch.metrics import (
    ECE,
    MCE,
    NLL,
    RMSCE,
    Accuracy,
    Brier,
    ClasswiseECE,
    MeanConfidence,
    classwise_ece,
    ece,
    mce,
    rmsce,
)
