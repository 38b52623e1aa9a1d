# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The example of docs/python-torch.md runs, and shows what it is there to show."""

import importlib.util

import pytest

torch = pytest.importorskip("torch")

from torch_support import ROOT  # noqa: E402


def test_training(capsys):
    path = ROOT / "examples" / "plugins" / "python" / "training.py"
    spec = importlib.util.spec_from_file_location("training_example", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    example.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["weight", "accuracy", "ece"]
    plain, regular = ([float(x) for x in line] for line in lines[1:3])
    assert (plain[0], regular[0]) == (0, 2)
    assert regular[2] < plain[2]  # the loss lowers the calibration error
    assert lines[3][:5] == ["20", "batches", "of", "8", "outliers,"]
