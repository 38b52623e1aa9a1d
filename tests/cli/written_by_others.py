#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Dumps written by the programs that people write them with, measured by calibra.

    written_by_others.py PROGRAM SCRATCH

Each has to give the numbers of a plain .npy pair of the same values, to the last bit: of the values as
rounded to the element type, and for texts of fewer digits of the values that Python reads there. Prints
a table: files, numbers compared, largest difference by format, writer and element type. Writers that
are not installed are left out by name. Ends with status 77 where NumPy is not there.
"""
import csv
import gzip
import importlib
import importlib.metadata
import json
import logging
import math
import pathlib
import shutil
import subprocess
import sys
import warnings

program, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)

try:
    import numpy as np
except ImportError:
    print("NumPy is not installed")
    sys.exit(77)

SAMPLES, CLASSES = 500, 7
TYPES = ("float16", "float32", "float64")
LABEL_TYPES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
random = np.random.default_rng(7)
logits = random.normal(size=(SAMPLES, CLASSES)) * 3
labels = (logits + random.normal(size=logits.shape) * 2).argmax(1)
margins = logits[:, 0]  # of yes or no
yes = margins + random.normal(size=SAMPLES) > 0
names = [f"z{k}" for k in range(CLASSES)]
class_names = np.array([f"class {k}, \u00e9" for k in range(CLASSES)])
named_labels = class_names[labels]
named_file = scratch / "names.txt"
named_file.write_text("\n".join(class_names) + "\n", encoding="utf-8")

table = {}  # (format, writer, type) -> [files, numbers, largest difference]
notes = []
failures = 0


def fail(what):
    global failures
    failures += 1
    notes.append(f"FAILED: {what}")


def needs(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        notes.append(f"left out: {name} is not installed")
        return None


def run(arguments):
    return subprocess.run([program, "eval", *map(str, arguments), "--format", "json"], capture_output=True,
                          encoding="utf-8")


def numbers_of(report, path=""):
    """Every number of a report, by its place; not what the options say, nor names."""
    if isinstance(report, dict):
        inner = [(f"{path}/{key}", value) for key, value in report.items()
                 if key not in ("calibra", "options", "class_names")]
    elif isinstance(report, list):
        inner = [(f"{path}/{i}", value) for i, value in enumerate(report)]
    else:
        return {path: report}
    return {place: number for at, value in inner for place, number in numbers_of(value, at).items()}


def plain(name, scores, classes=labels):
    """What a .npy pair of these gives."""
    pair = [scratch / f"plain_{name}_{part}.npy" for part in "zy"]
    np.save(pair[0], scores)
    np.save(pair[1], np.asarray(classes, dtype=np.int64))
    done = run(pair)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return numbers_of(json.loads(done.stdout))


def check(form, writer, dtype, expected, *arguments):
    done = run(arguments)
    what = f"{form}, {writer}, {dtype}: {' '.join(map(str, arguments))}"
    if done.returncode != 0:
        return fail(f"{what}: {done.stderr.strip()}")
    got = numbers_of(json.loads(done.stdout))
    if got.keys() != expected.keys():
        return fail(f"{what}: other numbers than of a plain pair: {sorted(got.keys() ^ expected.keys())}")
    worst = 0.0
    for place, number in expected.items():
        if got[place] == number:
            continue
        both = isinstance(got[place], (int, float)) and isinstance(number, (int, float))
        worst = max(worst, abs(got[place] - number) if both else math.inf)
        fail(f"{what}: {place}: expected {number!r}, got {got[place]!r}")
    row = table.setdefault((form, writer, dtype), [0, 0, 0.0])
    row[:] = row[0] + 1, row[1] + len(expected), max(row[2], worst)
    return None


def refused(form, writer, sentence, *arguments):
    """An error with this sentence, and no number."""
    done = run(arguments)
    if done.returncode == 0 or done.stdout or sentence not in done.stderr:
        return fail(f"{form}, {writer}: expected {sentence!r}, got {done.stderr.strip() or done.stdout!r}")
    table.setdefault((form, writer, "refused"), [0, 0, 0.0])[0] += 1
    return None


def naive_check(z, tolerance, found):
    """The plain pair itself against sums written down here."""
    z = z.astype(np.float64)
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    sure, hit = p.max(1), z.argmax(1) == labels
    ece = sum(abs((hit[b].astype(float) - sure[b]).sum()) for b in
              (np.ceil(sure * 15) == k for k in range(1, 16))) / SAMPLES
    right = p[np.arange(SAMPLES), labels]
    for name, want in (("accuracy", hit.mean()), ("nll", -np.log(right).mean()), ("ece", ece)):
        if not abs(found[f"/metrics/{name}"] - want) <= tolerance:
            fail(f"plain {z.dtype} {name}: expected {want!r}, got {found[f'/metrics/{name}']!r}")


def numpy_files():
    writer = f"numpy {np.__version__}"
    pair = scratch / "plain_float64_y.npy"
    for name in TYPES:
        z = logits.astype(name)
        turned = z.astype(z.dtype.newbyteorder(">"))
        for what, array in (("Fortran order", np.asfortranarray(z)), ("big-endian", turned),
                            ("both", np.asfortranarray(turned))):
            file = scratch / f"{what}_{name}.npy"
            np.save(file, array)
            check(".npy " + what, writer, name, expected[name], file, pair)
        for version in ((1, 0), (2, 0), (3, 0)):
            file = scratch / f"version_{version[0]}_{name}.npy"
            with open(file, "wb") as out, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                np.lib.format.write_array(out, z, version=version)
            check(".npy versions", writer, name, expected[name], file, pair)
        for save in (np.savez, np.savez_compressed):
            file = scratch / f"{save.__name__}_{name}.npz"
            save(file, logits=z, labels=labels, names=np.array(["a", "b"]))
            check(f".npz {save.__name__}", writer, name, expected[name], file)
            save(file, y_true=np.eye(CLASSES)[labels], logits=np.asfortranarray(turned))
            check(f".npz {save.__name__}", writer, name, expected[name], file)
        file = scratch / f"positional_{name}.npz"
        np.savez(file, z, labels)
        check(".npz no names", writer, name, expected[name], file)
        file = scratch / f"margins_{name}.npz"
        np.savez(file, logits=margins.astype(name), labels=yes)
        check(".npz binary, bool labels", writer, name, binary[name], file)
    # Labels of every type, beside the same scores.
    scores = scratch / "plain_float64_z.npy"
    for name in (*LABEL_TYPES, *TYPES, ">i2", ">i4", ">i8", ">u4"):
        file = scratch / f"labels_{name.replace('>', 'big')}.npy"
        np.save(file, labels.astype(name))
        check(".npy labels", writer, name, expected["float64"], scores, file)
    for name in ("bool", "uint8", "int64", "float32", "float64"):
        file = scratch / f"one_hot_{name}.npy"
        np.save(file, np.eye(CLASSES, dtype=name)[labels])
        check(".npy one-hot labels", writer, name, expected["float64"], scores, file)
    for what, texts in (("U", named_labels), ("S", np.char.encode(named_labels, "utf-8"))):
        file = scratch / f"named_{what}.npy"
        np.save(file, texts)
        check(".npy labels that are names", writer, what, expected["float64"], scores, file, "--class-names",
              named_file)
        np.savez_compressed(file.with_suffix(".npz"), logits=logits, labels=texts.reshape(-1, 1))
        check(".npz labels that are names", writer, what, expected["float64"], file.with_suffix(".npz"),
              "--class-names", named_file)
    file = scratch / "savetxt.csv"
    np.savetxt(file, np.column_stack([logits, labels]), delimiter=",", fmt=["%.17g"] * CLASSES + ["%d"],
               header=",".join([*names, "y"]), comments="")
    check(".csv savetxt", writer, "float64", expected["float64"], file, "--label-column", "y")
    packed = scratch / "savetxt.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    check(".csv.gz savetxt", writer, "float64", expected["float64"], packed, "--label-column", "y")
    objects = scratch / "objects.npz"
    np.savez(objects, logits=logits, labels=labels.astype(object))
    refused(".npz of objects", writer, "objects.npz", objects)
    if types := needs("ml_dtypes"):
        z = logits.astype(types.bfloat16)
        np.save(scratch / "bfloat16.npy", z)
        check(".npy", f"ml_dtypes {types.__version__}", "bfloat16", plain("ml", z.astype(np.float32)),
              scratch / "bfloat16.npy", pair)


def h5py_files(h5py):
    writer = f"h5py {h5py.__version__}"
    filters = {
        "": {},
        " chunks": {"chunks": (7, CLASSES)},
        " fletcher32": {"chunks": (64, 3), "fletcher32": True},
        " gzip": {"compression": "gzip"},
        " gzip+shuffle": {"compression": "gzip", "compression_opts": 9, "shuffle": True},
        " gzip+shuffle+fletcher32": {"compression": "gzip", "shuffle": True, "fletcher32": True,
                                     "chunks": (33, 2)},
        " resizable": {"maxshape": (None, CLASSES)},
    }
    for name in TYPES:
        z = logits.astype(name)
        for how, options in filters.items():
            for version in (None, "earliest", "v108", "v110", "latest"):
                file = scratch / f"{name}{how.strip()}_{version}.h5"
                with h5py.File(file, "w", libver=version) as out:
                    out.create_dataset("logits", data=z, **options)
                    out["labels"] = labels
                    out["note"] = "text"
                if version == "latest" and run([file]).returncode != 0:  # the reader's HDF5 may be older
                    refused(".h5 libver=latest", writer, "of a newer format than HDF5", file)
                else:
                    check(".h5" + how, writer, name, expected[name], file)
        file = scratch / f"groups_{name}.hdf5"
        with h5py.File(file, "w", userblock_size=512) as out:  # as CalArena lays its files out
            for model in ("resnet", "vit"):
                group = out.create_group(f"c10/{model}")
                for part in ("cal", "test"):
                    group[f"logits_{part}"] = z.astype(z.dtype.newbyteorder(">"))
                    group[f"labels_{part}"] = labels.astype("int32")
        check(".hdf5 groups, big-endian", writer, name, expected[name], f"{file}:c10/vit")
        file = scratch / f"binary_{name}.h5"
        with h5py.File(file, "w") as out:
            out["logits"], out["labels"] = margins.astype(name), yes
        check(".h5 binary, bool labels", writer, name, binary[name], file)
    for name in LABEL_TYPES:
        file = scratch / f"labels_{name}.h5"
        with h5py.File(file, "w") as out:
            out["logits"] = logits
            out.create_dataset("labels", data=labels.astype(name), compression="gzip", shuffle=True)
        check(".h5 labels", writer, name, expected["float64"], file)
    for what, kind in (("any length", h5py.string_dtype()), ("one length", h5py.string_dtype("utf-8", 12))):
        file = scratch / f"named_{what.replace(' ', '_')}.h5"
        with h5py.File(file, "w") as out:
            out["logits"] = logits
            out.create_dataset("labels", data=np.char.encode(named_labels, "utf-8").astype(kind))
        check(".h5 labels that are names", writer, what, expected["float64"], file, "--class-names", named_file)
    file = scratch / "lzf.h5"
    with h5py.File(file, "w") as out:
        out.create_dataset("logits", data=logits, compression="lzf")
        out["labels"] = labels
    refused(".h5 lzf", writer, "lzf", file)


def torch_files(torch):
    writer = f"torch {torch.__version__}"
    y = torch.from_numpy(labels)
    for name in (*TYPES, "bfloat16"):
        z = torch.from_numpy(logits).to(getattr(torch, name))
        if name == "bfloat16":
            expected[name] = plain(name, z.float().numpy())
            binary[name] = plain("binary_bfloat16", z[:, 0].float().numpy(), yes)
        both = z.repeat(1, 2)
        model = torch.nn.Linear(CLASSES, SAMPLES).to(z.dtype)
        model.weight.data.copy_(z)
        dumps = {
            "dictionary": {"logits": z, "labels": y, "epoch": 3, "note": "x", "device": z.device},
            "tuple": (z, y),
            "list": [z, y.int()],
            "nested": {"train": None, "test": {"logits": z, "targets": y.to(torch.uint8)}},
            "transposed": {"logits": z.t().contiguous().t(), "labels": y},
            "view": {"logits": both[:, CLASSES:], "labels": torch.cat([y, y])[SAMPLES:]},
            "every other": {"logits": torch.stack([z, z], 2)[:, :, 1], "labels": torch.stack([y, y], 1)[:, 0]},
            "one storage": {"logits": both[:, :CLASSES], "again": both, "labels": y},
            "parameter": {"logits": torch.nn.Parameter(z), "labels": [int(k) for k in y]},
            "one-hot": {"logits": z, "labels": torch.nn.functional.one_hot(y)},
        }
        for what, dump in dumps.items():
            file = scratch / f"{what.replace(' ', '_')}_{name}.pt"
            torch.save(dump, file)
            check(".pt " + what, writer, name, expected[name], file)
        for protocol in (2, 3, 4, 5):
            file = scratch / f"protocol_{protocol}_{name}.pth"
            torch.save(dumps["dictionary"], file, pickle_protocol=protocol)
            check(".pth pickle protocols", writer, name, expected[name], file)
        pair = [scratch / f"tensor_{part}_{name}.pt" for part in "zy"]
        torch.save(z, pair[0])
        torch.save(y, pair[1])
        check(".pt tensors", writer, name, expected[name], *pair)
        file = scratch / f"state_{name}.pt"
        torch.save({"model": model.state_dict(), "labels": y}, file)
        check(".pt state_dict", writer, name, expected[name], f"{file}:model.weight", f"{file}:labels")
        file = scratch / f"binary_{name}.pt"
        torch.save({"logits": z[:, 0], "labels": torch.from_numpy(yes)}, file)
        check(".pt binary, bool labels", writer, name, binary[name], file)
    z = torch.from_numpy(logits)
    for name in LABEL_TYPES:
        if hasattr(torch, name):
            file = scratch / f"labels_{name}.pt"
            torch.save({"logits": z, "labels": y.to(getattr(torch, name))}, file)
            check(".pt labels", writer, name, expected["float64"], file)
    bad = {
        "before 1.6": ({"logits": z, "labels": y}, "the format before PyTorch 1.6"),
        "of NumPy arrays": ({"logits": logits, "labels": labels}, "which is not read"),
        "sparse": ({"logits": z.to_sparse(), "labels": y}, "which is not read"),
    }
    for what, (dump, sentence) in bad.items():
        file = scratch / f"bad_{what.replace(' ', '_')}.pt"
        torch.save(dump, file, _use_new_zipfile_serialization=what != "before 1.6")
        refused(".pt " + what, writer, sentence, file)


def safetensors_files(safetensors):
    from safetensors.numpy import save_file
    writer = f"safetensors {safetensors.__version__}"
    for name in TYPES:
        file = scratch / f"numpy_{name}.safetensors"
        save_file({"logits": logits.astype(name), "labels": labels}, file, metadata={"epoch": "3"})
        check(".safetensors, NumPy", writer, name, expected[name], file)
    for name in LABEL_TYPES:
        file = scratch / f"labels_{name}.safetensors"
        save_file({"logits": logits, "labels": labels.astype(name)}, file)
        check(".safetensors labels", writer, name, expected["float64"], file)
    if torch := needs("torch"):
        from safetensors.torch import save_file as save_tensors
        for name in (*TYPES, "bfloat16"):
            file = scratch / f"torch_{name}.safetensors"
            save_tensors({"logits": torch.from_numpy(logits).to(getattr(torch, name)),
                          "labels": torch.from_numpy(labels)}, file)
            check(".safetensors, torch", writer, name, expected[name], file)
            save_tensors({"logits": torch.from_numpy(margins.copy()).to(getattr(torch, name)),
                          "labels": torch.from_numpy(yes)}, file)
            check(".safetensors, torch, bool labels", writer, name, binary[name], file)


def pandas_files(pd):
    writer = f"pandas {pd.__version__}"
    zstandard = needs("zstandard")
    for name in ("float32", "float64"):
        frame = pd.DataFrame(logits.astype(name), columns=names)
        frame["label"] = labels
        file = scratch / f"pandas_{name}.csv"
        frame.to_csv(file, index=False)
        with open(file, newline="", encoding="utf-8") as text:
            read = np.array([[float(field) for field in row[:-1]] for row in list(csv.reader(text))[1:]])
        same = expected["float64"] if name == "float64" else plain("pandas_csv", read)
        label = ("--label-column", "label")
        check(".csv", writer, name, same, file, *label)
        for ending in ("csv.gz", "tsv", "tsv.gz", "csv.zst", "tsv.zst"):
            if ending.endswith("zst") and not zstandard:
                continue
            file = scratch / f"pandas_{name}.{ending}"
            frame.to_csv(file, index=False, sep="\t" if ending.startswith("t") else ",")
            check("." + ending, writer, name, same, file, *label)
        file = scratch / f"index_{name}.csv"
        frame.to_csv(file)
        refused(".csv index=True, no columns named", writer, "column", file, *label)
        check(".csv index=True", writer, name, same, file, *label, "--score-columns", "z0..z6")
        file = scratch / f"numbered_{name}.csv"
        frame.rename(columns={f"z{k}": k for k in range(CLASSES)}).to_csv(file, index=False)
        check(".csv columns 0, 1, 2", writer, name, same, file, *label)
        file = scratch / f"no_header_{name}.csv"
        frame.to_csv(file, index=False, header=False)
        check(".csv header=False", writer, name, same, file, "--label-column", CLASSES, "--header", "no")
        rows = pd.DataFrame({"logits": list(logits.astype(name)), "label": labels})
        paths = ("--logits", "logits", "--label", "label")
        for digits in (10, 15):
            file = scratch / f"pandas_{name}_{digits}.jsonl"
            rows.to_json(file, orient="records", lines=True, double_precision=digits)
            lines = file.read_text(encoding="utf-8").splitlines()
            same = plain("pandas_json", np.array([json.loads(line)["logits"] for line in lines]))
            what = f" of {digits} digits"
            check(".jsonl" + what, writer, name, same, file, *paths)
            for ending in ("jsonl.gz", "jsonl.zst", "json"):
                if ending.endswith("zst") and not zstandard:
                    continue
                file = scratch / f"pandas_{name}_{digits}.{ending}"
                rows.to_json(file, orient="records", lines=ending != "json", double_precision=digits)
                check("." + ending + what, writer, name, same, file, *paths)
    named = pd.DataFrame(logits, columns=list(class_names))
    named["label"] = named_labels
    named.to_csv(scratch / "named.csv", index=False)
    check(".csv labels that are names", writer, "float64", expected["float64"], scratch / "named.csv",
          "--label-column", "label")
    if needs("pyarrow"):
        frame.to_parquet(scratch / "frame.parquet")
        refused(".parquet", writer, ".csv", scratch / "frame.parquet", "--label-column", "label")


def json_files():
    writer = f"json of Python {sys.version_info.major}.{sys.version_info.minor}"
    records = [{"id": f"\u00e4{i}", "out": {"logits": list(map(float, z))}, "label": int(k)}
               for i, (z, k) in enumerate(zip(logits, labels))]
    lines = "".join(json.dumps(r) + "\n" for r in records)
    texts = {
        "a.jsonl": lines,
        "unicode.ndjson": "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\r\n"
                                  for r in records),
        "list.json": json.dumps(records),
        "indented.json": json.dumps(records, indent=2),
        "object.json": json.dumps({f"{i:04}": r for i, r in enumerate(records)}),
    }
    for name, text in texts.items():
        (scratch / name).write_bytes(text.encode())
    (scratch / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    for name in (*texts, "a.jsonl.gz"):
        check("." + name.split(".", 1)[1], writer, "float64", expected["float64"], scratch / name,
              "--logits", "out.logits", "--label", "label")


def questions():
    """Questions with 3 to 5 choices: (question, choices, answer, log-likelihoods, those alone)."""
    drawn = np.random.default_rng(11)
    out = []
    for i in range(120):
        k = int(drawn.integers(3, 6))
        choices = ["a\u00e4"[c % 2] + "b" * int(drawn.integers(1, 9)) + f"{i}.{c}" for c in range(k)]
        values = -10 * drawn.random((2, k))
        out.append((f"Question {i}", choices, int((values[0] + drawn.random(k)).argmax()), *values.tolist()))
    return out


def filled(rows):
    """As a matrix: classes that a question does not have are no classes."""
    widest = max(map(len, rows))
    return np.array([row + [-math.inf] * (widest - len(row)) for row in rows])


def lm_eval_checks(writer, file, with_alone, shares, *more):
    """`with_alone`: of a task with acc_mutual_info. `shares`: lm-eval's own shares of right answers."""
    asked = questions()
    answers = [answer for _, _, answer, _, _ in asked]
    ways = {"": ("acc", [values for _, _, _, values, _ in asked])}
    if with_alone:
        ways["--mutual-information"] = (
            "acc_mutual_info", [[a - b for a, b in zip(values, alone)] for _, _, _, values, alone in asked])
    else:
        for unit, own in (("chars", "acc_norm"), ("bytes", "acc_bytes")):
            length = len if unit == "chars" else lambda text: len(text.encode())
            ways[f"--normalise {unit}"] = (own, [[v / length(c) for v, c in zip(values, choices)]
                                                 for _, choices, _, values, _ in asked])
    for flags, (own, rows) in ways.items():
        same = plain("lm_eval", filled(rows), answers)
        check(f"samples_*.jsonl {flags}".strip(), writer, "float64", same, file, "--preset", "lm-eval",
              *flags.split(), *more)
        if own in shares and not abs(shares[own] - same["/metrics/accuracy"]) <= 1e-12:
            fail(f"{writer} {own}: it has {shares[own]!r}, calibra {same['/metrics/accuracy']!r}")


