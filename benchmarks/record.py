"""What every benchmark writes beside its numbers: machine, versions, commit, and medians of several runs."""

import gc
import json
import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from benchmarks import peers

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("spectral_ph", "numpy", "scipy", "scikit-learn", "numba", "openTSNE", "umap-learn", "torch")


def versions():
    found = {"python": platform.python_version()}
    for name in (*PACKAGES, *(peer.package for peer in peers.PEERS.values())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine():
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next(
            (x.split(":")[1].strip() for x in info.read_text().splitlines() if x.startswith("model name")), model
        )
    import psutil

    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 2**30, 1)}


def commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (
        "+changes" if git("status", "--porcelain", "--", "spectral_ph") else ""
    )


def seconds(*calls, repeats=5, budget=120.0):
    """Time several calls in turn, `repeats` rounds, so that what else the machine does falls on all alike.

    Returns the list of seconds of each call and its last result. After `budget` seconds spent on one call no further
    round of it is run, and at least one always is.
    """
    times, results = [[] for _ in calls], [None] * len(calls)
    for _ in range(repeats):
        for k, call in enumerate(calls):
            if sum(times[k]) > budget:
                continue
            gc.collect()
            start = time.perf_counter()
            results[k] = call()
            times[k].append(time.perf_counter() - start)
    return times, results


def median(times):
    return float(np.median(times))


def write(name, rows, folder=None, **about):
    """Write rows (dicts) as JSON with everything needed to judge them; `folder` is results/ unless another is named."""
    folder = RESULTS if folder is None else folder
    folder.mkdir(exist_ok=True)
    record = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        **about,
        "rows": rows,
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def read(name, folder=None):
    """Return the parts that `write` kept under a name: all lists of rows by name; empty if there is none."""
    path = (RESULTS if folder is None else folder) / f"{name}.json"
    return (
        {part: rows for part, rows in json.loads(path.read_text()).items() if isinstance(rows, list)}
        if path.exists()
        else {}
    )


def table(rows, columns):
    """Print rows as a Markdown table."""
    shown = [[f"{r[c]:.3g}" if isinstance(r.get(c), float) else str(r.get(c, "-")) for c in columns] for r in rows]
    widths = [max(map(len, [c, *(s[k] for s in shown)])) for k, c in enumerate(columns)]
    lines = [columns, ["-" * w for w in widths], *shown]
    for line in lines:
        print("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |")
