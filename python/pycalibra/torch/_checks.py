# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""What can be checked of a tensor on the host, without reading an element, and the precision that
losses and metrics are computed in."""

from __future__ import annotations

import contextlib
import math
from typing import Any, ContextManager

import torch

#: Shorter rows are divided by this instead of by their norm.
NORM_FLOOR = 1e-8

SCORE_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

_autocast_on = getattr(torch.amp, "is_autocast_available", lambda device: device in ("cpu", "cuda"))
_AUTOCAST_DEVICES = tuple(d for d in ("cpu", "cuda", "xpu", "mps", "mtia") if _autocast_on(d))


def full_precision(tensor: torch.Tensor) -> ContextManager[Any]:
    """Switches autocast off on the device of `tensor`: its matrix products stay in their dtype."""
    if tensor.device.type in _AUTOCAST_DEVICES:
        return torch.autocast(tensor.device.type, enabled=False)
    return contextlib.nullcontext()


def describe(tensor: torch.Tensor) -> str:
    """Gives shape, dtype and device: "[32, 512] float32 on cuda:0"."""
    dtype = str(tensor.dtype).replace("torch.", "")
    return f"{list(tensor.shape)} {dtype} on {tensor.device}"


def check_tensor(where: str, name: str, value: Any) -> None:
    """Raises TypeError for what is not a tensor, ValueError for a sparse one."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{where}: {name} is {type(value).__name__}; expected a torch.Tensor")
    if value.layout != torch.strided:
        raise ValueError(f"{where}: {name} is {describe(value)}, sparse; expected a dense tensor")


def check_number(where: str, name: str, value: Any, good: Any, expected: str) -> None:
    """Raises TypeError for what is not a number, ValueError unless it is finite and good(value)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{where}: {name} is {type(value).__name__}; expected {expected}")
    if not (math.isfinite(value) and good(value)):
        raise ValueError(f"{where}: {name} is {value}; expected {expected}")


def check_count(where: str, name: str, value: Any, least: int, most: int) -> None:
    """Raises TypeError for what is no integer, ValueError for one outside [least, most]."""
    expected = f"an integer in [{least}, {most}]"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{where}: {name} is {type(value).__name__}; expected {expected}")
    if not least <= value <= most:
        raise ValueError(f"{where}: {name} is {value}; expected {expected}")


def check_choice(where: str, name: str, value: Any, choices: tuple) -> None:
    """Raises ValueError for what is none of the choices."""
    if value not in choices:
        names = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{where}: {name} is {value!r}; expected one of {names}")


def is_integral(tensor: torch.Tensor) -> bool:
    """Whether the dtype is bool or of integers."""
    return not (tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized)


def computing_dtype(*tensors: torch.Tensor) -> torch.dtype:
    """float64 where a tensor is, else float32."""
    dtype = torch.float32
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return dtype


def sum_tolerance(dtype: torch.dtype, classes: int) -> float:
    """How far a row of probabilities of that dtype may be from summing to 1."""
    unit = {torch.bfloat16: 2.0**-7, torch.float16: 2.0**-10}.get(dtype, 2.0**-23)
    return unit * (8 + 2 * math.sqrt(classes))


def check_labels(where: str, scores: torch.Tensor, labels: torch.Tensor) -> None:
    """Raises unless `labels` are N integers on the device of N scores."""

    def both() -> str:
        return f"{where}: scores are {describe(scores)}, labels are {describe(labels)}"

    if labels.dim() != 1 or labels.shape[0] != scores.shape[0]:
        raise ValueError(f"{both()}; expected one label a row of the scores")
    if not is_integral(labels):
        raise ValueError(f"{both()}; expected labels of an integer type: labels.long()")
    if scores.device != labels.device:
        raise ValueError(f"{both()}; expected the same device")


def check_scores(where: str, scores: Any, labels: Any, kind: str, kinds: tuple) -> None:
    """Raises unless `scores` and `labels` are what the kind of scores wants."""
    check_choice(where, "kind", kind, kinds)
    check_tensor(where, "scores", scores)
    check_tensor(where, "labels", labels)
    dims = 1 if kind.startswith("binary") else 2
    if scores.dim() != dims:
        raise ValueError(
            f"{where}: scores are {describe(scores)}; expected {dims} "
            f"{'dimension' if dims == 1 else 'dimensions'} for kind={kind!r}"
        )
    if scores.dtype not in SCORE_DTYPES:
        raise ValueError(f"{where}: scores are {describe(scores)}; expected floating-point numbers")
    if dims == 2 and scores.shape[1] == 0:
        raise ValueError(f"{where}: scores are {describe(scores)}; expected at least one class")
    check_labels(where, scores, labels)


def check_features(where: str, name: str, features: Any) -> None:
    """Raises unless `features` is a floating-point tensor of rows of at least one column."""
    check_tensor(where, name, features)
    if features.dim() != 2 or features.shape[1] == 0:
        raise ValueError(
            f"{where}: {name} is {describe(features)}; expected two dimensions and at least one "
            "column"
        )
    if not features.is_floating_point():
        raise ValueError(
            f"{where}: {name} is {describe(features)}; expected floating-point numbers"
        )


def check_feature_pair(where: str, tuned: Any, zero_shot: Any) -> None:
    """Raises unless both are features of one shape on one device."""
    check_features(where, "tuned", tuned)
    check_features(where, "zero_shot", zero_shot)
    both = f"{where}: tuned is {describe(tuned)}, zero_shot is {describe(zero_shot)}"
    if tuned.shape != zero_shot.shape:
        raise ValueError(f"{both}; expected the same shape")
    if tuned.device != zero_shot.device:
        raise ValueError(f"{both}; expected the same device")
