#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""fuzz.py [CALLS] [SEED]: calls of pycalibra with arguments at random.

Types, shapes, strides, values and options are drawn; most calls are wrong somewhere. A call gives a
result, or raises TypeError or ValueError; anything else ends the run with the seed of the call. Says
how much memory the process had after each tenth of the calls: a leak makes it grow.
"""

from __future__ import annotations

import os
import pickle
import sys

import numpy as np

import pycalibra
from pycalibra import recalibration

ESTIMATORS = [
    estimator
    for estimator in (getattr(recalibration, name) for name in recalibration.__all__)
    if hasattr(estimator, "method") and estimator is not recalibration.Recalibrator
]

DTYPES = ["f2", "f4", "f8", ">f4", "i1", "i4", "i8", "u1", "u8", "?", "c8", "S3", "O", "M8[s]"]
ODD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-320, 1e9]


def some_array(rng, shape, top=0, wild=0.2):
    """An array of about the shape, of any strides: whole numbers below `top`, or probabilities.
    `wild`: how often its type, and one of its values, may be anything."""
    shape = list(shape)
    for d in range(len(shape)):
        if rng.random() < wild / 10:
            shape[d] = int(rng.integers(0, 4))
    if rng.random() < wild / 10:
        shape.insert(int(rng.integers(0, len(shape) + 1)), int(rng.integers(0, 3)))
    if top:
        x = rng.integers(0, top, size=shape).astype("f8")
    else:
        x = rng.random(size=shape)
        if x.ndim > 1 and rng.random() > wild / 2:
            with np.errstate(all="ignore"):
                x /= x.sum(axis=-1, keepdims=True)
    if x.size and rng.random() < wild / 3:
        x.flat[int(rng.integers(0, x.size))] = rng.choice(ODD)
    dtype = "i8" if top else "f8"
    if rng.random() < wild:
        dtype = str(rng.choice(DTYPES))
    with np.errstate(all="ignore"):
        try:
            x = x.astype(dtype)
        except (TypeError, ValueError, OverflowError):
            return x.tolist()
    return with_strides(rng, x)


def with_strides(rng, x):
    kind = rng.integers(0, 8)
    if kind == 0:
        return np.asfortranarray(x)
    if kind == 1 and x.ndim:
        return x[::-1]
    if kind == 2 and x.ndim:
        return np.repeat(x, 2, axis=0)[::2]
    if kind == 3 and x.size:
        return np.broadcast_to(x.flat[0], x.shape)
    if kind == 4:
        return x.tolist()
    if kind == 5:
        record = np.zeros(x.shape, dtype=np.dtype([("pad", "u1"), ("x", x.dtype)]))
        record["x"] = x
        return record["x"]
    return x


def maybe(rng, share, values):
    return values[int(rng.integers(0, len(values)))] if rng.random() < share else None


def some_options(rng, n):
    """Options that may be right, and a wrong one now and then."""
    options = {
        "bins": maybe(rng, 0.4, [1, 3, 40, 10**4]),
        "like": maybe(rng, 0.4, list(pycalibra.conventions())),
        "edges": maybe(rng, 0.1, [[0, 0.5, 1], [0, 1], (0.0, 0.2, 0.2, 1.0)]),
        "scheme": maybe(rng, 0.3, ["equal_width", "equal_mass"]),
        "ignore_label": maybe(rng, 0.2, [0, 1, -1, 255]),
        "nan": maybe(rng, 0.5, ["count", "reject"]),
        "weights": maybe(rng, 0.2, [some_array(rng, [n])]),
        "valid": maybe(rng, 0.2, [some_array(rng, [n], 2)]),
        "threads": maybe(rng, 0.8, [1, 2, 3]),
    }
    wrong = {
        "bins": [0, -1, 2.5, "x", 2**64],
        "like": ["nobody", 3],
        "side": ["left", "right", "up", 1],
        "edges": [[1, 0], [], [np.nan], "x", [0.2, 0.1], [[0, 1]]],
        "scheme": ["mass", None, 1],
        "ignore_label": [2**63, 0.5, "x"],
        "nan": ["drop", 0],
        "renormalise": [True],
        "binary": ["top", "positive", "x"],
        "class_axis": [0, 1, -1, 7, 2**70, "x"],
        "threads": [0, -1, 1.5],
    }
    if rng.random() < 0.3:
        name = str(rng.choice(list(wrong)))
        options[name] = maybe(rng, 1, wrong[name])
    return {name: value for name, value in options.items() if value is not None}


def estimator_call(rng):
    """Fits a recalibrator, copies it, and maps other scores."""
    estimator = ESTIMATORS[int(rng.integers(0, len(ESTIMATORS)))]
    n, k = int(rng.integers(0, 40)), int(rng.integers(1, 5))
    parameters = {
        "logits": bool(rng.random() < 0.5),
        "nan": maybe(rng, 0.9, ["reject", "count"]) or "x",
        "renormalise": bool(rng.random() < 0.1),
        "threads": maybe(rng, 0.9, [1, 2]),
        "classes": maybe(rng, 0.1, [["a", "b"], [3, 1, 2], [0, 1], []]),
    }
    for name, value in estimator().get_params().items():
        if name not in parameters and rng.random() < 0.2:
            parameters[name] = maybe(rng, 1, [value, 0, 1, 3, -1, 0.5, True, "x", 1e300, None])
    made = estimator(**parameters)
    shape = [n] if k == 1 and rng.random() < 0.5 else [n, k]
    scores = some_array(rng, shape, wild=0.3)
    labels = some_array(rng, [n], max(k, 2), wild=0.3)
    arrays = {"sample_weight": maybe(rng, 0.2, [some_array(rng, [n])])}
    more = {}
    if "proximity" in estimator.fit.__code__.co_varnames and rng.random() < 0.9:
        arrays["proximity"] = more["proximity"] = some_array(rng, [n])
    if estimator is recalibration.DAC:
        features = [some_array(rng, [k + d, 3], wild=0.1) for d in (2, 2, 0, 0)]
        made.from_features(*features)
    else:
        made.fit(scores, labels, **arrays)
    other = scores if rng.random() < 0.7 else some_array(rng, shape, wild=0.3)
    copies = [made, pickle.loads(pickle.dumps(made)), type(made).from_json(made.to_json())]
    maps = [copies[int(rng.integers(0, 3))].recalibrate_logits(other, **more)]
    maps += [one.predict_proba(other, **more) for one in copies[:2]]
    if not np.array_equal(maps[1], maps[2], equal_nan=True):
        raise AssertionError("a copy maps otherwise")
    if hasattr(made, "predict_bounds"):
        maps.append(made.predict_bounds(other))
    return made.predict(other, **more), maps, made.parameters_, made.report_, repr(made)


def damaged_document(rng):
    """Reads a document some of whose characters are others."""
    estimator = ESTIMATORS[int(rng.integers(0, len(ESTIMATORS)))]
    k = int(rng.integers(1, 4))
    scores, labels = rng.normal(size=(30, k)), rng.integers(0, max(k, 2), size=30)
    more = {"proximity": rng.random(30)} if estimator.method.startswith("procal") else {}
    text = list(estimator(logits=True, threads=1).fit(scores, labels, **more).to_json())
    for _ in range(int(rng.integers(0, 3))):
        text[int(rng.integers(0, len(text)))] = str(rng.choice(list('0123456789.-e[]{},:"ntx')))
    if rng.random() < 0.2:
        text = text[: int(rng.integers(0, len(text)))]
    made = recalibration.Recalibrator.from_json("".join(text))
    more = {"proximity": rng.random(30)} if more else {}
    return made.predict_proba(scores, **more), made.parameters_


def call(rng):
    """One call; gives what it gave."""
    if rng.random() < 0.4:
        return estimator_call(rng)
    if rng.random() < 0.1:
        return damaged_document(rng)
    n, k = int(rng.integers(0, 40)), int(rng.integers(2, 5))
    multilabel = rng.random() < 0.1
    form = ["logits", "probabilities", "confidences"][int(rng.integers(0, 3))]
    shape = [n] if form == "confidences" or rng.random() < 0.2 else [n, k]
    options = some_options(rng, n)
    if shape == [n, k] and rng.random() < 0.1:
        shape, options["class_axis"] = [2, k, n], 1
    scores = some_array(rng, shape, wild=0.3)
    samples = shape if multilabel else [shape[0], *shape[2:]]
    classes = 2 if multilabel or len(shape) == 1 else k
    labels = some_array(rng, samples, classes, wild=0.3)
    answers = {"hits" if form == "confidences" else "labels": labels}
    metrics = maybe(rng, 0.7, [["ece"], ["nll", "ace"], ["classwise_ace"], "mce", [], ["x"]])
    kind = rng.integers(0, 10)
    if kind == 0:
        seen = pycalibra.Calibration(
            metrics=metrics, **{k: v for k, v in options.items() if k in ("bins", "like", "nan")}
        )
        for _ in range(2):
            seen.update(**{form: scores}, **answers)
        other = pycalibra.Calibration(**seen.state_dict()["settings"])
        other.load_state_dict(seen.state_dict())
        return other.compute().to_dict()
    if kind == 1:
        kept = {k: v for k, v in options.items() if k in ("nan", "weights", "class_axis")}
        return pycalibra.test_calibration(**{form: scores}, **answers, **kept)
    if kind == 2:
        how = pycalibra.IntervalOptions(replicates=int(rng.integers(30, 60)))
        return pycalibra.compare(
            scores, scores, labels, metrics=metrics or ["ece"], bins=3, interval=how
        )
    if kind == 4:
        kept = {k: v for k, v in options.items() if k in ("nan", "weights", "class_axis")}
        draw = [pycalibra.corp_diagram, pycalibra.smooth_diagram, pycalibra.cumulative_diagram]
        return draw[int(rng.integers(0, 3))](**{form: scores}, **answers, **kept).svg()
    if kind == 5 and rng.random() < 0.05:
        kept = {k: v for k, v in options.items() if k in ("nan", "weights", "class_axis", "bins")}
        by = maybe(rng, 0.3, ["predicted", "label"])
        return pycalibra.report(**{form: scores}, **answers, by=by, **kept).html()
    if kind == 3:
        options["by"] = maybe(rng, 0.9, ["predicted", "label", some_array(rng, [n], True)])
    options["per_class"] = bool(rng.random() < 0.2)
    found = pycalibra.evaluate(
        **{form: scores}, **answers, metrics=metrics, multilabel=multilabel, **options
    )
    return str(found), found.to_dict(), found.svg()


def run(calls, seed, first=0):
    """How many calls gave a result."""
    results = 0
    for i in range(first, first + calls):
        try:
            call(np.random.default_rng([seed, i]))
            results += 1
        except (TypeError, ValueError):
            pass
        except BaseException:
            print(f"call {i} of seed {seed}", file=sys.stderr)
            raise
    return results


def resident_megabytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main():
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    results = done = 0
    for tenth in range(1, 11):
        part = asked * tenth // 10 - done
        results += run(part, seed, done)
        done += part
        print(f"{done} calls: {resident_megabytes():.0f} MB", file=sys.stderr, flush=True)
    print(results, "of", asked, "gave a result")


if __name__ == "__main__":
    main()
