"""Contrastive embeddings and UMAP: the ring of UMAP's true loss, embeddings of graphs, and speed beside umap-learn and openTSNE.

    python -m benchmarks.embedding_contrastive --ring | --graphs | --speed [--quick] [--seeds 7] [--threads 1]

A row that is in the results already is not measured again, so a run that was cut off goes on where it ended; delete
results/embedding_ring.json, embedding_graphs.json or embedding_speed.json to start anew. Rows of another commit are dropped.

`--ring`: 1,000 points on a ring of radius 4, noise uniform in a disc of radius .5, UMAP from the data themselves, 10,000 epochs
(Damrich, Hamprecht, NeurIPS 2021). The published table sums over the diagonal; it is given with and without.

`--graphs`: of a vertex of degree d, the share of its neighbours among its d nearest ("recall"), and how often the 15 nearest
vote for its class ("accuracy"), as in Böhm et al., TMLR 2025.

`--speed`: medians of rounds in which both take turns, on one thread unless `--threads` says so. `optimiser`: 200 epochs on the
same graph from the same start; umap-learn moves both ends, as its fit does. `fit`: the whole of it, in a process of its own,
with peak memory.
"""

import argparse
import gc
import json
import time
import warnings

import numpy as np
import scipy.sparse as sp

import spectral_ph as sph
from benchmarks import isolated, record

E = sph.embedding

PUBLISHED = {  # with the diagonal, mean of 7 seeds: published loss, true loss
    "embedding": (70_235, 3_388),
    "data": (136_329, 4_973),
    "apart": (62_959, 54_017),
}
FAR = 1e9


class Rows:
    """The rows of a benchmark, written after each; those that are there are kept."""

    def __init__(self, name, quick):
        self.name, self.quick, self.rows = name, quick, []
        path = record.RESULTS / f"{name}.json"
        if path.exists() and not quick:
            held = json.loads(path.read_text())
            self.rows = held["rows"] if held["commit"] == record.commit() else []

    def has(self, **key):
        return any(all(row.get(name) == value for name, value in key.items()) for row in self.rows)

    def add(self, row):
        print(row, flush=True)
        self.rows.append(row)
        if not self.quick:
            record.write(self.name, self.rows)


# The ring


def noisy_ring(seed, n=1000):
    rng = np.random.default_rng(seed)
    angle, way, r = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 2 * np.pi, n), 0.5 * np.sqrt(rng.uniform(size=n))
    return np.column_stack([4 * np.cos(angle) + r * np.cos(way), 4 * np.sin(angle) + r * np.sin(way)])


def ring(given):
    rows = Rows("embedding_ring", given.quick)
    n, epochs = (300, 200) if given.quick else (1000, 10_000)
    for seed in range(1 if given.quick else given.seeds):
        if rows.has(seed=seed):
            continue
        X = noisy_ring(seed, n)
        model = E.UMAP(affinity="umap", n_neighbors=14, init=X, n_epochs=epochs, random_state=seed).fit(X)
        for name, Y in (("embedding", model.embedding_), ("data", X), ("apart", FAR * X)):
            found = E.umap_loss(model.affinities_, Y, n_epochs=epochs)
            # On the diagonal nu = 1, which costs log(1e4) times the weight of the repulsion, 1 or m d_i / n.
            whole = model.affinities_.sum() / model.affinities_.max()
            rows.add(
                {
                    "seed": seed,
                    "layout": name,
                    "published": found.published,
                    "true": found.true,
                    "published with diagonal": found.published + float(n * np.log(1e4)),
                    "true with diagonal": found.true + float(5 * whole / n * np.log(1e4)),
                }
            )
    summary = [
        {
            "layout": name,
            "paper published": PUBLISHED[name][0],
            "paper true": PUBLISHED[name][1],
            **{
                column: float(np.mean([row[column] for row in rows.rows if row["layout"] == name]))
                for column in ("published with diagonal", "true with diagonal", "published", "true")
            },
        }
        for name in PUBLISHED
    ]
    record.table(summary, list(summary[0]))


# Graphs


