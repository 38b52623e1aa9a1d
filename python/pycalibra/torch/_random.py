# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Random numbers that are a function of a key and a counter, and a hash: those of the C++ library,
number for number."""

from __future__ import annotations

from typing import List

MASK = 2**64 - 1
_STEP = 0x9E3779B97F4A7C15


def mix(x: int) -> int:
    """The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class CounterRandom:
    """The numbers of stream `stream` of seed `seed`, both in [0, 2^64)."""

    def __init__(self, seed: int, stream: int) -> None:
        self._state = mix((mix((seed + _STEP) & MASK) + stream * _STEP) & MASK)

    def __call__(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _STEP) & MASK
        return mix(self._state)

    def below(self, bound: int) -> int:
        """Uniform in [0, bound), exactly; bound in [1, 2^64)."""
        rest = (2**64 - bound) % bound  # 2^64 mod bound numbers too many
        while True:
            x = self()
            if x >= rest:
                return x % bound


def sample_without_replacement(size: int, count: int, random: CounterRandom) -> List[int]:
    """`count` <= `size` of the numbers [0, size), each set of them as likely as any other: Floyd's
    algorithm (Bentley, CACM 30(9), 1987)."""
    sample: List[int] = []
    taken = set()
    for last in range(size - count, size):
        drawn = random.below(last + 1)
        sample.append(last if drawn in taken else drawn)
        taken.add(sample[-1])
    return sample


def fnv1a(text: bytes, value: int = 0xCBF29CE484222325) -> int:
    """FNV-1a, 64 bits."""
    for byte in text:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value
