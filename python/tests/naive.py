# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Calculations to compare with, straight from the definitions."""

from __future__ import annotations

import numpy as np


def softmax(z):
    z = np.asarray(z, dtype=np.float64)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def binned(confidence, hit, bins, weights=None):
    """Weight, mean confidence and accuracy of the bins (i/B, (i+1)/B]; the first holds 0 too."""
    confidence = np.asarray(confidence, dtype=np.float64)
    weights = np.ones(len(confidence)) if weights is None else np.asarray(weights, dtype=np.float64)
    out = []
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if i == 0:
            inside |= confidence == 0
        w = weights[inside]
        if w.sum() > 0:
            mean = lambda x: float((w * x[inside]).sum() / w.sum())  # noqa: E731
            out.append((float(w.sum()), mean(confidence), mean(np.asarray(hit, dtype=float))))
    return out


def ece(confidence, hit, bins, weights=None):
    rows = binned(confidence, hit, bins, weights)
    total = sum(w for w, _, _ in rows)
    return sum(w / total * abs(a - c) for w, c, a in rows)


def mce(confidence, hit, bins):
    return max(abs(a - c) for _, c, a in binned(confidence, hit, bins))


def top(p):
    """Confidence and predicted class of each row."""
    return p.max(axis=-1), p.argmax(axis=-1)
