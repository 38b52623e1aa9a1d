# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures scores and labels by any number of metrics at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import _core
from ._checks import json_number, texts
from ._inputs import IntervalOptions, core_data, core_settings


class Bin(NamedTuple):
    """A row of a reliability table.

    Samples whose confidence lies between `lower` and `upper`: how many, the sum of their weights,
    their mean confidence and the share of them that is right. NaN where there are none.
    """

    lower: float
    upper: float
    count: int
    weight: float
    confidence: float
    accuracy: float

    @property
    def gap(self) -> float:
        """accuracy - confidence."""
        return self.accuracy - self.confidence


class Interval(NamedTuple):
    """The value of a metric with how much of it may be noise.

    `lower` and `upper` are limits, NaN where there are none; `floor` is what a calibrated model of
    this size shows, NaN where that is not known; `method` says how limits were made, "" for none;
    `note` why there are none, or what to look out for.
    """

    name: str
    value: float
    lower: float
    upper: float
    standard_error: float
    floor: float
    method: str
    note: str


class Group(NamedTuple):
    """The samples of one group.

    `name` is the class's, or ""; `values` are the metrics; `kuiper` is Kuiper's statistic over its
    standard deviation under calibration; `p` says how often a calibrated model of this size shows
    as much, `p_adjusted` for all groups together (Holm); NaN without samples.
    """

    group: int
    name: str
    samples: int
    values: dict[str, float]
    floors: dict[str, float]
    kuiper: float
    p: float
    p_adjusted: float


class Groups(Sequence[Group]):
    """The groups of samples that `by` of `evaluate()` says, ascending.

    `worst` is the one with the largest Kuiper statistic, or None; `multicalibration_error` that
    statistic in standard deviations of all samples; `detectable_error` five of these, below which
    noise hides it.
    """

    def __init__(self, report: _core.GroupReport, by: str) -> None:
        self._report = report
        self._by = by
        self._groups = [
            Group(
                group,
                name,
                samples,
                {name: value for name, value, _ in values},
                {name: floor for name, _, floor in values if not math.isnan(floor)},
                *rest,
            )
            for group, name, samples, values, *rest in report.groups
        ]

    def __getitem__(self, index: Any) -> Any:
        return self._groups[index]

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def by(self) -> str:
        """ "predicted" or "label", or "groups" where an array was given."""
        return self._by

    @property
    def worst(self) -> Group | None:
        """The group with the largest Kuiper statistic."""
        return self._groups[self._report.worst] if self._report.worst < len(self) else None

    @property
    def multicalibration_error(self) -> float:
        """The largest Kuiper statistic of a group, in standard deviations of all samples."""
        return self._report.multicalibration_error

    @property
    def detectable_error(self) -> float:
        """A multicalibration error that stands out of noise."""
        return self._report.detectable_error

    def __str__(self) -> str:
        return self._report.text()

    def to_dict(self) -> dict[str, Any]:
        """As the program's JSON has them."""
        return {
            "groups": [
                {
                    "group": g.group,
                    **({"name": g.name} if g.name else {}),
                    "samples": g.samples,
                    "metrics": {name: json_number(x) for name, x in g.values.items()},
                    "floors": dict(g.floors),
                    "kuiper": json_number(g.kuiper),
                    "p": json_number(g.p),
                    "p_adjusted": json_number(g.p_adjusted),
                }
                for g in self
            ],
            "worst_group": None if self.worst is None else self.worst.group,
            "multicalibration_error": json_number(self.multicalibration_error),
            "detectable_error": json_number(self.detectable_error),
        }


