# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""What the tests of pycalibra.torch share: the C++ functions to compare with, and a guard against
reading elements on the host."""

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
HAS_COMPILE = hasattr(torch, "compile")


@functools.cache
def _reference_program():
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        return None
    program = pathlib.Path(tempfile.mkdtemp(prefix="pycalibra-")) / "reference"
    source = pathlib.Path(__file__).with_name("torch_reference.cpp")
    command = [compiler, "-std=c++20", "-O0", f"-I{ROOT / 'include'}", str(source)]
    subprocess.run(command + ["-o", str(program)], check=True)
    return str(program)


def matrix_text(values):
    values = np.asarray(values, dtype=np.float64)
    numbers = " ".join(repr(float(x)) for x in values.ravel())
    return f"{values.shape[0]} {values.shape[1]} {numbers}"


def lines_text(lines):
    return "\n".join([str(len(lines)), *lines]) + "\n"


def ask(*question):
    """What the C++ functions answer to a question, in lines; skips the test without a compiler."""
    program = _reference_program()
    if program is None:
        pytest.skip("no C++ compiler")
    text = " ".join(str(part) for part in question)
    done = subprocess.run([program], input=text, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.rstrip("\n").split("\n")


def ask_numbers(*question):
    return np.array([float(x) for x in ask(*question)[0].split()])


class NoHostReads(TorchDispatchMode):
    """Raises where an operation reads an element on the host, leaves the device, or gives a shape
    that depends on elements."""

    FORBIDDEN = (
        "_local_scalar_dense",
        "item",
        "nonzero",
        "masked_select",
        "bincount",
        "unique",
        "_unique2",
        "equal",
        "is_nonzero",
    )

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__.split(".")[0]
        self.seen.append(name)
        if name in self.FORBIDDEN:
            raise AssertionError(f"{name} reads elements on the host")
        if name == "index" and any(
            isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in args[1] if i is not None
        ):
            raise AssertionError("an index by a mask reads elements on the host")
        return func(*args, **kwargs)
