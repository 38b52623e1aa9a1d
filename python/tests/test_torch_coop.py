# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The CoOp trainer of examples/plugins/python: its parts on a random world, and its numbers beside
those of the program coop where that was built (CALIBRA_COOP, or build/bin/coop)."""

import importlib.util
import json
import os
import pathlib
import struct
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import pycalibra.torch as ct  # noqa: E402
from torch_support import ROOT  # noqa: E402

EXAMPLE = ROOT / "examples" / "plugins" / "python" / "coop.py"
PROGRAM = os.environ.get("CALIBRA_COOP", str(ROOT / "build" / "bin" / "coop"))
WIDTH, HEADS = 8, 2


@pytest.fixture(scope="module")
def coop():
    spec = importlib.util.spec_from_file_location("coop_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_safetensors(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        values = tensor.contiguous().numpy().tobytes()
        dtype = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}[tensor.dtype]
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture(scope="module")
def random_world(tmp_path_factory):
    """A trainer file of a random text encoder and pictures near the classes' features."""
    generator = torch.Generator().manual_seed(0)
    nouns = [f"noun{i}" for i in range(20)]
    words = ["a", "photo", "of", *nouns, "[sos]", "[eos]"]

    def normal(*shape):
        return 0.3 * torch.randn(*shape, generator=generator)

    tensors = {
        "logit_scale": torch.tensor(10.0, dtype=torch.float64),
        "context": 0.02 * torch.randn(4, WIDTH, generator=generator),
        "token_embedding.weight": normal(len(words), WIDTH),
        "positional_embedding": normal(12, WIDTH),
        "ln_final.weight": 1 + normal(WIDTH),
        "ln_final.bias": normal(WIDTH),
        "text_projection": normal(WIDTH, 6),
    }
    for i in range(2):
        name = f"transformer.resblocks.{i}."
        for norm in ("ln_1", "ln_2"):
            tensors[f"{name}{norm}.weight"] = 1 + normal(WIDTH)
            tensors[f"{name}{norm}.bias"] = normal(WIDTH)
        for part, rows, cols in [
            ("attn.in_proj_", 3 * WIDTH, WIDTH),
            ("attn.out_proj.", WIDTH, WIDTH),
            ("mlp.c_fc.", 4 * WIDTH, WIDTH),
            ("mlp.c_proj.", WIDTH, 4 * WIDTH),
        ]:
            tensors[f"{name}{part}weight"] = normal(rows, cols)
            tensors[f"{name}{part}bias"] = normal(rows)
    for name, rows in (("train", 40), ("base_test", 30), ("new_test", 30)):
        features = torch.randn(rows, 6, generator=generator)
        tensors[f"{name}.features"] = features / features.norm(dim=1, keepdim=True)
        tensors[f"{name}.labels"] = torch.arange(rows) % 3
    metadata = {
        "heads": str(HEADS),
        "epsilon": "1e-05",
        "activation": "quick_gelu",
        "phrase": "a photo of a {}",
        "base": "\n".join(nouns[:3]),
        "new": "\n".join(nouns[3:6]),
        "nouns": "\n".join(nouns),
        "words": "\n".join(words),
    }
    path = tmp_path_factory.mktemp("world") / "task-0.safetensors"
    write_safetensors(path, tensors, metadata)
    return path, tensors


def test_the_encoder_computes_what_pytorchs_layers_do(coop, random_world):
    path, parameters = random_world
    encoder = coop.World(str(path)).encoder
    x = torch.randn(5, 7, WIDTH)
    ends = torch.tensor([6, 3, 4, 6, 0])
    y = x + parameters["positional_embedding"][:7]
    mask = torch.full((7, 7), -np.inf).triu(1)
    for i in range(2):
        name = f"transformer.resblocks.{i}."
        attention = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        attention.load_state_dict(
            {key[len(name + "attn.") :]: p for key, p in parameters.items() if name + "attn" in key}
        )

        def of(part, name=name):
            return parameters[name + part + ".weight"], parameters[name + part + ".bias"]

        normal = torch.nn.functional.layer_norm(y, (WIDTH,), *of("ln_1"))
        y = y + attention(normal, normal, normal, attn_mask=mask, need_weights=False)[0]
        h = torch.nn.functional.layer_norm(y, (WIDTH,), *of("ln_2"))
        h = torch.nn.functional.linear(h, *of("mlp.c_fc"))
        y = y + torch.nn.functional.linear(h * (1.702 * h).sigmoid(), *of("mlp.c_proj"))
    y = torch.nn.functional.layer_norm(
        y, (WIDTH,), parameters["ln_final.weight"], parameters["ln_final.bias"]
    )
    wanted = y[torch.arange(5), ends] @ parameters["text_projection"]
    np.testing.assert_allclose(encoder(x, ends), wanted.detach(), rtol=1e-4, atol=1e-5)


