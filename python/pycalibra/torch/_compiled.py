# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The C++ operators, built against the PyTorch that is installed."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil

import torch

from pycalibra.torch._checks import (
    check_count,
    check_feature_pair,
    check_features,
    check_scores,
)
from pycalibra.torch._rows import KINDS


class Operators:
    """C++ functions with the names and the arguments of those of pycalibra.torch, to call in their
    place. `dor_loss`, `kgcoop_loss` and `feature_divergence` are differentiated by autograd; `ece`,
    `mce` and `ace` read CPU tensors where they lie, on all threads, and give float64 without
    dimensions. All work inside torch.compile(fullgraph=True).

    Errors: as the functions of pycalibra.torch. As a metric looks at its input, a NaN, a row that
    is not probabilities and a label out of range are ValueError with the row.
    """

    def dor_loss(self, tuned: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
        """As pycalibra.torch.dor_loss."""
        check_feature_pair("dor_loss()", tuned, zero_shot)
        return torch.ops.pycalibra.dor_loss(tuned, zero_shot)

    def kgcoop_loss(self, tuned: torch.Tensor, zero_shot: torch.Tensor) -> torch.Tensor:
        """As pycalibra.torch.kgcoop_loss."""
        check_feature_pair("kgcoop_loss()", tuned, zero_shot)
        return torch.ops.pycalibra.kgcoop_loss(tuned, zero_shot)

    def feature_divergence(self, features: torch.Tensor, nearest: int = 5) -> torch.Tensor:
        """As pycalibra.torch.feature_divergence."""
        check_features("feature_divergence()", "features", features)
        check_count("feature_divergence()", "nearest", nearest, 1, 2**62)
        return torch.ops.pycalibra.feature_divergence(features, nearest)

    def ece(
        self, scores: torch.Tensor, target: torch.Tensor, *, bins: int = 15, kind: str = "logits"
    ) -> torch.Tensor:
        """Expected calibration error: sum_b (n_b/N) |acc_b - conf_b|."""
        return self._measure("ece", scores, target, bins, kind)

    def mce(
        self, scores: torch.Tensor, target: torch.Tensor, *, bins: int = 15, kind: str = "logits"
    ) -> torch.Tensor:
        """Maximum calibration error: max_b |acc_b - conf_b|."""
        return self._measure("mce", scores, target, bins, kind)

    def ace(
        self, scores: torch.Tensor, target: torch.Tensor, *, bins: int = 15, kind: str = "logits"
    ) -> torch.Tensor:
        """ECE on bins of about N/bins samples each; ties stay together."""
        return self._measure("ace", scores, target, bins, kind)

    @staticmethod
    def _measure(
        name: str, scores: torch.Tensor, target: torch.Tensor, bins: int, kind: str
    ) -> torch.Tensor:
        check_count(f"{name}()", "bins", bins, 1, 1_000_000)
        check_scores(f"{name}()", scores, target, kind, KINDS)
        operator = getattr(torch.ops.pycalibra, name)
        return operator(scores.detach(), target.detach(), bins, kind)


def _headers() -> pathlib.Path:
    """The folder of calibra's headers: beside the package's modules, or of a checkout."""
    package = pathlib.Path(__file__).resolve().parents[1]
    for folder in (package / "include", package.parents[1] / "include"):
        if (folder / "calibra" / "version.hpp").is_file():
            return folder
    raise RuntimeError(f"compiled(): calibra's headers are not in {package / 'include'}")


@functools.cache
def compiled() -> Operators:
    """Builds the C++ operators against the installed PyTorch, and loads them.

    The first call takes up to a minute; PyTorch keeps what was built (TORCH_EXTENSIONS_DIR). Needs
    a C++20 compiler and ninja. RuntimeError where one is missing or the build fails.
    """
    from torch.utils import cpp_extension

    compiler = os.environ.get("CXX", "c++")
    if shutil.which(compiler.split()[0]) is None:
        raise RuntimeError(f"compiled(): no C++ compiler: {compiler} is not in PATH; set CXX")
    headers = _headers()
    cpp_extension.load(
        name="pycalibra_operators",
        sources=[str(pathlib.Path(__file__).with_name("operators.cpp"))],
        extra_cflags=["-std=c++20", "-O2", f"-I{headers}"],
        is_python_module=False,
    )
    register_fake = getattr(torch.library, "register_fake", None)
    if register_fake is not None:
        for name in ("ece", "mce", "ace"):
            register_fake(f"pycalibra::{name}")(_fake)
    return Operators()


def _fake(scores: torch.Tensor, labels: torch.Tensor, bins: int, kind: str) -> torch.Tensor:
    return scores.new_empty((), dtype=torch.float64)
