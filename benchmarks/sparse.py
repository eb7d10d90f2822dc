"""Thresholded and sparse filtrations: ours against gudhi, ripser.py, giotto-ph and holos-tda, on data like Ripser's.

    python -m benchmarks.sparse [--only NAME] [--engines gudhi,ripser] [--repeats 3] [--limit 110] [--threads 2] [--write]
    python -m benchmarks.sparse --share       # full matrices: by the list of edges, or by rows of bits?
    python -m benchmarks.sparse --degrees     # degree 3 and above: gudhi or ripser.py?

The data are made here, by generators like those that Ripser's authors name with their benchmark; the files are not theirs.
Every program runs in a process of its own, which is ended after `--limit` seconds, and its peak memory is that of the process.
Times are medians after a warm-up on a small matrix; they start with the matrix in the layout the program asks for, and end
with the diagrams. Points of the large torus come as a sparse matrix, which all of them take. The ratio of a program is its
time over ours, so less than 1 is a loss. Every diagram that a peer finishes is compared.
With --write the rows go to results/sparse.json, in place of those of the same cases.
"""

import argparse
import functools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from benchmarks import isolated, peers, record

SEED = 0
COLUMNS = ["case", "degree", "engine", "seconds", "peak_gib", "ratio", "difference", "failed"]


# ------------------------------------------------------------------------------------------------------------------ data
def sphere_3(n, rng):
    """Points uniform on the 3-sphere."""
    X = rng.standard_normal((n, 4))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def clifford_torus(n, rng):
    """Points uniform on the product of two unit circles."""
    angle = rng.uniform(0, 2 * np.pi, (n, 2))
    return np.column_stack([np.cos(angle), np.sin(angle)])


def orthogonal(n, rng):
    """Orthogonal 3 x 3 matrices, uniform by QR of Gaussian ones with the signs of the diagonal of R."""
    Q, R = np.linalg.qr(rng.standard_normal((n, 3, 3)))
    return (Q * np.sign(np.einsum("nii->ni", R))[:, None, :]).reshape(n, 9)


def fractal_network(levels, rng):
    """Lengths of shortest paths in a random fractal network of 8 ** levels nodes.

    Eight nodes are joined to one another with random weights; at every further level eight copies of what there is are joined in
    the same way, each pair by an edge between two random nodes, with weights that halve from level to level.
    """
    A = np.zeros((1, 1))
    for level in range(levels):
        size = len(A)
        larger = np.kron(np.eye(8), A)
        for a in range(8):
            for b in range(a + 1, 8):
                i, j = a * size + rng.integers(size), b * size + rng.integers(size)
                larger[i, j] = larger[j, i] = rng.uniform() / 2**level + 2.0**-level
        A = larger
    D = sp.csgraph.shortest_path(sp.csr_array(A), directed=False)
    return np.maximum(D, D.T)


def near_pairs(X, radius):
    """The sparse matrix of distances up to a radius, each pair twice."""
    pairs = cKDTree(X).query_pairs(radius, output_type="ndarray")
    i, j = pairs.T
    length = np.sqrt(((X[i] - X[j]) ** 2).sum(axis=1))
    both = np.concatenate([i, j]), np.concatenate([j, i])
    return sp.csr_array(sp.coo_array((np.concatenate([length, length]), both), shape=(len(X), len(X))))


def euclidean(X):
    return squareform(pdist(X))


@dataclass(frozen=True)
class Case:
    """What is measured: the matrix from a generator, the largest degree, the threshold."""

    make: object
    degree: int
    threshold: float | None = None


CASES = {
    "192 points on the 3-sphere": Case(lambda rng: euclidean(sphere_3(192, rng)), 2),
    "random fractal network, 512": Case(lambda rng: fractal_network(3, rng), 2),
    "orthogonal 3 x 3 matrices, 1,024": Case(lambda rng: euclidean(orthogonal(1024, rng)), 1),
    "Clifford torus, 2,000": Case(lambda rng: euclidean(clifford_torus(2000, rng)), 1),
    "orthogonal matrices, 1,024, up to 1.8": Case(lambda rng: euclidean(orthogonal(1024, rng)), 2, 1.8),
    "orthogonal matrices, 4,096, up to 1.4": Case(lambda rng: euclidean(orthogonal(4096, rng)), 2, 1.4),
    "Clifford torus, 50,000, up to .15, sparse": Case(lambda rng: near_pairs(clifford_torus(50_000, rng), 0.15), 1),
    "Clifford torus, 50,000, up to .15, sparse, degree 2": Case(
        lambda rng: near_pairs(clifford_torus(50_000, rng), 0.15), 2
    ),
}


