# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""An accumulator: calibration of scores that come batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from . import _core
from ._checks import texts
from ._evaluate import Evaluation, report_options
from ._inputs import FORMS, core_data, core_settings


class Calibration:
    """Measures scores and labels that come batch by batch, on threads or on several machines.

    Every `update()` adds a batch, `compute()` measures all of them as one, `merge()` adds what
    another one has seen. Sums and tables are kept, not the scores: a few kilobytes, and 4 to 24
    bytes a sample where a metric needs the pairs of confidence and hit; `classwise_ace` and `tace`
    keep the pairs of every class, as much memory as the scores. Results equal those of one pass
    over all samples within 1e-12.

    Arguments as those of `evaluate()`. Raises TypeError and ValueError as it does, and ValueError
    where batches do not belong together. It is pickled with what it has seen.
    """

    def __init__(
        self,
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
        threads: int | None = None,
    ) -> None:
        self._core_settings = core_settings(
            "Calibration()",
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
            threads=threads,
        )
        self._accumulator = _core.Accumulator(self._core_settings)
        self._form: str | None = None
        self._weighted = False

    def update(
        self,
        *,
        logits: Any = None,
        probabilities: Any = None,
        confidences: Any = None,
        labels: Any = None,
        hits: Any = None,
        weights: Any = None,
        valid: Any = None,
        proximity: Any = None,
        class_axis: int | None = None,
    ) -> None:
        """Adds a batch; where it raises, nothing is added."""
        where = "Calibration.update()"
        given = {"logits": logits, "probabilities": probabilities, "confidences": confidences}
        data = core_data(
            where,
            **given,
            labels=labels,
            hits=hits,
            weights=weights,
            valid=valid,
            proximity=proximity,
            class_axis=class_axis,
        )
        form = next(form for form in FORMS if given[form] is not None)
        self._expect_form(where, form)
        self._accumulator.add(data)
        self._form = form
        self._weighted = self._weighted or weights is not None

    def compute(self, *, class_names: Sequence[str] | None = None) -> Evaluation:
        """Measures what was added. Raises ValueError where nothing was."""
        where = "Calibration.compute()"
        if self._form is None:
            raise ValueError(f"{where}: nothing was added")
        names = [] if class_names is None else texts(where, "class_names", class_names)
        result = self._accumulator.compute(self._form, names)
        options = report_options(result, self._core_settings, self._form)
        return Evaluation(result, options, self._weighted)

    def reset(self) -> None:
        """Forgets what was added."""
        self._accumulator.reset()
        self._form = None
        self._weighted = False

    def merge(self, other: Calibration) -> None:
        """Adds what another one has seen. Raises ValueError where the two were not made alike."""
        where = "Calibration.merge()"
        if not isinstance(other, Calibration):
            raise TypeError(f"{where}: expected a Calibration, got {type(other).__name__}")
        self._expect_settings(where, other._settings())
        if other._form is None:
            return
        self._expect_form(where, other._form)
        self._accumulator.merge(other._accumulator)
        self._form = other._form
        self._weighted = self._weighted or other._weighted

    def state_dict(self) -> dict[str, Any]:
        """What was added, exactly, as plain values: `evidence` are bytes that
        `calibra::evidence_from_bytes()` reads; b"" where nothing was added."""
        return {
            "settings": self._settings(),
            "form": self._form,
            "weighted": self._weighted,
            "evidence": b"" if self._form is None else self._accumulator.bytes(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes what `state_dict()` gave in place of what was added. Raises ValueError for a state
        of other settings, or one that is damaged."""
        where = "Calibration.load_state_dict()"
        try:
            settings, form = state["settings"], state["form"]
            weighted, evidence = bool(state["weighted"]), state["evidence"]
        except (KeyError, TypeError):
            raise ValueError(f"{where}: expected what state_dict() gives") from None
        self._expect_settings(where, settings)
        if form is None:
            self.reset()
            return
        if form not in FORMS or not isinstance(evidence, bytes):
            raise ValueError(f"{where}: expected what state_dict() gives")
        self._accumulator.load(evidence)
        self._form = form
        self._weighted = weighted

    def __getstate__(self) -> dict[str, Any]:
        return self.state_dict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["settings"])  # type: ignore[misc]
        self.load_state_dict(state)

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in self._settings().items() if v is not None)
        return f"Calibration({given})"

    def _settings(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        core = self._core_settings
        return {
            "metrics": core.metrics,
            "like": core.like,
            "bins": core.bins,
            "scheme": core.scheme,
            "side": core.side,
            "edges": core.edges or None,
            "ignore_label": core.ignore_label,
            "nan": core.nan,
            "renormalise": core.renormalise,
            "binary": core.binary,
            "threads": core.threads or None,
        }

    def _expect_settings(self, where: str, settings: dict[str, Any]) -> None:
        for name, mine in self._settings().items():
            if name != "threads" and settings.get(name) != mine:
                raise ValueError(
                    f"{where}: expected one made with {name}={mine!r}, got {settings.get(name)!r}"
                )

    def _expect_form(self, where: str, form: str) -> None:
        if self._form not in (None, form):
            raise ValueError(f"{where}: expected {self._form}= as before, got {form}=")
