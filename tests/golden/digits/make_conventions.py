#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes conventions.json: calibration errors as benchmarks of language models define them.

    python -m venv v && v/bin/pip install numpy==2.4.6
    v/bin/python tests/golden/digits/make_conventions.py

Written from the published definitions, without their code. The README beside this file gives each
rule in full, with its source. Every rule is the same two steps: put rows into groups, then combine
the groups' gaps; a convention is how rows are grouped, and which of them are in no group.
"""

import bisect
import json
import math
import pathlib
import random

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "examples" / "data" / "digits"
DIGITS = "digits/test"


class TooFewRows(Exception):
    """The published code stops with an IndexError."""


class OnAnEdge(Exception):
    """What is published does not say which bin this confidence is in."""


# How rows are grouped. Each function gives lists of row numbers.


def hle_groups(confidence):
    """Hundreds of rows in ascending order of confidence. The last group, which also takes the
    remainder, is never measured."""
    hundreds = len(confidence) // 100
    if hundreds == 0:
        raise TooFewRows
    order = sorted(range(len(confidence)), key=confidence.__getitem__)
    return [order[100 * b : 100 * (b + 1)] for b in range(hundreds - 1)]


def tenths_right_closed(confidence, zero):
    """Ten bins (e[b], e[b+1]] with e[b] = b * 0.1 in double, and e[10] = 1. Confidence 0 is in no
    bin, or in the first one where zero is "first bin"."""
    edges = [b * 0.1 for b in range(10)] + [1.0]
    groups = [[] for _ in range(10)]
    for i, c in enumerate(confidence):
        b = bisect.bisect_left(edges, c) - 1
        if b >= 0 or zero == "first bin":
            groups[max(b, 0)].append(i)
    return groups


def equal_mass_midpoints(confidence, bins=10):
    """Cuts the sorted confidences into at most `bins` runs, the longer ones first, takes the
    midpoint of the two values at each cut as an edge, and 1 as the last edge. Bins are (a,b]."""
    values = sorted(confidence)
    bins = min(bins, len(values))
    short, longer = divmod(len(values), bins)
    cuts = [b * short + min(b, longer) for b in range(1, bins)]
    edges = sorted({(values[k - 1] + values[k]) / 2 for k in cuts} | {1.0})
    groups = [[] for _ in edges]
    for i, c in enumerate(confidence):
        groups[bisect.bisect_left(edges, c)].append(i)
    return groups


def one_group(confidence):
    return [list(range(len(confidence)))]


def equal_width(confidence, bins):
    """Equal-width bins, for confidences that lie neither on an edge nor within rounding of one."""
    groups = [[] for _ in range(bins)]
    for i, c in enumerate(confidence):
        nearest = round(c * bins)
        if c in (0, 1) or (0 < nearest < bins and abs(c * bins - nearest) < 1e-6):
            raise OnAnEdge
        groups[int(c * bins)].append(i)
    return groups


# How gaps are combined. n counts all rows, whether they are in a group or not.


def gaps(groups, confidence, hit):
    """(rows, |mean confidence - accuracy|) of each group that has rows."""
    return [
        (len(rows), abs(math.fsum(confidence[i] - hit[i] for i in rows)) / len(rows))
        for rows in groups
        if rows
    ]


def combine(norm, weighted_gaps, n):
    if norm == "l1":
        return math.fsum(rows / n * gap for rows, gap in weighted_gaps)
    if norm == "l2":
        return math.sqrt(math.fsum(rows / n * gap * gap for rows, gap in weighted_gaps))
    return max((gap for _, gap in weighted_gaps), default=0.0)


# convention, version, function, metric, published name, norm, arguments, grouping, notes

HLE = "centerforaisafety/hle hle_eval/run_judge_results.py, after hendrycks/outlier-exposure"
INSPECT = "UKGovernmentBEIS/inspect_evals src/inspect_evals/browse_comp/browse_comp.py"
HELM = "stanford-crfm/helm src/helm/benchmark/metrics/basic_metrics.py"
LM_EVAL = "EleutherAI/lm-evaluation-harness pull request 3913"


def hle(metric, published_as, p, norm, notes):
    return {
        "convention": "hle", "source": HLE, "version": "outlier-exposure 404c626", "function": "calib_err",
        "metric": metric, "published_as": published_as, "arguments": {"p": p, "beta": 100},
        "notes": notes, "norm": norm, "groups": hle_groups,
    }


def inspect(version, zero):
    return {
        "convention": "inspect_browsecomp", "source": INSPECT, "version": version,
        "function": "calibration_error", "metric": "ece", "published_as": "calibration_error",
        "arguments": {"num_bins": 10},
        "notes": f"bins (a,b]; confidence 0 in {'no bin' if zero == 'no bin' else 'the first bin'}",
        "norm": "l1", "groups": lambda confidence: tenths_right_closed(confidence, zero),
    }


def helm(metric, published_as, function, bins, groups):
    return {
        "convention": "helm", "source": HELM, "version": "crfm-helm 0.5.16",
        "function": f"compute_calibration_metrics: calibration.{function}", "metric": metric,
        "published_as": published_as, "arguments": {"num_bins": bins},
        "notes": "the bins are uncertainty-calibration's", "norm": "l1", "groups": groups,
    }


def lm_eval(metric, published_as, norm, bins):
    return {
        "convention": "lm_eval", "source": LM_EVAL, "version": "open, 2026-07",
        "function": published_as, "metric": f"{metric}-{bins}", "published_as": published_as,
        "arguments": {"n_bins": bins},
        "notes": "from the description: equal-width bins; sides and default number are not stated",
        "norm": norm, "groups": lambda confidence: equal_width(confidence, bins),
    }


RULES = [
    hle("rmsce", "RMS Calib Error; Calibration Error", "2", "l2", "HLE prints it in whole percent"),
    hle("ece", "MAD Calib Error", "1", "l1", ""),
    hle("mce", "Max Calib Error", "max", "max", ""),
    inspect("up to 0.24.0", "no bin"),
    inspect("0.25.0 and 0.26.0", "first bin"),
    helm("em-ece-10", "ece_10_bin", "get_ece_em", 10, equal_mass_midpoints),
    helm("ece-1", "ece_1_bin", "get_ece", 1, one_group),
    lm_eval("ece", "ece", "l1", 10),
    lm_eval("ece", "ece", "l1", 15),
    lm_eval("rmsce", "rms_ce", "l2", 10),
    lm_eval("rmsce", "rms_ce", "l2", 15),
]


# Samples.


def digits():
    scores = np.load(DATA / "test_logits.npy").astype(np.float64)
    labels = np.load(DATA / "test_labels.npy")
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    return p.max(axis=1).tolist(), (p.argmax(axis=1) == labels).astype(int).tolist()


def spread(n):
    """n distinct confidences, more of them high than low, none on an edge of 10 or 15 bins: odd
    multiples of 1/20000. Low ones are hit more often than they say, high ones less often."""
    draw = random.Random(n).random
    taken = {}
    while len(taken) < n:
        c = (2 * int(10000 * math.sqrt(draw())) + 1) / 20000
        taken.setdefault(c, int(draw() < 0.25 + 0.5 * c))
    return list(taken), list(taken.values())


def blocks(*given):
    """Runs of equal confidences: (confidence, rows, hits)."""
    confidence, hit = [], []
    for c, rows, hits in given:
        confidence += [c] * rows
        hit += [1] * hits + [0] * (rows - hits)
    return confidence, hit


def certain_ends():
    """250 rows: 30 at exactly 0, of which 5 are hits, 30 at exactly 1, of which 20 are hits."""
    confidence, hit = spread(190)
    ends = blocks((0.0, 30, 5), (1.0, 30, 20))
    return confidence + ends[0], hit + ends[1]


def on_edges():
    """The tenths as decimals, and as multiples of 0.1 in double, which differ at 3, 6 and 7."""
    confidence = [k / 10 for k in range(11)] + [k * 0.1 for k in (3, 6, 7)]
    return confidence, [int(k % 3 == 0) for k in range(14)]


SAMPLES = [
    ("rows-99", "one short of a hundred: hle fails", *spread(99)),
    ("rows-100", "hle: one group, and that one is not measured", *spread(100)),
    ("rows-199", "hle: still one group of 199, not measured", *spread(199)),
    ("rows-200", "hle: two groups, the first is measured", *spread(200)),
    ("rows-250", "hle: groups of 100 and 150, the first is measured", *spread(250)),
    ("rows-350", "hle: groups of 100, 100 and 150, two are measured", *spread(350)),
    (
        "ties-in-groups", "equal confidences, cut where the value changes",
        *blocks((0.32, 100, 10), (0.57, 100, 75), (0.95, 100, 60)),
    ),
    (
        "ties-across-cuts", "equal confidences across cuts, all of them hits: any order will do",
        *blocks((0.15, 50, 20), (0.85, 250, 250), (0.99, 30, 3)),
    ),
    ("zeros-and-ones", "confidences of exactly 0 and exactly 1", *certain_ends()),
    ("all-zero", "confidence 0 everywhere, half right", *blocks((0.0, 10, 5))),
    ("all-one", "confidence 1 everywhere, half right", *blocks((1.0, 10, 5))),
    ("all-one-wrong", "confidence 1 everywhere, no row a hit", *blocks((1.0, 200, 0))),
    ("all-right", "every row a hit", spread(200)[0], [1] * 200),
    ("all-wrong", "no row a hit", spread(200)[0], [0] * 200),
    ("on-edges", "confidences on the edges of ten bins", *on_edges()),
    ("rows-5", "fewer rows than bins", [0.2, 0.4, 0.6, 0.8, 0.95], [0, 1, 0, 1, 1]),
    ("rows-13", "runs of two lengths", *spread(13)),
    (
        "many-ones", "more than a tenth of the rows at 1: edges coincide",
        *blocks((0.35, 7, 3), (0.62, 11, 6), (1.0, 32, 25)),
    ),
]


def entries(name, confidence, hit):
    for rule in RULES:
        entry = {key: rule[key] for key in rule if key not in ("norm", "groups")}
        entry["sample"] = name
        try:
            groups = rule["groups"](confidence)
            entry["measured_rows"] = sum(map(len, groups))
            entry["value"] = combine(rule["norm"], gaps(groups, confidence, hit), len(hit))
        except TooFewRows:
            entry["value"] = None
            entry["exception"] = "IndexError: the list of bins is empty"
        except OnAnEdge:
            continue
        yield entry


def main():
    samples, values = [], list(entries(DIGITS, *digits()))
    for name, why, confidence, hit in SAMPLES:
        samples.append({"name": name, "why": why, "confidence": confidence, "hit": hit})
        values += entries(name, confidence, hit)
    text = [
        ",\n".join(json.dumps(item) for item in items) for items in (samples, values)
    ]
    (HERE / "conventions.json").write_text(
        f'{{"samples": [\n{text[0]}\n],\n"entries": [\n{text[1]}\n]}}\n'
    )
    print(f"{len(samples)} samples, {len(values)} entries")


if __name__ == "__main__":
    main()
