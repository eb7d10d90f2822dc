"""The exact engine for degree 2 against gudhi, giotto-ph (if it can be imported) and ripser.py, on the same matrices.

    python benchmarks/h2.py [--quick] [--only CASE] [--repeats 3] [--limit 110] [--threads 2] [--write]

As `h1.py`: each engine in its own process, ended after `--limit` seconds, medians of the runs in it; degrees 0 to 2. gudhi
collapses edges by its own rule, as its users get it. The ratio is the time of the fastest of the others over ours, the
difference the largest one between the sorted persistences of degree 2 over the largest distance; giotto-ph and ripser.py
compute in float32.
"""

import argparse
import importlib.util
import json
import tempfile
from pathlib import Path

import numpy as np
from h1 import SEED, difference, effective_resistance, euclidean, measured, noisy, run_one, torus

ENGINES = ("ours", "gudhi", "giotto", "ripser")


def sphere(n, rng):
    X = rng.standard_normal((n, 3))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


CASES = {
    "resistance sphere, sigma .1": (
        lambda n, rng: effective_resistance(noisy(sphere(n, rng), 0.1, 50, rng)),
        (600, 1000),
    ),
    "resistance torus, sigma .1": (
        lambda n, rng: effective_resistance(noisy(torus(n, rng), 0.1, 50, rng)),
        (600, 1000),
    ),
    "resistance sphere without noise, k=100": (lambda n, rng: effective_resistance(sphere(n, rng), 100), (400, 1000)),
    "Euclidean sphere without noise": (lambda n, rng: euclidean(sphere(n, rng)), (200, 400, 1000)),
    "Euclidean sphere, sigma .35, d=50": (lambda n, rng: euclidean(noisy(sphere(n, rng), 0.35, 50, rng)), (400, 1000)),
    "Euclidean blob d=5": (lambda n, rng: euclidean(rng.standard_normal((n, 5))), (400, 1000)),
}


def engine(name, D, threads):
    """Return a call without arguments that computes H2, and the factor that undoes its rescaling."""
    if name == "ours":
        from spectral_ph.homology.rips_h2 import rips_h2

        return (lambda: rips_h2(D).diagrams[2]), 1.0
    if name == "gudhi":
        from gudhi.sklearn import RipsPersistence

        rips = RipsPersistence([0, 1, 2], input_type="full distance matrix", homology_coeff_field=2)
        return (lambda: rips.fit_transform([D])[0][2]), 1.0
    largest = D.max()
    scaled = (D / largest).astype(np.float32)
    if name == "giotto":
        from gph import ripser_parallel

        return (lambda: ripser_parallel(scaled, maxdim=2, metric="precomputed", n_threads=threads)["dgms"][2]), largest
    from ripser import ripser

    return (lambda: ripser(scaled, maxdim=2, distance_matrix=True)["dgms"][2]), largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="150 points, for trying the script")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=110.0, help="seconds for one engine on one matrix")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write results/h2.json, after every row")
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(engine, *arguments.one, arguments.repeats, arguments.threads, arguments.limit)
        return
    import record

    engines = [name for name in ENGINES if name != "giotto" or importlib.util.find_spec("gph") is not None]
    rows = []
    for case, (make, sizes) in CASES.items():
        if arguments.only not in case:
            continue
        for n in (150,) if arguments.quick else sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "D.npy")
                D = make(n, np.random.default_rng(SEED))
                np.save(path, D)
                found = {name: measured(name, path, arguments, __file__) for name in engines}
            seconds = {name: float(np.median(r["times"])) if r else None for name, r in found.items()}
            peers = [s for name, s in seconds.items() if s is not None and name != "ours"]
            ours = found["ours"]["persistence"]
            apart = "; ".join(
                f"{name} {difference(ours, r['persistence'], D.max())}"
                for name, r in found.items()
                if r is not None and name != "ours"
            )
            row = {"case": case, "n": n, "bars": len(ours)}
            row |= {name: s if s is not None else f"> {arguments.limit:g}" for name, s in seconds.items()}
            ratio = f"{min(peers) / seconds['ours']:.1f}" if peers else f"> {arguments.limit / seconds['ours']:.0f}"
            rows.append(row | {"ratio": ratio, "difference": apart})
            print(json.dumps(rows[-1]), flush=True)
            if arguments.write:
                record.write("h2", rows, seed=SEED, threads=arguments.threads, limit_s=arguments.limit)


if __name__ == "__main__":
    main()