def lm_eval_layout():
    """The layout of lm-eval 0.4, for where it is not installed."""
    def texts(values):
        return [[str(v), "False"] for v in values]

    for with_alone in (False, True):
        file = scratch / f"samples_layout_{with_alone}.jsonl"
        with open(file, "w", encoding="utf-8") as out:
            for i, (question, choices, answer, values, alone) in enumerate(questions()):
                said = [(question, " " + c) for c in choices] + [("", " " + c) for c in choices if with_alone]
                values = values + alone if with_alone else values
                out.write(json.dumps({
                    "doc_id": i, "doc": {"question": question, "choices": choices, "answer": answer},
                    "target": str(answer),
                    "arguments": {f"gen_args_{k}": {"arg_0": a, "arg_1": b} for k, (a, b) in enumerate(said)},
                    "resps": [[text] for text in texts(values)], "filtered_resps": texts(values),
                    "filter": "none", "metrics": ["acc"], "doc_hash": "0", "prompt_hash": "0",
                    "target_hash": "0", "acc": 1.0,
                    **({"acc_mutual_info": 1.0} if with_alone else {})}, ensure_ascii=False) + "\n")
        lm_eval_checks("layout of lm-eval 0.4", file, with_alone, {})


def lm_eval_files(lm_eval):
    """A task of its own and a model that knows the numbers, through the whole of lm-eval."""
    import datasets
    from lm_eval.api.model import LM
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager
    logging.disable(logging.WARNING)
    writer = f"lm-eval {importlib.metadata.version('lm-eval')}"
    asked = questions()

    class known(LM):
        def loglikelihood(self, requests):
            said = {}
            for question, choices, _, values, alone in asked:
                for choice, value, without in zip(choices, values, alone):
                    said[question, choice], said["", choice] = value, without
            return [(said[r.args[0], r.args[1].strip()], False) for r in requests]

        def loglikelihood_rolling(self, requests):
            raise NotImplementedError

        def generate_until(self, requests):
            raise NotImplementedError

    def measure(name, metrics, filters, *flags):
        """lm-eval's file of a task with these metrics, and its own numbers."""
        task = {
            "task": name, "output_type": "multiple_choice", "test_split": "test",
            "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(
                [{"question": q, "choices": c, "answer": a} for q, c, a, _, _ in asked])},
            "doc_to_text": "{{question}}", "doc_to_choice": "choices", "doc_to_target": "answer",
            "metric_list": [{"metric": m, "aggregation": "mean", "higher_is_better": True} for m in metrics],
        }
        if filters:
            task["filter_list"] = [{"name": f, "filter": [{"function": "take_first"}]} for f in filters]
        tracker = EvaluationTracker(output_path=str(scratch / "lm_eval"))
        found = lm_eval.simple_evaluate(
            model=known(), tasks=[task], log_samples=True, bootstrap_iters=0, evaluation_tracker=tracker,
            task_manager=TaskManager(include_defaults=False))
        samples = found.pop("samples")
        tracker.save_results_aggregated(results=found, samples=samples)
        tracker.save_results_samples(task_name=name, samples=samples[name])
        file, = (scratch / "lm_eval").rglob(f"samples_{name}_*.jsonl")
        shares = {m: found["results"][name][f"{m},{filters[0] if filters else 'none'}"] for m in metrics}
        lm_eval_checks(writer, file, "acc_mutual_info" in metrics, shares, *flags)
        return file

    measure("lengths", ["acc", "acc_norm", "acc_bytes"], [])
    measure("alone", ["acc", "acc_mutual_info"], [])
    file = measure("filters", ["acc"], ["first", "second"], "--filter", "first")
    refused("samples_*.jsonl of two filters", writer, "say which", file, "--preset", "lm-eval")


