#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Trains an overconfident classifier on the UCI digits and writes its logits beside this file.

Made with Python 3.11, numpy 2.4.6 and scikit-learn 1.9.1, one BLAS thread; the seeds are fixed, so
the same versions on the same kind of machine give the same bytes:

    pip install numpy==2.4.6 scikit-learn==1.9.1
    OPENBLAS_NUM_THREADS=1 python examples/data/digits/make_digits.py
"""

import pathlib
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

SEED = 0
TRAINING = 597  # of 1797; the remaining 1200 are halved into validation and test
NOISE = 0.3  # standard deviation added to every pixel; pixels are in [0, 1]
EPOCHS = 1000  # far beyond the point where the training error is zero


def load():
    """The digits in a fixed random order, pixels scaled to [0, 1] and made noisy."""
    digits = load_digits()
    random = np.random.default_rng(SEED)
    order = random.permutation(len(digits.target))
    pixels = digits.data[order] / 16.0
    return pixels + NOISE * random.standard_normal(pixels.shape), digits.target[order]


def train(pixels, labels):
    """One hidden layer, no weight decay, no early stopping: it learns the noise by heart."""
    network = MLPClassifier(
        hidden_layer_sizes=(64,),
        alpha=0.0,
        max_iter=EPOCHS,
        tol=0.0,
        n_iter_no_change=EPOCHS,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(pixels, labels)


def logits(network, pixels):
    """What the network holds before its softmax."""
    hidden = np.maximum(pixels @ network.coefs_[0] + network.intercepts_[0], 0.0)
    return (hidden @ network.coefs_[1] + network.intercepts_[1]).astype(np.float32)


def main():
    here = pathlib.Path(__file__).resolve().parent
    pixels, labels = load()
    network = train(pixels[:TRAINING], labels[:TRAINING])
    half = (len(labels) - TRAINING) // 2
    parts = {
        "validation": slice(TRAINING, TRAINING + half),
        "test": slice(TRAINING + half, None),
    }
    print("training: accuracy %.4f" % network.score(pixels[:TRAINING], labels[:TRAINING]))
    for name, part in parts.items():
        scores = logits(network, pixels[part])
        np.save(here / f"{name}_logits.npy", scores)
        np.save(here / f"{name}_labels.npy", labels[part].astype(np.int64))
        hits = scores.argmax(axis=1) == labels[part]
        print("%s: %d rows, accuracy %.4f" % (name, len(scores), hits.mean()))


if __name__ == "__main__":
    main()
