# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The C++ operators that pycalibra.torch.compiled() builds: equal to those of PyTorch's
operations."""

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import HAS_COMPILE  # noqa: E402

pytestmark = pytest.mark.skipif(
    shutil.which("c++") is None or shutil.which("ninja") is None, reason="no C++ compiler or ninja"
)


@pytest.fixture(scope="module")
def ops(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path_factory.mktemp("extensions")))
        return ct.compiled()


def scores(seed=0, rows=300, classes=6):
    random = np.random.default_rng(seed)
    z = torch.tensor(random.standard_normal((rows, classes)) * 2)
    y = torch.where(torch.rand(rows) < 0.5, z.argmax(1), torch.randint(classes, (rows,)))
    return z, y


def naive_ace(z, y, bins):
    c, top = z.softmax(1).max(1)
    order = c.argsort()
    gap = (top.eq(y).double() - c)[order]
    return sum(abs(part.sum().item()) for part in gap.chunk(bins)) / len(y)


def test_losses(ops):
    t = torch.randn(9, 5, dtype=torch.float64, requires_grad=True)
    s = torch.randn(9, 5, dtype=torch.float64)
    for name in ("dor_loss", "kgcoop_loss"):
        mine, theirs = getattr(ops, name)(t, s), getattr(ct, name)(t, s)
        assert mine.item() == pytest.approx(theirs.item(), abs=1e-14)
        slopes = [torch.autograd.grad(value, t)[0] for value in (mine, theirs)]
        np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-15)
    assert torch.autograd.gradgradcheck(lambda t: ops.dor_loss(t, s), t)
    assert ops.feature_divergence(t, 3).item() == pytest.approx(
        ct.feature_divergence(t, 3).item(), abs=1e-14
    )


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_metrics(ops, bins):
    z, y = scores()
    p = z.softmax(1)
    for kind, x in (("logits", z), ("probabilities", p)):
        for name in ("ece", "mce"):
            mine = getattr(ops, name)(x, y, bins=bins, kind=kind)
            assert mine.dtype == torch.float64
            wanted = getattr(ct, name)(x, y, bins=bins, kind=kind).item()
            assert mine.item() == pytest.approx(wanted, abs=1e-12)
    x, labels = z[:, 0], y.eq(0)
    for kind, given in (("binary_logits", x), ("binary_probabilities", x.sigmoid())):
        wanted = ct.ece(given, labels, bins=bins, kind=kind).item()
        assert ops.ece(given, labels, bins=bins, kind=kind).item() == pytest.approx(
            wanted, abs=1e-12
        )
    if 300 % bins == 0:
        assert ops.ace(z, y, bins=bins).item() == pytest.approx(naive_ace(z, y, bins), abs=1e-12)


def test_errors_are_value_errors(ops):
    z, y = scores()
    bad = z.clone()
    bad[7, 2] = float("nan")
    for call, message in [
        (lambda: ops.dor_loss(z, z[:5]), r"dor_loss\(\): .*expected the same shape"),
        (lambda: ops.feature_divergence(z, 0), r"feature_divergence\(\): nearest is 0"),
        (lambda: ops.ece(z, y[:5]), r"ece\(\): .*expected one label a row"),
        (lambda: ops.ece(z, y, bins=0), r"ece\(\): bins is 0"),
        (lambda: ops.ece(bad, y), "row 7"),
        (lambda: ops.mce(z, y + 1), r"not in \[0, 6\)"),
        (lambda: ops.ace(z, y, kind="probabilities"), "if these are logits"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="tuned is ndarray"):
        ops.dor_loss(z.numpy(), z)


@pytest.mark.skipif(not HAS_COMPILE, reason="this torch has no torch.compile")
def test_compile_as_one_graph(ops):
    z, y = scores()

    @torch.compile(fullgraph=True, backend="aot_eager")
    def step(z, y):
        return ops.ece(z * 1.0, y), ops.dor_loss(z, z.flip(1))

    error, loss = step(z.requires_grad_(), y)
    assert error.item() == pytest.approx(ct.ece(z, y).item(), abs=1e-12)
    assert loss.item() == pytest.approx(ct.dor_loss(z, z.flip(1)).item(), abs=1e-12)
    loss.backward()
    assert torch.isfinite(z.grad).all()


def test_a_missing_compiler_is_told(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(RuntimeError, match="no C\\+\\+ compiler: no-such-compiler is not in PATH"):
        ct.compiled.__wrapped__()
