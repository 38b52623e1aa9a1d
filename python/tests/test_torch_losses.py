# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The losses of pycalibra.torch: against naive NumPy, the C++ functions, and numeric gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import HAS_COMPILE, NoHostReads, ask_numbers, matrix_text  # noqa: E402


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def parts(z, y):
    p = softmax(z)
    r, hit = p.max(1), (p.argmax(1) == y).astype(float)
    entropy = -(p * np.log(p)).sum(1)
    return p, p[np.arange(len(y)), y], r, hit, entropy


def naive_mmce(z, y, bandwidth=0.4, weighted=False, squared=False):
    _, _, r, hit, _ = parts(z, y)
    total = 0.0
    n, hits = len(y), int(hit.sum())
    d = [(h - c) / ((hits if h else n - hits) if weighted else n) for h, c in zip(hit, r)]
    for i in range(n):
        for j in range(n):
            total += d[i] * d[j] * np.exp(-abs(r[i] - r[j]) / bandwidth)
    return total if squared else np.sqrt(total)


def naive_soft_binned(z, y, bins=15, temperature=0.01, norm=2):
    _, _, r, hit, _ = parts(z, y)
    mass, gap = np.zeros(bins), np.zeros(bins)
    for confidence, h in zip(r, hit):
        u = np.exp(-((confidence - (np.arange(bins) + 0.5) / bins) ** 2) / temperature)
        u /= u.sum()
        mass += u
        gap += u * (h - confidence)
    gap = np.abs(gap / np.maximum(mass, 1e-5))
    return ((mass / len(y) * gap**norm).sum()) ** (1 / norm)


def naive_avuc(z, y, threshold=None):
    p, _, r, hit, entropy = parts(z, y)
    threshold = np.log(p.shape[1]) / 2 if threshold is None else threshold
    good = bad = 0.0
    for c, h, u in zip(r, hit, entropy):
        term = (c if h else 1 - c) * (1 - np.tanh(u) if u <= threshold else np.tanh(u))
        if bool(h) == (u <= threshold):
            good += term
        else:
            bad += term
    return np.log(1 + bad / max(good, 1e-5))


def naive_soft_avuc(z, y, kappa=0.5, temperature=1):
    p, _, _, hit, _ = parts(z, y)
    good = bad = 0.0
    for row, h in zip(p, hit):
        q = (1 - 1e-5) * row + 1e-5 / len(row)
        u = -(q * np.log(q)).sum()
        e = min(u / np.log(len(row)), 1 - 1e-6)
        uncertain = 1 / (1 + ((1 - e) * kappa / (e * (1 - kappa))) ** (1 / temperature))
        c, un = (1 - uncertain) * (1 - np.tanh(u)), uncertain * np.tanh(u)
        good += c if h else un
        bad += un if h else c
    return np.log(1 + bad / max(good, 1e-5))


def naive_focal(z, y, gamma=3, schedule="constant"):
    _, p, _, _, _ = parts(z, y)
    power = np.full(len(p), float(gamma))
    if schedule == "flsd_53":
        power = np.where(p < 0.2, 5.0, np.where(p < 0.5, 3.0, gamma))
    return -((1 - p) ** power * np.log(p)).mean()


def naive_smoothing(z, y, smoothing=0.1):
    p, _, _, _, _ = parts(z, y)
    target = np.full_like(p, smoothing / p.shape[1])
    target[np.arange(len(y)), y] += 1 - smoothing
    return -(target * np.log(p)).sum(1).mean()


def naive_margin(z, y, margin=10, weight=0.1):
    _, p, _, _, _ = parts(z, y)
    excess = np.maximum(0, z.max(1, keepdims=True) - z - margin)
    return (-np.log(p) + weight * excess.mean(1)).mean()


def shares(z, y):
    return np.array([(y == k).mean() for k in range(z.shape[1])])


NAIVE = {
    "mmce_loss": naive_mmce,
    "soft_binned_ece_loss": naive_soft_binned,
    "mdca_loss": lambda z, y: np.abs(softmax(z).mean(0) - shares(z, y)).mean(),
    "dca_loss": lambda z, y: abs(parts(z, y)[3].mean() - parts(z, y)[2].mean()),
    "avuc_loss": naive_avuc,
    "soft_avuc_loss": naive_soft_avuc,
    "focal_loss": naive_focal,
    "confidence_penalty_loss": lambda z, y, weight=0.1: (
        -np.log(parts(z, y)[1]) - weight * parts(z, y)[4]
    ).mean(),
    "label_smoothing_loss": naive_smoothing,
    "margin_smoothing_loss": naive_margin,
}

