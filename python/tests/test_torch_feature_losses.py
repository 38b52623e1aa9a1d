# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The losses of features and of zero-shot logits: against naive NumPy, the C++ functions, and
numeric gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import HAS_COMPILE, NoHostReads, ask_numbers, matrix_text  # noqa: E402


def units(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-8)


def naive_cosine(t, z):
    return 1 - np.mean([a @ b for a, b in zip(units(t), units(z))])


def naive_dispersion(x):
    u = units(x)
    return -np.mean(np.linalg.norm(u - u.mean(0), axis=1))


def naive_orthogonality(x):
    u = units(x)
    return ((u @ u.T - np.eye(len(u))) ** 2).sum()


def naive_separation(x):
    u = units(x)
    total = 0.0
    for i in range(len(u)):
        nearest = max(u[i] @ u[j] for j in range(len(u)) if j != i)
        total += np.arccos(np.clip(nearest, -1 + 1e-6, 1 - 1e-6))
    return -total / len(u)


def naive_moments(t, z, mean=1.0, covariance=1.0):
    a, b = units(t), units(z)
    apart = a.mean(0) - b.mean(0)
    spread = np.cov(a.T, bias=True) - np.cov(b.T, bias=True)
    return mean * (apart**2).sum() + covariance * (spread**2).sum()


def naive_divergence(x, nearest=5):
    u = units(x)
    d = np.linalg.norm(u[:, None] - u[None], axis=2)
    np.fill_diagonal(d, np.inf)
    return np.sort(d, axis=1)[:, : min(nearest, len(u) - 1)].mean()


def naive_range(z, s):
    total = 0.0
    for row, beside in zip(z, s):
        for logit in row:
            total += max(0, logit - beside.max()) + max(0, beside.min() - logit)
    return total / len(z)


def naive_normalised(z, s):
    low, low_s = z.min(1, keepdims=True), s.min(1, keepdims=True)
    return (z - low) / np.ptp(z, axis=1)[:, None] * np.ptp(s, axis=1)[:, None] + low_s


ONE = {
    "dispersion_loss": naive_dispersion,
    "orthogonality_loss": naive_orthogonality,
    "angular_separation_loss": naive_separation,
    "feature_divergence": lambda x: naive_divergence(x, 3),
}
PAIR = {
    "dor_loss": naive_cosine,
    "kgcoop_loss": naive_cosine,
    "moment_matching_loss": naive_moments,
    "zero_shot_range_penalty_loss": naive_range,
}


def loss_of(name):
    if name == "feature_divergence":
        return lambda x: ct.feature_divergence(x, 3)
    return getattr(ct, name)