class Evaluation(Mapping[str, float]):
    """What `evaluate()` found: the names of metrics and their values, read-only.

    NaN is the value of a metric that is undefined on the samples. Of multilabel scores each metric
    comes as "micro_..." over all entries and "macro_...", the mean over the labels.
    """

    def __init__(
        self,
        result: _core.Result,
        options: Mapping[str, Any],
        weighted: bool,
        groups: Groups | None = None,
    ) -> None:
        self._result = result
        self._groups = groups
        self._options = dict(options)
        self._weighted = weighted
        self._values = {name: value for name, value, _ in result.metrics}

    def __getitem__(self, name: str) -> float:
        try:
            return self._values[name]
        except KeyError:
            measured = ", ".join(self._values) or "none"
            raise KeyError(f"{name!r} was not measured; measured were {measured}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def samples(self) -> int:
        """Rows that counted."""
        return self._result.samples

    @property
    def entries(self) -> int:
        """Pairs that counted: the samples, or the entries of multilabel scores."""
        return self._result.entries

    @property
    def skipped(self) -> int:
        """Rows that were left out by nan="count"."""
        return self._result.skipped

    @property
    def classes(self) -> int | None:
        """Classes or labels; 2 of binary scores, None of confidences."""
        return self._result.classes or None

    @property
    def class_names(self) -> list[str]:
        """Names of the classes; empty where none were given."""
        return self._result.class_names

    @property
    def table(self) -> list[Bin]:
        """The bins that ece was measured on."""
        return [Bin(*row) for row in self._result.table]

    @property
    def class_tables(self) -> list[list[Bin]]:
        """The bins of each class, with per_class=True; else empty."""
        return [[Bin(*row) for row in rows] for rows in self._result.class_tables]

    @property
    def floors(self) -> dict[str, float]:
        """What noise alone makes of metrics: of those that a calibrated model's value is known of."""
        return {name: f for name, _, f in self._result.metrics if not math.isnan(f)}

    @property
    def ece_per_class(self) -> list[float]:
        """The ece of each class, with per_class=True; else empty."""
        return self._result.ece_per_class

    @property
    def intervals(self) -> dict[str, Interval]:
        """The interval of each metric, with interval=True; else empty."""
        return {row[0]: Interval(*row) for row in self._result.intervals}

    @property
    def groups(self) -> Groups | None:
        """The groups that `by` says; None without."""
        return self._groups

    def __str__(self) -> str:
        text = self._result.text()
        return text if self._groups is None else f"{text}\nby {self._groups.by}\n{self._groups}"

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.6g}" for name, value in self.items())
        return f"Evaluation({self.samples} samples: {values})"

    def _repr_html_(self) -> str:
        head = "<tr><th>metric</th><th>value</th></tr>"
        rows = "".join(f"<tr><td>{name}</td><td>{x:.6f}</td></tr>" for name, x in self.items())
        return f"<table>{head}{rows}</table>{self._repr_svg_()}"

    def _repr_svg_(self) -> str:
        return self.svg()

    def svg(self, title: str = "", *, dark: bool = False) -> str:
        """The reliability diagram as an SVG document: a bar a bin, limits, and ece with its floor."""
        return self._result.svg(title, dark)

    def to_dict(self) -> dict[str, Any]:
        """Everything as lists, dicts, numbers and None: what `calibra eval --format json` writes."""
        return {
            "calibra": _core.version,
            "samples": self.samples,
            **({"entries": self.entries} if self._has_entries() else {}),
            "skipped": self.skipped,
            "classes": self.classes,
            **({"class_names": self.class_names} if self.class_names else {}),
            "options": dict(self._options),
            "metrics": {name: json_number(x) for name, x in self.items()},
            "bins": [self._bin_dict(b) for b in self.table],
            **self._classwise_dict(),
            **self._interval_dict(),
            **({} if self._groups is None else self._groups.to_dict()),
        }

    def _has_entries(self) -> bool:
        return self._result.multilabel or self.entries != self.samples

    def _bin_dict(self, b: Bin) -> dict[str, Any]:
        out = {key: json_number(x) for key, x in b._asdict().items()}
        if not self._weighted:  # the counts say it
            del out["weight"]
        return out

    def _classwise_dict(self) -> dict[str, Any]:
        if not self.ece_per_class:
            return {}
        return {"classwise": {"ece": [json_number(x) for x in self.ece_per_class]}}

    def _interval_dict(self) -> dict[str, Any]:
        if not self.intervals:
            return {}
        return {
            "intervals": {
                name: {
                    "lower": json_number(i.lower),
                    "upper": json_number(i.upper),
                    "standard_error": json_number(i.standard_error),
                    "floor": json_number(i.floor),
                    "method": i.method or None,
                }
                for name, i in self.intervals.items()
            }
        }


