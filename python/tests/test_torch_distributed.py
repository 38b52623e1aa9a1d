# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Metrics and Dynamic Outlier Regularization on two Gloo processes: equal to one process."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
import torch.multiprocessing as mp  # noqa: E402

import pycalibra.torch as ct  # noqa: E402

pytestmark = pytest.mark.skipif(
    not (dist.is_available() and getattr(dist, "is_gloo_available", dist.is_available)()),
    reason="this torch has no Gloo",
)

CLASSES, RANKS = 5, 2


def scores():
    generator = torch.Generator().manual_seed(1)
    z = 2 * torch.randn(101, CLASSES, dtype=torch.float64, generator=generator)
    y = torch.randint(CLASSES, (101,), generator=generator)
    return z, torch.where(torch.rand(101, generator=generator) < 0.5, z.argmax(1), y)


def metrics():
    kinds = (ct.Accuracy, ct.NLL, ct.Brier, ct.ECE, ct.MCE, ct.RMSCE)
    return [kind() for kind in kinds] + [ct.ClasswiseECE(CLASSES)]


def bank():
    generator = torch.Generator().manual_seed(2)
    features = torch.randn(30, 6, dtype=torch.float64, generator=generator)
    return ct.OutlierBank([f"noun {i}" for i in range(30)], features)


class Prompt(torch.nn.Module):
    """A learnt shift of frozen features, with the module that regularises it."""

    def __init__(self, seed):
        super().__init__()
        self.shift = torch.nn.Parameter(torch.zeros(6, dtype=torch.float64))
        self.dor = ct.DynamicOutlierRegularization(bank(), batch=8, weight=2, seed=seed)

    def forward(self, images):
        index = self.dor.sample()
        tuned = self.dor.features[index] + self.shift
        return (images @ self.shift).square().mean() + self.dor(tuned)


def images():
    return torch.randn(12, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def train(model, batches, steps=5):
    optimizer = torch.optim.SGD([p for p in model.parameters()], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(batches) + 0.1 * sum(p.sum() for p in model.parameters())).backward()
        optimizer.step()


def work(rank, folder):
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=RANKS
    )
    try:
        z, y = scores()
        mine = slice(0, 40) if rank == 0 else slice(40, 101)
        found = {"one": [], "before": []}
        for metric in metrics():
            metric.update(z[mine], y[mine])
            before = metric.compute()
            found["one"].append(metric.all_reduce().compute().item())
            found["before"].append(before.item() == metric.compute().item())
        bad = ct.ECE()
        bad.update(z[mine], torch.full_like(y[mine], CLASSES if rank == 1 else 0))
        try:
            bad.all_reduce().compute()
        except ValueError as problem:
            found["problem"] = str(problem)

        model = torch.nn.parallel.DistributedDataParallel(Prompt(seed=7))
        half = images()[:6] if rank == 0 else images()[6:]
        train(model, half)
        found["shift"] = model.module.shift.detach()
        found["state"] = model.module.dor.get_extra_state()
        found["batch"] = model.module.dor.current
        torch.save(found, f"{folder}/{rank}.pt")
    finally:
        dist.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("ranks"))
    mp.spawn(work, args=(folder,), nprocs=RANKS)
    return [torch.load(f"{folder}/{rank}.pt") for rank in range(RANKS)]


def test_metrics_of_all_ranks_equal_those_of_one_process(found):
    z, y = scores()
    wanted = []
    for metric in metrics():
        metric.update(z, y)
        wanted.append(metric.compute().item())
    for of_rank in found:
        np.testing.assert_allclose(of_rank["one"], wanted, rtol=0, atol=1e-13)
        assert all(of_rank["before"])


def test_a_fault_of_one_rank_is_told_on_all(found):
    for of_rank in found:
        assert "the label is not in [0, 5), at row 0" in of_rank["problem"]


def test_dor_under_ddp_equals_one_process(found):
    alone = Prompt(seed=7)
    train(alone, images())
    for of_rank in found:
        assert of_rank["batch"] == alone.dor.current
        assert of_rank["state"] == alone.dor.get_extra_state()
        np.testing.assert_allclose(of_rank["shift"], alone.shift.detach(), rtol=0, atol=1e-14)
    assert alone.shift.abs().max() > 1e-3
