# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Calibration in the logs of Lightning and of Hugging Face's Trainer."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402


def data(rows=90, features=4):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, features, generator=generator)
    return x, torch.randint(3, (rows,), generator=generator)


def naive(logits, y, bins=15):
    p = np.exp(logits - logits.max(1, keepdims=True)).astype(np.float64)
    p /= p.sum(1, keepdims=True)
    c, hit = p.max(1), p.argmax(1) == y
    index = np.clip(np.ceil(c * bins).astype(int) - 1, 0, bins - 1)
    gaps = [abs((hit[index == b] - c[index == b]).sum()) for b in range(bins)]
    nll = -np.log(p[np.arange(len(y)), y]).mean()
    return {"accuracy": hit.mean(), "nll": nll, "ece": sum(gaps) / len(y)}


@pytest.mark.parametrize("metrics", [None, {"worst": ct.MCE(bins=1)}])
def test_lightning(tmp_path, metrics):
    try:
        import lightning.pytorch as pl
    except ImportError:
        pl = pytest.importorskip("pytorch_lightning")
    from pycalibra.torch.lightning import CalibrationCallback

    x, y = data()

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(4, 3)

        def training_step(self, batch, index):
            return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

        def validation_step(self, batch, index):
            return {"logits": self.net(batch[0]), "target": batch[1]}

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=20)
    module = Module()
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(tmp_path),
        callbacks=[CalibrationCallback(metrics)],
    )
    trainer.fit(module, loader, loader)
    with torch.no_grad():
        wanted = naive(module.cpu().net(x).numpy(), y.numpy())
    if metrics is not None:  # one bin: the gap of the means
        probabilities = module.net(x).softmax(1).max(1)[0].mean().item()
        wanted = {"worst": abs(wanted["accuracy"] - probabilities)}
    assert sorted(trainer.logged_metrics) == sorted(f"val_{name}" for name in wanted)
    for name, value in wanted.items():
        assert trainer.logged_metrics[f"val_{name}"].item() == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("by_batch", [False, True])
def test_hugging_face_trainer(tmp_path, by_batch):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from pycalibra.torch.transformers import CalibrationMetrics

    x, y = data()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(4, 3)

        def forward(self, x, labels):
            logits = self.net(x)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    model = Model()
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path),
            per_device_eval_batch_size=20,
            use_cpu=True,
            report_to=[],
            batch_eval_metrics=by_batch,
            disable_tqdm=True,
        ),
        eval_dataset=[{"x": a, "labels": b} for a, b in zip(x, y)],
        compute_metrics=CalibrationMetrics(),
    )
    with torch.no_grad():
        wanted = naive(model.net(x).numpy(), y.numpy())
    for _ in range(2):  # a second evaluation begins anew
        found = trainer.evaluate()
        for name, value in wanted.items():
            assert found[f"eval_{name}"] == pytest.approx(value, abs=1e-5)


def test_tokens_and_tuples():
    from pycalibra.torch.transformers import CalibrationMetrics

    class Prediction:
        def __init__(self, predictions, label_ids):
            self.predictions, self.label_ids = predictions, label_ids

    x, y = data(rows=24, features=3)
    labels = y.numpy().copy()
    labels[::5] = -100
    kept = labels != -100
    wanted = naive(x.numpy()[kept], labels[kept])
    tokens = Prediction((x.numpy().reshape(4, 6, 3), None), labels.reshape(4, 6))
    function = CalibrationMetrics()
    assert function(tokens) == {k: pytest.approx(v, abs=1e-6) for k, v in wanted.items()}
    assert function(Prediction(x[:10].numpy(), labels[:10]), compute_result=False) == {}
    found = function(Prediction(x[10:], torch.tensor(labels[10:])))
    assert found == {k: pytest.approx(v, abs=1e-6) for k, v in wanted.items()}
