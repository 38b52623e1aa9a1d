#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Dumps written by the programs that people write them with, measured by calibra.

    written_by_others.py PROGRAM SCRATCH

Each has to give the numbers of a plain .npy pair of the same values, to the last bit. Prints a line for
every format, writer and element type; writers that are not installed are left out by name. Ends with
status 77 where none is there.
"""
import gzip
import json
import pathlib
import subprocess
import sys

program, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
scratch.mkdir(parents=True, exist_ok=True)

try:
    import numpy as np
except ImportError:
    print("NumPy is not installed")
    sys.exit(77)

random = np.random.default_rng(7)
SAMPLES, CLASSES = 500, 7
logits = random.normal(size=(SAMPLES, CLASSES)) * 3
labels = (logits + random.normal(size=logits.shape) * 2).argmax(1)
failures = 0


def report(arguments):
    run = subprocess.run([program, "eval", *arguments, "--format", "json"], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip())
    return json.loads(run.stdout)["metrics"]


def plain(name, scores):
    """What a .npy pair of these scores gives."""
    np.save(scratch / f"{name}_z.npy", scores)
    np.save(scratch / f"{name}_y.npy", labels)
    return report([str(scratch / f"{name}_z.npy"), str(scratch / f"{name}_y.npy")])


def check(form, writer, dtype, expected, *arguments):
    global failures
    try:
        got = report([str(a) for a in arguments])
        different = [m for m in expected if expected[m] != got.get(m)]
        what = f"{len(expected)} values, the same" if not different else f"DIFFERENT: {', '.join(different)}"
    except RuntimeError as error:
        different, what = ["all"], f"FAILED: {error}"
    failures += len(different)
    print(f"{form:14} {writer:28} {dtype:9} {what}")


names = np.array([f"class {k}, é" for k in range(CLASSES)])
named_file = scratch / "names.txt"
named_file.write_text("\n".join(names) + "\n", encoding="utf-8")
expected = {name: plain(name, logits.astype(name)) for name in ("float16", "float32", "float64")}
writer = f"numpy {np.__version__}"
for name in expected:
    z = logits.astype(name)
    for save in (np.savez, np.savez_compressed):
        file = scratch / f"{save.__name__}_{name}.npz"
        save(file, logits=z, labels=labels, names=np.array(["a", "b"]))
        check("npz", f"{writer} {save.__name__}", name, expected[name], file)
    np.savez(scratch / f"positional_{name}.npz", z, labels)
    check("npz, no names", writer, name, expected[name], scratch / f"positional_{name}.npz")
    np.save(scratch / f"fortran_{name}.npy", np.asfortranarray(z))
    check("npy, Fortran", writer, name, expected[name], scratch / f"fortran_{name}.npy",
          scratch / f"{name}_y.npy")
    np.save(scratch / f"big_{name}.npy", z.astype(z.dtype.newbyteorder(">")))
    check("npy, >", writer, name, expected[name], scratch / f"big_{name}.npy", scratch / f"{name}_y.npy")
for what, texts in (("U", names[labels]), ("S", np.char.encode(names[labels], "utf-8"))):
    np.save(scratch / f"named_{what}.npy", texts)
    check(f"npy, {what} labels", writer, "float64", expected["float64"], scratch / "float64_z.npy",
          scratch / f"named_{what}.npy", "--class-names", named_file)
    np.savez_compressed(scratch / f"named_{what}.npz", logits=logits, labels=texts.reshape(-1, 1))
    check(f"npz, {what} labels", writer, "float64", expected["float64"], scratch / f"named_{what}.npz",
          "--class-names", named_file)
table = scratch / "savetxt.csv"
np.savetxt(table, np.column_stack([logits, labels]), delimiter=",", fmt=["%.17g"] * CLASSES + ["%d"],
           header=",".join([f"z{k}" for k in range(CLASSES)] + ["y"]), comments="")
check("csv", f"{writer} savetxt", "float64", expected["float64"], table, "--label-column", "y")

(scratch / "savetxt.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
check("csv.gz", f"{writer} savetxt", "float64", expected["float64"], scratch / "savetxt.csv.gz",
      "--label-column", "y")

try:
    import h5py
except ImportError:
    print("left out: h5py is not installed")
else:
    writer = f"h5py {h5py.__version__}"
    for name in expected:
        z = logits.astype(name)
        for how, options in (("", {}), (" gzip", {"compression": "gzip", "shuffle": True}),
                             (" chunks", {"chunks": (7, CLASSES), "fletcher32": True})):
            file = scratch / f"{name}{how.strip()}.h5"
            with h5py.File(file, "w") as out:
                out.create_dataset("logits", data=z, **options)
                out["labels"] = labels
                out["note"] = "text"
            check(f"h5{how}", writer, name, expected[name], file)
        for what, kind in (("any", h5py.string_dtype()), ("fixed", h5py.string_dtype("utf-8", 12))):
            file = scratch / f"named_{what}_{name}.h5"
            with h5py.File(file, "w") as out:
                out["logits"] = z
                out.create_dataset("labels", data=np.char.encode(names[labels], "utf-8").astype(kind))
            check(f"h5, {what} names", writer, name, expected[name], file, "--class-names", named_file)
        file = scratch / f"groups_{name}.hdf5"
        with h5py.File(file, "w", userblock_size=512) as out:  # as CalArena lays its files out
            for model in ("resnet", "vit"):
                group = out.create_group(f"c10/{model}")
                for part in ("cal", "test"):
                    group[f"logits_{part}"] = z.astype(z.dtype.newbyteorder(">"))
                    group[f"labels_{part}"] = labels.astype("int32")
        check("hdf5 group", writer, name, expected[name], f"{file}:c10/vit")

try:
    import torch
except ImportError:
    print("left out: torch is not installed")
else:
    writer = f"torch {torch.__version__}"
    y = torch.from_numpy(labels)
    types = {"float16": torch.float16, "float32": torch.float32, "float64": torch.float64}
    for name, dtype in types.items():
        z = torch.from_numpy(logits.astype(name))
        both = z.repeat(1, 2)
        dumps = {
            "dictionary": {"logits": z, "labels": y, "epoch": 3, "note": "x"},
            "tuple": (z, y),
            "list": [z, y.int()],
            "nested": {"train": None, "test": {"logits": z, "targets": y.to(torch.uint8)}},
            "turned": {"logits": z.t().contiguous().t(), "labels": y},
            "view": {"logits": both[:, CLASSES:], "labels": torch.cat([y, y])[SAMPLES:]},
            "every other": {"logits": torch.stack([z, z], 2)[:, :, 1], "labels": torch.stack([y, y], 1)[:, 0]},
            "parameter": {"logits": torch.nn.Parameter(z), "labels": [int(k) for k in y]},
        }
        for what, dump in dumps.items():
            file = scratch / f"{what.replace(' ', '_')}_{name}.pt"
            torch.save(dump, file)
            check(f"pt {what}", writer, name, expected[name], file)
        for protocol in (3, 4, 5):
            torch.save(dumps["dictionary"], scratch / f"p{protocol}.pt", pickle_protocol=protocol)
            check(f"pt protocol {protocol}", writer, name, expected[name], scratch / f"p{protocol}.pt")
    z = torch.from_numpy(logits).bfloat16()
    torch.save({"logits": z, "labels": y}, scratch / "bfloat16.pt")
    check("pt", writer, "bfloat16", plain("bfloat16", z.float().numpy()), scratch / "bfloat16.pt")
    if hasattr(torch, "uint16"):
        torch.save({"logits": torch.from_numpy(logits), "labels": y.to(torch.uint16)}, scratch / "u16.pt")
        check("pt", writer, "uint16 y", expected["float64"], scratch / "u16.pt")

try:
    import safetensors
    import safetensors.numpy
except ImportError:
    print("left out: safetensors is not installed")
else:
    for name in expected:
        file = scratch / f"{name}.safetensors"
        safetensors.numpy.save_file({"logits": logits.astype(name), "labels": labels}, file)
        check("safetensors", f"safetensors {safetensors.__version__}", name, expected[name], file)

try:
    import pandas as pd
except ImportError:
    print("left out: pandas is not installed")
else:
    frame = pd.DataFrame(logits, columns=[f"z{k}" for k in range(CLASSES)])
    frame["label"] = labels
    for ending, separator in (("csv", ","), ("tsv", "\t")):
        file = scratch / f"pandas.{ending}"
        frame.to_csv(file, index=False, sep=separator)
        check(ending, f"pandas {pd.__version__}", "float64", expected["float64"], file, "--label-column", "label")

    named = pd.DataFrame(logits, columns=list(names))
    named["label"] = names[labels]
    named.to_csv(scratch / "named.csv", index=False)
    check("csv, names", f"pandas {pd.__version__}", "float64", expected["float64"], scratch / "named.csv",
          "--label-column", "label")

sys.exit(1 if failures else 0)