# --------------------------------------------------------------------------------------------------------------- programs
def prepared(name, D, degree, threshold, threads):
    """Return the call that is timed: a program on a matrix in its layout, up to a threshold."""
    if name == "ours":
        from spectral_ph.homology import rips_persistence

        return lambda: rips_persistence(D, degree, threshold=threshold).diagrams
    if name == "gudhi":
        from gudhi.sklearn import RipsPersistence

        kind = "distance coo_matrix" if sp.issparse(D) else "full distance matrix"
        given = sp.coo_matrix(sp.triu(D, 1)) if sp.issparse(D) else D
        most = np.inf if threshold is None else threshold
        rips = RipsPersistence(list(range(degree + 1)), threshold=most, input_type=kind, homology_coeff_field=2)
        return lambda: rips.fit_transform([given])[0]
    most = np.inf if threshold is None else threshold
    if name == "ripser":
        from ripser import ripser

        given = sp.csr_matrix(D) if sp.issparse(D) else D
        return lambda: ripser(given, maxdim=degree, thresh=most, distance_matrix=True)["dgms"]
    if name == "giotto":
        from gph import ripser_parallel

        given = sp.coo_matrix(D) if sp.issparse(D) else D
        settings = {"maxdim": degree, "thresh": most, "metric": "precomputed", "n_threads": threads}
        return lambda: ripser_parallel(given, **settings)["dgms"]
    import holos_tda

    # As it is by default: with collapse_edges=True it took twice as long on the orthogonal matrices.
    settings = {"max_dim": degree, "threads": threads}
    if sp.issparse(D):
        upper = sp.coo_array(sp.triu(D, 1))
        entries = list(zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist(), strict=True))
        run = functools.partial(holos_tda.rips_sparse, D.shape[0], entries, **settings)
    else:
        run = functools.partial(holos_tda.rips_condensed, squareform(D), threshold=threshold, **settings)

    def call():
        bars = run()
        return [np.array([bar[1:] for bar in bars if bar[0] == k]).reshape(-1, 2) for k in range(degree + 1)]

    return call


def task(name, path, degree, threshold, threads):
    """The task of `isolated`: a program on the matrix in a file."""
    few = euclidean(sphere_3(40, np.random.default_rng(1)))
    is_sparse = path.endswith(".npz")
    small = sp.csr_array(np.where(few < 1, few, 0)) if is_sparse else few
    prepared(name, small, degree, None if is_sparse else (threshold and 1.0), threads)()  # compiles
    D = sp.csr_array(sp.load_npz(path)) if is_sparse else np.load(path)

    def tell(diagrams):
        out = []
        for diagram in diagrams:
            d = np.asarray(diagram, dtype=np.float64).reshape(-1, 2)
            out.append(d[d[:, 1] > d[:, 0]].tolist())
        return {"diagrams": out}

    return prepared(name, D, degree, threshold, threads), tell


def difference(ours, theirs, largest):
    """Return the largest difference of births and deaths in the sorted diagrams, over the largest distance."""
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        a, b = (np.array(d).reshape(-1, 2) for d in (a, b))
        if len(a) != len(b):
            return f"{len(a)} bars, {len(b)} bars"
        if not len(a):
            continue
        # Single precision may change the order, so births and deaths are compared each by themselves.
        a, b = np.sort(a, axis=0), np.sort(b, axis=0)
        same = np.isinf(a) & np.isinf(b)
        worst = max(worst, float(np.abs(np.where(same, 0, a) - np.where(same, 0, b)).max()))
    return f"{worst / largest:.0e}"


