# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""The bank of outliers that Dynamic Outlier Regularization draws from: nouns of WordNet or of a
list, chosen by their similarity to the base classes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, List, Sequence, Tuple

import numpy as np
import torch

from pycalibra.torch._checks import (
    check_choice,
    check_count,
    check_features,
    check_tensor,
    describe,
)
from pycalibra.torch._random import CounterRandom, fnv1a

WORDNET = "/usr/share/wordnet/index.noun"  #: where Debian's package wordnet-base has it

_SEPARATORS = re.compile("[ _\\-\t-\r]+")
_WORD = re.compile("[A-Za-z0-9\u0080-\U0010ffff]")
_UPPER = {ord(c): ord(c.lower()) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _check_names(where: str, what: str, names: Any) -> List[str]:
    """The names as a list. Raises TypeError for what is not a series of strings."""
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{where}: {what} is one {type(names).__name__}; expected a list of names")
    try:
        listed = list(names)
    except TypeError:
        kind = type(names).__name__
        raise TypeError(f"{where}: {what} is {kind}; expected a list of names") from None
    for i, name in enumerate(listed):
        if not isinstance(name, str):
            kind = type(name).__name__
            raise TypeError(f"{where}: {what}[{i}] is {kind}; expected a string")
    return listed


def normalised_name(name: str) -> str:
    """The form in which names of classes and of outliers are compared.

    Lower case; every run of spaces, tabs, line ends, `_` and `-` one space; punctuation at both
    ends stripped. Only ASCII is touched. "Yorkshire_Terrier" becomes "yorkshire terrier"; a plural
    stays another name than its singular. Empty for a name without a letter, a digit or a non-ASCII
    character.
    """
    words = list(_WORD.finditer(name))
    if not words:
        return ""
    return _SEPARATORS.sub(" ", name[words[0].start() : words[-1].end()]).translate(_UPPER)


def fingerprint(names: Iterable[str]) -> int:
    """64 bits that tell one list of names, in this order, from another: FNV-1a."""
    value = fnv1a(b"")
    for name in names:
        value = fnv1a(b"\n", fnv1a(_bytes(name), value))
    return value


@dataclass
class OutlierBank:
    """Names of outliers, their frozen zero-shot features (a row an outlier) and the scores by which
    they were chosen: mean cosine similarity to the base classes, or none."""

    names: List[str]
    features: torch.Tensor
    scores: List[float] = field(default_factory=list)


class OutlierSelector:
    """Chooses the outliers of a bank from candidates that arrive chunk by chunk.

    Score of a candidate u: (1/C) sum_c cos(u, v_c) over the features v_c of the C base classes, in
    double, on the host.
    Left out: candidates whose normalised name is empty, excluded, or that of an earlier candidate.
    Order: best first by the rule, equal scores by normalised name. `rule`: "nearest", the method of
    the paper, "farthest" or "random" (by a hash of `seed` and name), its ablations.
    Shapes: `base_features` C x D. Cost: O(D) a candidate; O(count D) memory and the names seen.
    Errors: TypeError, ValueError for shapes that do not fit, a NaN, an infinity or a row of zeros
        (with its row), and options out of their range.
    Source: Wang, Li, Wei, ICML 2025 (arXiv 2410.02681).
    """

    def __init__(
        self,
        base_features: torch.Tensor,
        excluded: Iterable[str] = (),
        *,
        count: int = 5000,
        rule: str = "nearest",
        seed: int = 0,
    ) -> None:
        where = "OutlierSelector()"
        check_features(where, "base_features", base_features)
        check_count(where, "count", count, 1, 2**62)
        check_choice(where, "rule", rule, ("nearest", "farthest", "random"))
        check_count(where, "seed", seed, 0, 2**64 - 1)
        if base_features.shape[0] == 0:
            raise ValueError(
                f"{where}: base_features is {describe(base_features)}; expected at least one row"
            )
        names = _check_names(where, "excluded", excluded)
        self._excluded = {normalised_name(name) for name in names}
        self._count, self._rule, self._seed = count, rule, seed
        self._device = base_features.device
        rows, norms = _rows_and_norms(where, "base_features", base_features)
        # One row after the other, as the C++ selector adds them.
        self._mean = np.add.accumulate(rows / norms[:, None], axis=0)[-1] / len(rows)
        self._seen: set = set()
        self._kept: List[Tuple[float, int, bytes, str, float, np.ndarray]] = []

    def add(self, names: Sequence[str], features: torch.Tensor) -> None:
        """Takes N names with their N x D features. Nothing is taken from a chunk that raises."""
        where = "OutlierSelector.add()"
        listed = _check_names(where, "names", names)
        check_features(where, "features", features)
        wanted = (len(listed), len(self._mean))
        if tuple(features.shape) != wanted:
            raise ValueError(
                f"{where}: {len(listed)} names with features {describe(features)}; expected "
                f"{list(wanted)}, D as of the base features"
            )
        if not listed:
            return
        rows, norms = _rows_and_norms(where, "features", features)
        scores = np.add.accumulate(rows * self._mean, axis=1)[:, -1] / norms
        for name, row, score in zip(listed, rows, scores):
            normal = normalised_name(name)
            if not normal or normal in self._excluded or normal in self._seen:
                continue
            self._seen.add(normal)
            rank, drawn = self._rank(float(score), _bytes(normal))
            kept = row.astype(np.float32)
            self._kept.append((rank, drawn, _bytes(normal), name, float(score), kept))
        self._kept.sort(key=lambda entry: entry[:3])
        del self._kept[self._count :]

    @property
    def candidates(self) -> int:
        """Candidates so far, without those left out."""
        return len(self._seen)

    def select(self) -> OutlierBank:
        """The bank, best first, its features in float32 on the device of the base features. Raises
        ValueError where there were fewer candidates than `count`."""
        if len(self._kept) < self._count:
            raise ValueError(
                f"OutlierSelector.select(): expected at least {self._count} candidates, the count "
                f"of outliers, got {self.candidates}"
            )
        features = torch.from_numpy(np.stack([entry[5] for entry in self._kept]))
        return OutlierBank(
            [entry[3] for entry in self._kept],
            features.to(self._device),
            [entry[4] for entry in self._kept],
        )

    def _rank(self, score: float, normal: bytes) -> Tuple[float, int]:
        if self._rule == "nearest":
            return -score, 0
        if self._rule == "farthest":
            return score, 0
        return 0.0, CounterRandom(self._seed, fnv1a(normal))()


def _rows_and_norms(where: str, name: str, features: torch.Tensor) -> Tuple[np.ndarray, np.ndarray]:
    """The features in double on the host, and their norms. Raises ValueError for a row without a
    direction."""
    rows = features.detach().to("cpu", torch.float64).numpy()
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{where}: row {row}, column {column} of {name} is {rows[row, column]}; expected "
            "finite features"
        )
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.add.accumulate(rows * rows, axis=1)[:, -1])
    for row in np.flatnonzero((norms == 0) | np.isinf(norms)):
        problem = "has norm 0" if norms[row] == 0 else "has a norm that overflows"
        raise ValueError(
            f"{where}: row {row} of {name} {problem}; expected a feature that has a direction"
        )
    return rows, norms


