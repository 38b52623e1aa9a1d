# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures the digits, in one call and in batches. Run it in the folder of calibra."""

import numpy as np
import pycalibra

logits = np.load("examples/data/digits/test_logits.npy")
labels = np.load("examples/data/digits/test_labels.npy")

found = pycalibra.evaluate(logits=logits, labels=labels, metrics=["accuracy", "nll", "ece"])
print(found["ece"])  # 0.0953...
print(found)  # as the program prints it
print(found.table[-1])  # a bin: lower, upper, count, weight, confidence, accuracy
print(found.to_dict()["metrics"])  # as in the program's JSON

seen = pycalibra.Calibration(metrics=["accuracy", "nll", "ece"])
for first in range(0, len(labels), 100):
    seen.update(logits=logits[first : first + 100], labels=labels[first : first + 100])
other = pycalibra.Calibration(metrics=["accuracy", "nll", "ece"])
other.load_state_dict(seen.state_dict())  # or pickle it
seen.merge(other)
print(seen.compute().samples)  # 1200
