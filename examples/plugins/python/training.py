# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Training a classifier with a calibration loss, and measuring it on the device of its scores."""

import torch
import torch.nn.functional as F

import pycalibra.torch as ct


def blobs(rows, generator):
    """Pictures of ten classes that overlap, and labels."""
    labels = torch.randint(10, (rows,), generator=generator)
    centres = torch.randn(10, 16, generator=torch.Generator().manual_seed(0))
    return centres[labels] + 1.5 * torch.randn(rows, 16, generator=generator), labels


def train(model, images, labels, weight):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss = loss + weight * ct.soft_binned_ece_loss(logits, labels, bins=15)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def measure(model, batches, device):
    accuracy, ece = ct.Accuracy().to(device), ct.ECE(bins=15).to(device)
    for images, labels in batches:
        logits = model(images)
        accuracy.update(logits, labels)  # the host does not wait for the device
        ece.update(logits, labels)
    return accuracy.compute().item(), ece.compute().item()  # here it does


def regularised(encode, hand_written, base_classes, nouns, steps):
    """Tunes a prompt with Dynamic Outlier Regularization; `encode` is a text encoder of yours."""
    bank = ct.build_outlier_bank(
        lambda names: encode(hand_written, names), base_classes, nouns, count=20
    )
    dor = ct.DynamicOutlierRegularization(bank, batch=8, weight=8, seed=1)
    prompt = hand_written.clone().requires_grad_()
    optimizer = torch.optim.SGD([prompt], lr=0.1)
    for _ in range(steps):
        loss = -encode(prompt, base_classes).norm(dim=1).mean()  # the loss of your trainer
        dor.sample()
        loss = loss + dor(encode(prompt, dor.names))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return prompt, dor


def main():
    device = torch.device("cpu")
    generator = torch.Generator().manual_seed(1)
    images, labels = blobs(400, generator)
    test = [blobs(1000, generator) for _ in range(5)]
    print("weight  accuracy     ece")
    for weight in (0, 2):
        torch.manual_seed(2)
        model = torch.nn.Sequential(
            torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
        ).to(device)
        train(model, images, labels, weight)
        with torch.no_grad():
            print("{:6} {:9.4f} {:7.4f}".format(weight, *measure(model, test, device)))

    words = {f"noun {i}": torch.randn(4, generator=generator) for i in range(50)}
    mixing = torch.randn(8, 6, generator=generator)

    def encode(prompt, names):
        rows = torch.stack([words[name] for name in names])
        return torch.cat([prompt.expand(len(names), 4), rows], 1).tanh() @ mixing

    prompt, dor = regularised(encode, torch.zeros(4), ["noun 0", "noun 1"], list(words), 20)
    loss = dor(encode(prompt, dor.names))
    print(f"{dor.iteration} batches of {dor.batch} outliers, loss {loss:.3f}")


if __name__ == "__main__":
    main()