# name, options in Python, the same for torch_reference.cpp
CASES = [
    ("mmce_loss", {}, (0.4, 0, 0)),
    ("mmce_loss", {"weighted": True, "bandwidth": 0.2}, (0.2, 1, 0)),
    ("mmce_loss", {"squared": True}, (0.4, 0, 1)),
    ("soft_binned_ece_loss", {}, (15, 0.01, 2)),
    ("soft_binned_ece_loss", {"bins": 7, "temperature": 0.05, "norm": 1.5}, (7, 0.05, 1.5)),
    ("mdca_loss", {}, (0, 0, 0)),
    ("dca_loss", {}, (0, 0, 0)),
    ("avuc_loss", {}, (0, 0, 0)),
    ("avuc_loss", {"threshold": 0.7}, (0.7, 1, 0)),
    ("soft_avuc_loss", {}, (0.5, 1, 0)),
    ("soft_avuc_loss", {"kappa": 0.3, "temperature": 0.5}, (0.3, 0.5, 0)),
    ("focal_loss", {}, (3, 0, 0)),
    ("focal_loss", {"gamma": 1.5, "schedule": "flsd_53"}, (1.5, 1, 0)),
    ("confidence_penalty_loss", {}, (0.1, 0, 0)),
    ("confidence_penalty_loss", {"weight": 0.7}, (0.7, 0, 0)),
    ("label_smoothing_loss", {}, (0.1, 0, 0)),
    ("label_smoothing_loss", {"smoothing": 0}, (0, 0, 0)),
    ("label_smoothing_loss", {"smoothing": 1}, (1, 0, 0)),
    ("margin_smoothing_loss", {}, (10, 0.1, 0)),
    ("margin_smoothing_loss", {"margin": 1.25, "weight": 0.4}, (1.25, 0.4, 0)),
]
IDS = [f"{name}-{'-'.join(map(str, options.values()))}" for name, options, _ in CASES]
NAMES = sorted(NAIVE)


def batch(seed, rows=23, classes=5, scale=2.0):
    random = np.random.default_rng(seed)
    z = scale * random.standard_normal((rows, classes))
    y = np.where(random.random(rows) < 0.5, z.argmax(1), random.integers(0, classes, rows))
    return z, y


@pytest.mark.parametrize("name, options, _", CASES, ids=IDS)
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_naive_value(name, options, _, seed):
    z, y = batch(seed, classes=2 + 3 * seed, scale=1.0 + 2 * seed)
    value = getattr(ct, name)(torch.tensor(z), torch.tensor(y), **options)
    assert value.dtype == torch.float64 and value.dim() == 0
    assert value.item() == pytest.approx(NAIVE[name](z, y, **options), rel=1e-9, abs=1e-9)
    single = getattr(ct, name)(torch.tensor(z).float(), torch.tensor(y).int(), **options)
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(value.item(), rel=2e-5, abs=2e-6)


@pytest.mark.parametrize("name, options, numbers", CASES, ids=IDS)
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_equals_the_cpp_value_and_gradient(name, options, numbers, kind):
    if name == "margin_smoothing_loss" and kind != "logits":
        pytest.skip("a loss of logits alone")
    z, y = batch(11)
    given = z if kind == "logits" else softmax(z)
    x = torch.tensor(given, requires_grad=True)
    value = getattr(ct, name)(x, torch.tensor(y), kind=kind, **options)
    value.backward()
    told = ask_numbers("loss", name, kind, *numbers, matrix_text(given), *y)
    assert value.item() == pytest.approx(told[0], rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(x.grad.numpy().ravel(), told[1:], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name, options, _", CASES, ids=IDS)
def test_gradcheck(name, options, _):
    z, y = batch(4, rows=7, classes=3)
    loss = getattr(ct, name)
    x, labels = torch.tensor(z, requires_grad=True), torch.tensor(y)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels, **options), x)
    if name in ("focal_loss", "confidence_penalty_loss", "label_smoothing_loss"):
        assert torch.autograd.gradgradcheck(lambda x: loss(x, labels, **options), x)


