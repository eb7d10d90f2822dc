"""The first `find_loops` on a new machine: seconds of CPU beyond those where all kernels were compiled before.

    python -m benchmarks.cold [--points 300 500 1000] [--repeats 3]

Noisy circle in 10 dimensions, seed 0, default arguments. User and system time of a whole process, imports included, with an
empty NUMBA_CACHE_DIR and then with the same folder again. Medians. Writes results/cold.json at the default sizes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import record

CALL = """
import sys, spectral_ph as sph
sph.find_loops(sph.datasets.circle(int(sys.argv[1]), ambient_dim=10, sigma=0.1, random_state=0))
"""
SIZES = (300, 500, 1000)
ROOT = Path(__file__).parent.parent


def cpu(n, folder):
    """Return the seconds of user and system time of one process."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", CALL, str(n)],
        check=True,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"NUMBA_CACHE_DIR": folder, "PYTHONPATH": path},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for n in arguments.points:
        cold, warm = [], []
        for _ in range(arguments.repeats):
            with tempfile.TemporaryDirectory() as folder:
                cold.append(cpu(n, folder))
                warm.append(cpu(n, folder))
        row = {"n": n, "first": statistics.median(cold), "later": statistics.median(warm)}
        rows.append(row | {"beyond": row["first"] - row["later"]})
    record.table(rows, list(rows[0]))
    if tuple(arguments.points) == SIZES:
        record.write("cold", rows, seed=0)


if __name__ == "__main__":
    main()
