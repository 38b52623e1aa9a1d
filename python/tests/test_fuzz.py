# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Arguments at random give a result, a TypeError or a ValueError."""

from __future__ import annotations

import fuzz


def test_arguments_at_random():
    calls = 1500
    results = fuzz.run(calls, 1)
    assert calls / 20 < results < calls  # some of both
