# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Outlier banks and Dynamic Outlier Regularization: equal to the C++ classes, and resumable."""

import copy
import os

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import HAS_COMPILE, ask, lines_text, matrix_text  # noqa: E402

WORDNET = "/usr/share/wordnet/index.noun"
NAMES = ["red fox", "Yorkshire_Terrier", "a--b", "  spaced\tout ", "(dog)", "...", "Ünïcode", "x_"]


def bank(count=40, dimension=5, seed=0):
    random = np.random.default_rng(seed)
    names = [f"noun {i}" for i in range(count)]
    return ct.OutlierBank(names, torch.tensor(random.standard_normal((count, dimension))))


def naive_loss(tuned, zero_shot, weight, gamma):
    a = tuned / np.linalg.norm(tuned, axis=1, keepdims=True)
    b = zero_shot / np.linalg.norm(zero_shot, axis=1, keepdims=True)
    spread = np.cov(a.T, bias=True) - np.cov(b.T, bias=True)
    return weight * (1 - (a * b).sum(1).mean() + gamma * (spread**2).sum())


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**63, 2**64 - 1])
@pytest.mark.parametrize("outliers, batch", [(40, 8), (7, 7), (1, 1), (1000, 3)])
def test_batches_state_and_loss_equal_the_cpp_ones(seed, outliers, batch):
    b = bank(outliers)
    dor = ct.DynamicOutlierRegularization(b, batch=batch, weight=3, seed=seed, gamma=0.5)
    drawn = []
    for _ in range(12):
        index = dor.sample()
        assert index.dtype == torch.int64 and index.tolist() == dor.current
        assert sorted(set(dor.current)) == sorted(dor.current)
        assert dor.names == [f"noun {i}" for i in dor.current]
        drawn.append(list(dor.current))
    tuned = np.random.default_rng(1).standard_normal((batch, 5))
    value = dor(torch.tensor(tuned)).item()
    features = b.features.numpy()
    assert value == pytest.approx(naive_loss(tuned, features[dor.current], 3, 0.5), abs=1e-12)
    told = ask(
        "batches",
        seed,
        batch,
        12,
        0.5,
        matrix_text(features),
        matrix_text(tuned),
        lines_text(b.names),
    )
    assert drawn == [[int(i) for i in line.split()] for line in told[:12]]
    assert dor.get_extra_state() == told[12]
    assert value == pytest.approx(float(told[13]), rel=1e-12)


def test_every_outlier_comes_as_often():
    dor = ct.DynamicOutlierRegularization(bank(10), batch=4, seed=3)
    counts = np.zeros(10)
    for _ in range(2000):
        dor.sample()
        counts[dor.current] += 1
    assert counts.sum() == 8000
    assert (np.abs(counts - 800) < 6 * np.sqrt(2000 * 0.4 * 0.6)).all()


def test_state_dict_resumes_the_sequence():
    dor = ct.DynamicOutlierRegularization(bank(), batch=8, seed=5)
    for _ in range(3):
        dor.sample()
    state = copy.deepcopy(dor.state_dict())
    assert list(state) == ["_extra_state"]
    wanted = [dor.sample().tolist() for _ in range(4)]
    other = ct.DynamicOutlierRegularization(bank(), batch=8, seed=99)
    other.load_state_dict(state)
    with pytest.raises(ValueError, match="there is no batch yet"):
        other(torch.zeros(8, 5))
    assert [other.sample().tolist() for _ in range(4)] == wanted
    assert other.seed == 5 and other.iteration == 7


def test_state_inside_a_model(tmp_path):
    def model():
        torch.manual_seed(0)
        dor = ct.DynamicOutlierRegularization(bank(), batch=4, seed=1)
        return torch.nn.ModuleDict({"net": torch.nn.Linear(5, 5), "dor": dor})

    first = model()
    first["dor"].sample()
    torch.save(first.state_dict(), tmp_path / "checkpoint.pt")
    second = model()
    second.load_state_dict(torch.load(tmp_path / "checkpoint.pt"))
    assert first["dor"].sample().tolist() == second["dor"].sample().tolist()


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: ct.DynamicOutlierRegularization(bank(), batch=7),
            "batches of 8, this module of 7",
        ),
        (lambda: ct.DynamicOutlierRegularization(bank(39), batch=8), "a bank of 40 outliers"),
        (
            lambda: ct.DynamicOutlierRegularization(
                ct.OutlierBank(["other"] * 40, bank().features), batch=8
            ),
            "with fingerprint",
        ),
    ],
)
def test_a_state_of_another_kind_is_refused(make, message):
    state = ct.DynamicOutlierRegularization(bank(), batch=8).state_dict()
    other = make()
    before = other.get_extra_state()
    with pytest.raises(ValueError, match=message):
        other.load_state_dict(state)
    assert other.get_extra_state() == before
    for text in ("calibra-sampling-2 0 0 8 40 1", "calibra-sampling-1 0 0 8 40", "", 3):
        with pytest.raises(ValueError, match="and five numbers"):
            other.load_state_dict({"_extra_state": text})


