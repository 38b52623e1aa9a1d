# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Random arguments of any dtype, shape and stride: a number, TypeError or ValueError, and nothing
else; what is strided otherwise gives what a contiguous copy gives."""

import random

import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402

OF_SCORES = [
    "mmce_loss", "soft_binned_ece_loss", "mdca_loss", "dca_loss", "avuc_loss", "soft_avuc_loss",
    "focal_loss", "confidence_penalty_loss", "label_smoothing_loss", "margin_smoothing_loss",
    "ece", "mce", "rmsce", "classwise_ece",
]  # fmt: skip
OF_PAIRS = [
    "dor_loss", "kgcoop_loss", "moment_matching_loss", "zero_shot_range_penalty_loss",
    "zero_shot_normalised",
]  # fmt: skip
OF_FEATURES = [
    "dispersion_loss", "orthogonality_loss", "angular_separation_loss", "feature_divergence",
]  # fmt: skip
DTYPES = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
    torch.uint8, torch.bool, torch.complex64,
]  # fmt: skip
KINDS = ["logits", "probabilities", "binary_logits", "binary_probabilities", "odds", None, 3]


def strided(rng, tensor):
    """The same elements at other strides."""
    way = rng.randrange(4)
    if way == 0 or tensor.dim() == 0:
        return tensor
    if way == 1:  # every other element of a longer tensor
        wide = torch.stack([tensor, tensor], -1)
        return wide[..., 0]
    if way == 2 and tensor.dim() == 2:
        return tensor.t().contiguous().t()
    return torch.cat([tensor, tensor])[: tensor.shape[0]]


def any_tensor(rng, usual):
    shape = usual if rng.random() < 0.7 else [rng.randrange(4) for _ in range(rng.randrange(4))]
    dtype = rng.choice(DTYPES[:4] if rng.random() < 0.8 else DTYPES)
    values = 3 * torch.randn(shape) if rng.random() < 0.8 else torch.full(shape, 1e30)
    if rng.random() < 0.2:
        values = values.abs().softmax(-1) if values.dim() else values
    tensor = strided(rng, values.to(dtype))
    if rng.random() < 0.3 and tensor.is_floating_point():
        tensor = tensor.detach().requires_grad_()
    return tensor


def any_argument(rng, usual):
    if rng.random() < 0.05:
        return rng.choice([None, 3, "scores", [[0.5, 0.5]], (x for x in [1.0]), torch.float32])
    if rng.random() < 0.03:
        return torch.randn(3, 4).to_sparse()
    return any_tensor(rng, usual)


def any_labels(rng, rows):
    if rng.random() < 0.1:
        return any_argument(rng, [rows])
    labels = torch.randint(-1 if rng.random() < 0.1 else 0, 3, (rows,))
    dtype = rng.choice([torch.int64, torch.int32, torch.uint8, torch.bool])
    return strided(rng, labels.to(dtype))


def arguments(rng, name):
    rows, cols = rng.choice([0, 1, 2, 5]), rng.choice([1, 2, 3, 6])
    if name in OF_SCORES:
        kind = rng.choice(KINDS[:4] if rng.random() < 0.9 else KINDS)
        binary = isinstance(kind, str) and kind.startswith("binary")
        scores = any_argument(rng, [rows] if binary else [rows, cols])
        return (scores, any_labels(rng, rows)), {"kind": kind}
    count = 2 if name in OF_PAIRS else 1
    return tuple(any_argument(rng, [rows, cols]) for _ in range(count)), {}


@pytest.mark.parametrize("name", OF_SCORES + OF_PAIRS + OF_FEATURES)
def test_random_arguments(name):
    rng = random.Random(name)
    torch.manual_seed(0)
    function, good = getattr(ct, name), 0
    for _ in range(300):
        given, options = arguments(rng, name)
        try:
            value = function(*given, **options)
        except (TypeError, ValueError) as problem:
            told = "ece" if name in ("mce", "rmsce") else name
            assert str(problem).startswith(f"{told}(): ")
            continue
        good += 1
        assert isinstance(value, torch.Tensor) and value.dtype in (torch.float32, torch.float64)
        again = function(*(x.detach().contiguous() for x in given), **options)
        torch.testing.assert_close(value.detach(), again, rtol=1e-5, atol=1e-6, equal_nan=True)
        if value.requires_grad:
            value.sum().backward()
    assert good > 50
