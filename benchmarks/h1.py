"""The exact H1 engine against gudhi, ripser.py and holos-tda (if it can be imported), on the same matrices.

    python benchmarks/h1.py [--quick] [--only CASE] [--engines ours,gudhi] [--sizes 1000,2000]
                            [--repeats 5] [--limit 110] [--threads 2] [--write]

Each engine runs in its own process, which is ended after `--limit` seconds (then its row says "> limit"). Times are medians
of the runs in that process after a warm-up on a small matrix; they start with the matrix in the layout the engine asks for
and end with the diagram. The ratio is the time of the faster of gudhi and holos-tda over ours. The difference is the largest
one between the sorted persistences of H1, over the largest death; ripser.py computes in float32.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist, squareform

SEED = 0
ENGINES = ("ours", "gudhi", "ripser", "holos")


# --- data: own few lines, so that the engine is measured on matrices that do not depend on the rest of the package ------


def circle(n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def torus(n, rng):
    """Uniform in area, R = 2, r = 1."""
    v = rng.uniform(0, 2 * np.pi, 4 * n)
    v = v[rng.uniform(0, 3, 4 * n) < 2 + np.cos(v)][:n]
    u = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([(2 + np.cos(v)) * np.cos(u), (2 + np.cos(v)) * np.sin(u), np.sin(v)])


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


CASES = {
    "resistance torus, sigma .1": lambda n, rng: effective_resistance(noisy(torus(n, rng), 0.1, 50, rng)),
    "resistance noisy circle": lambda n, rng: effective_resistance(noisy(circle(n), 0.25, 50, rng)),
    "resistance circle without noise, k=100": lambda n, _: effective_resistance(circle(n), 100),
    "Euclidean noisy circle d=50": lambda n, rng: euclidean(noisy(circle(n), 0.25, 50, rng)),
    "Euclidean blob d=5": lambda n, rng: euclidean(rng.standard_normal((n, 5))),
    "Euclidean filled square": lambda n, rng: euclidean(rng.uniform(size=(n, 2))),
}
SIZES = {
    "resistance torus, sigma .1": (1000, 2000, 4000),
    "resistance noisy circle": (1000, 4000, 8000),
    "resistance circle without noise, k=100": (1000, 2000),
    "Euclidean noisy circle d=50": (2000,),
    "Euclidean blob d=5": (2000,),
    "Euclidean filled square": (2000,),
}


# --- one engine in its own process -------------------------------------------------------------------------------------


def engine(name, D, threads):
    """Return a call without arguments that computes H1, and the factor that undoes its rescaling."""
    if name == "ours":
        from spectral_ph.homology.rips_h1 import rips_h1

        return (lambda: rips_h1(D, n_threads=threads).h1), 1.0
    if name == "gudhi":
        from gudhi.sklearn import RipsPersistence

        rips = RipsPersistence([0, 1], input_type="full distance matrix", homology_coeff_field=2)
        return (lambda: rips.fit_transform([D])[0][1]), 1.0
    if name == "ripser":
        from ripser import ripser

        largest = D.max()
        scaled = (D / largest).astype(np.float32)
        return (lambda: ripser(scaled, maxdim=1, distance_matrix=True)["dgms"][1]), largest
    import holos_tda

    condensed = squareform(D)
    return (
        lambda: np.array([(b, d) for k, b, d in holos_tda.rips_condensed(condensed, threads=threads) if k == 1])
    ), 1.0


def run_one(engine, name, path, repeats, threads, limit):
    small = euclidean(np.random.default_rng(1).standard_normal((40, 3)))
    engine(name, small, threads)[0]()
    call, factor = engine(name, np.load(path), threads)
    times = []
    while len(times) < repeats and sum(times) < limit / 3:
        start = time.perf_counter()
        diagram = call()
        times.append(time.perf_counter() - start)
    persistence = np.sort((diagram[:, 1] - diagram[:, 0]) * factor)
    print(json.dumps({"times": times, "persistence": persistence[persistence > 0].tolist()}))


def measured(name, path, arguments, script=__file__):
    """Seconds of every run and sorted persistences, or None where the limit was reached."""
    command = [sys.executable, script, "--one", name, path, "--repeats", str(arguments.repeats)]
    command += ["--threads", str(arguments.threads), "--limit", str(arguments.limit)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=arguments.limit, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def difference(ours, theirs, largest):
    if len(ours) != len(theirs):
        return f"{len(ours)} bars, {len(theirs)} bars"
    return f"{np.abs(np.subtract(ours, theirs)).max(initial=0) / largest:.0e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, for trying the script")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--engines", default=",".join(ENGINES), help="which to run; ours always runs")
    parser.add_argument("--sizes", default="", help="points, instead of those of each case: 1000,2000")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=110.0, help="seconds for one engine on one matrix")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write results/h1.json, after every row")
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(engine, *arguments.one, arguments.repeats, arguments.threads, arguments.limit)
        return
    import record

    engines = [name for name in ENGINES if name == "ours" or name in arguments.engines.split(",")]
    if "holos" in engines and importlib.util.find_spec("holos_tda") is None:
        engines.remove("holos")
    about = {"machine": record.machine(), "versions": record.versions(), "commit": record.commit(), "seed": SEED}
    print(json.dumps(about, indent=1))
    print(f"{'case':40} {'n':>5} {'bars':>5}" + "".join(f" {name:>8}" for name in engines) + "  ratio  difference")
    rows = []
    for case, make in CASES.items():
        if arguments.only not in case:
            continue
        sizes = [int(n) for n in arguments.sizes.split(",") if n] or SIZES[case]
        for n in (200, 400) if arguments.quick else sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "D.npy")
                D = make(n, np.random.default_rng(SEED))
                np.save(path, D)
                found = {name: measured(name, path, arguments) for name in engines}
            seconds = {name: float(np.median(r["times"])) if r else None for name, r in found.items()}
            peers = [seconds[name] for name in ("gudhi", "holos") if seconds.get(name)]
            ratio = f"{min(peers) / seconds['ours']:.1f}" if peers else f"> {arguments.limit / seconds['ours']:.0f}"
            ours = found["ours"]["persistence"]
            apart = {
                name: difference(ours, r["persistence"], D.max())
                for name, r in found.items()
                if r is not None and name != "ours"
            }
            cells = [
                f"{s:8.3f}" if s is not None else f"{'> ' + format(arguments.limit, 'g'):>8}" for s in seconds.values()
            ]
            print(f"{case:40} {n:5} {len(ours):5} {' '.join(cells)} {ratio:>6}  {apart}", flush=True)
            shown = {name: s if s is not None else f"> {arguments.limit:g}" for name, s in seconds.items()}
            apart_shown = "; ".join(f"{name} {value}" for name, value in apart.items())
            rows.append({"case": case, "n": n, "bars": len(ours), **shown, "ratio": ratio, "difference": apart_shown})
            if arguments.write:
                record.write("h1", rows, seed=SEED, threads=arguments.threads, limit_s=arguments.limit)


if __name__ == "__main__":
    main()
