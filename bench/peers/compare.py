# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Measures calibra and its peers in turns, and writes the tables of docs/benchmarks.md.

    python3 compare.py BENCH_PEERS CALIBRA FOLDER [NxK...]

Adds to FOLDER/results.json and prints Markdown. Ends with status 1 if a value of a peer is farther
from calibra's, under the convention of that peer, than bound() allows.
"""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SIZES = ("10000x10", "50000x1000", "1000000x100", "2000000x10")
REPEATS, LIMIT, GIGABYTES = 5, 60, 16
PEERS = {
    "torchmetrics": ["ece", "mce", "rmsce", "accuracy"],
    "probmetrics": [
        "ece", "mce", "nll", "brier", "accuracy", "smooth_ece", "ece,mce,nll,brier,accuracy",
        "temperature",
    ],
    "torch_uncertainty": [
        "ece", "mce", "nll", "brier", "ace", "classwise_ece", "smooth_ece", "temperature",
    ],
    "netcal": ["ece", "mce", "mmce", "temperature"],
    "verified": ["ece", "ace", "classwise_ece"],
    "relplot": ["ece", "smooth_ece"],
    "sklearn": ["ece", "nll", "brier", "accuracy", "temperature"],
}  # fmt: skip
NAMES = {"verified": "uncertainty-calibration", "torch_uncertainty": "torch-uncertainty",
         "sklearn": "scikit-learn"}  # fmt: skip
IN_FLOAT = ("torchmetrics", "probmetrics", "torch_uncertainty")  # sum in float32

# The same number from the same files. Times include the start of Python and the imports.
WHOLE = {
    "torchmetrics": """
import numpy, torch
from torchmetrics.functional.classification import multiclass_calibration_error as error
torch.set_num_threads(1)
z, y = (torch.from_numpy(numpy.load(f)) for f in {files!r})
print(float(error(z, y, z.shape[1], n_bins=15)))""",
    "relplot": """
import numpy, relplot
z, y = map(numpy.load, {files!r})
print(relplot.metrics.binnedECE(*relplot.multiclass_logits_to_confidences(z, y), 15))""",
    "verified": """
import numpy, calibration, scipy.special
z, y = map(numpy.load, {files!r})
print(calibration.get_ece(scipy.special.softmax(z, axis=1), y, num_bins=15))""",
    "sklearn": """
import numpy, scipy.special
from sklearn.calibration import calibration_curve
z, y = map(numpy.load, {files!r})
p = scipy.special.softmax(z, axis=1)
confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
accuracy, mean = calibration_curve(hit, confidence, n_bins=15)
inner = numpy.linspace(0, 1, 16)[1:-1]
count = numpy.bincount(numpy.searchsorted(inner, confidence), minlength=15)
print((abs(accuracy - mean) * count[count > 0]).sum() / len(y))""",
}


def bound(peer, metric, rows, classes):
    """How far a value may be from calibra's."""
    if metric == "temperature":
        return 5e-3  # torch-uncertainty's optimiser stops early
    if (peer, metric) == ("torch_uncertainty", "smooth_ece"):
        return 1e-3
    if (peer, metric) == ("sklearn", "nll"):
        return 2e-6 + 1.2e-7 * classes  # log_loss 1.9 clips to eps as 1.2, but divides by no sum
    # Packages of IN_FLOAT add up `rows` float32 numbers one after the other.
    return 2e-6 + (2e-9 * rows if peer in IN_FLOAT else 0)


def whole_bound(rows):
    """From logits: a confidence that rounding moves over an edge moves a sample of the table."""
    return 2e-6 + 2e-9 * rows + 8 / rows


def lines_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def calibra_results(program, files, peer, tasks):
    done, lines = lines_of([program, *files, str(REPEATS), peer, *tasks])
    if done.returncode != 0:
        sys.exit(f"{program}: {done.stderr}")
    return {line["task"]: line for line in lines}


def peer_results(files, peer, tasks):
    found, left = {}, list(tasks)
    while left:
        command = [sys.executable, HERE / "peer_times.py", *files]
        command += [str(REPEATS), str(LIMIT), str(GIGABYTES), peer, *left]
        done, lines = lines_of(command)
        found.update({line["task"]: line for line in lines if "task" in line})
        begun = [line["begins"] for line in lines if "begins" in line]
        if done.returncode == 0:
            break
        if not begun or done.returncode not in (-signal.SIGALRM, -signal.SIGKILL):
            sys.exit(f"{peer} {left}: {done.stderr}")
        over = "time" if done.returncode == -signal.SIGALRM else "memory"
        found[begun[-1]] = {"task": begun[-1], over: True}
        left = left[left.index(begun[-1]) + 1 :]
    return found


def whole(command):
    """A process: seconds on the clock, of the processor, MB at most, and what it printed."""
    read, write = os.pipe()
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    stop = threading.Timer(LIMIT, child.kill)
    stop.start()
    with os.fdopen(read) as out:
        text = out.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    stop.cancel()
    child.returncode = status
    if status != 0:
        return None
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def whole_results(calibra, files):
    commands = {
        name: [sys.executable, "-W", "ignore", "-c", code.format(files=files[:2])]
        for name, code in WHOLE.items()
    }
    commands["calibra"] = [
        calibra, "eval", *files[:2], "--metrics", "ece", "--threads", "1", "--format", "json",
    ]  # fmt: skip
    runs = {name: [] for name in commands}
    for repeat in range(REPEATS + 1):
        for name, command in commands.items():
            if None in runs[name]:
                continue
            run = whole(command)
            if repeat > 0 or run is None:  # the first brings files into memory
                runs[name].append(run)
    found = {}
    for name, done in runs.items():
        if None in done:
            found[name] = {"time": True}
            continue
        text = done[0][3]
        value = json.loads(text)["metrics"]["ece"] if name == "calibra" else float(text)
        found[name] = {
            "seconds": [run[0] for run in done],
            "processor_seconds": [run[1] for run in done],
            "megabytes": max(run[2] for run in done),
            "values": {"ece": value},
        }
    return found


