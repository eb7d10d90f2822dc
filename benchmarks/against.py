"""The degree 1 engine and find_loops of this checkout against those of another one, such as the commit before a change.

    git worktree add ../before COMMIT
    python -m benchmarks.against ../before [--pairs 21] [--size 1000] [--only CASE] [--threads 1]

Every row is a case of `benchmarks.homology`, the implicit engine on a truncated effective resistance, or `find_loops` on
points with a loop and without one. Each run is a process of its own, and the two checkouts take turns: A B, B A, A B, and so
on. A run's figure is the least CPU time of some repeats after a warm-up, because CPU time hardly notices what else the
machine does. A row's ratio is the median of its pairs' ratios, this checkout over the other one. The last lines are the
geometric means over the rows of degree 1 and over those of find_loops. Both checkouts get the same matrices or points, and
their diagrams (evidence and p-value) must be equal to the last bit. With another number of threads than 1 (0 leaves it as it
is) BLAS may add in another order, and only the time is compared.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import homology

HERE = Path(__file__).parents[1]
IMPLICIT = "truncated resistance, 3 x the points"
LOOPS = {"find_loops, noisy circle": 0.15, "find_loops, a circle lost in noise": 1.0}

# Runs in either checkout, so it uses only what both have.
RUN = """
import hashlib, sys, time
import numpy as np
import spectral_ph as sph
from spectral_ph.homology.rips_h1 import rips_h1

kind, path, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = np.load(path)
if kind == "implicit":
    call = lambda: list(sph.persistence(data, "eff_res", method="truncated", n_components=100))
    sph.persistence(data[:200], "eff_res", method="truncated", n_components=50)
elif kind == "loops":
    def call():
        found = sph.find_loops(data)
        return [np.array([tried["evidence"] for tried in found.tried]), np.array([found.p_value])]
    sph.find_loops(data[:200], splits=1)
else:
    def call():
        found = rips_h1(data)
        return [found.h0, found.h1]
    rips_h1(np.ascontiguousarray(data[:40, :40]))
times = []
for _ in range(repeats):
    start = time.process_time()
    diagrams = call()
    times.append(time.process_time() - start)
print(min(times), hashlib.sha256(b"".join(np.ascontiguousarray(d).tobytes() for d in diagrams)).hexdigest())
"""


def run(checkout, kind, path, repeats, threads):
    """Return the CPU seconds of one run, and what its diagrams hash to."""
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    limits = dict.fromkeys(names, str(threads)) if threads else {}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, kind, str(path), str(repeats)],
        capture_output=True,
        text=True,
        check=True,
        cwd=checkout,
        env=os.environ | limits | {"PYTHONPATH": str(checkout)},
    )
    seconds, digest = done.stdout.split()
    return float(seconds), digest


def row(before, kind, path, pairs, threads):
    """Return the median ratio of a row, and the median seconds of the other checkout and of this one."""
    first, _ = run(before, kind, path, 1, threads)  # also compiles
    run(HERE, kind, path, 1, threads)
    repeats = max(1, min(20, round(0.5 / first)))
    seconds = {before: [], HERE: []}
    for pair in range(pairs):
        digests = set()
        for checkout in (before, HERE) if pair % 2 == 0 else (HERE, before):
            time, digest = run(checkout, kind, path, repeats, threads)
            seconds[checkout].append(time)
            digests.add(digest)
        if len(digests) > 1 and threads == 1:
            raise SystemExit(f"{path.stem}: the two checkouts give different results")
    ratio = statistics.median(b / a for a, b in zip(seconds[before], seconds[HERE], strict=True))
    return ratio, *(statistics.median(seconds[checkout]) for checkout in (before, HERE))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="folder of the other checkout")
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--size", type=int, default=1000, help="points")
    parser.add_argument("--only", help="rows whose name holds this")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    before = arguments.before.resolve()
    if not (before / "spectral_ph").is_dir():
        raise SystemExit(f"{before} holds no checkout of spectral_ph; pass the folder of one.")
    logs = {"degree 1": [], "find_loops": []}
    with tempfile.TemporaryDirectory() as folder:
        for k, name in enumerate([*homology.DEGREES[1].cases, IMPLICIT, *LOOPS]):
            if arguments.only and arguments.only not in name:
                continue
            rng, path = np.random.default_rng(homology.SEED), Path(folder) / f"{k}.npy"
            if name == IMPLICIT:
                kind, data = "implicit", homology.noisy(homology.circle(3 * arguments.size), 0.25, 20, rng)
            elif name in LOOPS:
                kind, data = "loops", homology.noisy(homology.circle(arguments.size), LOOPS[name], 30, rng)
            else:
                kind, data = "matrix", homology.DEGREES[1].cases[name][0](arguments.size, rng)
            np.save(path, data)
            ratio, a, b = row(before, kind, path, arguments.pairs, arguments.threads)
            logs["find_loops" if name in LOOPS else "degree 1"].append(math.log(ratio))
            print(f"{name:42s} before {a:8.4f} s   now {b:8.4f} s   ratio {ratio:.3f}", flush=True)
    for group, values in logs.items():
        if values:
            mean = math.exp(statistics.fmean(values))
            print(f"{group}: geometric mean over {len(values)} rows {mean:.3f}, {arguments.pairs} pairs a row")


if __name__ == "__main__":
    main()
