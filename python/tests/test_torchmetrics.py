# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The metric for torchmetrics, alone and in two processes."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

import pycalibra

torch = pytest.importorskip("torch")
torchmetrics = pytest.importorskip("torchmetrics")

from pycalibra.torchmetrics import CalibrationMetric  # noqa: E402

NAMES = ["accuracy", "nll", "brier", "ece", "mce", "rmsce", "debiased_l2"]


def some_scores(n=300, k=4, dtype=torch.float32):
    rng = np.random.default_rng(5)
    z = torch.tensor(3 * rng.normal(size=(n, k)), dtype=dtype)
    return z, torch.tensor(rng.integers(0, k, size=n))


@pytest.mark.parametrize("like", ["calibra", "torchmetrics", "guo2017"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_batches_are_one(like, dtype):
    z, y = some_scores(dtype=dtype)
    metric = CalibrationMetric(NAMES, logits=True, n_bins=10, like=like)
    for first in range(0, 300, 70):
        metric.update(z[first : first + 70], y[first : first + 70])
    expected = pycalibra.evaluate(logits=z, labels=y, metrics=NAMES, bins=10, like=like)
    found = metric.compute()
    assert list(found) == list(expected)
    for name, value in found.items():
        assert value.item() == pytest.approx(expected[name], rel=1e-12)
    metric.reset()
    with pytest.raises(ValueError, match="nothing was added"):
        metric.compute()


def test_forward_weights_and_copies():
    z, y = some_scores()
    w = torch.rand(300, dtype=torch.float64)
    metric = CalibrationMetric("ece", logits=True)
    of_batch = metric(z[:100], y[:100], w[:100])
    first = pycalibra.ece(z[:100], y[:100], logits=True, weights=w[:100])
    assert of_batch.item() == pytest.approx(first, rel=1e-12)
    metric(z[100:], y[100:], w[100:])
    expected = pycalibra.ece(z, y, logits=True, weights=w)
    assert metric.compute().item() == pytest.approx(expected, rel=1e-12)
    again = pickle.loads(pickle.dumps(metric))
    assert again.compute() == metric.compute()
    assert metric.higher_is_better is False
    assert CalibrationMetric("accuracy").higher_is_better is True
    assert CalibrationMetric(["ece", "mce"]).higher_is_better is None


def test_one_number_a_sample():
    p, y = torch.rand(200, dtype=torch.float64), torch.randint(0, 2, (200,))
    metric = CalibrationMetric(["ece", "brier"])
    metric.update(p, y)
    expected = pycalibra.evaluate(probabilities=p, labels=y, metrics=["ece", "brier"])
    assert {k: v.item() for k, v in metric.compute().items()} == pytest.approx(dict(expected))


def test_equals_torchmetrics():
    z, y = some_scores(2000, 5)
    p = z.softmax(dim=1)
    for ours, theirs in (("ece", "l1"), ("mce", "max"), ("rmsce", "l2")):
        metric = CalibrationMetric(ours, like="torchmetrics")
        peer = torchmetrics.CalibrationError(task="multiclass", num_classes=5, norm=theirs)
        for x in (metric, peer):
            x.update(p[:900], y[:900])
            x.update(p[900:], y[900:])
        assert metric.compute().item() == pytest.approx(peer.compute().item(), abs=1e-6)


def test_a_collection():
    z, y = some_scores()
    both = torchmetrics.MetricCollection(
        {"ece": CalibrationMetric("ece", logits=True), "nll": CalibrationMetric("nll", logits=True)}
    )
    both.update(z, y)
    expected = pycalibra.evaluate(logits=z, labels=y, metrics=["ece", "nll"])
    assert {k: v.item() for k, v in both.compute().items()} == pytest.approx(dict(expected))


def test_bad_input():
    z, y = some_scores()
    for name in ("ace", "classwise_ece", "smooth_ece"):
        with pytest.raises(ValueError, match=r"CalibrationMetric\(\): expected metrics that are"):
            CalibrationMetric(name)
    with pytest.raises(ValueError, match="convention that takes confidences as they are"):
        CalibrationMetric("ece", like="netcal")
    metric = CalibrationMetric("ece", logits=True)
    metric.update(z, y)
    before = metric.sums.clone()
    with pytest.raises(ValueError, match="the same type and classes as before"):
        metric.update(z.double(), y)
    with pytest.raises(ValueError, match=r"CalibrationMetric.update\(\): .*row 0"):
        metric.update(z, y + 9)
    assert torch.equal(metric.sums, before)


def of_rank(rank, folder):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )
    z, y = some_scores()
    part = slice(0, 100) if rank == 0 else slice(100, 300)
    metric = CalibrationMetric(NAMES, logits=True)
    metric.update(z[part], y[part])
    found = {name: value.item() for name, value in metric.compute().items()}
    torch.save(found, os.path.join(folder, f"{rank}.pt"))
    torch.distributed.destroy_process_group()


def test_two_processes(tmp_path):
    torch.multiprocessing.spawn(of_rank, (str(tmp_path),), nprocs=2)
    z, y = some_scores()
    expected = dict(pycalibra.evaluate(logits=z, labels=y, metrics=NAMES))
    for rank in range(2):
        assert torch.load(tmp_path / f"{rank}.pt") == pytest.approx(expected, rel=1e-12)