def median(line, what="seconds"):
    return statistics.median(line[what])


def median_or_last(line):
    return median(line) if "seconds" in line else 1e9


def seconds(x):
    return f"{x:.3g} s" if x >= 0.9995 else f"{1000 * x:.3g} ms"


def times(x):
    return f"{x:.2g}" if x < 10 else f"{x:.0f}"


def memory(x):
    return f"{x:.0f}" if x >= 9.5 else f"{max(x, 0):.1f}"


def note(line):
    return f"over {LIMIT} s" if "time" in line else f"over {GIGABYTES} GB"


def main():
    program, calibra, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    sizes = sys.argv[4:] or SIZES
    results, failures, fastest = {}, [], {}
    for size in sizes:
        rows, classes = map(int, size.split("x"))
        subprocess.run([sys.executable, HERE / "make_dumps.py", folder, str(rows), str(classes)],
                       check=True)  # fmt: skip
        files = [str(folder / f"{size}_{w}.npy") for w in ("logits", "labels", "probabilities")]
        print(f"\n### {rows:,} x {classes:,}\n")
        print("| metric | package | package | calibra | ratio | calibra, like it | ratio | MB more "
              "| calibra: MB more | difference |")  # fmt: skip
        print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
        table = []
        for peer, tasks in PEERS.items():
            ours = calibra_results(program, files, peer, tasks)
            theirs = peer_results(files, peer, tasks)
            results[f"{size} {peer}"] = {"calibra": ours, "peer": theirs}
            for task in tasks:
                own, like = median(ours[task]), median(ours[task], "like_seconds")
                line, name = theirs[task], NAMES.get(peer, peer)
                shown = task.replace(",", ", ")
                mine = f"{seconds(own)} | {{}} | {seconds(like)} | {{}}"
                if task == "temperature":
                    mine = f"{seconds(own)} | {{}} | |"  # no convention
                used = memory(ours[task]["megabytes"])
                if "seconds" not in line:
                    row = (f"| {shown} | {name} | {note(line)} | {mine.format('', '')} | | {used} "
                           "| |")  # fmt: skip
                    table.append((task, 1e9, row))
                    continue
                values = ours[task]["values"]
                apart = max(abs(v - values[m]) for m, v in line["values"].items())
                for metric, value in line["values"].items():
                    if not abs(value - values[metric]) <= bound(peer, metric, rows, classes):
                        failures.append(f"{size} {peer} {metric}: {value}, not {values[metric]}")
                time_taken = median(line)
                few = "" if len(line["seconds"]) == REPEATS else f" ({len(line['seconds'])})"
                ratios = (time_taken, time_taken / own, time_taken / like)
                fastest[size, task] = min(ratios, fastest.get((size, task), ratios))
                mine = mine.format(times(time_taken / own), times(time_taken / like))
                table.append((task, time_taken, f"| {shown} | {name} | {seconds(time_taken)}{few} "
                              f"| {mine} | {memory(line['megabytes'])} | {used} "
                              f"| {apart:.0e} |"))  # fmt: skip
        order = list(dict.fromkeys(task for tasks in PEERS.values() for task in tasks))
        for _, _, row in sorted(table, key=lambda r: (order.index(r[0]), r[1])):
            print(row, flush=True)

        found = whole_results(calibra, files)
        results[f"{size} whole"] = found
        mine = found.pop("calibra")
        print("\n| from files to ece, the whole process | clock | processor | ratio of clocks | MB "
              "| difference |\n|---|---:|---:|---:|---:|---:|")  # fmt: skip
        print(f"| calibra | {seconds(median(mine))} | {seconds(median(mine, 'processor_seconds'))} "
              f"| | {memory(mine['megabytes'])} | |")  # fmt: skip
        for peer, line in sorted(found.items(), key=lambda f: median_or_last(f[1])):
            name = NAMES.get(peer, peer)
            if "seconds" not in line:
                print(f"| {name} | {note(line)} | | | | |")
                continue
            ratio = median(line) / median(mine)
            fastest[size, "whole"] = min((0, ratio, ratio), fastest.get((size, "whole"), (1,)))
            apart = abs(line["values"]["ece"] - mine["values"]["ece"])
            if not apart <= whole_bound(rows):
                failures.append(f"{size} {peer} whole process: {apart} apart")
            print(f"| {name} | {seconds(median(line))} "
                  f"| {seconds(median(line, 'processor_seconds'))} | {times(ratio)} "
                  f"| {memory(line['megabytes'])} | {apart:.0e} |", flush=True)  # fmt: skip

    print("\n| fastest package / calibra (calibra, like it) | " + " | ".join(sizes) + " |")
    print("|---|" + "---:|" * len(sizes))
    tasks = list(dict.fromkeys(task for _, task in fastest))
    for task in sorted(tasks, key=("temperature", "whole").count):
        cells = []
        for size in sizes:
            _, own, like = fastest.get((size, task), (0, 0, 0))
            more = "" if task in ("temperature", "whole") else f" ({times(like)})"
            cells.append(times(own) + more if own else "")
        print(f"| {task.replace(',', ', ')} | " + " | ".join(cells) + " |")
    kept = folder / "results.json"
    before = json.loads(kept.read_text()) if kept.exists() else {}
    kept.write_text(json.dumps({**before, **results}, indent=1))
    for failure in failures:
        print(f"too far apart: {failure}", file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
