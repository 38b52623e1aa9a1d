# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The metrics and the conventions that there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from . import _core


class Metric(NamedTuple):
    """What is known of a metric beside its value.

    `better` is "lower", "higher" or "neither"; `weights` says what weights of samples do.
    """

    name: str
    formula: str
    range: str
    weights: str
    source: str
    note: str
    better: str


class Convention(NamedTuple):
    """Whose definitions a call may use: the implementation, its version, and what it does."""

    name: str
    implementation: str
    version: str
    settings: dict[str, str]


#: Every metric by its name, in the order in which reports give them.
metrics: Mapping[str, Metric] = MappingProxyType(
    {info["name"]: Metric(**info) for info in _core.metric_infos()}
)


def conventions() -> dict[str, Convention]:
    """Every convention by its name, the default first."""
    return {info["name"]: Convention(**info) for info in _core.convention_infos()}
