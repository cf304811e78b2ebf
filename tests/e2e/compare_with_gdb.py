#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the stacks of `xgops stack` with gdb's, for threads that did not move in between.

usage: compare_with_gdb.py --xgops PATH --pid PID [--samples N] [--min-samples N]

Each sample runs `xgops stack --json --no-inlines`, attaches gdb at once, walks every thread's
frames, and detaches. A thread is compared when the scheduler has not picked it around our dump and
gdb then finds it at the same stack pointer and instruction pointer; samples are repeated until
every thread was compared or there were N. gdb's pseudo frames (inlined functions, tail calls) have
no return address of their own and are left out.

Prints one JSON object: how many threads and frames were compared, how many frames are equal, and
every thread with a difference. Exit status 0 unless the comparison itself failed.

The script runs twice: first plainly, where it only starts gdb, then inside gdb's interpreter.
"""

import json
import os
import re
import subprocess
import sys

try:
    import gdb
except ImportError:
    gdb = None

SETTINGS = "XGOPS_GDB_COMPARISON"
MAX_FRAMES = 1024


def task_file(pid, tid, name):
    try:
        with open(f"/proc/{pid}/task/{tid}/{name}", encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def positions(pid):
    """Where every blocked thread stands: {tid: (times scheduled, stack pointer, pc)}."""
    result = {}
    for entry in os.listdir(f"/proc/{pid}/task"):
        call = task_file(pid, entry, "syscall").split()
        scheduled = task_file(pid, entry, "schedstat").split()
        if len(call) >= 3 and len(scheduled) == 3:
            result[int(entry)] = (int(scheduled[2]), int(call[-2], 16), int(call[-1], 16))
    return result


# ---------------------------------------------------------------- inside gdb


def gdb_stack():
    """Return addresses and names of the selected thread, innermost first."""
    frames = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < MAX_FRAMES:
        if frame.type() in (gdb.NORMAL_FRAME, gdb.SIGTRAMP_FRAME):
            frames.append((frame.pc(), frame.name() or "??"))
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames


def own_stack(thread):
    """The same from our answer. Inlined entries share the address of their frame."""
    frames = []
    for frame in thread["frames"]:
        if not frame["inlined"]:
            frames.append((int(frame["address"], 16), frame["function"] or "??"))
    return frames


def ask_xgops(settings):
    command = [settings["xgops"], "stack", "--json", "--no-inlines",
               "--max-frames", str(MAX_FRAMES), "-p", str(settings["pid"])]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if answer.returncode not in (0, 4):
        raise RuntimeError(f"xgops: status {answer.returncode}: {answer.stderr}")
    return json.loads(answer.stdout)


def first_difference(ours, theirs):
    for index, (own, other) in enumerate(zip(ours, theirs)):
        if own[0] != other[0]:
            return index
    return min(len(ours), len(theirs))


def describe(frames):
    return [f"{pc:#x} {name}" for pc, name in frames]


def compare_thread(thread, ours, theirs):
    equal = sum(1 for own, other in zip(ours, theirs) if own[0] == other[0])
    result = {"frames": max(len(ours), len(theirs)), "equal": equal}
    if result["frames"] != equal:
        index = first_difference(ours, theirs)
        result["difference"] = {
            "tid": thread["tid"], "name": thread["name"], "status": thread["status"],
            "reason": thread["reason"], "index": index,
            "xgops": describe(ours), "gdb": describe(theirs)}
    return result


def sample(settings, results):
    pid = settings["pid"]
    before = positions(pid)
    document = ask_xgops(settings)
    after = positions(pid)
    gdb.execute(f"attach {pid}", to_string=True)
    try:
        for thread in gdb.selected_inferior().threads():
            tid = thread.ptid[1]
            own = next((t for t in document["threads"] if t["tid"] == tid), None)
            if tid in results or own is None or own["agent_thread"]:
                continue
            if tid not in before or before[tid] != after.get(tid):
                continue
            thread.switch()
            here = (int(gdb.parse_and_eval("(unsigned long)$sp")),
                    int(gdb.parse_and_eval("(unsigned long)$pc")))
            if here != before[tid][1:]:
                continue
            results[tid] = compare_thread(own, own_stack(own), gdb_stack())
    finally:
        gdb.execute("detach", to_string=True)
    return document, set(before) & set(after)


def inside_gdb(settings):
    for setting in ("pagination off", "confirm off", "backtrace past-main on",
                    "print thread-events off", "debuginfod enabled off"):
        gdb.execute(f"set {setting}", to_string=True)
    results = {}
    missing = set()
    threads = 0
    for number in range(settings["samples"]):
        document, alive = sample(settings, results)
        answered = {thread["tid"] for thread in document["threads"]}
        missing |= alive - answered
        threads = len(answered)
        comparable = {t["tid"] for t in document["threads"] if not t["agent_thread"]}
        if number + 1 >= settings["min_samples"] and comparable <= set(results):
            break
    print("RESULT " + json.dumps({
        "threads": threads,
        "missing": sorted(missing),
        "compared": len(results),
        "frames": sum(result["frames"] for result in results.values()),
        "equal": sum(result["equal"] for result in results.values()),
        "differences": [r["difference"] for r in results.values() if "difference" in r],
    }))


# ---------------------------------------------------------------- outside


def start_gdb(arguments):
    settings = {"xgops": None, "pid": None, "samples": 5, "min_samples": 1}
    while arguments:
        name = arguments.pop(0).lstrip("-").replace("-", "_")
        if name not in settings or not arguments:
            sys.exit(__doc__)
        value = arguments.pop(0)
        settings[name] = value if name == "xgops" else int(value)
    if settings["xgops"] is None or settings["pid"] is None:
        sys.exit(__doc__)
    command = ["gdb", "-nx", "-batch", "-x", os.path.abspath(__file__)]
    environment = dict(os.environ, **{SETTINGS: json.dumps(settings)})
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"^RESULT (.*)$", run.stdout, re.MULTILINE)
    if not found:
        sys.exit(f"no comparison\n{run.stdout}\n{run.stderr}")
    print(found.group(1))


if gdb is not None:
    inside_gdb(json.loads(os.environ[SETTINGS]))
elif __name__ == "__main__":
    start_gdb(sys.argv[1:])
