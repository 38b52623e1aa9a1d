# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Other threads of Python run while calibra works, and a signal ends it."""

from __future__ import annotations

import signal
import sys
import threading

import numpy as np
import pytest

import pycalibra


class Stop(Exception):
    pass


def test_a_signal_ends_a_call():
    """The handler runs only if another thread could run, and the call looks for signals."""
    z = np.broadcast_to(np.zeros(1, dtype=np.float32), (20_000_000, 100))
    y = np.broadcast_to(np.int64(0), (len(z),))

    def stop(number, frame):
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    main = threading.main_thread().ident
    started = threading.Event()

    def send():
        started.wait()
        signal.pthread_kill(main, signal.SIGUSR1)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(Stop):
            started.set()
            pycalibra.evaluate(logits=z, labels=y, metrics="nll", threads=2)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)


def test_the_lock_is_released():
    """No thread gives way to another by itself here, so that the other one runs only if the call
    lets it."""
    z = np.broadcast_to(np.zeros(1, dtype=np.float32), (5_000_000, 100))
    y = np.broadcast_to(np.int64(0), (len(z),))
    go, ran = threading.Event(), threading.Event()

    def other():
        go.wait()
        ran.set()

    before = sys.getswitchinterval()
    thread = threading.Thread(target=other)
    thread.start()
    sys.setswitchinterval(1000)
    try:
        go.set()
        pycalibra.evaluate(logits=z, labels=y, metrics="nll", threads=1)
        assert ran.is_set()
    finally:
        sys.setswitchinterval(before)
        thread.join()
