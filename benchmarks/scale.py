"""Cost against the number of points, ours and each peer's until it fails.

    python benchmarks/scale.py [--quick] [--limit 120] [--size 20000] [--steps 4] [--cells FILE.h5ad --use-rep X_scVI]

Corrected effective resistance of a noisy circle (d = 50, sigma = 0.25, k = 15, seed 0). Every measurement is a process of its
own, ended after `--limit` seconds; its peak memory is the operating system's figure. "chain" is points to diagram, exact or
truncated; the other rows are homology alone on the same exact matrix. The floor is LAPACK's potrf and potri. With --cells
the chain is run on 10,000 random cells, exact and truncated, and on all of them, truncated.
With --steps 4 (the default of `persistence`) the chain of `STEPPED` is run so, in rows of its own beside those recorded.
Written to results/scale.json and results/scale.png.
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

SIZES = (1000, 2000, 4000, 8000, 10_000, 20_000, 50_000, 100_000)
PEERS = ("gudhi", "holos", "ripser")
LARGEST_EXACT = 20_000
LARGEST_FLOOR = 10_000
STEPPED = (("exact", 10_000), ("exact", 20_000), ("truncated", 4000))


def points(n):
    import spectral_ph as sph

    return sph.datasets.circle(n, ambient_dim=50, sigma=0.25, random_state=0)


def cells(path, use_rep, n):
    from spectral_ph import files

    X = files.read(path, use_rep=use_rep).X
    return X if n >= len(X) else X[np.sort(np.random.default_rng(0).choice(len(X), n, replace=False))]


def run_one(what, n, path, use_rep, steps):
    import spectral_ph as sph

    warm = sph.datasets.circle(300, ambient_dim=10)
    if what in ("exact", "truncated"):
        import warnings

        X = points(n) if use_rep is None else cells(path, use_rep, n)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sph.SpectralWarning)
            sph.persistence(warm, method=what)
            start = time.perf_counter()
            P = sph.persistence(X, method=what, steps=steps, disconnected="max")
        seconds = time.perf_counter() - start
        found = {"birth": float(P[1][0, 0]), "death": float(P[1][0, 1]), "features": len(P[1])}
        if what == "truncated":
            error = P.settings["error"]
            found |= {"error_edges": error["edges"]["max"], "error_all": error["all"]["max"], "median": error["median"]}
    elif what == "floor":
        import scipy.linalg

        M = np.full((n, n), 1.0 / n, order="F")
        M[np.diag_indices(n)] += 15
        start = time.perf_counter()
        factor, _ = scipy.linalg.lapack.dpotrf(M, lower=1, clean=0, overwrite_a=1)
        scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
        seconds, found = time.perf_counter() - start, {}
    else:
        from h1 import engine

        engine(what, sph.distance_matrix(warm), 2)[0]()
        call, factor = engine(what, np.load(path), 2)
        start = time.perf_counter()
        diagram = call() * factor
        seconds = time.perf_counter() - start
        top = diagram[np.argmax(diagram[:, 1] - diagram[:, 0])]
        found = {"birth": float(top[0]), "death": float(top[1]), "features": len(diagram)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak_gib": peak, **found}))


def measured(what, n, path, limit, use_rep=None, steps=1):
    command = [sys.executable, __file__, "--one", what, str(n), path or "-", "--steps", str(steps)]
    command += ["--use-rep", use_rep] if use_rep else []
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit + 60, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"more than {limit:g} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return {"failed": lines[-1] if lines else f"ended by signal {-done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def figure(rows, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = {
        "exact": "spectral_ph: points to diagram, exact",
        "truncated": "spectral_ph: points to diagram, truncated",
        "ours": "spectral_ph: homology alone",
        "gudhi": "gudhi: homology alone",
        "holos": "holos-tda: homology alone",
        "ripser": "ripser.py: homology alone",
        "floor": "floor of exact distances (LAPACK, n³)",
    }
    colours = dict(
        zip(names, ("#0072b2", "#56b4e9", "#003f66", "#d55e00", "#cc79a7", "#e69f00", "#888888"), strict=True)
    )
    fig, ax = plt.subplots(figsize=(8, 5.2), layout="constrained")
    for name, label in names.items():
        mine = sorted((r for r in rows if r["what"] == name and "seconds" in r), key=lambda r: r["n"])
        if mine:
            style = ":" if name == "floor" else "-"
            x, y = [r["n"] for r in mine], [r["seconds"] for r in mine]
            ax.plot(x, y, style, marker="o", ms=4, color=colours[name], label=label)
            if any(r["what"] == name and "failed" in r for r in rows):
                ax.plot(x[-1], y[-1], "x", ms=11, mew=2, color=colours[name])
    ax.set(xscale="log", yscale="log", xlabel="points n", ylabel="seconds")
    ax.set_xticks([1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000])
    ax.set_xticklabels(["1,000", "2,000", "5,000", "10,000", "20,000", "50,000", "100,000"])
    ax.minorticks_off()
    ax.grid(color="#dddddd", lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, title="× : the next size ran past the limit", title_fontsize=9)
    fig.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 and 2,000 points only, nothing is written")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one measurement of a peer")
    parser.add_argument("--cells", help="an .h5ad to run the chain on too")
    parser.add_argument("--cells-only", action="store_true", help="replace only the rows of --cells in the results")
    parser.add_argument(
        "--size", type=int, help="replace only the rows at this size; above 10,000 those of homology alone"
    )
    parser.add_argument("--steps", type=int, default=1, help="of effective resistance")
    parser.add_argument("--use-rep", help="which of its representations")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "N", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        what, n, path = arguments.one
        run_one(what, int(n), path, arguments.use_rep, arguments.steps)
        return
    import record

    import spectral_ph as sph

    rows, given_up = [], set()
    if arguments.cells:
        earlier = record.RESULTS / "scale.json"
        known = json.loads(earlier.read_text())["rows"] if earlier.exists() else []
        rows = [r for r in known if Path(arguments.cells).stem not in r["what"]] if arguments.cells_only else []
        for what, n in (("exact", 10_000), ("truncated", 10_000), ("truncated", 10**9)):
            found = measured(what, n, arguments.cells, 1500, arguments.use_rep)
            size = len(cells(arguments.cells, arguments.use_rep, n))
            rows.append({"what": f"{what}, {Path(arguments.cells).stem}", "n": size, **found})
            print(rows[-1], flush=True)
    sizes = () if arguments.cells_only else SIZES[:2] if arguments.quick else SIZES
    largest_matrix = LARGEST_FLOOR
    if arguments.size:
        known = json.loads((record.RESULTS / "scale.json").read_text())["rows"]
        replaced = ("ours", *PEERS) + (("exact", "truncated", "floor") if arguments.size <= LARGEST_FLOOR else ())
        rows = [r for r in known if r["n"] != arguments.size or r["what"] not in replaced]
        sizes, largest_matrix = (arguments.size,), arguments.size
    if arguments.steps != 1:
        known = json.loads((record.RESULTS / "scale.json").read_text())["rows"]
        suffix = f", {arguments.steps} steps"
        rows, sizes = [r for r in known if not r["what"].endswith(suffix)], ()
        for what, n in STEPPED:
            rows.append({"what": what + suffix, "n": n, **measured(what, n, None, 1500, steps=arguments.steps)})
            print(rows[-1], flush=True)
    try:
        import holos_tda  # noqa: F401
    except ImportError:
        given_up.add("holos")
        print("holos-tda is not installed, so it is left out")
    for n in sizes:
        jobs = ["truncated"]
        if n <= LARGEST_EXACT:
            jobs = ["exact", "truncated", "ours", *PEERS]
        if n <= LARGEST_FLOOR:
            jobs.append("floor")
        if arguments.size and n > LARGEST_FLOOR:
            jobs = ["ours", *PEERS]
        with tempfile.TemporaryDirectory() as folder:
            path = None
            if n <= largest_matrix:
                path = str(Path(folder) / "D.npy")
                try:
                    D = sph.distance_matrix(points(n), steps=1)
                except sph.TooLargeError as error:
                    rows += [{"what": what, "n": n, "failed": str(error)} for what in jobs]
                    continue
                np.save(path, D)
                del D
            for what in jobs:
                if what in given_up or (path is None and what in ("ours", *PEERS)):
                    continue
                found = measured(what, n, path, arguments.limit if what in PEERS else 1500)
                rows.append({"what": what, "n": n, **found})
                print(rows[-1], flush=True)
                if "failed" in found or (what in PEERS and found["seconds"] > arguments.limit):
                    given_up.add(what)
    order = ["exact", "truncated", "ours", *PEERS, "floor"]
    rows.sort(key=lambda r: (r["what"] not in order, r["n"], order.index(r["what"]) if r["what"] in order else 0))
    if not arguments.quick:
        about = {"seed": 0, "data": "circle, ambient_dim=50, sigma=0.25", "k": 15, "limit_s": arguments.limit}
        columns = [
            "what",
            "n",
            "seconds",
            "peak_gib",
            "birth",
            "death",
            "features",
            "error_edges",
            "error_all",
            "median",
        ]
        columns += ["failed"]
        record.write("scale", rows, columns=columns, **about)
        figure(rows, record.RESULTS / "scale.png")


if __name__ == "__main__":
    main()
