# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""A page that says all there is to say of scores and labels."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._checks import text, texts
from ._evaluate import groups_of
from ._files import write_text
from ._inputs import core_data, core_settings

if TYPE_CHECKING:
    from .recalibration import Recalibrator


class Report:
    """One HTML page that needs nothing else, no network and no scripts: `html()` is its text,
    `save()` writes it, and a notebook shows it."""

    def __init__(self, page: str) -> None:
        self._page = page

    def html(self) -> str:
        """The page."""
        return self._page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a file whose name ends in .html. Raises ValueError for another ending, OSError
        where it cannot be written."""
        name = os.fspath(path)
        if not name.endswith(".html"):
            raise ValueError(
                f"Report.save(): path: expected a name that ends in .html, got {name!r}"
            )
        write_text(name, self._page)

    def _repr_html_(self) -> str:
        shown = html.escape(self._page, quote=True)
        return f'<iframe srcdoc="{shown}" style="width: 100%; height: 60rem; border: 0"></iframe>'


def report(
    *,
    logits: Any = None,
    probabilities: Any = None,
    confidences: Any = None,
    labels: Any = None,
    hits: Any = None,
    title: str = "",
    apply: Recalibrator | None = None,
    by: Any = None,
    class_names: Sequence[str] | None = None,
    bins: int = 15,
    weights: Any = None,
    ignore_label: int | None = None,
    valid: Any = None,
    nan: str = "reject",
    renormalise: bool = False,
    binary: str | None = None,
    class_axis: int | None = None,
    threads: int | None = None,
) -> Report:
    """What `calibra report` writes: a verdict in words, pictures, every metric with its interval,
    tests, bins and groups.

    Scores, labels and options as those of `evaluate()`; bins are of equal width. `apply`: a fitted
    recalibrator, whose effect is shown. Raises TypeError and ValueError as `evaluate()`.
    """
    where = "report()"
    model = None
    if apply is not None:
        from .recalibration import Recalibrator

        if not isinstance(apply, Recalibrator):
            raise TypeError(f"{where}: apply: expected a recalibrator, got {type(apply).__name__}")
        model = apply._fitted(where)
    data = core_data(
        where,
        logits=logits,
        probabilities=probabilities,
        confidences=confidences,
        labels=labels,
        hits=hits,
        weights=weights,
        valid=valid,
        groups=groups_of(where, by, labels),
        class_axis=class_axis,
    )
    settings = core_settings(
        where,
        bins=bins,
        ignore_label=ignore_label,
        nan=nan,
        renormalise=renormalise,
        binary=binary,
        threads=threads,
    )
    said = None if by is None else by if isinstance(by, str) else ""
    names = [] if class_names is None else texts(where, "class_names", class_names)
    return Report(
        _core.html_report(data, settings, text(where, "title", title), said, model, names)
    )