def test_training_on_a_random_world(coop, random_world):
    world = coop.World(str(random_world[0]))
    plain = coop.CoOp(world, epochs=6, batch=16)
    held = coop.CoOp(world, epochs=6, batch=16, weight=8.0, outliers=10)
    assert set(held.dor.bank_names).isdisjoint(world.base + world.new)
    assert len(held.dor.bank_names) == 10
    for trainer in (plain, held):
        before = torch.nn.functional.cross_entropy(*trainer.logits("base")).item()
        assert np.isfinite(before)
        trainer.train()
        assert (trainer.prompts.ctx != world.context).any()
        assert trainer.logits("new")[0].shape == (30, 3)
    assert held.dor.iteration == 6 * 2
    index = torch.arange(10)
    contexts = [trainer.prompts.ctx.detach().clone() for trainer in (plain, held)]
    distances = []
    for context in contexts:
        held.prompts.ctx.data.copy_(context)
        distances.append(ct.dor_loss(held.encode(3 + index), held.dor.features).item())
    assert distances[1] < distances[0]
    again = coop.CoOp(world, epochs=6, batch=16)
    again.train()
    assert (again.prompts.ctx == contexts[0]).all()


def test_the_order_of_pictures_is_a_permutation(coop):
    orders = [coop.order_of(160, seed, epoch).tolist() for seed in (0, 1) for epoch in range(3)]
    assert all(sorted(order) == list(range(160)) for order in orders)
    assert len({tuple(order) for order in orders}) == 6


@pytest.mark.skipif(not pathlib.Path(PROGRAM).exists(), reason="the program coop was not built")
@pytest.mark.parametrize("seed", [0, 3])
def test_the_numbers_of_the_program(coop, tmp_path, seed):
    options = ["--seeds", "1", "--first-seed", str(seed), "--quiet"]
    epochs = 30
    run = [PROGRAM, *options, "--methods", "coop,coop+dor", "--epochs", str(epochs)]
    subprocess.run(run + ["--output", str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([PROGRAM, *options, "--trainer-files", str(tmp_path)], check=True)
    world = coop.World(str(tmp_path / f"task-{seed}.safetensors"))
    for method, weight in (("coop", 0.0), ("coop+dor", 8.0)):
        trainer = coop.CoOp(world, seed, weight, epochs)
        trainer.train()
        tensors, _ = coop.read_safetensors(tmp_path / f"{method}-{seed}.checkpoint.safetensors")
        context = trainer.prompts.ctx.detach()
        np.testing.assert_allclose(context, tensors["context"], rtol=0, atol=1e-5)
        assert (context - world.context).abs().max() > 1e-3
        for split in ("base", "new"):
            logits, labels = trainer.logits(split)
            told = np.load(tmp_path / f"{method}-{split}-{seed}.logits.npy")
            p, wanted = logits.softmax(1), torch.tensor(told).softmax(1)
            np.testing.assert_allclose(p, wanted, rtol=0, atol=1e-5)
            error = ct.ece(torch.tensor(told), labels).item()
            assert ct.ece(logits, labels).item() == pytest.approx(error, abs=1e-5)


@pytest.mark.skipif(not pathlib.Path(PROGRAM).exists(), reason="the program coop was not built")
def test_the_example_prints_a_table(tmp_path):
    subprocess.run([PROGRAM, "--seeds", "1", "--trainer-files", str(tmp_path)], check=True)
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path / "task-0.safetensors"), "--epochs", "1"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["method", "split", "accuracy", "confidence", "ece"]
    assert [line[:2] for line in lines[1:]] == [
        [method, split] for method in ("coop", "coop+dor") for split in ("base", "new")
    ]
