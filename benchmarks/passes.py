"""What each pass of eff_res does to the spectrum of the graph: a noisy circle gains a loop, a filled square is torn.

    python benchmarks/passes.py [--quick]

n = 1,000, 30 neighbours, seed 0. Writes results/passes.json, the table of docs/theory.md.
"""

import argparse
import warnings

import numpy as np
import record

import spectral_ph as sph
from spectral_ph.distances.passes import graph_under
from spectral_ph.distances.resistance import by_pass

NEIGHBORS = 30


def rows_of(name, X, most):
    rows = []
    A = sph.neighbor_graph(X, NEIGHBORS)
    for number, (D, facts) in enumerate(by_pass(A, most, NEIGHBORS, disconnected="max"), start=1):
        S = sph.spectrum(A)
        mu = np.delete(S.values, S.trivial)
        weight = (1 - mu) ** 2 / mu
        rows.append(
            {
                "data": name,
                "pass": number,
                "components": len(S.trivial),
                "mu_2": float(mu[0]),
                "mu_3": float(mu[1]),
                "mu_4": float(mu[2]),
                "median mu": float(np.median(mu)),
                "share of the first two": float(weight[:2].sum() / weight.sum()),
                "largest degree": int(S.degrees.max()),
                "edges kept": facts["pass_graphs"][-1]["kept"] if number > 1 else None,
                "score": sph.detection_score(sph.persistence(D, "precomputed")[1]),
            }
        )
        A = graph_under(D, NEIGHBORS)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 points, two passes, nothing is written")
    quick = parser.parse_args().quick
    n, most = (200, 2) if quick else (1000, 5)
    warnings.simplefilter("ignore", sph.SpectralWarning)
    rows = rows_of("circle, sigma .3", sph.datasets.circle(n, ambient_dim=50, sigma=0.3, random_state=0), most)
    rows += rows_of("filled square", np.random.default_rng(0).uniform(size=(n, 2)), most)
    record.table(rows, list(rows[0]))
    if not quick:
        record.write("passes", rows, seed=0, n=n, k=NEIGHBORS)


if __name__ == "__main__":
    main()
