#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""several_processes.py PROGRAM FOLDER: the program, built with MPI, under mpirun.

1, 2, 4 and 9 processes give the numbers of one; what goes wrong in one of them ends all of them,
with its message, and nothing is printed.
"""

import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys

CLASSES = 4


def npy(path, descr, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, shape)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def write_parts(sizes):
    rng = random.Random(11)
    for part, rows in enumerate(sizes):
        scores = struct.pack(f"<{rows * CLASSES}f", *(rng.gauss(0, 2) for _ in range(rows * CLASSES)))
        labels = struct.pack(f"<{rows}q", *(rng.randrange(CLASSES) for _ in range(rows)))
        npy(f"z-{part}.npy", "<f4", (rows, CLASSES), scores)
        npy(f"y-{part}.npy", "<i8", (rows,), labels)


def launch(program, processes, *arguments):
    command = ["mpirun", "--oversubscribe", "-n", str(processes), program, *arguments]
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment)


def run(program, processes, *arguments):
    process = launch(program, processes, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def expect(true, what):
    if not true:
        raise SystemExit(f"several_processes.py: {what}")


def compare(found, expected, what):
    expect(list(found) == list(expected), f"{what}: other metrics")
    for name, value in expected.items():
        if value is None:
            expect(found[name] is None, f"{what}: {name}")
        else:
            expect(abs(found[name] - value) <= 1e-12 * max(1, abs(value)),
                   f"{what}: {name}: expected {value}, got {found[name]}")


def children_of(parent):
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit():
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                if int(fields[1]) == parent:
                    found.append(int(entry))
        except OSError:
            pass
    return found


def main():
    program, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    write_parts([300, 70, 1, 500, 90, 250, 33])
    files = ["eval", "z-*.npy", "y-*.npy", "--threads", "1", "--format", "json"]
    checked = 0
    for options in ([], ["--binning", "mass"], ["--like", "netcal"], ["--resume", "kept"]):
        alone = subprocess.run([program, *files, *options], capture_output=True, text=True, check=True)
        expected = json.loads(alone.stdout)
        for processes in (1, 2, 4, 9):
            status, out, err = run(program, processes, *files, *options)
            expect(status == 0, f"{processes} processes {options}: status {status}: {err}")
            expect(err.count("7 files") == 1, f"{processes} processes: said more than once: {err}")
            found = json.loads(out)
            expect(found["samples"] == expected["samples"], f"{processes} processes: samples")
            compare(found["metrics"], expected["metrics"], f"{processes} processes {options}")
            checked += len(expected["metrics"])

    # What all of them find wrong, one of them says.
    for arguments, words, status in (
        (["eval", "none-*.npy", "y-*.npy"], "none-*.npy: no file has such a name", 1),
        (["eval", "z-0.npy", "y-0.npy"], "several processes: expected eval of several files", 2),
        (["eval", "z-*.npy", "y-*.npy", "--binz", "3"], "did you mean \"--bins\"?", 2),
        (["eval", "z-*.npy", "y-*.npy", "--interval"], "--interval: keeps every row", 2),
    ):
        got, out, err = run(program, 3, *arguments)
        expect(got == status and out == "", f"{arguments}: status {got}, {out}")
        expect(err.count(words) == 1, f"{arguments}: {err}")

    # What one of them finds wrong ends all.
    shutil.copy("y-6.npy", "kept-y-6.npy")
    shutil.copy("y-5.npy", "y-6.npy")
    got, out, err = run(program, 3, *files)
    expect(got != 0 and out == "", f"bad labels: status {got}, {out}")
    expect("process 2 of 3: y-6.npy: expected 33 labels" in err, f"bad labels: {err}")
    shutil.move("kept-y-6.npy", "y-6.npy")

    # One that is killed ends all. Its file is long: zeros that take no room on the disk.
    rows = 1 << 28
    npy("z-6.npy", "<f4", (rows, CLASSES), b"")
    os.truncate("z-6.npy", os.path.getsize("z-6.npy") + rows * CLASSES * 4)
    npy("y-6.npy", "|u1", (rows,), b"")
    os.truncate("y-6.npy", os.path.getsize("y-6.npy") + rows)
    process = launch(program, 3, *files)
    ranks = []
    while len(ranks) < 3 and process.poll() is None:
        ranks = children_of(process.pid)
    expect(process.poll() is None, "it ended before it could be killed")
    os.kill(max(ranks), signal.SIGKILL)
    out, err = process.communicate(timeout=10)
    expect(process.returncode != 0 and out == "", f"killed: status {process.returncode}, {out}")
    os.remove("z-6.npy")
    print(f"{checked} values of 1 to 9 processes; 6 failures")


main()
