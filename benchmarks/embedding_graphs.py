"""Embeddings of graphs (Böhm et al., TMLR 2025): what graph t-SNE and graph CNE keep beside spectral embedding.

Recall: of a vertex of degree d, the share of its neighbours among its d nearest, a mean over the vertices. Accuracy: how often
most of the 15 nearest are of its class. In 64 dimensions all are compared by the cosine, as graph CNE is trained.
"""

import time

import numpy as np
import scipy.sparse as sp

import spectral_ph as sph
from benchmarks import record, resume
from benchmarks.embedding_spectrum import digits
from spectral_ph import embedding as E

DIMENSIONS = 64


def blocks(seed=0, size=80, count=10):
    """Return a stochastic block model, p = .15 within a block and .004 between, and the block of each vertex."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(count), size)
    likely = np.where(label[:, None] == label, 0.15, 0.004)
    A = np.triu(rng.random(likely.shape) < likely, 1).astype(float)
    A += A.T
    kept = A.sum(axis=1) > 0
    return sp.csr_array(A[kept][:, kept]), label[kept]


def digits_graph(n):
    """Return the graph of the 15 nearest neighbours of n digits, and their labels."""
    X, label = digits(n)
    return sph.neighbor_graph(X, 15), label


def kept_edges(A, Y, cosine):
    """Return the recall, and the order of all others by their distance from every vertex."""
    if cosine:
        Y = Y / np.linalg.norm(Y, axis=1, keepdims=True)
    squares = (Y**2).sum(axis=1)
    D = squares[:, None] + squares - 2 * Y @ Y.T
    np.fill_diagonal(D, np.inf)
    order = np.argsort(D, axis=1, kind="stable")
    near = np.split(A.indices, A.indptr[1:-1])
    return float(np.mean([np.isin(own, row[: len(own)]).mean() for own, row in zip(near, order, strict=True)])), order


def accuracy(order, label, k=15):
    """Return how often most of the k nearest are of a vertex's class."""
    votes = label[order[:, :k]]
    return float(np.mean([np.bincount(row).argmax() == own for row, own in zip(votes, label, strict=True)]))


def node_embedding(temperature, n_epochs, n_negatives=5):
    """Return graph CNE: InfoNCE over edges, cosine, negatives that share the head."""
    return E.ContrastiveEmbedding(
        DIMENSIONS,
        loss="infonce",
        kernel="cosine",
        temperature=temperature,
        n_negatives=n_negatives,
        affinity="graph",
        n_epochs=n_epochs,
    )


def bars(rows):
    """Return the bars for every graph."""
    held = []
    for graph in dict.fromkeys(row["graph"] for row in rows):
        by_method = {row["method"]: row for row in rows if row["graph"] == graph}

        def above(one, other, value, graph=graph, by_method=by_method):
            if one not in by_method or other not in by_method:
                return resume.bar(f"{graph}: {value} of {one} above {other}", None, None)
            a, b = by_method[one][value], by_method[other][value]
            return resume.bar(f"{graph}: {value} of {one} above {other}", f"{a:.3f} and {b:.3f}", a > b)

        spectral = f"spectral, {DIMENSIONS}-D"
        held += [above("graph t-SNE", "spectral, 2-D", value) for value in ("recall", "accuracy")]
        held += [above("graph CNE, tau .05", spectral, "recall")]
    return held


def run(given):
    """Measure, print and write."""
    n_epochs = 50 if given.quick else 500
    rows = resume.Rows("embedding_graphs", given.quick, lambda rows: {"bars": bars(rows)})
    methods = {
        "spectral, 2-D": (E.LaplacianEigenmaps(affinity="graph"), False),
        "graph t-SNE": (E.TSNE(affinity="graph"), False),
        f"spectral, {DIMENSIONS}-D": (E.LaplacianEigenmaps(DIMENSIONS, affinity="graph"), True),
        "graph CNE, tau .5": (node_embedding(0.5, n_epochs), True),
        "graph CNE, tau .05": (node_embedding(0.05, n_epochs), True),
        "graph CNE, tau .5, all negatives": (node_embedding(0.5, n_epochs, "all"), True),
        "graph CNE, tau .05, all negatives": (node_embedding(0.05, n_epochs, "all"), True),
    }
    for name, (A, label) in (
        ("SBM 10 x 80", blocks(size=20 if given.quick else 80)),
        ("digits", digits_graph(200 if given.quick else 1000)),
    ):
        for method, (model, cosine) in methods.items():
            if rows.has(graph=name, method=method):
                continue
            start = time.process_time()
            Y = model.fit_transform(A)
            spent = time.process_time() - start
            recall, order = kept_edges(A, Y, cosine)
            found = {"recall": recall, "accuracy": accuracy(order, label), "CPU seconds": spent}
            rows.add({"graph": name, "method": method} | found)
    rows.keep()
    record.table(rows.rows, list(rows.rows[0]))
    resume.show(bars(rows.rows))
