# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Seconds of probmetrics on the dumps that bench_calarena --write FOLDER wrote.

    python3 probmetrics_times.py FOLDER [SET] [METHOD...]

Prints the lines of bench_calarena, of one thread: fit to the first half, predict the second.
"""

import sys
import time
import warnings

import numpy as np
import torch
from probmetrics.calibrators import get_calibrator

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

# calibra's name: probmetrics' name
NAMES = {
    "temperature": "ts-mix",
    "svs": "svs",
    "sms": "sms",
    "isotonic": "isotonic-naive-ovr",
    "centred_isotonic": "cir",
    "venn_abers": "ivap-ovr",
    "dirichlet": "dircal",
}
SETS = {
    "imagenet": ["temperature", "svs", "isotonic"],
    "cv100": ["temperature", "svs", "sms", "isotonic", "venn_abers"],
    "cv10": ["temperature", "svs", "sms", "isotonic", "venn_abers"],
}


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    for name, methods in SETS.items():
        if wanted and wanted[0] != name:
            continue
        z = np.load(f"{folder}/{name}_logits.npy").astype(np.float64)
        y = np.load(f"{folder}/{name}_labels.npy")
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p = (p / p.sum(axis=1, keepdims=True)).astype(np.float32)
        half = len(y) // 2
        for method in methods:
            if len(wanted) > 1 and method not in wanted[1:]:
                continue
            fits, predictions = [], []
            for _ in range(3):
                calibrator = get_calibrator(NAMES[method])
                start = time.process_time()
                calibrator.fit(p[:half], y[:half])
                middle = time.process_time()
                q = calibrator.predict_proba(p[half:])
                predictions.append(time.process_time() - middle)
                fits.append(middle - start)
                if fits[-1] > 5:
                    break
            at_label = q[np.arange(half), y[half:]]
            nll = -np.log(np.maximum(at_label, 1e-300)).mean()
            print(f"| {name} | {method} | {np.median(fits):.4f} | {np.median(predictions):.4f} |"
                  f" | {nll:.4f} | |", flush=True)


main()