def build_outlier_bank(
    encode: Callable[[List[str]], torch.Tensor],
    base_classes: Iterable[str],
    candidates: Iterable[str],
    *,
    excluded: Iterable[str] = (),
    count: int = 5000,
    rule: str = "nearest",
    seed: int = 0,
    chunk: int = 1024,
) -> OutlierBank:
    """Chooses a bank of outliers by a text encoder of yours.

    `encode`: from a list of N names to their zero-shot text features, an N x D tensor; called with
        at most `chunk` names at a time, without gradients.
    `base_classes`: names of the base classes; they are left out, as is what `excluded` names, say
        the new classes.
    `candidates`: names, as read_wordnet_nouns() or read_nouns() gives them.
    `count`, `rule`, `seed`: as for OutlierSelector. Errors: as there.
    """
    where = "build_outlier_bank()"
    base = _check_names(where, "base_classes", base_classes)
    names = _check_names(where, "candidates", candidates)
    left_out = base + _check_names(where, "excluded", excluded)
    check_count(where, "chunk", chunk, 1, 2**62)
    with torch.no_grad():
        base_features = encode(base)
        check_tensor(where, "encode(base_classes)", base_features)
        selector = OutlierSelector(base_features, left_out, count=count, rule=rule, seed=seed)
        for first in range(0, len(names), chunk):
            part = names[first : first + chunk]
            selector.add(part, encode(part))
    return selector.select()