def rows_of(case, engines, given):
    what = CASES[case]
    D = what.make(np.random.default_rng(SEED))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / ("D.npz" if sp.issparse(D) else "D.npy"))
        if sp.issparse(D):
            sp.save_npz(path, D)
        else:
            np.save(path, D)
        found = {
            name: isolated.run(
                task, name, path, what.degree, what.threshold, given.threads,
                limit=given.limit, grace=30, repeats=given.repeats,
            )
            for name in engines
        }  # fmt: skip
    if "failed" in found["ours"]:
        raise SystemExit(f"ours on {case}: {found['ours']['failed']}")
    mine = found["ours"]
    own = record.median(mine["seconds"])
    rows = []
    for name, told in found.items():
        row = {"case": case, "degree": what.degree, "n": D.shape[0], "engine": name}
        if "failed" in told:
            ratio = f"> {given.limit / own:.0f}" if told["failed"].startswith(">") else "-"
            row |= {"ratio": ratio, "failed": told["failed"]}
        else:
            took = record.median(told["seconds"])
            row |= {"seconds": took, "runs": len(told["seconds"]), "peak_gib": round(told["peak_gib"], 2)}
            row["bars"] = [len(d) for d in told["diagrams"]]
            if name != "ours":
                row |= {"ratio": took / own, "difference": difference(mine["diagrams"], told["diagrams"], D.max())}
        rows.append(row)
        print(row, flush=True)
    return rows


# ------------------------------------------------------------------------------------------------------- trials that decide
def shares():
    """Print, of full matrices up to a share of their pairs, the seconds of both engines of degree 2."""
    from benchmarks import homology
    from spectral_ph.homology.rips_h2 import rips_h2
    from spectral_ph.homology.rips_sparse import edges_within, rips_sparse

    rng = np.random.default_rng(SEED)
    data = {
        "sphere, 600": homology.sphere(600, rng),
        "noisy sphere, 600": homology.noisy(homology.sphere(600, rng), 0.35, 50, rng),
        "blob d=5, 600": rng.standard_normal((600, 5)),
        "orthogonal matrices, 1,000": orthogonal(1000, rng),
    }
    rows = []
    for name, X in data.items():
        D = euclidean(X)
        pairs = D[np.triu_indices(len(D), 1)]
        for share in (0.02, 0.05, 0.08, 0.12, 0.2):
            t = float(np.quantile(pairs, share))
            times, _ = record.seconds(
                lambda D=D, t=t: rips_sparse(edges_within(D, t)), lambda D=D, t=t: rips_h2(D, t), repeats=3
            )
            rows.append(
                {"data": name, "share": share, "edges": record.median(times[0]), "bits": record.median(times[1])}
            )
    record.table(rows, ["data", "share", "edges", "bits"])


def degrees():
    """Print the seconds of gudhi and ripser.py in degree 3."""
    from benchmarks import homology
    from spectral_ph.homology.engines import run_gudhi, run_ripser

    rng = np.random.default_rng(SEED)
    data = {
        "3-sphere, 60": sphere_3(60, rng),
        "3-sphere, 100": sphere_3(100, rng),
        "noisy sphere, 80": homology.noisy(homology.sphere(80, rng), 0.35, 50, rng),
        "blob d=5, 100": rng.standard_normal((100, 5)),
    }
    rows = []
    for name, X in data.items():
        D = euclidean(X)
        for t in (None, float(np.quantile(D, 0.3))):
            times, _ = record.seconds(
                lambda D=D, t=t: run_gudhi(D, 3, t, 2, False), lambda D=D, t=t: run_ripser(D, 3, t, 2, False), repeats=3
            )
            rows.append(
                {"data": name, "threshold": t, "gudhi": record.median(times[0]), "ripser.py": record.median(times[1])}
            )
    record.table(rows, ["data", "threshold", "gudhi", "ripser.py"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", action="store_true", help="only the trial that decides SPARSE_SHARE")
    parser.add_argument("--degrees", action="store_true", help="only the trial that decides the engine above degree 2")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--engines", default=",".join(peers.PEERS), help="which of the others to run; ours always runs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=110.0, help="seconds for one program on one matrix")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write results/sparse.json, after every case")
    given = parser.parse_args()
    if given.share or given.degrees:
        shares() if given.share else degrees()
        return
    engines = peers.installed(["ours", *(name for name in given.engines.split(",") if name)])
    path = record.RESULTS / "sparse.json"
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    by_case = {case: [row for row in known if row["case"] == case] for case in CASES}
    for case in CASES:
        if given.only in case:
            by_case[case] = rows_of(case, engines, given)
            if given.write:
                rows = [row for case in CASES for row in by_case[case]]
                record.write("sparse", rows, seed=SEED, threads=given.threads, limit_s=given.limit)
    record.table([row for case in CASES if given.only in case for row in by_case[case]], COLUMNS)


if __name__ == "__main__":
    main()
