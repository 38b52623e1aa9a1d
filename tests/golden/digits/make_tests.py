#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes tests.json: tests of calibration, and numbers beside them, of published Python packages.

    python -m venv v && v/bin/pip install probcal==0.4.0 mapie==1.6.0 relplot==1.0.3 \
        numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    OPENBLAS_NUM_THREADS=1 v/bin/python tests/golden/digits/make_tests.py

The README beside this file says what the fields mean.
"""

import importlib.metadata
import json
import math
import pathlib
import random
import warnings

import numpy as np
import relplot
from mapie.metrics import calibration as mapie
from probcal import curves, metrics, monitor

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "examples" / "data" / "digits"
GRID = [0.3, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0]

entries = []


def add(sample, package, function, number, value, **arguments):
    """Appends one entry; value is a number or a list of them, and left out where it is NaN."""
    values = [float(v) for v in np.ravel(value)]
    if any(math.isnan(v) for v in values):
        return
    entries.append(
        {
            "sample": sample,
            "package": package,
            "version": importlib.metadata.version(package),
            "function": function,
            "arguments": arguments,
            "number": number,
            "value": values if np.ndim(value) else values[0],
        }
    )


def digits():
    """Confidence and hit of the predicted class, and P of class 3 and whether it is class 3."""
    scores = np.load(DATA / "test_logits.npy").astype(np.float64)
    labels = np.load(DATA / "test_labels.npy")
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    yield "digits/top label", p.max(axis=1), p.argmax(axis=1) == labels
    yield "digits/class 3", p[:, 3], labels == 3


def drawn():
    """Pairs drawn with a fixed seed: name, why, confidences, hits, weights."""
    draw = random.Random(24).random

    def logistic(x):
        return 1 / (1 + math.exp(-x))

    def hits(chances):
        return [int(draw() < q) for q in chances]

    p = [draw() for _ in range(500)]
    yield "calibrated", "hits as likely as they say; weights", p, hits(p), [0.5 + draw() for _ in p]
    x = [6 * draw() - 2 for _ in range(200)]
    y = hits(logistic(z / 2) for z in x)
    yield "overconfident", "the slope of the logit is 1/2", [logistic(z) for z in x], y, None
    x = [4 * draw() - 2 for _ in range(50)]
    yield "shifted", "few, all too sure", [logistic(z + 2) for z in x], hits(map(logistic, x)), None
    p = [int(11 * draw()) / 10 for _ in range(300)]
    y = hits(q**1.3 for q in p)
    yield "tenths", "ties; what is said to be certain is", p, y, None
    p = [0.7] * 80
    yield "one confidence", "no slope to be found", p, hits(0.6 for _ in p), None


def probcal_values(name, p, y, w):
    def put(function, number, value, **arguments):
        add(name, "probcal", function, number, value, **arguments)

    for weights in (None,) if w is None else (None, w):
        how = {} if weights is None else {"sample_weight": "weights"}
        given = {"sample_weight": weights}
        z = metrics.spiegelhalter_z(y, p, **given)
        put("metrics.spiegelhalter_z", "spiegelhalter", z.z, **how)
        put("metrics.spiegelhalter_z", "spiegelhalter-p", z.p_value, **how)
        curve = curves.ecce_curve(y, p, **given)
        sigma, walk = curve.sd_null[-1], curve.cumdev
        put("metrics.ecce", "ks-error", metrics.ecce(y, p, **given).stat_max, **how)
        put("curves.ecce_curve: max |cumdev| / sd_null", "ks", curve.stat_max / sigma, **how)
        span = max(walk.max(), 0.0) - min(walk.min(), 0.0)
        put("curves.ecce_curve: range of cumdev and 0 / sd_null", "kuiper", span / sigma, **how)
        hl = metrics.hosmer_lemeshow(y, p, **given)
        put("metrics.hosmer_lemeshow", "hosmer-lemeshow", hl.statistic, n_bins=10, **how)
        put("metrics.hosmer_lemeshow", "hosmer-lemeshow-freedom", hl.df, n_bins=10, **how)
        put("metrics.hosmer_lemeshow", "hosmer-lemeshow-p", hl.p_value, n_bins=10, **how)
        corp = curves.corp_reliability(y, p, bands=None, **given)
        for score in ("brier", "log_loss"):
            parts = [getattr(corp, score + part) for part in ("", "_mcb", "_dsc", "_unc")]
            put("curves.corp_reliability", "corp-" + score, parts, **how)
        blocks = zip(corp.block_lo, corp.block_hi, corp.block_level, corp.block_weight)
        put("curves.corp_reliability: blocks", "corp-steps", [list(b) for b in blocks], **how)
        for strategy in ("width", "mass"):
            parts = metrics.murphy_decomposition(y, p, n_bins=10, strategy=strategy, **given)
            parts = [parts.reliability, parts.resolution, parts.uncertainty]
            put("metrics.murphy_decomposition", f"murphy-{strategy}", parts, n_bins=10, **how)
            for norm in ("l1", "l2", "max"):
                error = metrics.ece(y, p, n_bins=10, strategy=strategy, norm=norm, **given)
                put("metrics.ece", f"ece-{strategy}-{norm}", error, n_bins=10, **how)
    cox = metrics.calibration_test(y, p)
    put("metrics.calibration_test", "cox", cox.statistic)
    put("metrics.calibration_test", "cox-p", cox.p_value)
    put("metrics.calibration_test", "cox-slope", cox.slope)
    if not math.isnan(cox.slope):
        put("metrics.calibration_test", "cox-intercept", cox.intercept)
    hl = metrics.hosmer_lemeshow(y, p, ddof=2)
    put("metrics.hosmer_lemeshow", "hosmer-lemeshow-fitted-p", hl.p_value, n_bins=10, ddof=2)
    whole = metrics.hl_e_test(y, p, ["all"] * len(p))
    put("metrics.hl_e_test", "e-value", whole.e_value, grades="one")
    put("metrics.hl_e_test", "e-value-p", whole.p_value, grades="one")
    quarters = [str(4 * i // len(p)) for i in range(len(p))]
    parted = metrics.hl_e_test(y, p, quarters)
    put("metrics.hl_e_test", "e-value-quarters", parted.e_value, grades="quarters of the rows")
    watch = monitor.CalibrationMonitor(components=("offset",), min_history=10**6)
    told = monitor.CalibrationMonitor(components=("offset",))
    for batch in np.array_split(np.arange(len(p)), 5):
        watch.update(y[batch], p[batch])
        told.update(y[batch], p[batch])
    fixed = {"components": ["offset"], "batches": 5}
    e, smallest = zip(*((s.e_global, s.p_anytime) for s in watch.steps_))
    put("monitor.CalibrationMonitor", "monitor", list(e), min_history=10**6, **fixed)
    put("monitor.CalibrationMonitor", "monitor-p", list(smallest), min_history=10**6, **fixed)
    learning = [s.e_global for s in told.steps_]
    put("monitor.CalibrationMonitor", "monitor-learning", learning, **fixed)
    for bandwidth in (0.1, 0.5):
        error = metrics.skce(y, p, bandwidth=bandwidth)
        put("metrics.skce", "skce", error, estimator="uq", kernel="laplace", bandwidth=bandwidth)
    put("metrics.smooth_ece", "smece-of-logits", metrics.smooth_ece(y, p))
    put("metrics.ece_sweep", "sweep", metrics.ece_sweep(y, p), rule="first_violation")
    bins = curves.reliability_binned(y, p, n_bins=10, strategy="width")
    rows = zip(bins.pred_mean, bins.event_rate, bins.count, bins.ci_low, bins.ci_high)
    put("curves.reliability_binned", "wilson", [list(r) for r in rows], n_bins=10, strategy="width")


def mapie_values(name, p, y):
    def put(function, number, value, **arguments):
        add(name, "mapie", "metrics.calibration." + function, number, value, **arguments)

    for test, number in (("kolmogorov_smirnov", "ks"), ("kuiper", "kuiper")):
        put(test + "_statistic", number + "-jittered", getattr(mapie, test + "_statistic")(y, p))
        put(test + "_p_value", number + "-p", getattr(mapie, test + "_p_value")(y, p))
    put("spiegelhalter_statistic", "spiegelhalter", mapie.spiegelhalter_statistic(y, p))
    put("spiegelhalter_p_value", "spiegelhalter-one-sided-p", mapie.spiegelhalter_p_value(y, p))
    if len(set(p)) < len(p):
        put("add_jitter", "jittered", mapie.add_jitter(p, random_state=1), random_state=1)
    else:
        walk = mapie.cumulative_differences(y, p, noise_amplitude=0) / mapie.length_scale(p)
        how = {"noise_amplitude": 0}
        put("cumulative_differences: max / length_scale", "ks", np.abs(walk).max(), **how)
        span = max(walk.max(), 0) - min(walk.min(), 0)
        put("cumulative_differences: range with 0 / length_scale", "kuiper", span, **how)
    for bins in (11, 16):
        error = mapie.expected_calibration_error(y, p, num_bins=bins, split_strategy="uniform")
        put("expected_calibration_error", f"ece-{bins - 1}-and-0", error, num_bins=bins,
            split_strategy="uniform")  # fmt: skip


def mapie_laws():
    for test, number in (("kolmogorov_smirnov", "ks"), ("kuiper", "kuiper")):
        law = getattr(mapie, test + "_cdf")
        for x in GRID:
            add("", "mapie", f"metrics.calibration.{test}_cdf", number + "-law", law(x), x=x)


def relplot_values(name, p, y):
    for kernel in ("reflected", "logit"):
        relplot.config.use_logit_scaling = kernel == "logit"
        value, width = relplot.metrics.smECE(p, y, return_width=True)
        how = {"use_logit_scaling": relplot.config.use_logit_scaling}
        add(name, "relplot", "metrics.smECE", f"smece-{kernel}", value, **how)
        call = "metrics.smECE(return_width=True)[1]"
        add(name, "relplot", call, f"smece-{kernel}-width", width, **how)
        fixed = relplot.metrics.smECE_sigma(p, y, 0.05)
        how["sigma"] = 0.05
        add(name, "relplot", "metrics.smECE_sigma", f"smece-{kernel}-0.05", fixed, **how)


def main():
    warnings.simplefilter("ignore")
    samples, given = [], [(name, p, y, None) for name, p, y in digits()]
    for name, why, p, y, w in drawn():
        samples.append({"name": name, "why": why, "confidence": p, "hit": y})
        if w is not None:
            samples[-1]["weights"] = w
        given.append((name, p, y, w))
    for name, p, y, w in given:
        p, y = np.asarray(p), np.asarray(y).astype(np.float64)
        probcal_values(name, p, y, w)
        mapie_values(name, p, y)
        relplot_values(name, p, y)
    mapie_laws()
    text = [",\n".join(json.dumps(item) for item in items) for items in (samples, entries)]
    (HERE / "tests.json").write_text(
        f'{{"samples": [\n{text[0]}\n],\n"entries": [\n{text[1]}\n]}}\n'
    )
    print(f"{len(samples)} samples, {len(entries)} entries")


if __name__ == "__main__":
    main()
