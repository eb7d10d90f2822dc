"""Digits along the spectrum: neighbour recall of t-SNE along rho, of Neg-t-SNE along Zbar, and which is most like another method.

All layouts share the 15 nearest neighbours, all alike, and the spectral start. Along "rho, sweep" each layout starts where the
one before ended instead, from rho = 1 upwards. Recall is the share of the 15 nearest neighbours of a point that are among its 15
nearest in the layout. "Like" is the correlation of all distances of two layouts.
"""

import itertools

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.datasets import load_digits

from benchmarks import record, resume
from spectral_ph import embedding as E
from spectral_ph.graph.neighbors import nearest_neighbors

RHOS = (1, 2, 4, 8, 15, 30, 60)
Z_BARS = (3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
NEIGHBORS = 15


def recall(X, Y, k=NEIGHBORS):
    """Return the share of the k nearest neighbours in X that are among the k nearest in Y."""
    a, b = (nearest_neighbors(Z, k, search="exact").indices for Z in (X, Y))
    return float(np.mean([len(np.intersect1d(p, q)) for p, q in zip(a, b, strict=True)]) / k)


def alike(Y, Z):
    """Return the correlation of all distances of two layouts."""
    return float(np.corrcoef(pdist(Y), pdist(Z))[0, 1])


def digits(n):
    """Return the first n of scikit-learn's digits, and their labels."""
    data = load_digits()
    return data.data[:n], data.target[:n]


def measured(X):
    """Return the rows, and the partition of t-SNE at rho = 1."""
    others = {
        "like ForceAtlas2": E.ForceAtlas2(affinity="knn").fit_transform(X),
        "like UMAP": E.UMAP(affinity="knn").fit_transform(X),
    }

    def row(along, value, Y):
        found = {"along": along, "value": value, "recall": recall(X, Y)}
        print(found, flush=True)
        return found | {name: alike(Y, Z) for name, Z in others.items()}

    models = [E.TSNE(rho=rho, affinity="knn").fit(X) for rho in RHOS]
    rows = [row("rho", model.rho, model.embedding_) for model in models]
    rows += [
        row("rho, sweep", model.rho, model.embedding_) for model in E.sweep(E.TSNE(affinity="knn"), "rho", RHOS, X)
    ]
    for Z_bar in Z_BARS:
        Y = E.ContrastiveEmbedding(loss="neg", Z_bar=Z_bar, affinity="knn").fit_transform(X)
        rows.append(row("Z_bar", Z_bar, Y))
    return rows, models[0].partition_


def bars(rows, partition, n):
    """Return the bars."""
    by_rho, by_Z = ([row for row in rows if row["along"] == along] for along in ("rho", "Z_bar"))
    along = [row["recall"] for row in by_rho]
    atlas, umap = (max(by_rho, key=lambda row: row[f"like {name}"])["value"] for name in ("ForceAtlas2", "UMAP"))
    top = max(by_Z, key=lambda row: row["recall"])["value"]
    usual = n * (n - 1) / 5
    return [
        resume.bar(
            "recall never rises along rho",
            ", ".join(f"{value:.3f}" for value in along),
            all(b <= a for a, b in itertools.pairwise(along)),
        ),
        resume.bar("along Zbar, recall is largest inside the range", f"{top:g}", Z_BARS[0] < top < Z_BARS[-1]),
        resume.bar(
            "there Zbar is within a factor of 10 of t-SNE's partition",
            f"{top:g} and {partition:.3g}",
            partition / 10 <= top <= 10 * partition,
        ),
        resume.bar("there Zbar is below UMAP's", f"{top:g} and {usual:g}", top < usual),
        resume.bar("the rho most like ForceAtlas2 is from 8 to 60", f"{atlas}", 8 <= atlas <= 60),
        resume.bar("the rho most like UMAP; one layout cannot tell", f"{umap}", "no bar"),
    ]


def run(given):
    """Measure, print and write."""
    n = 300 if given.quick else 1000
    rows, partition = measured(digits(n)[0])
    record.table(rows, list(rows[0]))
    held = bars(rows, partition, n)
    resume.show(held)
    if not given.quick:
        record.write("embedding_spectrum", rows, bars=held, points=n, partition=partition)
