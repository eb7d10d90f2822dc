"""Time and memory beside umap-learn and openTSNE; medians of rounds in which both take turns.

All run on each number of `--threads`, 1 by default, and kernels are compiled before the clock starts. `optimiser`: UMAP's
epochs, as many as by default, on the same graph from the same start; umap-learn moves both ends of an edge, as its fit does.
The recall of digits is a mean over 5 seeds. `t-SNE`: from points to layout, both started at the principal components. `fit`:
the whole of UMAP, in a process of its own, with peak memory. `--only TEXT` takes the cases with that text in their name or
data. Each round is written when it is done, so that a run may be cut off.
"""

import gc
import time
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks import isolated, record, resume
from benchmarks.embedding_spectrum import digits
from spectral_ph import embedding as E
from spectral_ph.embedding.affinities import affinities
from spectral_ph.embedding.sampling import drawable, usual_epochs
from spectral_ph.embedding.true_loss import curve

ROUNDS, FEWER_ROUNDS, FEW_POINTS = 5, 3, 5000
CURVES = {"min_dist .1": (None, None), "a = b = 1": (1.0, 1.0)}


def branches(n, d=20, seed=0):
    """Return points along a tree of segments: one piece, with loops in none of them."""
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
    """Return for each layout the share of the k nearest neighbours that are kept, over evenly spaced points."""
    asked = np.arange(len(X))[:: max(1, len(X) // sample)]

    def nearest(Z):
        found = NearestNeighbors(n_neighbors=k + 1).fit(Z).kneighbors(Z[asked], return_distance=False)
        return [set(row) - {i} for i, row in zip(asked, found, strict=True)]

    truth = nearest(X)
    return [float(np.mean([len(a & b) / k for a, b in zip(truth, nearest(Z), strict=True)])) for Z in layouts]


@dataclass(frozen=True)
class Pair:
    """Our program and another's on the same task."""

    key: dict[str, Any]
    ours: Any
    theirs: Any
    tell: Any  # returns what is told of both results
    rounds: int


def in_turn(rows, pair):
    """Run both in turn and write every round."""
    row = next((row for row in rows.rows if pair.key.items() <= row.items()), None)
    if row is None:
        row = pair.key | {"our rounds": [], "their rounds": [], "our CPU": [], "their CPU": []}
        rows.rows.append(row)
    while len(row["our rounds"]) < pair.rounds:
        results, spent = [], []
        for call in (pair.ours, pair.theirs):
            gc.collect()
            began = time.perf_counter(), time.process_time()
            results.append(call())
            spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        (ours, our_cpu), (theirs, their_cpu) = spent
        for name, value in (
            ("our rounds", ours),
            ("their rounds", theirs),
            ("our CPU", our_cpu),
            ("their CPU", their_cpu),
        ):
            row[name].append(value)
        medians = {name: record.median(row[name]) for name in ("our rounds", "their rounds", "our CPU", "their CPU")}
        row |= {
            "ours s": medians["our rounds"],
            "theirs s": medians["their rounds"],
            "ratio": medians["our rounds"] / medians["their rounds"],
            "CPU ratio": medians["our CPU"] / medians["their CPU"],
            "rounds": len(row["our rounds"]),
        }
        if "our quality" not in row:
            row |= pair.tell(*results)
        print({name: row[name] for name in (*pair.key, "ours s", "theirs s", "ratio", "rounds")}, flush=True)
        rows.keep()


def optimiser_pairs(given):
    """Yield the optimisers of UMAP on the same graph from the same start."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    n = 1000 if given.quick else 20_000
    for name, points in {
        f"branches, n = {n:,}": lambda: branches(n),
        "digits, n = 1,797": lambda: digits(1797)[0],
    }.items():
        if not wanted(given, "optimiser", name):
            continue
        X = points()
        epochs = 20 if given.quick else usual_epochs(len(X))
        seeds = range(1 if len(X) > FEW_POINTS or given.quick else 5)
        A, _ = affinities(X, "umap", n_neighbors=15, normalized=False)
        start = E.UMAP(affinity="graph", n_epochs=1, learning_rate=0.0).fit_transform(A)
        W, _ = drawable(A, epochs)
        edges = W.tocoo()
        head, tail = (edges.coords[side].astype(np.int32) for side in (0, 1))
        for setting, (a, b) in CURVES.items():
            a, b = curve(a, b)
            model = E.UMAP(affinity="graph", a=a, b=b, init=start, n_jobs=given.threads)

            def ours(n_epochs=epochs, seed=0, model=model, A=A):
                return model.set_params(n_epochs=n_epochs, random_state=seed).fit_transform(A)

            def theirs(n_epochs=epochs, seed=0, a=a, b=b, start=start, edges=edges, head=head, tail=tail):
                Y = start.astype(np.float32)
                every = make_epochs_per_sample(edges.data, n_epochs)
                state = np.random.default_rng(seed).integers(-(2**31), 2**31, 3)
                parallel = given.threads > 1
                return optimize_layout_euclidean(
                    Y, Y, head, tail, n_epochs, len(Y), every, a, b, state, move_other=True, parallel=parallel
                )

            def tell(Y, Z, X=X, epochs=epochs, seeds=seeds, ours=ours, theirs=theirs):
                layouts = [(Y, Z)] + [(ours(epochs, seed), theirs(epochs, seed)) for seed in seeds[1:]]
                recalls = np.mean([recall_of(X, *pair) for pair in layouts], axis=0).tolist()
                return {
                    "quality": "recall",
                    "our quality": recalls[0],
                    "their quality": recalls[1],
                    "layouts": len(seeds),
                }

            ours(2)
            theirs(2)
            key = {"case": "optimiser", "data": name, "setting": setting, "threads": given.threads, "epochs": epochs}
            yield Pair(key, ours, theirs, tell, 2 if given.quick else ROUNDS)


def tsne_pairs(given):
    """Yield our t-SNE and openTSNE's, from points to layout."""
    import openTSNE

    sizes = (300,) if given.quick else (500, 1000, 1797)
    data = {f"digits, n = {n:,}": lambda n=n: digits(n)[0] for n in sizes}
    if not given.quick:
        data["branches, n = 20,000"] = lambda: branches(20_000)

    def ours(X):
        return E.TSNE(init="pca", n_jobs=given.threads).fit(X)

    def theirs(X):
        return openTSNE.TSNE(initialization="pca", n_jobs=given.threads, random_state=0).fit(X)

    def tell(model, layout):
        return {
            "quality": "KL",
            "our quality": model.settings_["kl_divergence"],
            "their quality": float(layout.kl_divergence),
        }

    for name, points in data.items():
        if not wanted(given, "t-SNE", name):
            continue
        X = points()
        for call in (ours, theirs):
            call(X[:300])
        key = {"case": "t-SNE", "data": name, "setting": "perplexity 30", "threads": given.threads}
        rounds = 2 if given.quick else ROUNDS if len(X) <= FEW_POINTS else FEWER_ROUNDS
        yield Pair(key, lambda X=X: ours(X), lambda X=X: theirs(X), tell, rounds)


def our_fit(n, threads):
    """Return the task of our UMAP; see `isolated`."""
    X = branches(n)
    E.UMAP(affinity="umap", n_epochs=2).fit(X[:500])
    model = E.UMAP(affinity="umap", n_jobs=threads)
    return lambda: model.fit_transform(X), lambda Y: {"recall": recall_of(X, Y)[0]}


def their_fit(n, threads):
    """Return the task of umap-learn; it takes more than one thread only without a seed."""
    import umap

    X = branches(n)
    options = {"n_jobs": threads} if threads > 1 else {"random_state": 0, "n_jobs": 1}
    umap.UMAP(n_neighbors=16, n_epochs=2, **options).fit(X[:500])
    return lambda: umap.UMAP(n_neighbors=16, **options).fit_transform(X), lambda Y: {"recall": recall_of(X, Y)[0]}


def fit_rows(fits, given):
    """Measure UMAP from points to layout."""
    for n in (2000,) if given.quick else (20_000, 100_000):
        for name, task in (("ours", our_fit), ("umap-learn", their_fit)):
            key = {"data": f"branches, n = {n:,}", "program": name, "threads": given.threads}
            if wanted(given, "fit", f"{key['data']}, {name}") and not fits.has(**key):
                told = isolated.run(task, n, given.threads, limit=1800, grace=300)
                if "seconds" in told:
                    told["seconds"] = record.median(told["seconds"])
                fits.add(key | told)


def wanted(given, case, data):
    """Return whether a case is asked for."""
    return not given.only or given.only in f"{case}, {data}"


def bars(rows):
    """Return the bars of all cases that were measured."""
    held = []
    for row in rows:
        if "ratio" not in row:
            continue
        name = f"{row['case']}, {row['data']}, {row['setting']}, threads {row['threads']}"
        ratio, ours, theirs = row["ratio"], row["our quality"], row["their quality"]
        most = 1.05
        if row["case"] == "optimiser":
            if row["setting"] == "a = b = 1":
                most = 0.5
            elif row["threads"] > 1:
                most = 1.0
            good = resume.bar(
                f"{name}: recall within .005 or above", f"{ours:.4f} and {theirs:.4f}", ours >= theirs - 0.005
            )
        else:
            if row["data"].startswith("digits"):
                most = 0.8
            good = resume.bar(
                f"{name}: KL no higher by .01", f"{ours:.4f} and {theirs:.4f}", bool(ours <= theirs + 0.01)
            )
        held += [resume.bar(f"{name}: time at most {most:g} of theirs", f"{ratio:.3f}", bool(ratio <= most)), good]
    return held


def gains(rows):
    """Return how many times as fast two threads are as one, where both were measured."""
    keys = ("case", "data", "setting")
    alone = {tuple(row[k] for k in keys): row for row in rows if row.get("threads") == 1 and "ours s" in row}
    held = []
    for row in rows:
        one = alone.get(tuple(row[k] for k in keys))
        if row.get("threads") == 2 and "ours s" in row and one and row["case"] == "optimiser":
            gain = one["ours s"] / row["ours s"]
            name = f"{row['case']}, {row['data']}, {row['setting']}: two threads 1.6 times as fast as one (stretch)"
            held.append(resume.bar(name, f"{gain:.2f}", bool(gain >= 1.6)))
    return held


def run(given):
    """Measure, print and write."""
    rows = resume.Rows("embedding_speed", given.quick, lambda rows: {"bars": bars(rows) + gains(rows)})
    fits = resume.Rows("embedding_fits", given.quick)
    for threads in given.threads:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        one = Namespace(**vars(given) | {"threads": threads})
        for pairs in (optimiser_pairs, tsne_pairs):
            for pair in pairs(one):
                in_turn(rows, pair)
        fit_rows(fits, one)
    columns = [
        "case",
        "data",
        "setting",
        "threads",
        "ours s",
        "theirs s",
        "ratio",
        "CPU ratio",
        "our quality",
        "their quality",
    ]
    record.table(rows.rows, columns)
    record.table(fits.rows, ["data", "program", "threads", "seconds", "peak_gib", "recall"])
    resume.show(bars(rows.rows) + gains(rows.rows))