def blocks(seed=0, size=80, count=10):
    """A stochastic block model, p = .15 within a block and .004 between."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(count), size)
    likely = np.where(label[:, None] == label, 0.15, 0.004)
    A = np.triu(rng.random(likely.shape) < likely, 1).astype(float)
    A += A.T
    kept = A.sum(axis=1) > 0
    return sp.csr_array(A[kept][:, kept]), label[kept]


def digits(n=1000):
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data[:n], data.target[:n]


def digits_graph(n):
    X, label = digits(n)
    A = sph.neighbor_graph(X, 15)
    return A, label


def kept_edges(A, Y, cosine):
    """Return the mean over vertices of the share of their neighbours among their d nearest."""
    if cosine:
        Y = Y / np.linalg.norm(Y, axis=1, keepdims=True)
    squares = (Y**2).sum(axis=1)
    D = squares[:, None] + squares - 2 * Y @ Y.T
    np.fill_diagonal(D, np.inf)
    order = np.argsort(D, axis=1, kind="stable")
    degrees = np.diff(A.indptr)
    return float(
        np.mean(
            [np.isin(A.indices[A.indptr[i] : A.indptr[i + 1]], order[i, : degrees[i]]).mean() for i in range(len(Y))]
        )
    ), order


def accuracy(order, label, k=15):
    votes = label[order[:, :k]]
    return float(np.mean([np.bincount(row).argmax() == own for row, own in zip(votes, label, strict=True)]))


def node_embedding(tau, given, m=5):
    """Graph CNE: InfoNCE over edges, cosine, negatives that share the head."""
    return E.ContrastiveEmbedding(
        64,
        loss="infonce",
        kernel="cosine",
        temperature=tau,
        n_negatives=m,
        affinity="graph",
        n_epochs=50 if given.quick else 500,
    )


def graphs(given):
    rows = Rows("embedding_graphs", given.quick)
    methods = {
        "spectral, 2-D": (E.LaplacianEigenmaps(affinity="graph"), False),
        "graph t-SNE": (E.TSNE(affinity="graph"), False),
        "spectral, 64-D": (E.LaplacianEigenmaps(64, affinity="graph"), True),
        "graph CNE, tau .5": (node_embedding(0.5, given), True),
        "graph CNE, tau .05": (node_embedding(0.05, given), True),
        "graph CNE, tau .5, all negatives": (node_embedding(0.5, given, "all"), True),
        "graph CNE, tau .05, all negatives": (node_embedding(0.05, given, "all"), True),
    }
    for name, (A, label) in (
        ("SBM 10 x 80", blocks(size=20 if given.quick else 80)),
        ("digits", digits_graph(200 if given.quick else 1000)),
    ):
        for method, (model, cosine) in methods.items():
            if rows.has(graph=name, method=method):
                continue
            start = time.perf_counter()
            Y = model.fit_transform(A)
            spent = time.perf_counter() - start
            recall, order = kept_edges(A, Y, cosine)
            rows.add(
                {
                    "graph": name,
                    "method": method,
                    "recall": recall,
                    "accuracy": accuracy(order, label),
                    "seconds": spent,
                }
            )
    record.table(rows.rows, ["graph", "method", "recall", "accuracy", "seconds"])


# Speed


def branches(n, d=20, seed=0):
    """Points along a tree of segments: one piece, with loops in none of them."""
    rng = np.random.default_rng(seed)
    corners = [np.zeros(d)]
    ends = []
    for _ in range(25):
        start = corners[rng.integers(len(corners))]
        corners.append(start + 6 * rng.standard_normal(d) / np.sqrt(d))
        ends.append((start, corners[-1]))
    which, along = rng.integers(len(ends), size=n), rng.random((n, 1))
    starts, stops = (np.array([ends[w][side] for w in range(len(ends))])[which] for side in (0, 1))
    return starts + along * (stops - starts) + 0.4 * rng.standard_normal((n, d))


def recall_of(X, *layouts, k=15, sample=2000):
    from sklearn.neighbors import NearestNeighbors

    asked = np.arange(len(X))[:: max(1, len(X) // sample)]

    def nearest(Z):
        found = NearestNeighbors(n_neighbors=k + 1).fit(Z).kneighbors(Z[asked], return_distance=False)
        return [set(row) - {i} for i, row in zip(asked, found, strict=True)]

    truth = nearest(X)
    return [float(np.mean([len(a & b) / k for a, b in zip(truth, nearest(Z), strict=True)])) for Z in layouts]


def in_turn(calls, repeats):
    """Run calls in turn; return wall and CPU seconds of each, by round, and the last results."""
    wall, cpu, results = [[] for _ in calls], [[] for _ in calls], [None] * len(calls)
    for _ in range(repeats):
        for k, call in enumerate(calls):
            gc.collect()
            began = time.perf_counter(), time.process_time()
            results[k] = call()
            wall[k].append(time.perf_counter() - began[0])
            cpu[k].append(time.process_time() - began[1])
    return wall, cpu, results


def umap_pair(A, start, epochs, a, b, threads):
    """Return our optimiser and umap-learn's as calls, on one graph from one start; both are compiled by then."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    from spectral_ph.embedding.sampling import drawable

    W, _ = drawable(A, epochs)
    edges = W.tocoo()
    head, tail = (edges.coords[side].astype(np.int32) for side in (0, 1))
    model = E.UMAP(affinity="graph", a=a, b=b, init=start, n_epochs=epochs, n_jobs=threads)

    def ours(n_epochs=epochs):
        return model.set_params(n_epochs=n_epochs).fit_transform(A)

    def theirs(n_epochs=epochs):
        Y = start.astype(np.float32)
        every = make_epochs_per_sample(edges.data, n_epochs)
        seeds = np.random.default_rng(0).integers(-(2**31), 2**31, 3)
        return optimize_layout_euclidean(
            Y, Y, head, tail, n_epochs, len(Y), every, a, b, seeds, move_other=True, parallel=threads > 1
        )

    ours(2)
    theirs(2)
    return ours, theirs