def test_moves_and_trains():
    dor = ct.DynamicOutlierRegularization(bank(), batch=6, weight=2)
    assert [name for name, _ in dor.named_buffers()] == ["features"]
    assert not list(dor.parameters())
    dor.sample()
    tuned = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(dor, tuned)
    value = dor(tuned)
    value.backward()
    assert value.item() == pytest.approx(2 * ct.dor_loss(tuned, dor.zero_shot).item())
    meta = ct.DynamicOutlierRegularization(bank(), batch=6).to("meta")
    assert meta.sample().device.type == "meta"
    half = dor.to(torch.float16)
    assert half(tuned.detach().half()).dtype == torch.float32
    assert "outliers=40, batch=6" in repr(dor)


@pytest.mark.skipif(not HAS_COMPILE, reason="this torch has no torch.compile")
def test_compiles_as_one_graph():
    dor = ct.DynamicOutlierRegularization(bank(), batch=6, gamma=1)
    compiled = torch.compile(dor, fullgraph=True, backend="aot_eager")
    tuned = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    for _ in range(3):
        dor.sample()
        value, plain = compiled(tuned), dor(tuned)
        assert value.item() == pytest.approx(plain.item(), rel=1e-12)
        slopes = [torch.autograd.grad(loss, tuned)[0] for loss in (value, plain)]
        np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-9, atol=1e-13)


def test_bad_modules():
    b = bank()
    for make, error, message in [
        (lambda: ct.DynamicOutlierRegularization(b.features), TypeError, "expected an OutlierBank"),
        (
            lambda: ct.DynamicOutlierRegularization(ct.OutlierBank(["a"], b.features)),
            ValueError,
            "1 names and 40 rows",
        ),
        (
            lambda: ct.DynamicOutlierRegularization(ct.OutlierBank([], b.features[:0])),
            ValueError,
            "no outlier",
        ),
        (
            lambda: ct.DynamicOutlierRegularization(ct.OutlierBank("names", b.features)),
            TypeError,
            "expected a list of names",
        ),
        (lambda: ct.DynamicOutlierRegularization(b, batch=0), ValueError, "batch is 0"),
        (lambda: ct.DynamicOutlierRegularization(b, batch=41), ValueError, r"in \[1, 40\]"),
        (lambda: ct.DynamicOutlierRegularization(b, batch=2.0), TypeError, "batch is float"),
        (lambda: ct.DynamicOutlierRegularization(b, weight=-1), ValueError, "weight is -1"),
        (
            lambda: ct.DynamicOutlierRegularization(b, gamma=float("nan")),
            ValueError,
            "gamma is nan",
        ),
        (lambda: ct.DynamicOutlierRegularization(b, seed=-1), ValueError, "seed is -1"),
    ]:
        with pytest.raises(error, match=message):
            make()
    dor = ct.DynamicOutlierRegularization(b, batch=6)
    dor.sample()
    with pytest.raises(ValueError, match="expected the same shape"):
        dor(torch.zeros(5, 5))


def test_normalised_names():
    names = NAMES + ["", "A\u00a0b", "9 lives!", "hot-  _dog", "\u00e9"]
    for name in names:
        told = ask("names", lines_text([name]))
        assert [f"[{ct.normalised_name(name)}]"] == told
    assert ct.normalised_name("Yorkshire_Terrier\n") == "yorkshire terrier"


def candidates(count, dimension, seed):
    random = np.random.default_rng(seed)
    names = [f"Word {i}" if i % 3 else f"word_{i}" for i in range(count)]
    names[5], names[9] = "WORD-4", "!!"  # a name that came before, and one without a letter
    features = random.standard_normal((count, dimension))
    features[20] = features[21] = features[30]  # equal scores
    return names, features


@pytest.mark.parametrize("rule", ["nearest", "farthest", "random"])
@pytest.mark.parametrize("chunk", [7, 60])
def test_selection_equals_the_cpp_one(rule, chunk):
    names, features = candidates(60, 6, 2)
    base = np.random.default_rng(3).standard_normal((4, 6))
    excluded = ["word 7", "WORD 8"]
    of_name = dict(zip(names, features))
    of_name.update(zip(["c0", "c1", "c2", "c3"], base))
    chosen = ct.build_outlier_bank(
        lambda part: torch.tensor(np.stack([of_name[name] for name in part])),
        ["c0", "c1", "c2", "c3"],
        names,
        excluded=excluded,
        count=25,
        rule=rule,
        seed=4,
        chunk=chunk,
    )
    told = ask(
        "select",
        rule,
        4,
        25,
        matrix_text(base),
        matrix_text(features),
        lines_text(names),
        lines_text(excluded),
    )
    assert chosen.names == [line.split(" ", 2)[2] for line in told]
    assert chosen.scores == [float(line.split()[0]) for line in told]
    first = [float(line.split()[1]) for line in told]
    np.testing.assert_allclose(chosen.features[:, 0].numpy(), first, rtol=1e-7)
    assert chosen.features.dtype == torch.float32


