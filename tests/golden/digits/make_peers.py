#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes peers.json: what published Python packages give on examples/data/digits.

    python -m venv v && v/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 \
        torch==2.15.0 torchmetrics==1.9.0 netcal==1.4.0 relplot==1.0.3 \
        uncertainty-calibration==0.1.4 probmetrics==1.3.0 numba==0.68.1 \
        'torch-uncertainty[cpu]==0.13.0'
    OPENBLAS_NUM_THREADS=1 v/bin/python tests/golden/digits/make_peers.py

The README beside this file says what is fed to the peers and what each field means.
"""

import importlib.metadata
import json
import math
import pathlib
import warnings

import calibration
import netcal.metrics
import numpy as np
import relplot
import sklearn.calibration
import sklearn.metrics
import torch
import torch_uncertainty.metrics.classification as tu
import torchmetrics.functional.classification as tm
from probmetrics.distributions import CategoricalDirac, CategoricalProbs
from probmetrics.metrics import Metrics
from scipy.optimize import brentq
from torchmetrics.functional.classification.calibration_error import _ce_compute

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "examples" / "data" / "digits"
BINS = (10, 15, 20)
MASS_BINS = (10, 15)
NORMS = {"ece": "l1", "rmsce": "l2", "mce": "max"}
TEST = "digits/test"

entries = []


def add(peer, package, function, metric, arguments, value, compute, notes="", **more):
    """Appends one entry; value is what the peer returned. Without compute, value is a tensor and
    its type tells the precision."""
    entry = {
        "peer": peer,
        "version": importlib.metadata.version(package),
        "function": function,
        "metric": metric,
        "arguments": arguments,
        "dump": TEST,
        "input": "softmax of the logits in float64",
        "input_dtype": "float64",
        "compute": compute or str(value.dtype).removeprefix("torch."),
        "value": float(value),
        "notes": notes,
    }
    assert math.isfinite(entry["value"]), entry
    entries.append({**entry, **more})


def read(half):
    scores = np.load(DATA / f"{half}_logits.npy").astype(np.float64)
    return scores, np.load(DATA / f"{half}_labels.npy")


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def nll(scores, labels):
    """Mean of log sum exp(z) - z[label], summed exactly."""
    top = scores.max(axis=1)
    log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return math.fsum(log_sum - scores[np.arange(len(labels)), labels]) / len(labels)


def nll_slope(beta, scores, labels):
    """d NLL / d beta of the logits beta * z; its root is the inverse temperature."""
    expected = (softmax(beta * scores) * scores).sum(axis=1)
    return math.fsum(expected - scores[np.arange(len(labels)), labels]) / len(labels)


def sklearn_ece(hit, confidence, n_bins, strategy):
    """calibration_curve gives the means of the non-empty bins; the counts are formed from the
    same edges by the same search."""
    accuracy, mean = sklearn.calibration.calibration_curve(
        hit, confidence, n_bins=n_bins, strategy=strategy
    )
    steps = np.linspace(0.0, 1.0, n_bins + 1)
    edges = steps if strategy == "uniform" else np.percentile(confidence, steps * 100)
    count = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=n_bins)
    return (np.abs(accuracy - mean) * count[count > 0]).sum() / len(hit)


def torchmetrics_values(p, y):
    pt, yt = torch.from_numpy(p), torch.from_numpy(y)
    confidence, predicted = pt.max(dim=1)
    hit = predicted == yt
    for n in BINS:
        for metric, norm in NORMS.items():
            add(
                "torchmetrics", "torchmetrics",
                "functional.classification.multiclass_calibration_error",
                f"{metric}-{n}", {"n_bins": n, "norm": norm},
                tm.multiclass_calibration_error(pt, yt, 10, n_bins=n, norm=norm),
                "float32", "casts to float32; bins [a,b), confidence 1 in a bin of its own",
            )
            add(
                "torchmetrics", "torchmetrics",
                "functional.classification.calibration_error._ce_compute",
                f"{metric}-{n}", {"n_bins": n, "norm": norm, "debias": False},
                _ce_compute(confidence, hit, n, norm), "float64",
                "the same function inside, without the cast to float32",
            )
    add(
        "torchmetrics", "torchmetrics", "functional.classification.multiclass_accuracy",
        "accuracy", {"average": "micro"},
        tm.multiclass_accuracy(pt, yt, 10, average="micro"), "float32",
    )


def netcal_values(p, y):
    for n in BINS:
        for metric, cls in (
            ("ece", netcal.metrics.ECE),
            ("mce", netcal.metrics.MCE),
            ("netcal-ace", netcal.metrics.ACE),
        ):
            note = "bins [a,b)"
            if cls is netcal.metrics.ACE:
                note = "unweighted mean gap over the non-empty equal-width bins"
            add(
                "netcal", "netcal", f"metrics.{cls.__name__}", f"{metric}-{n}",
                {"bins": n, "equal_intervals": True}, cls(n).measure(p, y), "float64", note,
            )
    for n in MASS_BINS:
        add(
            "netcal", "netcal", "metrics.ECE", f"em-ece-{n}", {"bins": n, "equal_intervals": False},
            netcal.metrics.ECE(n, equal_intervals=False).measure(p, y), "float64",
            "linear quantiles as edges, bins [a,b)",
        )
    add(
        "netcal", "netcal", "metrics.MMCE", "mmce", {"kernel": "exp(-2.5|ci-cj|)"},
        netcal.metrics.MMCE().measure(p, y), "float64",
        "sqrt of the V-statistic: the diagonal is kept",
    )


def verified_values(p, y):
    def bound(n, scheme, mode):
        return calibration.utils.lower_bound_scaling_ce(
            p, y, p=2, debias=False, num_bins=n, binning_scheme=scheme, mode=mode
        )

    utils = calibration.utils
    peer = ("verified_calibration", "uncertainty-calibration")
    for n in BINS:
        for mode, prefix in (("top-label", ""), ("marginal", "classwise-")):
            arguments = {"num_bins": n, "debias": False, "mode": mode}
            add(
                *peer, "utils.get_ece", f"{prefix}ece-{n}", arguments,
                utils.get_ece(p, y, num_bins=n, mode=mode), "float64", "bins (a,b]",
            )
            note = "sqrt of the mean over classes of the squares" if prefix else "bins (a,b]"
            add(
                *peer, "utils.lower_bound_scaling_ce", f"{prefix}rmsce-{n}",
                {"p": 2, "binning_scheme": "get_equal_prob_bins", **arguments},
                bound(n, utils.get_equal_prob_bins, mode), "float64", note,
            )
    for n in MASS_BINS:
        arguments = {"num_bins": n, "debias": False, "mode": "top-label"}
        note = "edges midway between neighbours at the cuts of array_split, bins (a,b]"
        add(
            *peer, "utils.get_ece_em", f"em-ece-{n}", arguments,
            utils.get_ece_em(p, y, num_bins=n), "float64", note,
        )
        add(
            *peer, "utils.lower_bound_scaling_ce", f"em-rmsce-{n}",
            {"p": 2, "binning_scheme": "get_equal_bins", **arguments},
            bound(n, utils.get_equal_bins, "top-label"), "float64", note,
        )
    add(
        *peer, "utils.eval_marginal_mse", "brier-half", {},
        utils.eval_marginal_mse(p, p, y), "float64", "half of the multiclass Brier score",
    )


def relplot_values(p, y):
    confidence, hit = relplot.multiclass_logits_to_confidences(p, y, probs=True)
    for n in BINS:
        add(
            "relplot", "relplot", "metrics.binnedECE", f"ece-{n}", {"nbins": n},
            relplot.metrics.binnedECE(confidence, hit, n), "float64",
            "bin = int(confidence / (1/n)); confidence 1 has a bin of its own",
        )
    for kernel in ("reflected", "logit"):
        relplot.config.use_logit_scaling = kernel == "logit"
        arguments = {"eps": 0.001, "use_logit_scaling": relplot.config.use_logit_scaling}
        value, width = relplot.metrics.smECE(confidence, hit, return_width=True)
        add(
            "relplot", "relplot", "metrics.smECE", f"smece-{kernel}", arguments, value, "float64"
        )
        add(
            "relplot", "relplot", "metrics.smECE(return_width=True)[1]", f"smece-{kernel}-width",
            arguments, width, "float64", "a multiple of 1/1024: the end of ten bisection steps",
        )
        add(
            "relplot", "relplot", "metrics.smECE_sigma", f"smece-{kernel}-sigma0.05",
            {"sigma": 0.05, "use_logit_scaling": relplot.config.use_logit_scaling},
            relplot.metrics.smECE_sigma(confidence, hit, 0.05), "float64",
        )
    relplot.config.use_logit_scaling = False


def sklearn_values(p, y):
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    for strategy, prefix, bins in (("uniform", "", BINS), ("quantile", "em-", MASS_BINS)):
        for n in bins:
            add(
                "sklearn", "scikit-learn", "calibration.calibration_curve, weighted here",
                f"{prefix}ece-{n}", {"n_bins": n, "strategy": strategy},
                sklearn_ece(hit, confidence, n, strategy), "float64", "bins (a,b]",
            )
    add(
        "sklearn", "scikit-learn", "metrics.accuracy_score", "accuracy", {},
        sklearn.metrics.accuracy_score(y, p.argmax(axis=1)), "float64",
    )
    add(
        "sklearn", "scikit-learn", "metrics.log_loss", "nll", {"labels": "range(10)"},
        sklearn.metrics.log_loss(y, p, labels=range(10)), "float64",
        "clips to [eps, 1-eps] of the dtype",
    )
    add(
        "sklearn", "scikit-learn", "metrics.brier_score_loss", "brier",
        {"labels": "range(10)", "scale_by_half": False},
        sklearn.metrics.brier_score_loss(y, p, labels=range(10), scale_by_half=False),
        "float64", "sum over classes",
    )
    add(
        "sklearn", "scikit-learn", "metrics.brier_score_loss(hit, confidence)", "brier-top", {},
        sklearn.metrics.brier_score_loss(hit, confidence), "float64",
        "binary Brier score of the top-label confidence",
    )


def probmetrics_values(p, y):
    truth = CategoricalDirac(torch.from_numpy(y), n_classes=10)
    given = CategoricalProbs(torch.from_numpy(p))
    names = [(f"{metric}-{n}", f"{metric}-{n}") for n in BINS for metric in NORMS]
    names += [("smece", "smece-reflected"), ("brier", "brier"), ("logloss", "nll")]
    names += [("accuracy", "accuracy")]
    for name, metric in names:
        note = ""
        if metric[-1].isdigit():
            note = "clamps to [1e-7, 1-1e-7], renormalises, then torchmetrics"
        elif name == "smece":
            note = "relplot.smECE of softmax(log P), result cast to float32"
        add(
            "probmetrics", "probmetrics", f"metrics.Metrics.from_names(['{name}'])", metric, {},
            Metrics.from_names([name]).compute_all(truth, given)[name], None, note,
        )


def torch_uncertainty_values(p, y):
    pt, yt = torch.from_numpy(p), torch.from_numpy(y)

    def add_metric(cls, metric, note, given=pt, **arguments):
        measure = cls(**arguments)
        measure.update(given, yt)
        add(
            "torch-uncertainty", "torch-uncertainty", f"metrics.classification.{cls.__name__}",
            metric, arguments, measure.compute(), None, note,
            input_dtype=str(given.dtype).removeprefix("torch."),
        )

    shared = {"task": "multiclass", "num_classes": 10}
    for n in BINS:
        for metric, norm in NORMS.items():
            add_metric(
                tu.CalibrationError, f"{metric}-{n}", "a subclass of torchmetrics' class",
                num_bins=n, norm=norm, **shared,
            )
        add_metric(
            tu.ClasswiseCalibrationError, f"classwise-ece-{n}", "mean over classes",
            num_classes=10, num_bins=n, norm="l1", reduction="mean",
        )
    for n in MASS_BINS:
        add_metric(
            tu.AdaptiveCalibrationError, f"em-ece-{n}", "bins by rank: sort, then tensor_split",
            num_bins=n, norm="l1", **shared,
        )
    for kernel in ("reflected", "logit"):
        add_metric(
            tu.SmoothCalibrationError, f"smece-{kernel}",
            "a re-implementation of relplot's; raises on float64, so fed with P in float32",
            pt.float(), kernel_type=kernel,
        )
    add_metric(tu.BrierScore, "brier", "sum over classes", num_classes=10, top_class=False)
    add_metric(tu.CategoricalNLL, "nll", "-log p[y]")


def temperature_values(test, test_labels):
    """No peer, but the exact answer: root of the derivative on the validation half, and the test
    half before and after."""
    scores, labels = read("validation")
    root = brentq(nll_slope, 1e-3, 1e3, args=(scores, labels), xtol=1e-16, rtol=1e-15)
    method = {"root": "scipy.optimize.brentq of d NLL / d beta"}
    scipy = ("oracle", "scipy")
    fitted = {"dump": "digits/validation", "input": "logits widened to float64"}
    add(*scipy, "temperature", "beta", method, root, "float64", "1/T", **fitted)
    add(*scipy, "temperature", "temperature", method, 1.0 / root, "float64", "not a peer", **fitted)
    for when, beta in (("before", 1.0), ("after", root)):
        scaled = {"input": f"logits widened to float64, {when} scaling by 1/T"}
        add(
            *scipy, "nll", f"nll-{when}", {"beta": beta}, nll(beta * test, test_labels), "float64",
            "not a peer", **scaled,
        )
        p = softmax(beta * test)
        hit, confidence = p.argmax(axis=1) == test_labels, p.max(axis=1)
        add(
            "sklearn", "scikit-learn", "calibration.calibration_curve, weighted here",
            f"ece-15-{when}", {"n_bins": 15, "strategy": "uniform", "beta": beta},
            sklearn_ece(hit, confidence, 15, "uniform"), "float64", "bins (a,b]", **scaled,
        )
        add(
            "netcal", "netcal", "metrics.ECE", f"ece-15-{when}", {"bins": 15, "beta": beta},
            netcal.metrics.ECE(15).measure(p, test_labels), "float64", "bins [a,b)",
            **scaled,
        )


def main():
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    scores, labels = read("test")
    probabilities = softmax(scores)
    for values in (
        torchmetrics_values,
        netcal_values,
        verified_values,
        relplot_values,
        sklearn_values,
        probmetrics_values,
        torch_uncertainty_values,
    ):
        values(probabilities, labels)
    temperature_values(scores, labels)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    (HERE / "peers.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(entries)} entries")


if __name__ == "__main__":
    main()
