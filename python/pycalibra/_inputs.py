# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Arguments that many functions take, as the extension takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._arrays import core_array, optional_core_array
from ._checks import text, texts, whole

FORMS = ("logits", "probabilities", "confidences")


def core_data(
    where: str,
    *,
    logits: Any = None,
    probabilities: Any = None,
    confidences: Any = None,
    labels: Any = None,
    hits: Any = None,
    weights: Any = None,
    valid: Any = None,
    proximity: Any = None,
    cluster: Any = None,
    stratum: Any = None,
    groups: Any = None,
    class_axis: int | None = None,
    multilabel: bool = False,
) -> _core.Data:
    """The arrays of a call, checked. Raises TypeError unless there is one array of scores, and
    labels, or hits of confidences; else as `core_array()`, and ValueError for shapes that do not
    belong together."""
    given = {"logits": logits, "probabilities": probabilities, "confidences": confidences}
    forms = [form for form in FORMS if given[form] is not None]
    if len(forms) != 1:
        raise TypeError(
            f"{where}: expected one of logits=, probabilities= and confidences=, got "
            + (" and ".join(f"{form}=" for form in forms) or "none")
        )
    form = forms[0]
    answer, other = ("hits", "labels") if form == "confidences" else ("labels", "hits")
    answers = {"hits": hits, "labels": labels}
    if answers[other] is not None or answers[answer] is None:
        raise TypeError(f"{where}: expected {answer}= with {form}=, not {other}=")
    axis = None if class_axis is None else whole(where, "class_axis", class_axis, -64, 63)
    return _core.Data(
        where,
        form,
        core_array(where, form, given[form], scores=True),
        core_array(where, answer, answers[answer]),
        weights=optional_core_array(where, "weights", weights),
        valid=optional_core_array(where, "valid", valid),
        proximity=optional_core_array(where, "proximity", proximity),
        cluster=optional_core_array(where, "cluster", cluster),
        stratum=optional_core_array(where, "stratum", stratum),
        groups=optional_core_array(where, "by", groups),
        class_axis=axis,
        multilabel=bool(multilabel),
    )


def core_settings(
    where: str,
    *,
    metrics: str | Iterable[str] | None = None,
    like: str = "calibra",
    bins: int = 15,
    scheme: str = "equal_width",
    side: str | None = None,
    edges: Sequence[float] | None = None,
    ignore_label: int | None = None,
    nan: str = "reject",
    renormalise: bool = False,
    binary: str | None = None,
    per_class: bool = False,
    threads: int | None = None,
) -> _core.Settings:
    """What a call is told besides its arrays. Raises TypeError for wrong types, ValueError for
    numbers out of range. Words and names are checked where they are used."""
    return _core.Settings(
        where,
        metrics=None if metrics is None else texts(where, "metrics", metrics),
        like=text(where, "like", like),
        bins=whole(where, "bins", bins, 1),
        scheme=text(where, "scheme", scheme),
        side=None if side is None else text(where, "side", side),
        edges=[] if edges is None else _edges(where, edges),
        ignore_label=(
            None if ignore_label is None else whole(where, "ignore_label", ignore_label, -(2**63))
        ),
        nan=text(where, "nan", nan),
        renormalise=bool(renormalise),
        binary=None if binary is None else text(where, "binary", binary),
        per_class=bool(per_class),
        threads=0 if threads is None else whole(where, "threads", threads, 1, 1024),
    )


def _edges(where: str, edges: Any) -> list[float]:
    try:
        return np.asarray(edges, dtype=np.float64).reshape(-1).tolist()
    except (TypeError, ValueError):
        raise TypeError(f"{where}: edges: expected numbers, got {type(edges).__name__}") from None


@dataclass(frozen=True)
class IntervalOptions:
    """How intervals are made.

    level: how often they shall cover, in (0, 1).
    replicates: how many samples are drawn again from the rows.
    seed: replicate r is a function of the seed and r.
    kind: "basic", "percentile" or "bca": how limits are read off the replicates.
    """

    level: float = 0.95
    replicates: int = 2000
    seed: int = 0
    kind: str = "basic"

    def core(self, where: str) -> _core.IntervalOptions:
        """As the extension takes them. Raises TypeError and ValueError."""
        try:
            level = float(self.level)
        except (TypeError, ValueError):
            raise TypeError(f"{where}: level: expected a number, got {self.level!r}") from None
        return _core.IntervalOptions(
            where,
            level=level,
            replicates=whole(where, "replicates", self.replicates, 1, 2**31 - 1),
            seed=whole(where, "seed", self.seed, 0),
            kind=text(where, "kind", self.kind),
        )