def features(seed, rows=9, cols=6):
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, cols)) * random.uniform(0.1, 5, (rows, 1))
    return x, x + 0.5 * random.standard_normal((rows, cols))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_equals_the_naive_value(name, seed):
    t, z = features(seed, rows=2 + 5 * seed)
    given = (t,) if name in ONE else (t, z)
    naive = (ONE.get(name) or PAIR[name])(*given)
    value = loss_of(name)(*map(torch.tensor, given))
    assert value.dtype == torch.float64 and value.dim() == 0
    assert value.item() == pytest.approx(naive, rel=1e-9, abs=1e-12)
    single = loss_of(name)(*(torch.tensor(x).float() for x in given))
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(naive, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", sorted(ONE))
def test_one_table_equals_the_cpp_value_and_gradient(name):
    t, _ = features(5)
    t[3] = t[2]  # equally near features, and a distance of 0
    x = torch.tensor(t, requires_grad=True)
    value = loss_of(name)(x)
    told = ask_numbers("feature_loss", name, matrix_text(t))
    assert value.item() == pytest.approx(told[0], rel=1e-10)
    if name != "feature_divergence":  # measures; the C++ one of arrays has no gradient
        value.backward()
        np.testing.assert_allclose(x.grad.numpy().ravel(), told[1:], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", sorted(PAIR) + ["zero_shot_normalised"])
def test_pairs_equal_the_cpp_value_and_gradient(name):
    t, z = features(6)
    if name == "dor_loss":
        t[1] = 0
        t[2] *= 1e-10
    if name == "zero_shot_normalised":
        t[1] = 0.25
    options = {"mean": 0.5, "covariance": 2.0} if name == "moment_matching_loss" else {}
    x = torch.tensor(t, requires_grad=True)
    value = getattr(ct, name)(x, torch.tensor(z), **options)
    told = ask_numbers("pair_loss", name, 0.5, 2.0, matrix_text(t), matrix_text(z))
    if name == "zero_shot_normalised":
        np.testing.assert_allclose(value.detach().numpy().ravel(), told, rtol=1e-12, atol=1e-12)
        return
    assert value.item() == pytest.approx(told[0], rel=1e-10)
    value.backward()
    np.testing.assert_allclose(x.grad.numpy().ravel(), told[1:], rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR) + ["zero_shot_normalised"])
def test_gradcheck(name):
    t, z = features(7, rows=5, cols=4)
    x = torch.tensor(t, requires_grad=True)
    others = () if name in ONE else (torch.tensor(z),)
    assert torch.autograd.gradcheck(lambda x: loss_of(name)(x, *others), x)
    if name in ("dor_loss", "kgcoop_loss", "moment_matching_loss", "orthogonality_loss"):
        assert torch.autograd.gradgradcheck(lambda x: loss_of(name)(x, *others), x)


def test_zero_shot_normalised():
    random = np.random.default_rng(8)
    z, s = random.standard_normal((2, 7, 5))
    value = ct.zero_shot_normalised(torch.tensor(z), torch.tensor(s)).numpy()
    np.testing.assert_allclose(value, naive_normalised(z, s), rtol=1e-12, atol=1e-12)
    x = torch.full((2, 3), 4.0, requires_grad=True)
    same = ct.zero_shot_normalised(x, torch.tensor([[1.0, 2, 3], [3, 1, 2]]))
    assert same.tolist() == [[1, 1, 1], [1, 1, 1]]
    same.sum().backward()
    assert (x.grad == 0).all()
    bad = torch.tensor([[1.0, float("inf")], [1, 2]])
    rows = ct.zero_shot_normalised(bad, torch.zeros(2, 2))
    assert rows.isnan().all(1).tolist() == [True, False]
    assert ct.zero_shot_normalised(torch.zeros(0, 3), torch.zeros(0, 3)).shape == (0, 3)


def test_binary_range_penalty_is_that_of_rows_of_two():
    random = np.random.default_rng(9)
    x, s = random.standard_normal((2, 12))
    zeros = np.zeros(12)
    value = ct.zero_shot_range_penalty_loss(
        torch.tensor(x), torch.tensor(s), kind="binary_logits"
    ).item()
    assert value == pytest.approx(naive_range(np.stack([zeros, x], 1), np.stack([zeros, s], 1)))


@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_empty_and_nan_give_nan(name):
    count = 1 if name in ONE else 2
    x = torch.zeros(0, 4, requires_grad=True)
    value = loss_of(name)(x, *[torch.zeros(0, 4)] * (count - 1))
    assert torch.isnan(value)
    value.backward()
    bad = torch.randn(5, 4)
    bad[2, 1] = float("nan")
    assert torch.isnan(loss_of(name)(bad, *[torch.randn(5, 4)] * (count - 1)))


def test_no_gradient_flows_to_zero_shot():
    t, z = (torch.tensor(x, requires_grad=True) for x in features(10))
    for name in PAIR:
        loss_of(name)(t, z).backward()
        assert z.grad is None


def test_edges():
    alone = torch.randn(1, 4, requires_grad=True)
    assert torch.isnan(ct.angular_separation_loss(alone))
    assert torch.isnan(ct.feature_divergence(alone))
    ct.dispersion_loss(alone).backward()
    assert (alone.grad == 0).all()
    equal = torch.ones(3, 4, requires_grad=True)
    ct.angular_separation_loss(equal).backward()
    assert (equal.grad == 0).all()
    assert ct.moment_matching_loss(equal, 2 * equal).item() == pytest.approx(0, abs=1e-12)
    for seed in range(20):  # a mean of equal rows that is rounded is no distance
        row = torch.randn(1, 7, generator=torch.Generator().manual_seed(seed))
        rows = row.repeat(3, 1).requires_grad_()
        value = ct.dispersion_loss(rows)
        value.backward()
        assert value.item() == 0 and (rows.grad == 0).all()
    only_mean = ct.moment_matching_loss(*map(torch.tensor, features(11)), covariance=0).item()
    assert only_mean == pytest.approx(naive_moments(*features(11), covariance=0))


@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_reads_nothing_on_the_host(name):
    t, z = features(12)
    x = torch.tensor(t, requires_grad=True)
    with NoHostReads() as spy:
        loss_of(name)(x, *(() if name in ONE else (torch.tensor(z),))).backward()
    assert "mean" in spy.seen or "sum" in spy.seen


@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_16_bit_features_are_computed_in_float32(name):
    t, z = features(13)
    for dtype in (torch.float16, torch.bfloat16):
        given = [torch.tensor(t).to(dtype).requires_grad_()]
        if name in PAIR:
            given.append(torch.tensor(z).to(dtype))
        value = loss_of(name)(*given)
        assert value.dtype == torch.float32
        assert value.item() == loss_of(name)(*(x.float() for x in given)).item()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert loss_of(name)(*given).item() == value.item()
            wide = [x.detach().float() for x in given]
            assert loss_of(name)(*wide).item() == value.item()


@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_bad_arguments(name):
    t = torch.randn(5, 4)
    others = () if name in ONE else (torch.randn(5, 4),)
    for first, error, message in [
        (t.numpy(), TypeError, "is ndarray; expected a torch.Tensor"),
        (t[0], ValueError, r"\[4\] float32 on cpu"),
        (t[:, :0], ValueError, "at least one column"),
        (t.long(), ValueError, "expected floating-point numbers"),
    ]:
        with pytest.raises(error, match=message):
            loss_of(name)(first, *(() if name in ONE else (first,)))
    if name in PAIR:
        with pytest.raises(ValueError, match="expected the same shape"):
            loss_of(name)(t[:4], *others)
        with pytest.raises(ValueError, match="expected the same device"):
            loss_of(name)(t.to("meta"), *others)


def test_bad_options():
    t = torch.randn(5, 4)
    with pytest.raises(ValueError, match=r"feature_divergence\(\): nearest is 0"):
        ct.feature_divergence(t, 0)
    with pytest.raises(ValueError, match=r"moment_matching_loss\(\): mean is -1"):
        ct.moment_matching_loss(t, t, mean=-1)
    with pytest.raises(ValueError, match=r"moment_matching_loss\(\): covariance is nan"):
        ct.moment_matching_loss(t, t, covariance=float("nan"))
    with pytest.raises(ValueError, match=r"zero_shot_range_penalty_loss\(\): kind is 'p'"):
        ct.zero_shot_range_penalty_loss(t, t, kind="p")


@pytest.mark.skipif(not HAS_COMPILE, reason="this torch has no torch.compile")
@pytest.mark.parametrize("name", sorted(ONE) + sorted(PAIR))
def test_compiles_as_one_graph(name):
    t, z = features(14)
    others = () if name in ONE else (torch.tensor(z),)
    backend = "inductor" if name == "dor_loss" else "aot_eager"
    compiled = torch.compile(loss_of(name), fullgraph=True, backend=backend)
    x = torch.tensor(t, requires_grad=True)
    value = compiled(x, *others)
    (slope,) = torch.autograd.grad(value, x)
    plain = loss_of(name)(x, *others)
    assert value.item() == pytest.approx(plain.item(), rel=1e-12)
    np.testing.assert_allclose(slope, torch.autograd.grad(plain, x)[0], rtol=1e-9, atol=1e-13)