def optimiser_rows(rows, given):
    from spectral_ph.embedding.affinities import affinities
    from spectral_ph.embedding.true_loss import curve

    n, epochs = (1000, 20) if given.quick else (20_000, 200)
    threads, repeats = given.threads, 2 if given.quick else 5
    data = {f"branches, n = {n:,}": branches(n), "digits": digits(1797)[0]}
    for name, X in data.items():
        A = None
        for which, (a, b) in {"min_dist .1": curve(None, None), "a = b = 1": (1.0, 1.0)}.items():
            key = {"case": "optimiser", "data": name, "setting": which, "threads": threads}
            if rows.has(**key):
                continue
            if A is None:
                A, _ = affinities(X, "umap", n_neighbors=15, normalized=False)
                start = E.UMAP(affinity="graph", n_epochs=1, learning_rate=0.0).fit_transform(A)
            wall, cpu, (Y, Z) = in_turn(umap_pair(A, start, epochs, a, b, threads), repeats)
            ours, theirs = recall_of(X, Y, Z)
            rows.add(
                {
                    **key,
                    "ours s": record.median(wall[0]),
                    "umap-learn s": record.median(wall[1]),
                    "ratio": record.median(wall[0]) / record.median(wall[1]),
                    "CPU ratio": record.median(cpu[0]) / record.median(cpu[1]),
                    "our recall": ours,
                    "their recall": theirs,
                    "runs": len(wall[0]),
                }
            )


def tsne_rows(rows, given):
    """Our t-SNE and openTSNE from points to layout, both started at the principal components."""
    import openTSNE

    repeats = 2 if given.quick else 5
    data = {f"digits, n = {n:,}": digits(n)[0] for n in ((300,) if given.quick else (500, 1000, 1797))}
    if not given.quick:
        data["branches, n = 20,000"] = branches(20_000)
    for name, X in data.items():
        key = {"case": "t-SNE", "data": name, "threads": given.threads}
        if rows.has(**key):
            continue
        calls = (
            lambda X=X: E.TSNE(init="pca", n_jobs=given.threads).fit(X),
            lambda X=X: openTSNE.TSNE(initialization="pca", n_jobs=given.threads, random_state=0).fit(X),
        )
        for call in calls:
            call()
        wall, cpu, (ours, theirs) = in_turn(calls, repeats if len(X) < 5000 else 3)
        rows.add(
            {
                **key,
                "ours s": record.median(wall[0]),
                "openTSNE s": record.median(wall[1]),
                "ratio": record.median(wall[0]) / record.median(wall[1]),
                "CPU ratio": record.median(cpu[0]) / record.median(cpu[1]),
                "our KL": ours.settings_["kl_divergence"],
                "their KL": float(theirs.kl_divergence),
                "runs": len(wall[0]),
            }
        )


def our_fit(n, threads):
    X = branches(n)
    E.UMAP(affinity="umap", n_epochs=2).fit(X[:500])
    model = E.UMAP(affinity="umap", n_jobs=threads)
    return lambda: model.fit_transform(X), lambda Y: {"recall": recall_of(X, Y)[0]}


def their_fit(n, threads):
    import umap

    X = branches(n)
    options = {"n_jobs": threads} if threads > 1 else {"random_state": 0, "n_jobs": 1}
    umap.UMAP(n_neighbors=16, n_epochs=2, **options).fit(X[:500])
    return lambda: umap.UMAP(n_neighbors=16, **options).fit_transform(X), lambda Y: {"recall": recall_of(X, Y)[0]}


def fit_rows(rows, given):
    for n in (2000,) if given.quick else (20_000, 100_000):
        for name, task in (("ours", our_fit), ("umap-learn", their_fit)):
            key = {"case": "fit", "data": f"branches, n = {n:,}", "program": name, "threads": given.threads}
            if not rows.has(**key):
                rows.add(key | isolated.run(task, n, given.threads, limit=1800, grace=300))


def speed(given):
    import numba

    numba.set_num_threads(min(given.threads, numba.config.NUMBA_NUM_THREADS))
    rows = Rows("embedding_speed", given.quick)
    optimiser_rows(rows, given)
    tsne_rows(rows, given)
    fit_rows(rows, given)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ring", action="store_true", help="UMAP's ring: published and true loss")
    parser.add_argument("--graphs", action="store_true", help="recall and accuracy of node embeddings")
    parser.add_argument("--speed", action="store_true", help="time beside umap-learn and openTSNE")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing is written")
    parser.add_argument("--seeds", type=int, default=7, help="of the ring")
    parser.add_argument("--threads", type=int, default=1, help="of the speed")
    given = parser.parse_args()
    chosen = [task for name, task in (("ring", ring), ("graphs", graphs), ("speed", speed)) if getattr(given, name)]
    if not chosen:
        parser.error("choose --ring, --graphs or --speed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for task in chosen:
            task(given)


if __name__ == "__main__":
    main()
