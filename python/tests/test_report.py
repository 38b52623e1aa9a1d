# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The page is that of the program, but for the files that it names."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

import pycalibra
from conftest import DIGITS
from pycalibra.recalibration import ProcalDensityRatio, VectorScaling

FILES = (DIGITS / "test_logits.npy", DIGITS / "test_labels.npy")


def written(folder, *arguments):
    """What `calibra report` writes, without its table of files."""
    path = os.environ.get("CALIBRA_PROGRAM")
    if not path:
        pytest.skip("CALIBRA_PROGRAM does not name the program")
    command = [path, "report", *arguments, "-o", folder / "r.html"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    page = (folder / "r.html").read_text(encoding="utf-8")
    head, tail = page.split('</p>\n<div class="scroll"><table><thead><tr><th></th><th>file</th>')
    assert tail.endswith("</body>\n</html>\n")
    return head + "</p>\n</body>\n</html>\n"


def test_digits(digits, tmp_path):
    z, y = digits
    made = pycalibra.report(logits=z, labels=y, title="<digits>", by="label")
    assert made.html() == written(tmp_path, *FILES, "--title", "<digits>", "--by", "label")
    made.save(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == made.html()
    assert "<script" not in made.html()
    assert made._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html')


def test_a_model_is_applied(digits, tmp_path):
    z, y = digits
    scaling = VectorScaling(logits=True).fit(z, y)
    (tmp_path / "m.json").write_text(scaling.to_json(), encoding="utf-8")
    made = pycalibra.report(logits=z, labels=y, apply=scaling)
    assert made.html() == written(tmp_path, *FILES, "--apply", tmp_path / "m.json")


def test_confidences_and_one_number_a_sample(tmp_path, rng):
    p, hits = rng.uniform(size=300), rng.integers(0, 2, size=300)
    np.save(tmp_path / "p.npy", p)
    np.save(tmp_path / "y.npy", hits)
    files = tmp_path / "p.npy", tmp_path / "y.npy"
    made = pycalibra.report(confidences=p, hits=hits)
    assert made.html() == written(tmp_path, *files, "--from", "confidences")
    made = pycalibra.report(probabilities=p, labels=hits)
    assert made.html() == written(tmp_path, *files, "--from", "probabilities")


def test_groups_and_names_of_classes(rng):
    p, y = rng.dirichlet(np.ones(3), size=200), rng.integers(0, 3, size=200)
    names = ["cat", "dog & co", "bird"]
    page = pycalibra.report(probabilities=p, labels=y, by="predicted", class_names=names).html()
    assert "dog &amp; co" in page and "Groups, by predicted" in page
    page = pycalibra.report(probabilities=p, labels=y, by=y % 2).html()
    assert "<h2>Groups</h2>" in page


def test_options(digits, tmp_path, rng):
    z, y = digits
    w = rng.uniform(size=len(y))
    np.save(tmp_path / "w.npy", w)
    made = pycalibra.report(logits=z, labels=y, weights=w, ignore_label=3, bins=10)
    flags = ["--weights", tmp_path / "w.npy", "--ignore-label", 3, "--bins", 10]
    assert made.html() == written(tmp_path, *FILES, *flags)
    z = z.copy()
    z[5, 2] = np.nan
    assert "1 left out" in pycalibra.report(logits=z, labels=y, nan="count").html()
    there = tmp_path / "there.html"
    there.write_text("old")
    (tmp_path / "link.html").symlink_to(there)
    made.save(tmp_path / "link.html")
    assert there.read_text(encoding="utf-8") == made.html()


def test_what_cannot_be_reported(digits, tmp_path, rng):
    z, y = digits
    with pytest.raises(TypeError, match=r"report\(\): apply: expected a recalibrator, got str"):
        pycalibra.report(logits=z, labels=y, apply="model")
    with pytest.raises(ValueError, match="expected fit"):
        pycalibra.report(logits=z, labels=y, apply=VectorScaling())
    near = ProcalDensityRatio(logits=True).fit(z, y, rng.uniform(size=len(y)))
    with pytest.raises(ValueError, match="apply: expected a model that takes scores alone"):
        pycalibra.report(logits=z, labels=y, apply=near)
    with pytest.raises(ValueError, match="by and apply: expected logits or probabilities"):
        pycalibra.report(confidences=[0.5, 0.5], hits=[0, 1], by=[0, 1])
    with pytest.raises(ValueError, match=r"report\(\): .* row 0"):
        pycalibra.report(probabilities=z, labels=y)
    with pytest.raises(ValueError, match="by: 'predicted' is for samples x classes"):
        pycalibra.report(probabilities=[0.5, 0.5], labels=[0, 1], by="predicted")
    with pytest.raises(ValueError, match="by"):
        pycalibra.report(logits=z, labels=y, by=y[1:])
    made = pycalibra.report(logits=z, labels=y)
    with pytest.raises(ValueError, match=r"ends in \.html"):
        made.save(tmp_path / "x.svg")
    with pytest.raises(FileNotFoundError, match=r"none/x\.html'"):
        made.save(tmp_path / "none" / "x.html")
    assert list(tmp_path.iterdir()) == []