@pytest.mark.parametrize("name", NAMES)
def test_binary_scores_are_rows_of_two(name):
    z, y = batch(5, classes=2)
    x = torch.tensor(z[:, 0])
    labels = torch.tensor(y)
    two = torch.stack([torch.zeros_like(x), x], 1)
    loss = getattr(ct, name)
    wanted = loss(two, labels).item()
    assert loss(x, labels, kind="binary_logits").item() == pytest.approx(wanted, rel=1e-9)
    if name != "margin_smoothing_loss":
        p = x.sigmoid()
        got = loss(p, labels.bool(), kind="binary_probabilities").item()
        assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_bad_values_make_it_nan(name):
    z, y = batch(6)
    loss = getattr(ct, name)
    for bad in (np.nan, np.inf, -np.inf):
        changed = z.copy()
        changed[3, 1] = bad
        assert torch.isnan(loss(torch.tensor(changed), torch.tensor(y)))
    for bad in (-1, 5):
        changed = y.copy()
        changed[2] = bad
        assert torch.isnan(loss(torch.tensor(z), torch.tensor(changed)))
    if name == "margin_smoothing_loss":
        return
    p = softmax(z)
    for bad in (-0.25, 0.01):
        changed = p.copy()
        changed[4, 0] += bad
        assert torch.isnan(loss(torch.tensor(changed), torch.tensor(y), kind="probabilities"))


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_give_nan_and_backward_runs(name):
    x = torch.zeros(0, 4, requires_grad=True)
    value = getattr(ct, name)(x, torch.zeros(0, dtype=torch.long))
    assert torch.isnan(value)
    value.backward()
    assert x.grad.shape == (0, 4)


@pytest.mark.parametrize("name", NAMES)
def test_reads_nothing_on_the_host(name):
    z, y = batch(7)
    x, labels = torch.tensor(z, requires_grad=True), torch.tensor(y)
    with NoHostReads() as spy:
        getattr(ct, name)(x, labels).backward()
    assert any("softmax" in operation for operation in spy.seen)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_scores_are_computed_in_float32(name, dtype):
    z, y = batch(8)
    x = torch.tensor(z).to(dtype).requires_grad_()
    loss = getattr(ct, name)
    value = loss(x, torch.tensor(y))
    assert value.dtype == torch.float32
    assert value.item() == loss(x.detach().float(), torch.tensor(y)).item()
    value.backward()
    assert x.grad.dtype == dtype and torch.isfinite(x.grad).all()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert loss(x, torch.tensor(y)).item() == value.item()


def test_the_small_constants_of_avuc():
    # Sure and wrong: nothing speaks for the batch, and the divisor is 1e-5.
    z, y = np.array([[9.0, 0, 0], [0, 8.0, 0]]), np.array([1, 2])
    for name in ("avuc_loss", "soft_avuc_loss"):
        value = getattr(ct, name)(torch.tensor(z), torch.tensor(y)).item()
        assert value == pytest.approx(NAIVE[name](z, y), rel=1e-9)
    # Nearly uniform rows: the entropy's share is at most 1 - 1e-6.
    z, y = np.array([[0.0, 1e-4], [0, 1e-3], [0.02, 0], [0, 0]]), np.array([1, 1, 0, 1])
    for temperature in (1, 0.3):
        value = ct.soft_avuc_loss(torch.tensor(z), torch.tensor(y), temperature=temperature).item()
        wanted = naive_soft_avuc(z, y, temperature=temperature)
        assert value == pytest.approx(wanted, rel=1e-6)
    # An entropy on the threshold is certain.
    even, label = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([0])
    value = ct.avuc_loss(even, label, threshold=float(np.log(2))).item()
    assert value == 0


def test_slopes_where_a_formula_has_none():
    # A sure and right sample: focal loss has neither loss nor slope; MMCE's root has slope 0 at 0.
    x = torch.tensor([[200.0, 0.0]], dtype=torch.float64, requires_grad=True)
    label = torch.tensor([0])
    for name in ("focal_loss", "mmce_loss", "soft_binned_ece_loss", "dca_loss"):
        value = getattr(ct, name)(x, label)
        (slope,) = torch.autograd.grad(value, x)
        assert value.item() == 0 and (slope == 0).all()
    # A given probability of 0 has no part of the entropy.
    p = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    value = ct.confidence_penalty_loss(p, label, kind="probabilities")
    (slope,) = torch.autograd.grad(value, p)
    assert value.item() == 0 and torch.isfinite(slope).all()
    assert ct.focal_loss(p, torch.tensor([1]), kind="probabilities").item() == float("inf")
    # Rounding may have taken a probability beyond 1: it counts as 1, with its slope.
    p = torch.tensor([[1 + 2.0**-23, 0]], requires_grad=True)
    value = ct.label_smoothing_loss(p, label, kind="probabilities", smoothing=0)
    (slope,) = torch.autograd.grad(value, p)
    assert value.item() == 0 and slope.tolist() == [[-1, 0]]


