"""The exact engines for degree 1 and 2 against gudhi, ripser.py, giotto-ph and holos-tda, on the same matrices.

    python -m benchmarks.homology [--degree 1|2] [--quick] [--only CASE] [--engines gudhi,ripser] [--sizes 1000,2000]
                                  [--repeats 5] [--limit 110] [--threads 2] [--write]

Each engine runs in a process of its own, which is ended after `--limit` seconds (then its column says "> limit"). Times are
medians of the runs in that process after a warm-up on a small matrix; they start with the matrix in the layout the engine
asks for and end with the diagrams. The ratio is the time of the fastest of the others over ours. The difference is the
largest one between the sorted persistences of the degree, over the largest distance; ripser.py and giotto-ph compute in
float32. An engine that is not installed is left out. With --write the rows go to results/h1.json and results/h2.json.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist, squareform

from benchmarks import isolated, peers, record

SEED = 0


# --- data: own few lines, so that the engines are measured on matrices that do not depend on the rest of the package -----
def circle(n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def torus(n, rng):
    """Uniform in area, R = 2, r = 1."""
    v = rng.uniform(0, 2 * np.pi, 4 * n)
    v = v[rng.uniform(0, 3, 4 * n) < 2 + np.cos(v)][:n]
    u = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([(2 + np.cos(v)) * np.cos(u), (2 + np.cos(v)) * np.sin(u), np.sin(v)])


def sphere(n, rng):
    X = rng.standard_normal((n, 3))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def noisy(X, sigma, dimension, rng):
    """A random orthonormal embedding and Gaussian noise in every coordinate."""
    basis = np.linalg.qr(rng.standard_normal((dimension, X.shape[1])))[0]
    return X @ basis.T + sigma * rng.standard_normal((len(X), dimension))


def effective_resistance(X, k=15):
    """Corrected effective resistance of the symmetric unweighted graph of k nearest neighbours."""
    n = len(X)
    D = squareform(pdist(X))
    np.fill_diagonal(D, np.inf)
    A = np.zeros((n, n))
    A[np.repeat(np.arange(n), k), np.argpartition(D, k, axis=1)[:, :k].ravel()] = 1
    A = np.maximum(A, A.T)
    d = A.sum(axis=1)
    M = np.linalg.inv(np.diag(d) - A + 1 / n)
    R = np.add.outer(np.diag(M), np.diag(M)) - 2 * M - np.add.outer(1 / d, 1 / d) + 2 * A / np.outer(d, d)
    R = np.maximum(np.maximum(R, R.T), 0)
    np.fill_diagonal(R, 0)
    return R


def euclidean(X):
    return squareform(pdist(X))


@dataclass(frozen=True)
class Degree:
    """What is measured in a degree: engines, the case's name -> (matrix from n and a generator, sizes), runs of each."""

    engines: tuple
    cases: dict
    quick: tuple
    repeats: int


DEGREES = {
    1: Degree(
        engines=("ours", "gudhi", "ripser", "holos"),
        cases={
            "resistance torus, sigma .1": (
                lambda n, rng: effective_resistance(noisy(torus(n, rng), 0.1, 50, rng)),
                (1000, 2000, 4000),
            ),
            "resistance noisy circle": (
                lambda n, rng: effective_resistance(noisy(circle(n), 0.25, 50, rng)),
                (1000, 4000, 8000),
            ),
            "resistance circle without noise, k=100": (
                lambda n, _: effective_resistance(circle(n), 100),
                (1000, 2000),
            ),
            "Euclidean noisy circle d=50": (lambda n, rng: euclidean(noisy(circle(n), 0.25, 50, rng)), (2000,)),
            "Euclidean blob d=5": (lambda n, rng: euclidean(rng.standard_normal((n, 5))), (2000,)),
            "Euclidean filled square": (lambda n, rng: euclidean(rng.uniform(size=(n, 2))), (2000,)),
        },
        quick=(200, 400),
        repeats=5,
    ),
    2: Degree(
        engines=("ours", "gudhi", "giotto", "ripser"),
        cases={
            "resistance sphere, sigma .1": (
                lambda n, rng: effective_resistance(noisy(sphere(n, rng), 0.1, 50, rng)),
                (600, 1000),
            ),
            "resistance torus, sigma .1": (
                lambda n, rng: effective_resistance(noisy(torus(n, rng), 0.1, 50, rng)),
                (600, 1000),
            ),
            "resistance sphere without noise, k=100": (
                lambda n, rng: effective_resistance(sphere(n, rng), 100),
                (400, 1000),
            ),
            "Euclidean sphere without noise": (lambda n, rng: euclidean(sphere(n, rng)), (200, 400, 1000)),
            "Euclidean sphere, sigma .35, d=50": (
                lambda n, rng: euclidean(noisy(sphere(n, rng), 0.35, 50, rng)),
                (400, 1000),
            ),
            "Euclidean blob d=5": (lambda n, rng: euclidean(rng.standard_normal((n, 5))), (400, 1000)),
        },
        quick=(150,),
        repeats=3,
    ),
}


