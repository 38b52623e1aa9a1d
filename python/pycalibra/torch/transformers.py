# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Puts calibration into the log of a Hugging Face Trainer."""

from __future__ import annotations

from typing import Any, Dict, Optional

import torch

from pycalibra.torch.metrics import ECE, NLL, Accuracy, Metric


class CalibrationMetrics:
    """A function for a Trainer's `compute_metrics`; with batch_eval_metrics=True in its arguments
    logits are measured batch by batch where they lie, and not collected.

        Trainer(..., compute_metrics=CalibrationMetrics())

    Logits are N x K, or N x T x K of tokens, with labels N or N x T; labels of `ignore_index` are
    left out.

    `metrics`: by their names in the log; "accuracy", "nll" and "ece" where not given.
    Errors: what the metrics raise.
    """

    def __init__(
        self, metrics: Optional[Dict[str, Metric]] = None, *, ignore_index: int = -100
    ) -> None:
        kinds = {"accuracy": Accuracy, "nll": NLL, "ece": ECE}
        default = {name: kind(ignore_index=ignore_index) for name, kind in kinds.items()}
        self.metrics = metrics or default

    def __call__(self, prediction: Any, compute_result: bool = True) -> Dict[str, float]:
        scores, labels = prediction.predictions, prediction.label_ids
        logits = torch.as_tensor(scores[0] if isinstance(scores, tuple) else scores)
        target = torch.as_tensor(labels).to(logits.device).reshape(-1)
        for metric in self.metrics.values():
            metric.to(logits.device).update(logits.reshape(-1, logits.shape[-1]), target)
        if not compute_result:
            return {}
        values = {name: metric.compute().item() for name, metric in self.metrics.items()}
        for metric in self.metrics.values():
            metric.reset()
        return values
