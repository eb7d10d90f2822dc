"""Cost against the number of points, ours and each peer's until it fails.

    python -m benchmarks.scale [--quick] [--limit 120] [--size 20000] [--steps 4] [--cells FILE.h5ad --use-rep X_scVI]

Corrected effective resistance of a noisy circle (d = 50, sigma = 0.25, k = 15, seed 0). Every measurement is a process of its
own, ended after `--limit` seconds; its peak memory is the operating system's figure. "exact" and "truncated" are points to
diagram. "ours" and the peers are homology alone on the same exact matrix. The floor is LAPACK's potrf and potri.
With --cells the chain is run on 10,000 random cells, exact and truncated, and on all of them, truncated.
With --steps 4 (the default of `persistence`) the chain of `STEPPED` is run so, in rows of its own beside those recorded.
Written to results/scale.json and results/scale.png.
"""

import argparse
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import scipy.linalg

import spectral_ph as sph
from benchmarks import isolated, peers, record

SIZES = (1000, 2000, 4000, 8000, 10_000, 20_000, 50_000, 100_000)
PEERS = ("gudhi", "holos", "ripser")
LARGEST_EXACT = 20_000
LARGEST_FLOOR = 10_000
STEPPED = (("exact", 10_000), ("exact", 20_000), ("truncated", 4000))
ENOUGH = 1500.0
"""Seconds for one measurement of ours."""
COLUMNS = [
    "what", "n", "seconds", "peak_gib", "birth", "death", "features", "error_edges", "error_all", "median", "failed",
]  # fmt: skip


def points(n):
    return sph.datasets.circle(n, ambient_dim=50, sigma=0.25, random_state=0)


def cells(path, use_rep, n):
    from spectral_ph import files

    X = files.read(path, use_rep=use_rep).X
    return X if n >= len(X) else X[np.sort(np.random.default_rng(0).choice(len(X), n, replace=False))]


# ------------------------------------------------------------------------------- tasks, each in a process of its own
def chain(method, n, path=None, use_rep=None, steps=1):
    """Points to diagram, of the circle or of the cells in a file."""
    X = points(n) if path is None else cells(path, use_rep, n)
    warnings.simplefilter("ignore", sph.SpectralWarning)
    sph.persistence(sph.datasets.circle(300, ambient_dim=10), method=method)  # compiles

    def tell(P):
        found = {"birth": float(P[1][0, 0]), "death": float(P[1][0, 1]), "features": len(P[1])}
        if method == "truncated":
            error = P.settings["distance"]["error"]
            found |= {"error_edges": error["edges"]["max"], "error_all": error["all"]["max"], "median": error["median"]}
        return found

    return lambda: sph.persistence(X, method=method, steps=steps, disconnected="max"), tell


def floor(n):
    """What exact distances cannot do without: LAPACK's potrf and potri."""
    M = np.full((n, n), 1.0 / n, order="F")
    M[np.diag_indices(n)] += 15

    def call():
        factor, _ = scipy.linalg.lapack.dpotrf(M, lower=1, clean=0, overwrite_a=1)
        scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)

    return call, lambda _: {}


def homology(name, path):
    """Homology alone, of the matrix in a file."""
    peers.diagrams(name, sph.distance_matrix(sph.datasets.circle(300, ambient_dim=10)))  # compiles

    def tell(diagrams):
        top = diagrams[1][np.argmax(diagrams[1][:, 1] - diagrams[1][:, 0])]
        return {"birth": float(top[0]), "death": float(top[1]), "features": len(diagrams[1])}

    return peers.prepare(name, np.load(path)), tell


def measured(what, n, task, *arguments, limit=ENOUGH):
    """Return and print the row of one task; the data are made before the clock starts, which may take a minute."""
    row = {"what": what, "n": n, **isolated.run(task, *arguments, limit=limit, grace=60)}
    if "seconds" in row:
        (row["seconds"],) = row["seconds"]
    print(row, flush=True)
    return row


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


def recorded(kept):
    """Return the rows of results/scale.json for which kept(row) is true."""
    path = record.RESULTS / "scale.json"
    return [row for row in json.loads(path.read_text())["rows"] if kept(row)] if path.exists() else []


def cells_rows(path, use_rep):
    name = Path(path).stem
    rows = []
    for method, n in (("exact", 10_000), ("truncated", 10_000), ("truncated", 10**9)):
        size = len(cells(path, use_rep, n))
        rows.append(measured(f"{method}, {name}", size, chain, method, n, path, use_rep))
    return rows


def circle_rows(sizes, limit, homology_only=False):
    """Return the rows of every size, of each program until it fails or runs past the limit."""
    rows, given_up = [], set(PEERS) - set(peers.installed(PEERS))
    for n in sizes:
        if not homology_only:
            methods = ("exact", "truncated") if n <= LARGEST_EXACT else ("truncated",)
            for method in [m for m in methods if m not in given_up]:
                rows.append(measured(method, n, chain, method, n))
                given_up |= {method} if "failed" in rows[-1] else set()
        if n <= LARGEST_FLOOR or homology_only:
            rows += homology_rows(n, limit, given_up)
        if n <= LARGEST_FLOOR and not homology_only:
            rows.append(measured("floor", n, floor, n))
    return rows


def homology_rows(n, limit, given_up):
    """Return the rows of homology alone at one size; adds to `given_up` what failed or ran past the limit."""
    engines = [name for name in ("ours", *PEERS) if name not in given_up]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "D.npy")
        try:
            np.save(path, sph.distance_matrix(points(n), steps=1))
        except sph.TooLargeError as error:
            return [{"what": name, "n": n, "failed": str(error)} for name in engines]
        for name in engines:
            most = ENOUGH if name == "ours" else limit
            rows.append(measured(name, n, homology, name, path, limit=most))
            if rows[-1].get("seconds", np.inf) > most:
                given_up.add(name)
    return rows


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
    given = parser.parse_args()
    if given.cells_only and not given.cells:
        parser.error("--cells-only needs --cells FILE")
    if given.cells and (given.size or given.steps != 1):
        parser.error("--cells goes with neither --size nor --steps")
    if given.size:
        homology_only = given.size > LARGEST_FLOOR
        replaced = ("ours", *PEERS) if homology_only else ("exact", "truncated", "ours", *PEERS, "floor")
        rows = recorded(lambda row: row["n"] != given.size or row["what"] not in replaced)
        rows += circle_rows([given.size], given.limit, homology_only)
    elif given.steps != 1:
        suffix = f", {given.steps} steps"
        rows = recorded(lambda row: not row["what"].endswith(suffix))
        rows += [measured(what + suffix, n, chain, what, n, None, None, given.steps) for what, n in STEPPED]
    elif given.cells_only:
        rows = recorded(lambda row: Path(given.cells).stem not in row["what"])
    else:
        rows = circle_rows(SIZES[:2] if given.quick else SIZES, given.limit)
    if given.cells:
        rows += cells_rows(given.cells, given.use_rep)
    order = ["exact", "truncated", "ours", *PEERS, "floor"]
    rows.sort(key=lambda r: (r["what"] not in order, r["n"], order.index(r["what"]) if r["what"] in order else 0))
    if not given.quick:
        about = {"seed": 0, "data": "circle, ambient_dim=50, sigma=0.25", "k": 15, "limit_s": given.limit}
        record.write("scale", rows, columns=COLUMNS, **about)
        figure(rows, record.RESULTS / "scale.png")


if __name__ == "__main__":
    main()