# --- one matrix ----------------------------------------------------------------------------------------------------------
def task(name, path, degree, threads):
    """The task of `isolated`: an engine on the matrix in a file."""
    peers.diagrams(name, euclidean(np.random.default_rng(1).standard_normal((40, 3))), degree, threads)  # compiles

    def tell(diagrams):
        persistence = np.sort(np.subtract(diagrams[degree][:, 1], diagrams[degree][:, 0]))
        return {"persistence": persistence[persistence > 0].tolist()}

    return peers.prepare(name, np.load(path), degree, threads), tell


def difference(ours, theirs, largest):
    if len(ours) != len(theirs):
        return f"{len(ours)} bars, {len(theirs)} bars"
    return f"{np.abs(np.subtract(ours, theirs)).max(initial=0) / largest:.0e}"


def row(case, n, degree, engines, given):
    """Run the engines on one matrix and return what goes into the results."""
    make, _ = DEGREES[degree].cases[case]
    D = make(n, np.random.default_rng(SEED))
    repeats = given.repeats or DEGREES[degree].repeats
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "D.npy")
        np.save(path, D)
        found = {
            name: isolated.run(task, name, path, degree, given.threads, limit=given.limit, repeats=repeats)
            for name in engines
        }
    if "failed" in found["ours"]:
        raise SystemExit(f"ours on {case}, n = {n}: {found['ours']['failed']}")
    bars = found["ours"]["persistence"]
    seconds = {name: record.median(told["seconds"]) for name, told in found.items() if "seconds" in told}
    others = [s for name, s in seconds.items() if name != "ours"]
    if others:
        ratio = f"{min(others) / seconds['ours']:.1f}"
    else:
        ratio = f"> {given.limit / seconds['ours']:.0f}" if len(engines) > 1 else "-"
    apart = {name: difference(bars, found[name]["persistence"], D.max()) for name in seconds if name != "ours"}
    return {
        "case": case,
        "n": n,
        "bars": len(bars),
        **{name: seconds.get(name, told.get("failed")) for name, told in found.items()},
        "ratio": ratio,
        "difference": "; ".join(f"{name} {value}" for name, value in apart.items()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--degree", type=int, choices=DEGREES, help="only this one; default both")
    parser.add_argument("--quick", action="store_true", help="small sizes, for trying the script")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--engines", default=",".join(peers.PEERS), help="which of the others to run; ours always runs")
    parser.add_argument("--sizes", default="", help="points, instead of those of each case: 1000,2000")
    parser.add_argument("--repeats", type=int, help="runs of each engine; default 5 in degree 1 and 3 in degree 2")
    parser.add_argument("--limit", type=float, default=110.0, help="seconds for one engine on one matrix")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write results/h1.json and h2.json, after every row")
    given = parser.parse_args()
    for degree in [given.degree] if given.degree else DEGREES:
        of = DEGREES[degree]
        engines = peers.installed(n for n in of.engines if n == "ours" or n in given.engines.split(","))
        rows = []
        for case, (_, sizes) in of.cases.items():
            if given.only not in case:
                continue
            for n in of.quick if given.quick else [int(n) for n in given.sizes.split(",") if n] or sizes:
                rows.append(row(case, n, degree, engines, given))
                print(rows[-1], flush=True)
                if given.write:
                    record.write(f"h{degree}", rows, seed=SEED, threads=given.threads, limit_s=given.limit)
        if rows:
            record.table(rows, list(rows[0]))


if __name__ == "__main__":
    main()