BAD_OPTIONS = [
    ("mmce_loss", {"bandwidth": 0}, "bandwidth is 0; expected a finite number > 0"),
    ("soft_binned_ece_loss", {"bins": 0}, "bins is 0; expected an integer in"),
    ("soft_binned_ece_loss", {"temperature": float("nan")}, "temperature is nan"),
    ("soft_binned_ece_loss", {"norm": 0.5}, "norm is 0.5; expected a finite number >= 1"),
    ("avuc_loss", {"threshold": float("inf")}, "threshold is inf"),
    ("soft_avuc_loss", {"kappa": 1}, r"kappa is 1; expected a number in \(0, 1\)"),
    ("soft_avuc_loss", {"temperature": -1}, "temperature is -1"),
    ("focal_loss", {"gamma": -1}, "gamma is -1; expected a finite number >= 0"),
    ("focal_loss", {"schedule": "cosine"}, "schedule is 'cosine'; expected one of"),
    ("confidence_penalty_loss", {"weight": -0.5}, "weight is -0.5"),
    (
        "label_smoothing_loss",
        {"smoothing": 1.5},
        r"smoothing is 1.5; expected a number in \[0, 1\]",
    ),
    ("margin_smoothing_loss", {"margin": -2}, "margin is -2"),
    ("margin_smoothing_loss", {"kind": "probabilities"}, "kind is 'probabilities'"),
    ("mdca_loss", {"kind": "odds"}, "kind is 'odds'; expected one of 'logits'"),
]


@pytest.mark.parametrize("name, options, message", BAD_OPTIONS)
def test_bad_options(name, options, message):
    z, y = batch(9)
    with pytest.raises(ValueError, match=rf"{name}\(\): {message}"):
        getattr(ct, name)(torch.tensor(z), torch.tensor(y), **options)


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments(name):
    loss = getattr(ct, name)
    z, y = torch.randn(6, 3), torch.zeros(6, dtype=torch.long)
    for scores, labels, error, message in [
        (z.numpy(), y, TypeError, "scores is ndarray; expected a torch.Tensor"),
        (z, [0] * 6, TypeError, "labels is list"),
        (z[0], y[:3], ValueError, r"\[3\] float32 on cpu; expected 2 dimensions"),
        (z, y[:5], ValueError, "expected one label a row"),
        (z, y.unsqueeze(1), ValueError, "expected one label a row"),
        (z, y.float(), ValueError, "expected labels of an integer type"),
        (z.long(), y, ValueError, "expected floating-point numbers"),
        (z[:, :0], y, ValueError, "expected at least one class"),
        (z, y.to("meta"), ValueError, "expected the same device"),
        (z.to_sparse(), y, ValueError, "sparse"),
    ]:
        with pytest.raises(error, match=message):
            loss(scores, labels)
    if name == "soft_avuc_loss":
        with pytest.raises(ValueError, match="expected at least 2 classes, got 1"):
            loss(z[:, :1], y)
    with pytest.raises(TypeError):
        ct.mmce_loss(z, y, bandwidth="wide")


@pytest.mark.skipif(not HAS_COMPILE, reason="this torch has no torch.compile")
@pytest.mark.parametrize("name", NAMES)
def test_compiles_as_one_graph(name):
    z, y = batch(10)
    loss = getattr(ct, name)
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    x = torch.tensor(z, requires_grad=True)
    value = compiled(x, torch.tensor(y))
    (slope,) = torch.autograd.grad(value, x)
    plain = loss(x, torch.tensor(y))
    assert value.item() == pytest.approx(plain.item(), rel=1e-12)
    np.testing.assert_allclose(slope, torch.autograd.grad(plain, x)[0], rtol=1e-10, atol=1e-14)
