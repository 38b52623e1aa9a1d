# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The accumulators of pycalibra.torch: against naive NumPy in float64, without a host read."""

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import HAS_COMPILE, NoHostReads  # noqa: E402

CLASSES = 4


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def naive_error(c, h, bins, norm, side="right_closed"):
    total, largest = 0.0, 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        if side == "right_closed":
            inside = ((c > low) | (b == 0)) & (c <= high)
        else:
            inside = (c >= low) & ((c < high) | (b == bins - 1))
        if inside.any():
            gap = abs(h[inside].mean() - c[inside].mean())
            total += inside.mean() * gap ** (2 if norm == "l2" else 1)
            largest = max(largest, gap)
    return {"l1": total, "l2": np.sqrt(total), "max": largest}[norm]


def naive(name, p, y, bins=15):
    c, h = p.max(1), (p.argmax(1) == y).astype(float)
    one = np.eye(p.shape[1])[y]
    if name == "ClasswiseECE":
        k = range(p.shape[1])
        return np.mean([naive_error(p[:, j], one[:, j], bins, "l1") for j in k])
    return {
        "Accuracy": lambda: h.mean(),
        "MeanConfidence": lambda: c.mean(),
        "NLL": lambda: -np.log(p[np.arange(len(y)), y]).mean(),
        "Brier": lambda: ((p - one) ** 2).sum(1).mean(),
        "ECE": lambda: naive_error(c, h, bins, "l1"),
        "RMSCE": lambda: naive_error(c, h, bins, "l2"),
        "MCE": lambda: naive_error(c, h, bins, "max"),
    }[name]()


METRICS = ["Accuracy", "MeanConfidence", "NLL", "Brier", "ECE", "RMSCE", "MCE", "ClasswiseECE"]


def make(name, **options):
    kind = getattr(ct, name)
    return kind(CLASSES, **options) if name == "ClasswiseECE" else kind(**options)


def data(seed, rows=200, classes=CLASSES):
    random = np.random.default_rng(seed)
    z = 2 * random.standard_normal((rows, classes))
    y = np.where(random.random(rows) < 0.6, z.argmax(1), random.integers(0, classes, rows))
    return z, y