def read_wordnet_nouns(
    path: str = WORDNET, *, single_words: bool = False, min_tagged_senses: int = 0
) -> List[str]:
    """The nouns of WordNet's database file `index.noun`, in the file's order: lower case, spaces
    between the words of a noun.

    `single_words`: leaves out nouns of several words. `min_tagged_senses`: leaves out nouns with
        fewer senses seen in WordNet's tagged texts; 1 keeps the frequent tenth.
    Errors: OSError where the file cannot be read, with the line where a line is no entry of an
        index of nouns, and where it has none.
    Source: WordNet 3.0 manual, wndb(5WN).
    """
    where = "read_wordnet_nouns()"
    check_count(where, "min_tagged_senses", min_tagged_senses, 0, 2**62)
    nouns: List[str] = []
    found = False
    for number, text in enumerate(_lines(path), 1):
        if text.startswith("  "):  # the licence at the head
            continue
        entry = _index_noun(text)
        if entry is None:
            raise OSError(
                f"{where}: {path}, line {number}: expected an entry of WordNet's index.noun, got "
                f'"{text[:60]}"'
            )
        found = True
        lemma, tagged = entry
        if not (single_words and "_" in lemma) and tagged >= min_tagged_senses:
            nouns.append(lemma.replace("_", " ").translate(_UPPER))
    if not found:
        raise OSError(f"{where}: {path} has no noun")
    return nouns


def read_nouns(path: str) -> List[str]:
    """The nouns of a text file, one a line, in the file's order and spelling; spaces at both ends
    are stripped, empty lines and lines that begin with '#' left out.

    Errors: OSError where the file cannot be read, has no noun, or holds a NUL byte.
    """
    where = "read_nouns()"
    nouns: List[str] = []
    for number, text in enumerate(_lines(path), 1):
        if "\0" in text:
            raise OSError(f"{where}: {path}, line {number}: expected text, got a NUL byte")
        noun = text.strip(" \t")
        if noun and not noun.startswith("#"):
            nouns.append(noun)
    if not nouns:
        raise OSError(f"{where}: {path} has no noun")
    return nouns


def _lines(path: str) -> List[str]:
    """Lines without their ends."""
    with open(path, "rb") as file:
        lines = file.read().decode("utf-8", "surrogateescape").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


def _index_noun(text: str) -> Any:
    """(lemma, tagged senses) of a line "lemma n synsets p pointer*p senses tagged offset*synsets";
    None for another form."""
    fields = text.rstrip(" ").split(" ")
    if len(fields) < 4 or not fields[0] or fields[1] != "n":
        return None
    synsets, pointers = _whole(fields[2]), _whole(fields[3])
    if synsets < 1 or pointers < 0 or len(fields) != 6 + pointers + synsets:
        return None
    senses, tagged = _whole(fields[4 + pointers]), _whole(fields[5 + pointers])
    if senses != synsets or tagged < 0 or any(_whole(x) < 0 for x in fields[6 + pointers :]):
        return None
    return fields[0], tagged


def _whole(text: str) -> int:
    """A number of decimal digits below 2^64; -1 for other text."""
    if not (text.isascii() and text.isdigit()):
        return -1
    value = int(text)
    return value if value < 2**64 else -1
