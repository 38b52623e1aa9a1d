# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""CoOp in PyTorch with Dynamic Outlier Regularization: a prompt learner and a training loop of the
published structure (Zhou et al. 2022; Wang, Li, Wei 2025), on a task of the drawn world.

    build/bin/coop --trainer-files world --seeds 1
    python examples/plugins/python/coop.py world/task-0.safetensors

prints what `build/bin/coop --methods coop,coop+dor --seeds 1` prints of accuracy, confidence and
ECE. The lines that DOR adds to the trainer end in "# +".
"""

import argparse
import json
import math
import struct

import torch
import torch.nn.functional as F
from torch import nn

from pycalibra.torch import (
    ECE,
    Accuracy,
    DynamicOutlierRegularization,
    MeanConfidence,
    build_outlier_bank,
)
from pycalibra.torch._random import CounterRandom, fnv1a

DTYPES = {"F16": torch.float16, "F32": torch.float32, "F64": torch.float64, "I64": torch.int64}


def read_safetensors(path):
    """The tensors and the metadata of a .safetensors file."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        flat = torch.frombuffer(data[first:last], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors, metadata


class World:
    """A task: a frozen text encoder, classes, pictures as the image encoder sees them, and
    words."""

    def __init__(self, path):
        tensors, notes = read_safetensors(path)
        self.logit_scale = tensors.pop("logit_scale").item()
        self.context = tensors.pop("context")
        self.sets = {
            name: (tensors.pop(f"{name}.features"), tensors.pop(f"{name}.labels"))
            for name in ("train", "base_test", "new_test")
        }
        self.phrase = notes["phrase"]
        self.base, self.new = notes["base"].split("\n"), notes["new"].split("\n")
        self.nouns = notes["nouns"].split("\n")
        self.ids = {word: i for i, word in enumerate(notes["words"].split("\n"))}
        self.encoder = TextEncoder(tensors, int(notes["heads"]), float(notes["epsilon"]))
        if notes["activation"] != "quick_gelu":
            raise ValueError(f"{path}: the activation is {notes['activation']}, not quick_gelu")

    def tokens(self, text):
        return [self.ids[word] for word in text.split()]

    def rows(self, texts):
        """Token ids [N, L] from start to end, zeros behind, and where the ends are."""
        start, end = self.ids["[sos]"], self.ids["[eos]"]
        rows = [torch.tensor([start, *self.tokens(text), end]) for text in texts]
        ends = torch.tensor([len(row) - 1 for row in rows])
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), ends

    @torch.no_grad()
    def zero_shot(self, names):
        """Features, rows of norm 1, of the hand-written prompt."""
        ids, ends = self.rows([self.phrase.format(name) for name in names])
        return F.normalize(self.encoder(self.encoder.embed(ids), ends), dim=1)


class Block(nn.Module):
    """A block of CLIP's transformer: causal attention and a perceptron, each behind a LayerNorm."""

    def __init__(self, width, heads, epsilon):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = (nn.LayerNorm(width, eps=epsilon) for _ in range(2))
        self.attn = nn.Module()
        self.attn.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.attn.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.attn.out_proj = nn.Linear(width, width)
        self.mlp = nn.Module()
        self.mlp.c_fc = nn.Linear(width, 4 * width)
        self.mlp.c_proj = nn.Linear(4 * width, width)

    def attend(self, x):
        n, length, width = x.shape
        parts = F.linear(x, self.attn.in_proj_weight, self.attn.in_proj_bias)
        parts = parts.view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = parts
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        mask = torch.ones(length, length, dtype=torch.bool).triu(1)
        y = scores.masked_fill(mask, -math.inf).softmax(-1) @ v
        return self.attn.out_proj(y.transpose(1, 2).reshape(n, length, width))

    def forward(self, x):
        x = x + self.attend(self.ln_1(x))
        h = self.mlp.c_fc(self.ln_2(x))
        return x + self.mlp.c_proj(h * torch.sigmoid(1.702 * h))


class TextEncoder(nn.Module):
    """CLIP's text encoder, frozen, with its parameter names."""

    def __init__(self, parameters, heads, epsilon):
        super().__init__()
        words, width = parameters["token_embedding.weight"].shape
        layers = 1 + max(int(name.split(".")[2]) for name in parameters if "resblocks" in name)
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(
            torch.empty(parameters["positional_embedding"].shape)
        )
        blocks = [Block(width, heads, epsilon) for _ in range(layers)]
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*blocks)
        self.ln_final = nn.LayerNorm(width, eps=epsilon)
        self.text_projection = nn.Parameter(torch.empty(parameters["text_projection"].shape))
        self.load_state_dict(parameters)
        self.requires_grad_(False)

    def embed(self, ids):
        return self.token_embedding(ids)

    def forward(self, prompts, ends):
        """Features [N, D] of embedded prompts [N, L, W], read at their ends."""
        x = self.transformer.resblocks(prompts + self.positional_embedding[: prompts.shape[1]])
        x = self.ln_final(x[torch.arange(len(x)), ends])
        return x @ self.text_projection