expected = {name: plain(name, logits.astype(name)) for name in TYPES}
binary = {name: plain("binary_" + name, margins.astype(name), yes) for name in TYPES}
for dtype, tolerance in zip(TYPES, (1e-6, 1e-6, 1e-12)):
    naive_check(logits.astype(dtype), tolerance, expected[dtype])
if len({expected[dtype]["/metrics/nll"] for dtype in TYPES}) != len(TYPES):
    fail("the element types do not differ: nothing would be seen")

numpy_files()
json_files()
for package, files in (("h5py", h5py_files), ("torch", torch_files), ("safetensors", safetensors_files),
                       ("pandas", pandas_files)):
    if module := needs(package):
        files(module)
if module := needs("lm_eval"):
    lm_eval_files(module)
else:
    lm_eval_layout()

heads = ("format", "writer", "type", "files", "numbers", "largest difference")
lines = [heads, *((*key, str(n), str(of), f"{worst:g}" if of else "") for key, (n, of, worst) in table.items())]
widths = [max(len(line[c]) for line in lines) for c in range(len(heads))]
for line in lines:
    print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
print(f"{sum(row[0] for row in table.values())} files, {sum(row[1] for row in table.values())} numbers")
print(*dict.fromkeys(notes), sep="\n")
sys.exit(1 if failures else 0)
