"""The whole exact chain, points to diagram, against ripser.py's homology alone on the same distances.

    python benchmarks/chain.py [--quick] [--points 10000] [--limit 300] [--repeats 3]

Corrected effective resistance, k = 15, d = 50, seed 0, on a torus and a circle of moderate noise and on a circle of much
noise. Each program runs in a process of its own, ended after `--limit` seconds; ours is the median of several processes.
ripser.py is given the finished matrix and its time is homology alone, once (it takes minutes); ours begins with the points.
Written to results/chain.json.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CASES = {"torus, sigma .1": ("torus", 0.1), "circle, sigma .1": ("circle", 0.1), "circle, sigma .25": ("circle", 0.25)}


def points(case, n):
    import spectral_ph as sph

    shape, sigma = CASES[case]
    return getattr(sph.datasets, shape)(n, ambient_dim=50, sigma=sigma, random_state=0)


def run_one(what, case, n, path):
    import spectral_ph as sph

    if what == "ours":
        X = points(case, n)
        sph.persistence(X[:300])  # compiles
        start = time.perf_counter()
        diagram = sph.persistence(X, steps=1, method="exact")[1]
        seconds = time.perf_counter() - start
    else:
        from ripser import ripser

        D = np.load(path)
        factor = D.max()
        D /= factor  # ripser.py computes in float32, which holds no numbers as small as some resistances
        start = time.perf_counter()
        diagram = ripser(D, maxdim=1, distance_matrix=True)["dgms"][1] * factor
        seconds = time.perf_counter() - start
    lengths = np.sort(diagram[:, 1] - diagram[:, 0])[::-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {"features": len(diagram), "longest": float(lengths[0]), "second": float(lengths[1])}
    print(json.dumps({"seconds": seconds, "peak_gib": peak, **found}))


def measured(what, case, n, path, limit):
    command = [sys.executable, __file__, "--one", what, case, str(n), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"> {limit:g} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 points, nothing is written")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        what, case, n, path = arguments.one
        run_one(what, case, int(n), path)
        return
    import record

    import spectral_ph as sph

    n, rows = 2000 if arguments.quick else arguments.points, []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "D.npy"
            ours = [measured("ours", case, n, path, arguments.limit) for _ in range(arguments.repeats)]
            ours = sorted(ours, key=lambda row: row["seconds"])[len(ours) // 2]
            np.save(path, sph.distance_matrix(points(case, n), steps=1))
            peer = measured("ripser", case, n, path, arguments.limit)
        least = peer.get("seconds", arguments.limit)
        row = {
            "data": case,
            "n": n,
            "chain_s": ours["seconds"],
            "peak_gib": ours["peak_gib"],
            "ripser_s": peer.get("seconds", peer.get("failed")),
            "ratio": f"{'' if 'seconds' in peer else '> '}{least / ours['seconds']:.1f}",
        }
        if "longest" in peer:
            row["difference"] = abs(peer["longest"] - ours["longest"]) / ours["longest"]
        rows.append(row)
        print(row, flush=True)
    record.table(rows, ["data", "n", "chain_s", "peak_gib", "ripser_s", "ratio", "difference"])
    if not arguments.quick:
        record.write("chain", rows, seed=0, k=15, ambient_dim=50, limit_s=arguments.limit)


if __name__ == "__main__":
    main()