def fill(metric, z, y, sizes=(50, 1, 0, 99, 50)):
    first = 0
    for size in sizes:
        metric.update(z[first : first + size], y[first : first + size])
        first += size
    assert first == len(z)
    return metric


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_equals_the_naive_value(name, kind, seed):
    z, y = data(seed)
    p = softmax(z)
    given = torch.tensor(z if kind == "logits" else p)
    wanted = naive(name, p, y)
    metric = fill(make(name, kind=kind), given, torch.tensor(y))
    value = metric.compute()
    assert value.dtype == torch.float64 and value.dim() == 0
    assert value.item() == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    single = fill(make(name, kind=kind), given.float(), torch.tensor(y, dtype=torch.int32))
    assert single.compute().item() == pytest.approx(wanted, rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("name", METRICS[:-1])
@pytest.mark.parametrize("kind", ["binary_logits", "binary_probabilities"])
@pytest.mark.parametrize("binary", ["positive_class", "top_label"])
def test_binary_scores(name, kind, binary):
    z, y = data(3, classes=2)
    z[:, 0] = 0
    p = softmax(z)
    given = torch.tensor(z[:, 1] if kind == "binary_logits" else p[:, 1])
    wanted = naive(name, p, y)
    if binary == "positive_class" and name in ("ECE", "RMSCE", "MCE"):
        norm = {"ECE": "l1", "RMSCE": "l2", "MCE": "max"}[name]
        wanted = naive_error(p[:, 1], y.astype(float), 15, norm)
        value = ct.ece(given, torch.tensor(y), norm=norm, kind=kind, binary=binary)
        assert value.item() == pytest.approx(wanted, abs=1e-12)
    if binary == "positive_class" and name == "MeanConfidence":
        wanted = p[:, 1].mean()
    metric = fill(make(name, kind=kind, binary=binary), given, torch.tensor(y).bool())
    assert metric.compute().item() == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("bins", [1, 7, 100])
@pytest.mark.parametrize("side", ["right_closed", "left_closed"])
def test_bins_and_their_edges(bins, side):
    z, y = data(4)
    p = softmax(z)
    # Confidences that lie on edges.
    p[:60] = [[k / 10, 1 - k / 10, 0, 0] for k in range(5, 10) for _ in range(12)]
    c, h = p.max(1), (p.argmax(1) == y).astype(float)
    for norm in ("l1", "l2", "max"):
        wanted = naive_error(c, h, bins, norm, side)
        options = dict(bins=bins, norm=norm, kind="probabilities", side=side)
        metric = fill(ct.ECE(**options), torch.tensor(p), torch.tensor(y))
        assert metric.compute().item() == pytest.approx(wanted, abs=1e-12)
        value = ct.ece(torch.tensor(p), torch.tensor(y), **options)
        assert value.item() == pytest.approx(wanted, abs=1e-12)


def test_functions():
    z, y = data(5)
    p, x, labels = softmax(z), torch.tensor(z), torch.tensor(y)
    for function, name in [("ece", "ECE"), ("mce", "MCE"), ("rmsce", "RMSCE")]:
        value = getattr(ct, function)(x, labels, bins=9).item()
        assert value == pytest.approx(naive(name, p, y, 9), abs=1e-12)
    value = ct.classwise_ece(x, labels, bins=9).item()
    assert value == pytest.approx(naive("ClasswiseECE", p, y, 9), abs=1e-12)
    assert torch.isnan(ct.ece(x[:0], labels[:0]))
    assert torch.isnan(ct.classwise_ece(x[:0], labels[:0]))
    bad = x.clone()
    bad[3, 2] = float("nan")
    assert torch.isnan(ct.ece(bad, labels)) and torch.isnan(ct.classwise_ece(bad, labels))
    assert torch.isnan(ct.ece(x, labels + 1))
    assert not ct.ece(x.requires_grad_(), labels).requires_grad


def test_probabilities_of_0_and_masked_logits():
    z, y = data(6)
    masked = z.copy()
    masked[:, 3] = -np.inf
    y = np.minimum(y, 2)
    for name in METRICS:
        wanted = naive(name, np.pad(softmax(z[:, :3]), ((0, 0), (0, 1))), y)
        got = fill(make(name), torch.tensor(masked), torch.tensor(y)).compute().item()
        assert got == pytest.approx(wanted, abs=1e-12)
    never = torch.tensor([[1.0, 0, 0, 0]])
    metric = make("NLL", kind="probabilities")
    metric.update(never, torch.tensor([1]))
    assert metric.compute().item() == float("inf")


@pytest.mark.parametrize("name", METRICS)
def test_order_and_parts_do_not_matter(name):
    z, y = data(7)
    x, labels = torch.tensor(z), torch.tensor(y)
    whole = fill(make(name), x, labels, (200,))
    order = torch.randperm(200)
    shuffled = fill(make(name), x[order], labels[order], (200,))
    if name in ("ECE", "MCE", "RMSCE", "ClasswiseECE"):
        assert shuffled.compute().item() == whole.compute().item()
    merged = fill(make(name), x[:80], labels[:80], (80,))
    assert merged.merge(fill(make(name), x[80:], labels[80:], (70, 50))) is merged
    assert merged.compute().item() == pytest.approx(whole.compute().item(), abs=1e-13)


def test_many_samples_are_added_in_parts(monkeypatch):
    import pycalibra.torch._batch as of_batch

    z, y = data(14)
    x, labels = torch.tensor(z), torch.tensor(y)
    wanted = [ct.ece(x, labels).item(), ct.classwise_ece(x, labels).item()]
    monkeypatch.setattr(of_batch, "_MOST", 64)
    parts = [ct.ece(x, labels).item(), ct.classwise_ece(x, labels).item()]
    assert parts == pytest.approx(wanted, abs=1e-15)


@pytest.mark.parametrize("name", METRICS)
def test_ignored_targets(name):
    z, y = data(8)
    keep = np.random.default_rng(0).random(len(y)) < 0.5
    target = np.where(keep, y, -100)
    x = torch.tensor(z)
    x[int(np.flatnonzero(~keep)[0])] = float("nan")  # of a sample that is left out
    metric = fill(make(name, ignore_index=-100), x, torch.tensor(target))
    wanted = naive(name, softmax(z[keep]), y[keep])
    assert metric.compute().item() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_state_reset_copies(name, tmp_path):
    z, y = data(9)
    x, labels = torch.tensor(z), torch.tensor(y)
    metric = make(name)
    assert torch.isnan(metric.compute())
    fill(metric, x, labels)
    value = metric.compute().item()
    torch.save(metric.state_dict(), tmp_path / "state.pt")
    other = make(name)
    other.load_state_dict(torch.load(tmp_path / "state.pt"))
    for twin in (other, copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        assert twin.compute().item() == value
    for changed in (metric.half(), metric.float(), metric.to(torch.bfloat16)):
        assert changed.sums.dtype == torch.float64 and changed.compute().item() == value
    metric.reset()
    assert torch.isnan(metric.compute())
    assert fill(metric, x, labels).compute().item() == value
    assert sorted(metric.state_dict()) == ["faults", "rows", "sums"]


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("kind", ["logits", "probabilities", "binary_logits"])
def test_update_reads_nothing_on_the_host(name, kind):
    if name == "ClasswiseECE" and kind == "binary_logits":
        pytest.skip("a metric of rows of classes")
    z, y = data(10, classes=2 if kind == "binary_logits" else CLASSES)
    x = torch.tensor(z if kind == "logits" else z[:, 0] if kind == "binary_logits" else softmax(z))
    labels = torch.tensor(y)
    metric = make(name, kind=kind)
    with NoHostReads() as spy:
        metric.update(x, labels)
        metric.update(x, labels)
        metric.merge(copy.deepcopy(metric))
        metric._value()
        metric.reset()
        if name == "ECE":
            ct.ece(x, labels, kind=kind)
    assert "add_" in spy.seen
    fill(metric, x, labels)
    with pytest.raises(AssertionError, match="reads elements on the host"):
        with NoHostReads():
            metric.compute().item()


@pytest.mark.skipif(not HAS_COMPILE, reason="the meta device of this torch lacks operations")
@pytest.mark.parametrize("name", METRICS)
def test_updates_on_the_meta_device(name):
    metric = make(name).to("meta")
    x = torch.randn(20, CLASSES, device="meta")
    metric.update(x, torch.zeros(20, dtype=torch.long, device="meta"))
    assert metric.sums.device.type == "meta" and metric.sums.dtype == torch.float64


def test_updates_under_inference_mode_and_autocast():
    z, y = data(11)
    x, labels = torch.tensor(z).float(), torch.tensor(y)
    wanted = fill(ct.ECE(), x, labels).compute().item()
    metric = ct.ECE()
    with torch.inference_mode():
        metric.update(x[:90], labels[:90])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        metric.update(x[90:], labels[90:])
    assert metric.compute().item() == pytest.approx(wanted, abs=1e-13)


FAULTS = [
    (
        "logits",
        lambda z, y: z[7, 1].fill_(np.nan),
        "a score is not finite, or every logit is -inf, at row 57",
    ),
    ("logits", lambda z, y: z[7].fill_(-np.inf), "every logit is -inf, at row 57"),
    ("logits", lambda z, y: y[7].fill_(CLASSES), r"the label is not in \[0, 4\), at row 57"),
    ("logits", lambda z, y: y[7:9].fill_(-1), "the label is not in"),
    ("probabilities", lambda z, y: z[7].mul_(1.01), "do not sum to 1"),
    ("probabilities", lambda z, y: z[7].neg_(), r"is not in \[0, 1\]"),
    ("probabilities", lambda z, y: z[7].fill_(np.inf), "not finite"),
]


@pytest.mark.parametrize("kind, spoil, message", FAULTS)
@pytest.mark.parametrize("name", METRICS)
def test_bad_values_are_told_by_compute(name, kind, spoil, message):
    z, y = data(12, rows=100)
    x, labels = torch.tensor(z if kind == "logits" else softmax(z)), torch.tensor(y)
    spoil(x[50:], labels[50:])
    metric = fill(make(name, kind=kind), x, labels, (50, 50))
    with pytest.raises(ValueError, match=rf"{name}.compute\(\): .*{message}"):
        metric.compute()
    clean = fill(make(name, kind=kind), torch.tensor(z[:3]).softmax(1), labels[:3], (3,))
    with pytest.raises(ValueError, match="at row 60"):
        clean.merge(metric).compute()
    metric.reset()
    assert torch.isnan(metric.compute())


@pytest.mark.parametrize("kind", ["binary_logits", "binary_probabilities"])
def test_bad_binary_values(kind):
    for bad in (np.nan, np.inf) if kind == "binary_logits" else (np.nan, -0.1, 1.5):
        metric = ct.ECE(kind=kind)
        metric.update(torch.tensor([0.5, bad]), torch.tensor([0, 1]))
        with pytest.raises(ValueError, match="at row 1"):
            metric.compute()


def test_bad_options_and_arguments():
    z, y = torch.randn(6, CLASSES), torch.zeros(6, dtype=torch.long)
    for call, error, message in [
        (lambda: ct.ECE(bins=0), ValueError, r"ECE\(\): bins is 0; expected an integer in"),
        (lambda: ct.ECE(bins=1.5), TypeError, "bins is float"),
        (lambda: ct.ECE(norm="l3"), ValueError, r"ECE\(\): norm is 'l3'"),
        (lambda: ct.ECE(side="left"), ValueError, "side is 'left'"),
        (lambda: ct.NLL(kind="odds"), ValueError, r"NLL\(\): kind is 'odds'"),
        (lambda: ct.ECE(binary="both"), ValueError, "binary is 'both'"),
        (lambda: ct.ece(z, y, binary="both"), ValueError, "binary is 'both'"),
        (lambda: ct.ClasswiseECE(2, kind="binary_logits"), ValueError, "kind is 'binary_logits'"),
        (lambda: ct.NLL(ignore_index="no"), TypeError, "ignore_index is str"),
        (lambda: ct.ClasswiseECE(0), ValueError, "num_classes is 0"),
        (lambda: ct.ece(z, y, bins=0), ValueError, r"ece\(\): bins is 0"),
        (lambda: ct.ece(z.numpy(), y), TypeError, "scores is ndarray"),
        (lambda: ct.ece(z, y.float()), ValueError, "labels of an integer type"),
        (lambda: ct.ece(z, torch.nn.functional.one_hot(y, CLASSES)), ValueError, "one label a row"),
    ]:
        with pytest.raises(error, match=message):
            call()
    metric = ct.ECE()
    metric.update(z, y)
    before = metric.sums.clone()
    for scores, target, message in [
        (z[:, :3], y, "expected 4 classes as in the batches before, got 3"),
        (z, y[:5], "one label a row"),
        (z[0], y, "expected 2 dimensions"),
        (z.to("meta"), y.to("meta"), "the metric is on cpu"),
    ]:
        with pytest.raises(ValueError, match=message):
            metric.update(scores, target)
    assert (metric.sums == before).all()
    with pytest.raises(ValueError, match="expected 5 classes, got 4"):
        ct.ClasswiseECE(5).update(z, y)
    three = ct.ECE()
    three.update(z[:, :3], y)
    for other, error, message in [
        (ct.ECE(bins=10), ValueError, "the options differ"),
        (ct.MCE(), TypeError, "other is MCE; expected ECE"),
        (ct.ECE().to("meta"), ValueError, "the same device"),
        (three, ValueError, "3 classes do not go to 4"),
    ]:
        with pytest.raises(error, match=message):
            metric.merge(other)
    assert (metric.sums == before).all()


@pytest.mark.skipif(not HAS_COMPILE, reason="this torch has no torch.compile")
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_ece_compiles_as_one_graph(backend):
    z, y = data(13)
    x, labels = torch.tensor(z), torch.tensor(y)

    @torch.compile(fullgraph=True, backend=backend)
    def step(x, labels):
        return ct.ece(x * 1.0, labels), ct.classwise_ece(x, labels, bins=10)

    for rows in (200, 150):
        p = softmax(z[:rows])
        top, classes = step(x[:rows], labels[:rows])
        assert top.item() == pytest.approx(naive("ECE", p, y[:rows]), abs=1e-12)
        assert classes.item() == pytest.approx(naive("ClasswiseECE", p, y[:rows], 10), abs=1e-12)
