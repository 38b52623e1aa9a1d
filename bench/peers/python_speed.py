#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""python_speed.py [REPEATS]: pycalibra beside torchmetrics, netcal and probmetrics, from Python.

One process, two threads each, arrays in memory, the packages in turns; the median of REPEATS (5) by
the clock, and the value. Times begin with float32 logits in memory, as a tensor or an array, or
with probabilities that were made of them before; netcal takes probabilities, which PyTorch makes of
logits in its time, of double for the temperature. A call that took 20 seconds is not repeated.
Writes the rows of the table in docs/benchmarks.md.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
import warnings

os.environ.update(OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2", MKL_NUM_THREADS="2")

import netcal.metrics  # noqa: E402
import netcal.scaling  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torchmetrics.functional.classification as tm  # noqa: E402
from probmetrics.calibrators import get_calibrator  # noqa: E402
from probmetrics.distributions import (  # noqa: E402
    CategoricalDirac,
    CategoricalLogits,
)
from probmetrics.metrics import Metrics  # noqa: E402

import pycalibra  # noqa: E402
from pycalibra.recalibration import TemperatureScaling  # noqa: E402

SIZES = [(500_000, 10), (20_000, 1_000)]
THREADS = 2


def scores(n, k):
    """Float32 logits of an overconfident model, and labels."""
    rng = np.random.default_rng(k)
    z = rng.normal(size=(n, k), scale=2).astype(np.float32)
    y = (z / 2 + rng.gumbel(size=(n, k)).astype(np.float32)).argmax(axis=1)
    return z, y


def calls(z, y):
    """What each package does, by task."""
    k = z.shape[1]
    tz, ty = torch.from_numpy(z), torch.from_numpy(y)
    tp = tz.softmax(dim=1)
    p = tp.numpy()
    ece = Metrics.from_names(["ece-15"])

    def probmetrics_temperature():
        made = get_calibrator("temp-scaling")
        made.fit_torch(CategoricalLogits(tz), ty)
        return 1 / float(made.invtemp_)

    def netcal_temperature():
        double_p = tz.double().softmax(dim=1).numpy()
        made = netcal.scaling.TemperatureScaling().fit(double_p, y)
        return 1 / float(np.ravel(made.temperature)[0])

    def temperature():
        made = TemperatureScaling(logits=True, threads=THREADS).fit(z, y)
        return made.parameters_["temperature"]

    return {
        "ece": {
            "pycalibra": lambda: pycalibra.ece(z, y, logits=True, threads=THREADS),
            "torchmetrics": lambda: float(tm.multiclass_calibration_error(tz, ty, k, n_bins=15)),
            "netcal": lambda: float(netcal.metrics.ECE(15).measure(tz.softmax(dim=1).numpy(), y)),
            "probmetrics": lambda: float(
                ece.compute_all(CategoricalDirac(ty, n_classes=k), CategoricalLogits(tz))["ece-15"]
            ),
        },
        "ece of probabilities": {
            "pycalibra": lambda: pycalibra.ece(p, y, threads=THREADS),
            "torchmetrics": lambda: float(tm.multiclass_calibration_error(tp, ty, k, n_bins=15)),
            "netcal": lambda: float(netcal.metrics.ECE(15).measure(p, y)),
        },
        "temperature": {
            "pycalibra": temperature,
            "netcal": netcal_temperature,
            "probmetrics": probmetrics_temperature,
        },
    }


def timed(call):
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


def shown(seconds):
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(THREADS)
    for n, k in SIZES:
        for task, by_package in calls(*scores(n, k)).items():
            values = {name: call() for name, call in by_package.items()}  # loads what is to load
            times = {name: [] for name in by_package}
            for _ in range(repeats):
                for name, call in by_package.items():
                    if not times[name] or times[name][0] < 20:
                        times[name].append(timed(call)[0])
            ours = statistics.median(times["pycalibra"])
            for name, of in times.items():
                t = statistics.median(of)
                ratio = "" if name == "pycalibra" else f"{t / ours:.3g}"
                print(
                    f"| {n:,} x {k:,} | {task} | {name} | {shown(t)} | {ratio} "
                    f"| {values[name]:.6f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