def evaluate(
    *,
    logits: Any = None,
    probabilities: Any = None,
    confidences: Any = None,
    labels: Any = None,
    hits: Any = None,
    metrics: str | Iterable[str] | None = None,
    like: str = "calibra",
    bins: int = 15,
    scheme: str = "equal_width",
    side: str | None = None,
    edges: Sequence[float] | None = None,
    weights: Any = None,
    ignore_label: int | None = None,
    valid: Any = None,
    proximity: Any = None,
    cluster: Any = None,
    stratum: Any = None,
    nan: str = "reject",
    renormalise: bool = False,
    binary: str | None = None,
    per_class: bool = False,
    multilabel: bool = False,
    class_axis: int | None = None,
    class_names: Sequence[str] | None = None,
    interval: bool | IntervalOptions = False,
    by: Any = None,
    threads: int | None = None,
) -> Evaluation:
    """Measures scores and labels by any number of metrics, in as few passes as they need.

    One of `logits`, `probabilities` and `confidences` is given: what the scores are is said, and
    never guessed from their values. Shapes: N x K with `labels` N, whole numbers from 0; N numbers,
    P(y = 1) or its logit, with labels 0 and 1; confidences N with `hits` N, 1 where the prediction
    was right; with `class_axis` an array of up to 8 dimensions, that one holding the classes, and
    labels of the shape of the others; with `multilabel` N x L with labels N x L of 0 and 1. Arrays
    of any kind and strides are read where they lie; `requires_grad` does not matter.

    metrics: names out of `pycalibra.metrics`; None: all.
    like: whose definitions are used, a name out of `pycalibra.conventions()`.
    bins, scheme, edges: how confidences are cut: "equal_width" or "equal_mass"; or at given edges.
    side: which end of a bin belongs to it, "left" or "right"; None: the convention's.
    weights: a weight a sample. valid: samples whose entry is 0 are left out.
    ignore_label: samples with this label are left out.
    proximity: a number a sample, for `piece`.
    cluster, stratum: which rows intervals draw together, and which part of the data each is of.
    nan: "reject" raises for scores that are NaN; "count" leaves such rows out and counts them.
    renormalise: divide rows of probabilities by their sum instead of rejecting them.
    binary: what one number a sample is binned as: "positive", the pair (P(y = 1), y), or "top",
        that of the likelier class; None: the convention's.
    per_class: also the tables and the ece of each class.
    class_names: for reports.
    interval: an interval of every metric; IntervalOptions to say how.
    by: also measures groups of samples: "predicted" or "label", or a whole number a sample.
    threads: None: one a core. Results do not depend on it beyond 1e-12.

    Cost: mostly one pass over the scores, which are not copied; 4 to 8 bytes a sample where a
    metric needs the pairs. Raises TypeError for arguments of wrong types or arrays on a device, and
    ValueError, naming the row, for shapes, values and options.
    """
    where = "evaluate()"
    groups = groups_of(where, by, labels)
    data = core_data(
        where,
        logits=logits,
        probabilities=probabilities,
        confidences=confidences,
        labels=labels,
        hits=hits,
        weights=weights,
        valid=valid,
        proximity=proximity,
        cluster=cluster,
        stratum=stratum,
        groups=groups,
        class_axis=class_axis,
        multilabel=multilabel,
    )
    settings = core_settings(
        where,
        metrics=metrics,
        like=like,
        bins=bins,
        scheme=scheme,
        side=side,
        edges=edges,
        ignore_label=ignore_label,
        nan=nan,
        renormalise=renormalise,
        binary=binary,
        per_class=per_class,
        threads=threads,
    )
    asked = _interval_options(where, interval)
    names = [] if class_names is None else texts(where, "class_names", class_names)
    result = _core.evaluate(data, settings, asked.core(where) if asked else None, names)
    options = report_options(result, settings, _form(logits, probabilities), bool(multilabel))
    if asked:
        options.update(level=asked.level, replicates=asked.replicates, seed=asked.seed)
    if by is None:
        return Evaluation(result, options, weights is not None)
    report = _core.evaluate_by(data, settings)
    said = by if isinstance(by, str) else "groups"
    if said != "groups":  # they are classes
        report.name_groups(names)
    options["by"] = said
    return Evaluation(result, options, weights is not None, Groups(report, said))


def report_options(
    result: _core.Result, settings: _core.Settings, form: str, multilabel: bool = False
) -> dict[str, Any]:
    """How an evaluation was made, in the words of the program."""
    return {
        "from": form,
        "bins": settings.bins,
        "binning": "mass" if settings.scheme == "equal_mass" else "width",
        "edges": result.side,
        "like": settings.like,
        "target": settings.binary,
        "sigmoid": multilabel,
        "renormalise": settings.renormalise,
        "nan": settings.nan,
        "ignore_label": settings.ignore_label,
        "weights": None,
        "proximity": None,
    }


def _form(logits: Any, probabilities: Any) -> str:
    if logits is not None:
        return "logits"
    return "confidences" if probabilities is None else "probabilities"


def groups_of(where: str, by: Any, labels: Any) -> Any:
    """A group a sample; None where there are none, or where they are the predicted classes."""
    if not isinstance(by, str):
        return by
    if by not in ("predicted", "label"):
        raise ValueError(
            f"{where}: by: expected 'predicted', 'label' or a whole number a sample, got {by!r}"
        )
    return labels if by == "label" else None


def _interval_options(where: str, interval: Any) -> IntervalOptions | None:
    if isinstance(interval, IntervalOptions):
        return interval
    if not isinstance(interval, bool):
        raise TypeError(
            f"{where}: interval: expected a bool or IntervalOptions, got {type(interval).__name__}"
        )
    return IntervalOptions() if interval else None
