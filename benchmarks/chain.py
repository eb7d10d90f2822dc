"""The whole exact chain, points to diagram, against ripser.py's homology alone on the same distances.

    python -m benchmarks.chain [--quick] [--points 10000] [--limit 300] [--repeats 3]

Corrected effective resistance, k = 15, d = 50, seed 0, on a torus and a circle of moderate noise and on a circle of much
noise. Each program runs in a process of its own, ended after `--limit` seconds; ours is the median of several processes.
ripser.py is given the finished matrix and its time is homology alone, once (it takes minutes); ours begins with the points.
Written to results/chain.json.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import spectral_ph as sph
from benchmarks import isolated, peers, record

CASES = {"torus, sigma .1": ("torus", 0.1), "circle, sigma .1": ("circle", 0.1), "circle, sigma .25": ("circle", 0.25)}


def points(case, n):
    shape, sigma = CASES[case]
    return getattr(sph.datasets, shape)(n, ambient_dim=50, sigma=sigma, random_state=0)


def ours(case, n):
    """The task of `isolated`: the chain from the points."""
    X = points(case, n)
    sph.persistence(X[:300])  # compiles
    return lambda: sph.persistence(X, steps=1, method="exact")[1], longest


def ripser(path):
    """The task of `isolated`: homology of the matrix in a file."""
    call = peers.prepare("ripser", np.load(path))
    return lambda: call()[1], longest


def longest(diagram):
    lengths = np.sort(diagram[:, 1] - diagram[:, 0])[::-1]
    return {"features": len(diagram), "longest": float(lengths[0]), "second": float(lengths[1])}


def row(case, n, limit, repeats):
    runs = [isolated.run(ours, case, n, limit=limit) for _ in range(repeats)]
    for run in runs:
        if "failed" in run:
            raise SystemExit(f"ours on {case}: {run['failed']}")
    median = sorted(runs, key=lambda run: run["seconds"])[repeats // 2]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "D.npy")
        np.save(path, sph.distance_matrix(points(case, n), steps=1))
        peer = isolated.run(ripser, path, limit=limit)
    (seconds,) = median["seconds"]
    (theirs,) = peer.get("seconds", [None])
    found = {
        "data": case,
        "n": n,
        "chain_s": seconds,
        "peak_gib": median["peak_gib"],
        "ripser_s": peer["failed"] if theirs is None else theirs,
        "ratio": f"> {limit / seconds:.1f}" if theirs is None else f"{theirs / seconds:.1f}",
    }
    if theirs is not None:
        found["difference"] = abs(peer["longest"] - median["longest"]) / median["longest"]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 points, nothing is written")
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    n, rows = 2000 if given.quick else given.points, []
    for case in CASES:
        rows.append(row(case, n, given.limit, given.repeats))
        print(rows[-1], flush=True)
    record.table(rows, ["data", "n", "chain_s", "peak_gib", "ripser_s", "ratio", "difference"])
    if not given.quick:
        record.write("chain", rows, seed=0, k=15, ambient_dim=50, limit_s=given.limit)


if __name__ == "__main__":
    main()
