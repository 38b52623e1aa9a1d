# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Arrays of any library as NumPy arrays that share their memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core


def core_array(where: str, name: str, x: Any, *, scores: bool = False) -> _core.Array:
    """The array `x` as the extension takes it, without a copy.

    Takes NumPy arrays, PyTorch tensors on the CPU, columns of Arrow, whatever has `__dlpack__`, the
    buffer protocol or `__array__`, and sequences. Copied are sequences, columns of several chunks,
    numbers in foreign byte order, and, as double, `scores` that are integers or longer than double.
    Messages begin with `where` and `name`. Raises TypeError for what is no array of numbers, or
    lies on a device; ValueError for masked elements and nulls, and for a sequence of sequences of
    different lengths.
    """
    array, bfloat16 = _as_numpy(f"{where}: {name}", x)
    if not bfloat16:
        array = _with_known_dtype(f"{where}: {name}", array, scores)
    if array.dtype.itemsize > 1 and (
        not array.flags.aligned or any(s % array.dtype.itemsize for s in array.strides)
    ):
        array = np.ascontiguousarray(array)
    return _core.Array(name, array, bfloat16)


def optional_core_array(where: str, name: str, x: Any) -> _core.Array | None:
    """`core_array()`, or None for None."""
    return None if x is None else core_array(where, name, x)


def _kind(x: Any) -> str:
    return type(x).__name__


def _as_numpy(what: str, x: Any) -> tuple[np.ndarray, bool]:
    """The elements, and whether they are the bits of bfloat16."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        return _of_tensor(what, x, torch)
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{what}: expected no masked elements; leave samples out by valid=")
    if isinstance(x, np.ndarray):
        array = np.asarray(x)
    elif hasattr(x, "toarray") and hasattr(x, "nnz"):
        raise TypeError(f"{what}: expected a dense array, got a sparse {_kind(x)}; see .toarray()")
    elif isinstance(x, (str, bytes, dict, set, frozenset)) or x is None:
        raise TypeError(f"{what}: expected an array of numbers, got {_kind(x)}")
    elif _is_arrow(x):
        array = _of_arrow(what, x)
    elif hasattr(x, "__dlpack__"):
        array = _of_dlpack(what, x)
    elif isinstance(x, (bytearray, memoryview)) or hasattr(x, "__array__"):
        array = np.asarray(x)
    elif isinstance(x, Sequence) or hasattr(x, "__buffer__"):
        array = _of_sequence(what, x)
    else:
        raise TypeError(
            f"{what}: expected an array or a sequence of numbers, got {_kind(x)}"
            + ("; make a list of it" if hasattr(x, "__iter__") else "")
        )
    if array.dtype.name == "bfloat16":
        return array.view(np.uint16), True
    return array, False


def _of_tensor(what: str, x: Any, torch: Any) -> tuple[np.ndarray, bool]:
    if x.layout is not torch.strided:
        raise TypeError(f"{what}: expected a dense tensor, got one of layout {x.layout}")
    if x.device.type != "cpu":
        raise TypeError(_on_device(what, str(x.device)))
    if x.dtype.is_complex:
        raise TypeError(f"{what}: expected real numbers, got a tensor of {x.dtype}")
    x = x.detach().resolve_neg()
    if x.dtype == torch.bfloat16:
        return x.view(torch.int16).numpy().view(np.uint16), True
    try:
        return x.numpy(), False
    except TypeError:
        raise TypeError(f"{what}: expected numbers of 16 to 64 bits, got a tensor of {x.dtype}")


def _on_device(what: str, device: str) -> str:
    return (
        f"{what}: expected an array in host memory, got one on {device}; "
        "use pycalibra.torch, or move it by .cpu()"
    )


def _of_dlpack(what: str, x: Any) -> np.ndarray:
    kind, number = x.__dlpack_device__()
    if int(kind) not in (1, 3, 11, 13):  # host, and host memory that a device sees
        raise TypeError(_on_device(what, f"device {int(kind)}:{int(number)}"))
    try:
        return np.from_dlpack(x)
    except (BufferError, RuntimeError, TypeError):  # bfloat16, or memory that is read-only
        return np.asarray(x)


def _is_arrow(x: Any) -> bool:
    # pandas makes nulls of its NaN there, and none in `__array__`.
    return (hasattr(x, "__arrow_c_stream__") or hasattr(x, "__arrow_c_array__")) and not type(
        x
    ).__module__.startswith("pandas.")


def _of_arrow(what: str, x: Any) -> np.ndarray:
    if hasattr(x, "__arrow_c_array__"):
        column = _core.from_arrow(what, x.__arrow_c_array__())
    else:
        column = _core.from_arrow(what, x.__arrow_c_stream__())
    return _of_sequence(what, x) if column is None else column


def _of_sequence(what: str, x: Any) -> np.ndarray:
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{what}: expected rows of the same length") from None
    if array.dtype == object:
        raise TypeError(f"{what}: expected numbers, got a {_kind(x)} of other objects")
    return array if array.size else array.astype(np.float64)


def _with_known_dtype(what: str, array: np.ndarray, scores: bool) -> np.ndarray:
    dtype = array.dtype
    if dtype.kind not in "biuf":
        raise TypeError(f"{what}: expected numbers, got an array of dtype {dtype}")
    if dtype.itemsize > 8 or (scores and dtype.kind != "f"):
        return array.astype(np.float64)
    return array if dtype.isnative else array.astype(dtype.newbyteorder("="))
