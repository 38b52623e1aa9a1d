# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Checks of arguments that are no arrays, and numbers as JSON has them."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any


def whole(where: str, name: str, x: Any, least: int, most: int = 2**63 - 1) -> int:
    """`x` as an int from `least` to `most`. Raises TypeError for another type, else ValueError."""
    try:
        n = operator.index(x)
    except TypeError:
        raise TypeError(
            f"{where}: {name}: expected a whole number, got {type(x).__name__}"
        ) from None
    if not least <= n <= most:
        raise ValueError(f"{where}: {name}: expected a number from {least} to {most}, got {n}")
    return n


def text(where: str, name: str, x: Any) -> str:
    """`x`, a str. Raises TypeError for another type."""
    if not isinstance(x, str):
        raise TypeError(f"{where}: {name}: expected a str, got {type(x).__name__}")
    return x


def texts(where: str, name: str, x: Any) -> list[str]:
    """`x`, a str or several, as a list. Raises TypeError for another type."""
    if isinstance(x, str):
        return [x]
    if not isinstance(x, Iterable):
        raise TypeError(f"{where}: {name}: expected names, got {type(x).__name__}")
    return [text(where, name, one) for one in x]


def json_number(x: float) -> float | None:
    """`x`, or None where it is NaN or infinite, which JSON has no numbers for."""
    return x if math.isfinite(x) else None
