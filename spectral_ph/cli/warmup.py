"""Every kernel once, on a few points, so that the first real call need not compile."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import spectral_ph as sph
from spectral_ph._numba import compile_both_forms

POINTS = 300


def calls() -> Iterator[str]:
    """Do each kind of work there is on few points.

    Yields
    ------
    str, what was done.
    """
    X = sph.datasets.circle(POINTS, ambient_dim=5, sigma=0.1, random_state=0)
    few = X[:150]  # the graphs of t-SNE and UMAP need 101
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        R = sph.find_loops(X, splits=1)
        if R.loops:
            R.loops[0].curve(X[:, :2])
        yield "loops"
        for name in sph.DISTANCES:
            if name != "precomputed":
                sph.distance_matrix(few, name)
        yield "distances"
        for dtype in ("float64", "float32"):
            sph.persistence(few, "euclidean", dtype=dtype, cocycles=True)
        yield "degrees 0 and 1"
        sph.persistence(few, maxdim=2, engine="h2")
        sph.persistence(few, "euclidean", maxdim=2, engine="h2", threshold=0.1)
        yield "degree 2"
        for method in ("truncated", "landmarks"):
            sph.persistence(X, method=method, n_components=20, n_landmarks=50)
        sph.distance_matrix(few, n_neighbors=10, passes=2, disconnected="max")
        yield "larger data"
        embedding = sph.embedding
        for model in (
            embedding.TSNE(early_steps=2, n_steps=2),
            embedding.UMAP(n_epochs=2),
            embedding.ContrastiveEmbedding(n_epochs=2),
        ):
            model.fit_transform(few)
        yield "layouts"
        compile_both_forms()
        yield "one thread and several"
