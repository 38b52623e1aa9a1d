# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures the digits, repairs them, and judges the repair. Run it in the folder of calibra."""

import numpy as np
import pycalibra
from pycalibra import recalibration

digits = "examples/data/digits"
z, y = np.load(f"{digits}/validation_logits.npy"), np.load(f"{digits}/validation_labels.npy")
test, truth = np.load(f"{digits}/test_logits.npy"), np.load(f"{digits}/test_labels.npy")

names = ["accuracy", "nll", "ece"]
before = pycalibra.evaluate(logits=test, labels=truth, metrics=names, interval=True)
for name, found in before.intervals.items():
    print(f"{name:8}  {found.value:.4f}  [{found.lower:.4f}, {found.upper:.4f}]")

scaling = recalibration.TemperatureScaling(logits=True).fit(z, y)
print(f"T = {scaling.parameters_['temperature']:.4f}")
p = scaling.predict_proba(test)
after = pycalibra.evaluate(probabilities=p, labels=truth, metrics=names)
for name, value in after.items():
    print(f"{name:8}  {before[name]:.4f} -> {value:.4f}")

auto = recalibration.Auto(logits=True).fit(z, y)
for candidate in auto.choice_.candidates:
    print(f"{candidate.name:12}{candidate.score:.4f}")
print("chosen:", auto.choice_.chosen)

raw = np.exp(test - test.max(axis=1, keepdims=True))
raw /= raw.sum(axis=1, keepdims=True)
difference = pycalibra.compare(p, raw, truth, metrics="nll", renormalise=True)["nll"]
print(f"{difference.difference:.4f}  [{difference.lower:.4f}, {difference.upper:.4f}]")

picture = pycalibra.reliability_lines({"before": before, "after": after}, title="digits")
print(picture.svg()[:4])  # picture.save("digits.svg") writes it

served = recalibration.Recalibrator.from_json(scaling.to_json())
print((served.predict_proba(test) == p).all())