def test_selection_equals_a_naive_one():
    names, features = candidates(60, 6, 5)
    base = np.random.default_rng(6).standard_normal((3, 6))
    unit = base / np.linalg.norm(base, axis=1, keepdims=True)
    scores, seen = {}, set()
    for name, u in zip(names, features):
        normal = name.lower().replace("_", " ").replace("-", " ")
        if normal in seen or not any(c.isalnum() for c in normal) or normal == "word 7":
            continue
        seen.add(normal)
        scores[name] = np.mean([u @ v / np.linalg.norm(u) for v in unit])
    best = sorted(scores.values(), reverse=True)[:10]
    selector = ct.OutlierSelector(torch.tensor(base), ["Word_7"], count=10)
    selector.add(names, torch.tensor(features))
    assert selector.candidates == len(scores)
    chosen = selector.select()
    np.testing.assert_allclose(chosen.scores, best, rtol=1e-12)
    np.testing.assert_allclose([scores[name] for name in chosen.names], best, rtol=1e-12)


def test_bad_selections():
    base = torch.randn(3, 4)
    for make, error, message in [
        (lambda: ct.OutlierSelector(base[:0]), ValueError, "expected at least one row"),
        (lambda: ct.OutlierSelector(base, count=0), ValueError, "count is 0"),
        (lambda: ct.OutlierSelector(base, rule="best"), ValueError, "rule is 'best'"),
        (lambda: ct.OutlierSelector(base, "dog"), TypeError, "expected a list of names"),
        (lambda: ct.OutlierSelector(base * 0), ValueError, "row 0 of base_features has norm 0"),
        (lambda: ct.OutlierSelector(base.numpy()), TypeError, "base_features is ndarray"),
    ]:
        with pytest.raises(error, match=message):
            make()
    selector = ct.OutlierSelector(base, count=2)
    bad = torch.randn(2, 4)
    bad[1, 2] = float("inf")
    for names, features, error, message in [
        (["a"], torch.randn(2, 4), ValueError, "1 names with features"),
        (["a", "b"], torch.randn(2, 5), ValueError, r"expected \[2, 4\]"),
        (["a", "b"], bad, ValueError, "row 1, column 2 of features is inf"),
        (["a", 1], torch.randn(2, 4), TypeError, r"names\[1\] is int"),
        (5, torch.randn(2, 4), TypeError, "names is int"),
    ]:
        with pytest.raises(error, match=message):
            selector.add(names, features)
    assert selector.candidates == 0
    selector.add(["a"], torch.randn(1, 4))
    with pytest.raises(ValueError, match="at least 2 candidates, the count of outliers, got 1"):
        selector.select()
    with pytest.raises(TypeError, match="encode"):
        ct.build_outlier_bank(lambda names: [0] * len(names), ["a"], ["b"], count=1)


@pytest.mark.skipif(not os.path.exists(WORDNET), reason="WordNet is not installed")
@pytest.mark.parametrize("single, least", [(False, 0), (True, 0), (True, 1)])
def test_wordnet_nouns_equal_the_cpp_ones(single, least):
    nouns = ct.read_wordnet_nouns(WORDNET, single_words=single, min_tagged_senses=least)
    assert nouns == ask("nouns", int(single), least, lines_text([WORDNET]))


def test_wordnet_lines(tmp_path):
    path = tmp_path / "index.noun"
    head = "  1 a licence\n"
    path.write_text(head + "Hot_Dog n 2 1 @ 2 1 00000001 00000002  \r\ndog n 1 0 1 0 00000003\n")
    assert ct.read_wordnet_nouns(str(path)) == ["hot dog", "dog"]
    assert ct.read_wordnet_nouns(str(path), single_words=True) == ["dog"]
    assert ct.read_wordnet_nouns(str(path), min_tagged_senses=1) == ["hot dog"]
    for line in [
        "run v 1 0 1 0 00000003",
        "dog n 1 0 1 0",
        "dog n 0 0 0 0",
        "dog n 1 9 1 0 00000003",
        "dog n 2 0 1 0 1 2",
        "dog n 1 0 1 x 3",
        "dog n 1 0 1 0 3 4",
        "just a word",
        "",
    ]:
        path.write_text(head + line + "\n")
        with pytest.raises(OSError, match="line 2: expected an entry of WordNet's index.noun"):
            ct.read_wordnet_nouns(str(path))
    path.write_text(head)
    with pytest.raises(OSError, match="has no noun"):
        ct.read_wordnet_nouns(str(path))
    with pytest.raises(OSError):
        ct.read_wordnet_nouns(str(tmp_path / "none"))


def test_lists_of_nouns(tmp_path):
    path = tmp_path / "nouns.txt"
    path.write_bytes("  Red fox\t\r\n\n# no\ncaf\u00e9\n".encode() + b"\xff\n")
    assert ct.read_nouns(str(path)) == ["Red fox", "caf\u00e9", "\udcff"]
    path.write_bytes(b"a\nb\0c\n")
    with pytest.raises(OSError, match="line 2: expected text, got a NUL byte"):
        ct.read_nouns(str(path))
    path.write_bytes(b"# nothing\n")
    with pytest.raises(OSError, match="has no noun"):
        ct.read_nouns(str(path))
