"""Graph, distance, homology and the whole chain against scikit-learn, LAPACK, gudhi and ripser.py, in one run.

    python -m benchmarks.speed [--quick]

Noisy circle, d = 50, sigma = 0.25, seed 0, corrected effective resistance (one step), its default of four steps in rows of
its own. Medians of rounds in which all competitors take turns; ratio > 1 means ours is faster.
Diagrams are compared with each peer's. Written to results/speed.json.
"""

import argparse

import numpy as np
import scipy.linalg
from sklearn.neighbors import NearestNeighbors

import spectral_ph as sph
from benchmarks import peers, record
from spectral_ph.homology import rips_persistence
from spectral_ph.spectrum import degrees

K = 15


def sklearn_graph(X):
    A = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(X).kneighbors_graph()  # brute is its fastest here
    return A.maximum(A.T)


def lapack_floor(n):
    """The two LAPACK calls that exact all-pairs resistance cannot do without, on a matrix that is already there."""
    M = np.full((n, n), 1.0 / n, order="F")
    M[np.diag_indices(n)] += K

    def call():
        factor, _ = scipy.linalg.lapack.dpotrf(M, lower=1, clean=0)
        return scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)[0]

    return call


def textbook_resistance(A, steps=1):
    """As it is usually written: dense inverse, broadcasting."""
    A = A.toarray()
    d, n = A.sum(1), len(A)
    M = np.linalg.inv(np.diag(d) - A + 1 / n)
    if steps > 1:
        P = np.linalg.matrix_power(A / d[:, None], steps)
        M = P @ M @ P.T
        return np.maximum(np.add.outer(np.diag(M), np.diag(M)) - M - M.T, 0)
    R = np.add.outer(np.diag(M), np.diag(M)) - M - M.T - np.add.outer(1 / d, 1 / d) + 2 * A / np.outer(d, d)
    np.fill_diagonal(R, 0)
    return np.maximum(np.maximum(R, R.T), 0)


def difference(P, dgms, scale):
    return max(sph.diagram_distance(P[k], dgms[k]) for k in (0, 1)) / scale


def compare(case, n, ours, *peers, repeats):
    """Time ours against the peers; return one row a peer."""
    times, results = record.seconds(ours, *(call for _, call in peers), repeats=repeats)
    rows = []
    for k, (name, _) in enumerate(peers, start=1):
        rows.append(
            {
                "case": case,
                "n": n,
                "peer": name,
                "ours_s": record.median(times[0]),
                "peer_s": record.median(times[k]),
                "ratio": record.median(times[k]) / record.median(times[0]),
                "runs": [len(times[0]), len(times[k])],
            }
        )
    return rows, results


def with_differences(rows, results, D):
    """Give every peer's row how far its diagrams are from ours."""
    for row, dgms in zip(rows, results[1:], strict=True):
        row["difference"] = difference(results[0], dgms, D.max())
    return rows


def graph_rows(n, X, repeats):
    rows, (ours, theirs) = compare(
        "graph",
        n,
        lambda: sph.neighbor_graph(X, K),
        ("scikit-learn", lambda: sklearn_graph(X)),
        repeats=repeats,
    )
    assert abs(ours - theirs).nnz == 0
    return rows


def distance_rows(n, A, steps, repeats):
    rows, results = compare(
        "distance" if steps == 1 else "distance, four steps",
        n,
        lambda: sph.distance_matrix(graph=A, steps=steps),
        ("LAPACK potrf + potri", lapack_floor(n)),
        ("numpy, as in a textbook", lambda: textbook_resistance(A, steps)),
        repeats=repeats,
    )
    tolerance = 1e-12 * degrees(A).max() if steps == 1 else 1e-9 * results[0].max()
    assert np.abs(results[0] - results[2]).max() < tolerance
    return rows


def homology_rows(n, D, repeats):
    rows, results = compare(
        "homology",
        n,
        lambda: rips_persistence(D),
        ("gudhi", lambda: peers.diagrams("gudhi", D)),
        ("ripser.py", lambda: peers.diagrams("ripser", D)),
        repeats=repeats,
    )
    return with_differences(rows, results, D)


def chain_rows(n, X, D, repeats):
    def by_hand(name):
        return lambda: peers.diagrams(name, textbook_resistance(sklearn_graph(X)))

    rows, results = compare(
        "whole chain",
        n,
        lambda: sph.persistence(X, n_neighbors=K, steps=1),
        ("scikit-learn + numpy + gudhi", by_hand("gudhi")),
        ("scikit-learn + numpy + ripser.py", by_hand("ripser")),
        repeats=repeats,
    )
    return with_differences(rows, results, D)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="n = 500 and 1,000 only, nothing is written")
    quick = parser.parse_args().quick
    sph.persistence(sph.datasets.circle(200))  # compiles the kernels
    rows = []
    for n in (500, 1000) if quick else (1000, 2000, 4000):
        repeats = 7 if n <= 2000 else 5
        X = sph.datasets.circle(n, ambient_dim=50, sigma=0.25, random_state=0)
        A = sph.neighbor_graph(X, K)
        D = sph.distance_matrix(graph=A, steps=1)
        rows += graph_rows(n, X, repeats)
        rows += distance_rows(n, A, 1, repeats)
        rows += distance_rows(n, A, 4, repeats)
        rows += homology_rows(n, D, repeats)
        rows += chain_rows(n, X, D, repeats)
    record.table(rows, ["case", "n", "peer", "ours_s", "peer_s", "ratio", "difference"])
    if not quick:
        print("written to", record.write("speed", rows, seed=0, data="circle, ambient_dim=50, sigma=0.25", k=K).name)


if __name__ == "__main__":
    main()
