"""What passes and steps of eff_res do to the spectrum: a noisy circle gains a loop, a filled square is torn by passes.

    python -m benchmarks.passes [--quick]

n = 1,000, seed 0; 30 neighbours for passes, 15 for steps. Writes results/passes.json, the tables of docs/theory.md.
"""

import argparse
import warnings

import numpy as np

import spectral_ph as sph
from benchmarks import record
from spectral_ph.distances.passes import graph_under
from spectral_ph.distances.resistance import by_pass

NEIGHBORS = 30


def rows_of(name, X, most):
    rows = []
    A = sph.neighbor_graph(X, NEIGHBORS)
    for number, (D, facts) in enumerate(
        by_pass(A, passes=most, pass_neighbors=NEIGHBORS, steps=1, disconnected="max"), start=1
    ):
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


def by_steps(name, X):
    """What is left of the distance when the walk has spread its ends: whose it is, the loop's or the noise's."""
    A = sph.neighbor_graph(X, 15)
    S = sph.spectrum(A)
    mu = np.delete(S.values, S.trivial)
    rows = []
    for steps in (0, 1, 2, 4, 8, 16):
        weight = (1 - mu) ** (2 * steps) / mu
        P = sph.persistence(graph=A, steps=steps)[1]
        rows.append(
            {
                "data": name,
                "steps": steps,
                "mu_2": float(mu[0]),
                "share of the first two": float(weight[:2].sum() / weight.sum()),
                "share of mu > 1/2": float(weight[mu > 0.5].sum() / weight.sum()),
                "eigenpairs that carry it": float(weight.sum() ** 2 / (weight**2).sum()),
                "score": sph.detection_score(P),
            }
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 points, two passes, nothing is written")
    quick = parser.parse_args().quick
    n, most = (200, 2) if quick else (1000, 5)
    warnings.simplefilter("ignore", sph.SpectralWarning)
    rows = rows_of("circle, sigma .3", sph.datasets.circle(n, ambient_dim=50, sigma=0.3, random_state=0), most)
    rows += rows_of("filled square", np.random.default_rng(0).uniform(size=(n, 2)), most)
    steps = by_steps("circle, sigma .25", sph.datasets.circle(n, ambient_dim=50, sigma=0.25, random_state=0))
    steps += by_steps("filled square", np.random.default_rng(0).uniform(size=(n, 2)))
    record.table(rows, list(rows[0]))
    record.table(steps, list(steps[0]))
    if not quick:
        record.write("passes", rows, seed=0, n=n, k=NEIGHBORS, steps=steps)


if __name__ == "__main__":
    main()
