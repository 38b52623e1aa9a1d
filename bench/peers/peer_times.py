# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Times one Python package in this process, as in_process.cpp times calibra.

    python3 peer_times.py LOGITS LABELS PROBABILITIES REPEATS LIMIT GIGABYTES PEER TASK...

The first three are .npy files. A line of JSON for each task, of one thread: processor seconds of
every repeat, the values, and the peak of memory above what the process held before. Times begin
with the logits in memory, as a tensor or an array, whichever the package takes. Packages that take
probabilities are given torch.softmax() of them, which is part of their time. Values are those of
the probabilities in the file. A call that takes longer than LIMIT seconds ends the process
(SIGALRM); one that asks for more than GIGABYTES raises MemoryError. Repeats end when they have
taken LIMIT seconds together.
"""

import ctypes
import gc
import json
import logging
import resource
import signal
import sys
import time
import warnings

import numpy as np
import torch

BINS = 15
LEAST = 0.02  # seconds of a repeat, in which short calls are made several times


def probabilities_of(z):
    return torch.softmax(z, dim=1)


def torchmetrics_calls():
    import torchmetrics.functional.classification as tm

    def error(norm):
        return lambda x, y, k, p: tm.multiclass_calibration_error(x, y, k, n_bins=BINS, norm=norm)

    return {
        "ece": error("l1"),
        "mce": error("max"),
        "rmsce": error("l2"),
        "accuracy": lambda x, y, k, p: tm.multiclass_accuracy(x, y, k, average="micro"),
    }


def probmetrics_calls():
    from probmetrics.distributions import CategoricalDirac, CategoricalLogits, CategoricalProbs
    from probmetrics.metrics import Metrics

    def metrics(*names):
        chosen = Metrics.from_names(list(names))

        def call(x, y, k, p):
            given = CategoricalProbs(x) if p else CategoricalLogits(x)
            found = chosen.compute_all(CategoricalDirac(y, n_classes=k), given)
            return [found[name] for name in names]

        return call

    names = {
        "ece": "ece-15",
        "mce": "mce-15",
        "nll": "logloss",
        "brier": "brier",
        "smooth_ece": "smece",
        "accuracy": "accuracy",
    }
    calls = {ours: metrics(theirs) for ours, theirs in names.items()}
    calls["ece,mce,nll,brier,accuracy"] = metrics(
        *(names[n] for n in ("ece", "mce", "nll", "brier", "accuracy"))
    )
    return calls


def torch_uncertainty_calls():
    import torch_uncertainty.metrics.classification as tu

    def measure(make):
        def call(x, y, k, p):
            metric = make(k)
            metric.update(x if p else probabilities_of(x), y)
            return metric.compute()

        return call

    def error(norm):
        return measure(
            lambda k: tu.CalibrationError("multiclass", num_bins=BINS, norm=norm, num_classes=k)
        )

    return {
        "ece": error("l1"),
        "mce": error("max"),
        "nll": measure(lambda k: tu.CategoricalNLL()),
        "brier": measure(lambda k: tu.BrierScore(num_classes=k)),
        "ace": measure(
            lambda k: tu.AdaptiveCalibrationError("multiclass", num_bins=BINS, num_classes=k)
        ),
        "classwise_ece": measure(
            lambda k: tu.ClasswiseCalibrationError(num_classes=k, num_bins=BINS)
        ),
        "smooth_ece": measure(lambda k: tu.SmoothCalibrationError()),
    }


def on_arrays(calls):
    """Calls of NumPy probabilities and labels."""

    def wrapped(call):
        return lambda x, y, k, p: call((x if p else probabilities_of(x)).numpy(), y.numpy(), k)

    return {name: wrapped(call) for name, call in calls.items()}


def netcal_calls():
    import netcal.metrics

    return on_arrays(
        {
            "ece": lambda p, y, k: netcal.metrics.ECE(BINS).measure(p, y),
            "mce": lambda p, y, k: netcal.metrics.MCE(BINS).measure(p, y),
            "mmce": lambda p, y, k: netcal.metrics.MMCE().measure(p, y),
        }
    )


def verified_calls():
    import calibration

    return on_arrays(
        {
            "ece": lambda p, y, k: calibration.get_ece(p, y, num_bins=BINS),
            "ace": lambda p, y, k: calibration.utils.get_ece_em(p, y, num_bins=BINS),
            "classwise_ece": lambda p, y, k: calibration.get_ece(
                p, y, num_bins=BINS, mode="marginal"
            ),
        }
    )


def relplot_calls():
    import relplot

    def pairs(p, y):
        return relplot.multiclass_logits_to_confidences(p, y, probs=True)

    return on_arrays(
        {
            "ece": lambda p, y, k: relplot.metrics.binnedECE(*pairs(p, y), BINS),
            "smooth_ece": lambda p, y, k: relplot.smECE(*pairs(p, y)),
        }
    )


def sklearn_ece(p, y):
    """scikit-learn has no ECE, but its curve; the weights of the bins are counted here."""
    from sklearn.calibration import calibration_curve

    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    accuracy, mean = calibration_curve(hit, confidence, n_bins=BINS)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    count = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=BINS)
    return (np.abs(accuracy - mean) * count[count > 0]).sum() / len(y)


def sklearn_calls():
    from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

    return on_arrays(
        {
            "ece": lambda p, y, k: sklearn_ece(p, y),
            "nll": lambda p, y, k: log_loss(y, p, labels=range(k)),
            "brier": lambda p, y, k: brier_score_loss(y, p, labels=range(k), scale_by_half=False),
            "accuracy": lambda p, y, k: accuracy_score(y, p.argmax(axis=1)),
        }
    )


def probmetrics_temperature(z, y, k):
    from probmetrics.calibrators import get_calibrator
    from probmetrics.distributions import CategoricalLogits

    calibrator = get_calibrator("temp-scaling")
    calibrator.fit_torch(CategoricalLogits(z), y)
    return 1 / calibrator.invtemp_


def torch_uncertainty_temperature(z, y, k):
    from torch_uncertainty.post_processing import TemperatureScaler

    scaler = TemperatureScaler()
    scaler.fit([(z, y)], progress=False)  # all rows as one batch: no time for collecting them
    return scaler.temperature[0].item()


def sklearn_temperature(z, y, k):
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    class Logits(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(k)

        def fit(self, x, labels):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def decision_function(self, x):
            return x

        def predict(self, x):
            return x.argmax(axis=1)

    calibrated = CalibratedClassifierCV(FrozenEstimator(Logits()), method="temperature")
    calibrated.fit(z.numpy(), y.numpy())
    return 1 / calibrated.calibrated_classifiers_[0].calibrators[0].beta_


def netcal_temperature(z, y, k):
    from netcal.scaling import TemperatureScaling

    # Of float32 probabilities its fit stays where it begins.
    p = torch.softmax(z.double(), dim=1).numpy()
    model = TemperatureScaling()
    model.fit(p, y.numpy(), tensorboard=False)
    return 1 / float(np.ravel(model.temperature)[0])


METRICS = {
    "torchmetrics": torchmetrics_calls,
    "probmetrics": probmetrics_calls,
    "torch_uncertainty": torch_uncertainty_calls,
    "netcal": netcal_calls,
    "verified": verified_calls,
    "relplot": relplot_calls,
    "sklearn": sklearn_calls,
}
TEMPERATURES = {
    "probmetrics": probmetrics_temperature,
    "torch_uncertainty": torch_uncertainty_temperature,
    "sklearn": sklearn_temperature,
    "netcal": netcal_temperature,
}


def megabytes(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(what))


def collect():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def numbers(found):
    return [float(x) for x in (found if isinstance(found, list) else [found])]


def within(limit, call):
    signal.setitimer(signal.ITIMER_REAL, limit)
    found = call()
    signal.setitimer(signal.ITIMER_REAL, 0)
    return found


def measure(task, repeats, limit, values, call):
    collect()
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # VmHWM begins anew
    before = megabytes("VmRSS:")
    seconds = []
    began = time.process_time()
    while len(seconds) < repeats and time.process_time() - began < limit:
        start, calls = time.process_time(), 0
        while calls == 0 or time.process_time() - start < LEAST:
            found = within(limit, call)
            calls += 1
        seconds.append((time.process_time() - start) / calls)
    peak = megabytes("VmHWM:") - before
    names = task.split(",")
    return {
        "task": task,
        "seconds": seconds,
        "megabytes": round(peak, 1),
        "values": dict(zip(names, values or numbers(found), strict=True)),
    }


def main():
    logits, labels, probabilities, repeats, limit, gigabytes, peer = sys.argv[1:8]
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    limit = float(limit)
    y = torch.from_numpy(np.load(labels))
    z = torch.from_numpy(np.load(logits))
    k = z.shape[1]
    most = int(float(gigabytes) * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    calls = METRICS[peer]() if set(sys.argv[8:]) != {"temperature"} else {}
    for task in sys.argv[8:]:
        print(json.dumps({"begins": task}), flush=True)
        try:
            if task == "temperature":
                fit = TEMPERATURES[peer]
                if len(y) <= 10_000:
                    fit(z, y, k)  # what is imported or compiled at the first call
                line = measure(task, int(repeats), limit, [], lambda: fit(z, y, k))
            else:
                call = calls[task]
                p = torch.from_numpy(np.load(probabilities))
                values = numbers(within(limit, lambda: call(p, y, k, True)))
                del p
                line = measure(task, int(repeats), limit, values, lambda: call(z, y, k, False))
        except (MemoryError, RuntimeError) as error:
            text = str(error)
            if isinstance(error, RuntimeError) and "memory" not in text:
                raise
            signal.setitimer(signal.ITIMER_REAL, 0)
            line = {"task": task, "memory": text}
        print(json.dumps(line), flush=True)


main()
