# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes the dumps that calibra and its peers are measured on.

    python3 make_dumps.py FOLDER N K

FOLDER/NxK_logits.npy (float32), _labels.npy (int64), and _probabilities.npy: torch's softmax of the
logits in float32. Labels are drawn from the softmax of z / 1.7, so that 1.7 is the temperature that
repairs the logits z.
"""

import pathlib
import sys

import numpy as np
import torch

HEAT = 1.7
BLOCK = 1 << 25  # numbers at a time


def main():
    folder, rows, classes = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    random = np.random.default_rng([20260401, rows, classes])
    base = f"{rows}x{classes}"
    paths = {what: folder / f"{base}_{what}.npy" for what in ("logits", "probabilities", "labels")}
    if all(path.exists() for path in paths.values()):
        return
    shape = (rows, classes)
    logits = np.lib.format.open_memmap(paths["logits"], "w+", np.float32, shape)
    probabilities = np.lib.format.open_memmap(paths["probabilities"], "w+", np.float32, shape)
    labels = np.empty(rows, np.int64)
    step = max(1, BLOCK // classes)
    for start in range(0, rows, step):
        part = slice(start, min(start + step, rows))
        count = part.stop - start
        z = random.standard_normal((count, classes), dtype=np.float32)
        clear = random.uniform(0, 2.5 * np.log(classes), count)
        z[np.arange(count), random.integers(0, classes, count)] += clear.astype(np.float32)
        gumbel = random.gumbel(size=(count, classes))
        labels[part] = (z + gumbel).argmax(axis=1)
        z *= HEAT
        logits[part] = z
        probabilities[part] = torch.softmax(torch.from_numpy(z), dim=1).numpy()
    logits.flush()
    probabilities.flush()
    np.save(paths["labels"], labels)


main()