class PromptLearner(nn.Module):
    """Prompts of names: start, context that is learnt, name, end."""

    def __init__(self, world, names):
        super().__init__()
        self.ctx = nn.Parameter(world.context.clone())
        ids, ends = world.rows(names)
        embedded = world.encoder.embed(ids)
        self.register_buffer("prefix", embedded[:, :1])
        self.register_buffer("suffix", embedded[:, 1:])
        self.register_buffer("ends", ends + len(self.ctx))

    def forward(self, index):
        context = self.ctx.expand(len(index), -1, -1)
        prompts = torch.cat([self.prefix[index], context, self.suffix[index]], dim=1)
        return prompts, self.ends[index]


def order_of(rows, seed, epoch):
    """The order of the pictures in an epoch: that of build/bin/coop."""
    random = CounterRandom(seed ^ fnv1a(b"order"), epoch)
    order = list(range(rows))
    for i in range(rows - 1, 0, -1):
        j = random.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return torch.tensor(order)


class CoOp:
    """The trainer. `weight`: of the DOR loss; 0 leaves it out."""

    def __init__(self, world, seed=0, weight=0.0, epochs=200, batch=32, outliers=100):
        self.world, self.seed, self.epochs = world, seed, epochs
        self.images, self.labels = world.sets["train"]
        self.batch = min(batch, len(self.labels))
        self.base = torch.arange(len(world.base))
        names, size = list(world.base), len(world.base)
        self.dor = None
        if weight:
            bank = build_outlier_bank(
                world.zero_shot, world.base, world.nouns, excluded=world.new, count=outliers
            )
            self.dor = DynamicOutlierRegularization(bank, batch=size, weight=weight, seed=seed)  # +
            names += bank.names
        self.prompts = PromptLearner(world, names)
        self.optimizer = torch.optim.SGD(
            [self.prompts.ctx], lr=0.002, momentum=0.9, weight_decay=5e-4
        )

    def rate(self, epoch):
        """One epoch of warm-up, then half a cosine."""
        return (
            1e-5 if epoch < 1 else 0.002 * (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2
        )

    def encode(self, index):
        return self.world.encoder(*self.prompts(index))

    def forward_backward(self, images, labels):
        classes = F.normalize(self.encode(self.base), dim=1)
        loss = F.cross_entropy(self.world.logit_scale * images @ classes.t(), labels)
        if self.dor is not None:
            index = self.dor.sample()  # +
            loss = loss + self.dor(self.encode(len(self.base) + index))  # +
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def train(self):
        for epoch in range(self.epochs):
            self.optimizer.param_groups[0]["lr"] = self.rate(epoch)
            order = order_of(len(self.labels), self.seed, epoch)
            for first in range(0, len(order) - self.batch + 1, self.batch):
                chosen = order[first : first + self.batch]
                self.forward_backward(self.images[chosen], self.labels[chosen])

    @torch.no_grad()
    def logits(self, split):
        """Logits of the test pictures of "base" or "new" classes, and their labels."""
        names = self.world.base if split == "base" else self.world.new
        images, labels = self.world.sets[f"{split}_test"]
        learner = PromptLearner(self.world, names)
        learner.ctx.copy_(self.prompts.ctx)
        features = self.world.encoder(*learner(torch.arange(len(names))))
        return self.world.logit_scale * images @ F.normalize(features, dim=1).t(), labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("task", help="a file that build/bin/coop --trainer-files wrote")
    parser.add_argument("--seed", type=int, default=0, help="of the file")
    parser.add_argument("--epochs", type=int, default=200)
    wanted = parser.parse_args()
    world = World(wanted.task)
    print("method    split  accuracy  confidence    ece")
    for method, weight in (("coop", 0.0), ("coop+dor", 8.0)):
        trainer = CoOp(world, wanted.seed, weight, wanted.epochs)
        trainer.train()
        for split in ("base", "new"):
            measured = []
            for metric in (Accuracy(), MeanConfidence(), ECE()):
                metric.update(*trainer.logits(split))
                measured.append(100 * metric.compute().item())
            print("{:9} {:5} {:9.2f} {:11.2f} {:6.2f}".format(method, split, *measured))


if __name__ == "__main__":
    main()
