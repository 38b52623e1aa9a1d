# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""A callback that puts calibration into the log of a Lightning trainer."""

from __future__ import annotations

from typing import Any, Dict, Optional

import torch

from pycalibra.torch.metrics import ECE, NLL, Accuracy, Metric

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    from pytorch_lightning.callbacks import Callback


class CalibrationCallback(Callback):
    """Logs metrics of each validation epoch, over all ranks.

        trainer = Trainer(callbacks=[CalibrationCallback()])

    The module's validation_step() gives a dictionary with logits N x K and integer targets N.

    `metrics`: by their names in the log; "accuracy", "nll" and "ece" where not given.
    `logits`, `target`: the keys of the dictionary. `prefix`: of the names in the log.
    Errors: KeyError where the dictionary lacks a key; what the metrics raise.
    """

    def __init__(
        self,
        metrics: Optional[Dict[str, Metric]] = None,
        *,
        logits: str = "logits",
        target: str = "target",
        prefix: str = "val_",
    ) -> None:
        self.metrics = metrics or {"accuracy": Accuracy(), "nll": NLL(), "ece": ECE()}
        self.logits, self.target, self.prefix = logits, target, prefix

    def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        for metric in self.metrics.values():
            metric.to(pl_module.device).reset()

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, *args: Any, **kwargs: Any
    ) -> None:
        for metric in self.metrics.values():
            metric.update(outputs[self.logits], outputs[self.target])

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        ranks = torch.distributed.is_available() and torch.distributed.is_initialized()
        for name, metric in self.metrics.items():
            value = (metric.all_reduce() if ranks else metric).compute()
            pl_module.log(self.prefix + name, value.float())
