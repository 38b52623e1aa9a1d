#!/usr/bin/env python3
# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""What the program does where the system fails: full disks, read-only folders, closed pipes, signals,
files that shrink while they are read.

    faults.py PROGRAM SCRATCH

Prints a line a fault with how the program ended and what it said. Faults that need a mount are left out
by name where none may be made.
"""
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys

program, scratch = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
os.chdir(scratch)
failures = 0


def npy(descr, shape, data):
    """The bytes of a .npy file."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + data


def save(name, rows, cols=None):
    """The same logits in every row, or labels of 0 and 1."""
    if cols is None:
        data = b"".join(struct.pack("<q", i % 2) for i in range(rows))
        pathlib.Path(name).write_bytes(npy("<i8", f"({rows},)", data))
    else:
        row = struct.pack(f"<{cols}f", *(0.5 * (j % 3) for j in range(cols)))
        pathlib.Path(name).write_bytes(npy("<f4", f"({rows}, {cols})", row * rows))


def files():
    return sorted(p.name for p in scratch.iterdir())


def check(fault, got, expected, left=None, whole=None):
    """One line: the status (a signal below 0) and the message, as they should be."""
    global failures
    wrong = []
    if got != expected:
        wrong.append(f"expected {expected}")
    if left is not None and files() != left:
        wrong.append(f"files: expected {left}, got {files()}")
    if whole is not None and pathlib.Path(whole).read_bytes() != b"old":
        wrong.append(f"{whole} was changed")
    failures += len(wrong)
    print(f"{fault:44} {got[0]:4}  {got[1]}" + "".join(f"  WRONG: {w}" for w in wrong), flush=True)


def run(arguments, **how):
    ended = subprocess.run([program, *arguments.split()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           **{"stdout": subprocess.DEVNULL, **how})
    return ended.returncode, ended.stderr.decode().strip()


def start(arguments, **how):
    return subprocess.Popen([program, *arguments.split()], stderr=subprocess.PIPE, **how)


def until(condition, process):
    """Asks until it holds; the process has to be there as long."""
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"ended too early, with {process.returncode}: {process.stderr.read().decode()}")


def full_disks():
    with open("/dev/full", "wb") as full:
        check("standard output on a full disk", run("eval z.npy y.npy", stdout=full),
              (1, "calibra: standard output: cannot write: No space left on device"), inputs)
    check("an output beyond the limit of a file",
          run("apply model.json z.npy -o old.npy",
              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))),
          (1, "calibra: old.npy: cannot write: File too large"), inputs, "old.npy")
    for fault, mount, said in (("an output on a full disk", "size=64k", "No space left on device"),
                               ("an output in a read-only folder", "ro", "Read-only file system")):
        os.mkdir("disk")
        script = (f"mount -t tmpfs -o {mount} none disk && echo mounted && "
                  f"{program} apply model.json z.npy -o disk/out.npy; echo $?; ls -A disk")
        own = subprocess.run(["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "sh", "-c", script],
                             capture_output=True, text=True) if shutil.which("unshare") else None
        os.rmdir("disk")
        if own is None or not own.stdout.startswith("mounted"):
            print(f"{fault:44} left out: no file system may be mounted here")
            continue
        status, *left = own.stdout.split()[1:]
        check(fault, (int(status), own.stderr.strip()),
              (1, f"calibra: disk/out.npy: cannot write: {said}"), inputs)
        if left:
            check(fault, ("", f"left {left}"), ("", "left nothing"))


def closed_pipes():
    read, write = os.pipe()
    os.close(read)
    check("a closed pipe", run("fit z.npy y.npy -o old.npy", stdout=write), (-signal.SIGPIPE, ""), inputs, "old.npy")
    check("a closed pipe, signal ignored",
          run("fit z.npy y.npy -o old.npy", stdout=write, restore_signals=False,
              preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)),
          (1, "calibra: standard output: cannot write: Broken pipe"), inputs, "old.npy")
    os.close(write)


def signals():
    """The program has written its temporary file when it waits for a reader of standard output."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while os.write(write, b" "):
                pass
        except BlockingIOError:
            os.set_blocking(write, True)
        process = start("fit z.npy y.npy -o old.npy", stdout=write)
        until(lambda: files() != inputs, process)
        process.send_signal(number)
        status, said = process.wait(), process.stderr.read().decode()
        os.close(read)
        os.close(write)
        killed = number == signal.SIGKILL  # nothing can be done about it
        temporary = [f".calibra-{process.pid}-0.tmp"] if killed else []
        check(f"{number.name} during a write", (status, said), (-number, ""), sorted(inputs + temporary), "old.npy")
        for name in temporary:
            os.remove(name)


def is_mapped(process, name):
    with open(f"/proc/{process.pid}/maps") as maps:
        return any(line.rstrip().endswith(f"/{name}") for line in maps)


def shrinking_files():
    """Scores are mapped when the program waits for labels from standard input."""
    labels = pathlib.Path("y.npy").read_bytes()
    for threads in (1, 4):
        shutil.copy("z.npy", "shrinking.npy")
        process = start(f"eval shrinking.npy - --threads {threads}", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        until(lambda: is_mapped(process, "shrinking.npy"), process)
        os.truncate("shrinking.npy", 200)
        out, said = process.communicate(labels)
        check(f"scores that shrink, {threads} thread{'s' * (threads > 1)}", (process.returncode, said.decode().strip()),
              (1, "calibra: shrinking.npy: cannot be read: it became shorter, or its disk failed"), sorted([*inputs, "shrinking.npy"]))
        if out:
            check("scores that shrink", ("", f"printed {out}"), ("", "printed nothing"))
    shutil.copy("z.npy", "shrinking.npy")
    process = start("eval shrinking.npy -", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    until(lambda: is_mapped(process, "shrinking.npy"), process)
    os.rename("old.npy", "shrinking.npy")
    out, said = process.communicate(labels)
    pathlib.Path("old.npy").write_bytes(b"old")
    os.remove("shrinking.npy")
    check("scores that are replaced by a rename", (process.returncode, said.decode().strip()), (0, ""), inputs)


save("z.npy", 20000, 3)
save("y.npy", 20000)
made = run("fit z.npy y.npy -o model.json")
if made[0] != 0:
    sys.exit(f"the program does not fit a model: {made[1]}")
pathlib.Path("old.npy").write_bytes(b"old")
inputs = files()
full_disks()
closed_pipes()
signals()
shrinking_files()
sys.exit(1 if failures else 0)
