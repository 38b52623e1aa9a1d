# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Pictures are those of the program, and say what they were made of."""

from __future__ import annotations

import os
import subprocess
import xml.dom.minidom

import numpy as np
import pytest

import pycalibra
from conftest import DIGITS

KINDS = ["corp", "smooth", "cumulative"]


def drawn(folder, *flags):
    """What `calibra diagram` writes for the digits."""
    path = os.environ.get("CALIBRA_PROGRAM")
    if not path:
        pytest.skip("CALIBRA_PROGRAM does not name the program")
    files = [DIGITS / "test_logits.npy", DIGITS / "test_labels.npy"]
    command = [path, "diagram", *files, "-o", folder / "drawn.svg", "--title", "digits", *flags]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return (folder / "drawn.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("dark", [False, True])
def test_reliability(digits, tmp_path, dark):
    z, y = digits
    made = pycalibra.reliability_diagram(logits=z, labels=y, title="digits")
    assert made.svg(dark=dark) == drawn(tmp_path, *(["--dark"] if dark else []))
    assert made._repr_svg_() == made.svg()
    made.save(tmp_path / "mine.svg", dark=dark)
    assert (tmp_path / "mine.svg").read_text(encoding="utf-8") == made.svg(dark=dark)


@pytest.mark.parametrize("kind", KINDS)
def test_curves(digits, tmp_path, kind):
    z, y = digits
    made = getattr(pycalibra, f"{kind}_diagram")(logits=z, labels=y, title="digits")
    assert made.svg() == drawn(tmp_path, "--kind", kind)


def test_risk_coverage(digits, tmp_path):
    z, y = digits
    made = pycalibra.risk_coverage_diagram({"": {"logits": z, "labels": y}}, title="digits")
    assert made.svg() == drawn(tmp_path, "--kind", "risk_coverage")


def test_groups(digits, tmp_path):
    z, y = digits
    found = pycalibra.evaluate(logits=z, labels=y, metrics="ece", by="label")
    made = pycalibra.group_diagram(found, title="digits")
    assert made.svg() == drawn(tmp_path, "--kind", "groups", "--by", "label")


def test_several(digits):
    z, y = digits
    found = pycalibra.evaluate(logits=z, labels=y, metrics="ece", per_class=True)
    after = pycalibra.evaluate(logits=z / 2, labels=y, metrics="ece")
    for made in (
        pycalibra.reliability_lines({"before": found, "after": after}, title="both"),
        pycalibra.reliability_diagrams({"before": found, "after": after}),
    ):
        xml.dom.minidom.parseString(made.svg())
        assert "before" in made.svg() and "after" in made.svg()
    classes = pycalibra.classwise_diagram(found, most=2).svg()
    worst = np.argsort(found.ece_per_class)[::-1]
    assert f"class {worst[0]}" in classes and f"class {worst[2]}" not in classes


def test_bad_input(digits, tmp_path):
    z, y = digits
    found = pycalibra.evaluate(logits=z, labels=y, metrics="ece")
    made = pycalibra.reliability_lines({"a": found})
    with pytest.raises(ValueError, match=r"Diagram.save\(\): .* ends in .svg"):
        made.save(tmp_path / "x.png")
    with pytest.raises(OSError):
        made.save(tmp_path / "nowhere" / "x.svg")
    with pytest.raises(ValueError, match=r"reliability_lines\(\): expected 1 to 4 tables, got 5"):
        pycalibra.reliability_lines({name: found for name in "abcde"})
    with pytest.raises(ValueError, match=r"classwise_diagram\(\): expected an evaluation with"):
        pycalibra.classwise_diagram(found)
    with pytest.raises(ValueError, match=r"group_diagram\(\): expected an evaluation with by="):
        pycalibra.group_diagram(found)
    with pytest.raises(TypeError, match="evaluations: expected a dict by name, got list"):
        pycalibra.reliability_lines([found])
    with pytest.raises(TypeError, match=r"expected what evaluate\(\) gives, got int"):
        pycalibra.reliability_lines({"a": 3})
    with pytest.raises(ValueError, match=r"corp_diagram\(\): .*label 108 at row 0"):
        pycalibra.corp_diagram(logits=z, labels=y + 99)
    with pytest.raises(TypeError, match="title: expected a str"):
        pycalibra.smooth_diagram(logits=z, labels=y, title=3)
