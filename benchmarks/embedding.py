"""Layouts: what they keep along the spectrum of attraction and repulsion, and whether the loop of a noisy circle survives.

    python -m benchmarks.embedding --spectrum [--quick]     digits, n = 1,000: neighbour recall along rho and along Zbar
    python -m benchmarks.embedding --circle [--quick]       a circle in 50 dimensions, n = 1,000: the loop in each layout

Recall is the share of the 15 nearest neighbours of a point that are among its 15 nearest in the layout. "Most like" is the
largest correlation of all distances of two layouts. Every part prints the bars it is held to and whether they are met, and with
--write its rows go to results/.
"""

import argparse
import itertools

import numpy as np
from scipy.spatial.distance import pdist

import spectral_ph as sph
from benchmarks import record
from spectral_ph import embedding as E
from spectral_ph.graph.neighbors import nearest_neighbors

RHOS = (1, 2, 4, 8, 15, 30, 60)
Z_BARS = (3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
NEIGHBORS = 15
SIGMAS = (0.25, 0.35)
AFFINITIES = (
    ("perplexity 30", {"affinity": "perplexity"}),
    ("knn 15", {"affinity": "knn"}),
    ("eff_res 15", {"affinity": "eff_res"}),
    ("eff_res 50", {"affinity": "eff_res", "n_neighbors": 50}),
    ("diffusion 15", {"affinity": "diffusion"}),
)
CIRCLE_RHOS = (1, 4)


def recall(X, Y, k=NEIGHBORS):
    """Return the share of the k nearest neighbours in X that are among the k nearest in Y."""
    a, b = (nearest_neighbors(Z, k, search="exact").indices for Z in (X, Y))
    return float(np.mean([len(np.intersect1d(p, q)) for p, q in zip(a, b, strict=True)]) / k)


def alike(Y, Z):
    """Return the correlation of all distances of two layouts."""
    return float(np.corrcoef(pdist(Y), pdist(Z))[0, 1])


def digits(n):
    """Return the first n of scikit-learn's digits."""
    from sklearn.datasets import load_digits

    return load_digits().data[:n]


def spectrum(n):
    """Return rows and bars of the spectrum of digits; all layouts share the 15 nearest neighbours."""
    X = digits(n)
    others = {"forceatlas2": E.ForceAtlas2(affinity="knn").fit_transform(X)}
    if hasattr(E, "UMAP"):
        others["umap"] = E.UMAP(affinity="knn").fit_transform(X)
    rows = []
    partition = None
    for model in E.sweep(E.TSNE(affinity="knn"), "rho", RHOS, X):
        partition = partition or model.partition_
        Y = model.embedding_
        rows.append(
            {"along": "rho", "value": model.rho, "recall": recall(X, Y)}
            | {name: alike(Y, Z) for name, Z in others.items()}
        )
        print(rows[-1], flush=True)
    along = [row["recall"] for row in rows]
    best = max(rows, key=lambda row: row["forceatlas2"])["value"]
    bars = {
        "recall never rises along rho": all(b <= a for a, b in itertools.pairwise(along)),
        f"rho most like ForceAtlas2 ({best}) in 8 to 60": 8 <= best <= 60,
    }
    if "umap" in others:
        print(f"rho most like UMAP: {max(rows, key=lambda row: row['umap'])['value']} (one layout cannot tell)")
    if hasattr(E, "ContrastiveEmbedding"):
        found = []
        for Z_bar in Z_BARS:
            Y = E.ContrastiveEmbedding(loss="neg", Z_bar=Z_bar, affinity="knn").fit_transform(X)
            found.append(
                {"along": "Z_bar", "value": Z_bar, "recall": recall(X, Y)}
                | {name: alike(Y, Z) for name, Z in others.items()}
            )
            print(found[-1], flush=True)
        top = max(found, key=lambda row: row["recall"])["value"]
        bars |= {
            f"recall along Zbar is largest inside ({top:g})": Z_BARS[0] < top < Z_BARS[-1],
            f"within a factor of 10 of t-SNE's partition ({partition:.3g})": partition / 10 <= top <= 10 * partition,
            f"below UMAP's Zbar ({n * (n - 1) / 5:g})": top < n * (n - 1) / 5,
        }
        rows += found
    return rows, bars


def circle(n, seeds):
    """Return rows and bars of the noisy circle."""
    rows = []
    for sigma in SIGMAS:
        for seed in seeds:
            X = sph.datasets.circle(n, ambient_dim=50, sigma=sigma, random_state=seed)
            for name, arguments in AFFINITIES:
                for rho in CIRCLE_RHOS:
                    Y = E.TSNE(rho=rho, **arguments).fit_transform(X)
                    report = E.embedding_report(X, Y)
                    loop = report.loops[0] if report.loops else None
                    shuffled = E.embedding_report(X, np.random.default_rng(seed).permutation(Y))
                    rows.append(
                        {
                            "sigma": sigma,
                            "seed": seed,
                            "affinity": name,
                            "rho": rho,
                            "score": report_score(Y),
                            "word": loop.word if loop else "no loop in the data",
                            "agreement": loop.agreement if loop else 0.0,
                            "hole": loop.hole if loop else 0.0,
                            "invented": len(report.invented),
                            "shuffled": max((x.agreement for x in shuffled.loops), default=0.0),
                            "recall": report.recall,
                        }
                    )
                    print(rows[-1], flush=True)
    return rows, circle_bars(rows)


def report_score(Y):
    """Return the detection score of one loop in a layout."""
    return sph.detection_score(sph.persistence(Y, distance="euclidean")[1])


def circle_bars(rows):
    """Return the bars of the issue and whether each is met by every seed."""

    def of(sigma, affinity, value):
        return [row[value] for row in rows if (row["sigma"], row["affinity"], row["rho"]) == (sigma, affinity, 1)]

    names = ("eff_res 15", "eff_res 50")
    return {
        "sigma .35: score of eff_res at least .8": all(min(of(0.35, a, "score")) >= 0.8 for a in names),
        "sigma .35: score of perplexity 30 at most .4": max(of(0.35, "perplexity 30", "score")) <= 0.4,
        "sigma .35: agreement of eff_res at least .85": all(min(of(0.35, a, "agreement")) >= 0.85 for a in names),
        "sigma .35: agreement of perplexity 30 at most .6": max(of(0.35, "perplexity 30", "agreement")) <= 0.6,
        "shuffled rows at most .15": max(row["shuffled"] for row in rows) <= 0.15,
        "sigma .25: kept by both": all(w == "kept" for a in ("perplexity 30", *names) for w in of(0.25, a, "word")),
    }


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.embedding", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spectrum", action="store_true")
    parser.add_argument("--circle", action="store_true")
    parser.add_argument("--quick", action="store_true", help="300 points and one seed")
    parser.add_argument("--write", action="store_true", help="write results/embedding_*.json")
    arguments = parser.parse_args()
    n, seeds = (300, (0,)) if arguments.quick else (1000, (0, 1, 2))
    parts = {"spectrum": lambda: spectrum(n), "circle": lambda: circle(n, seeds)}
    for name, part in parts.items():
        if not getattr(arguments, name):
            continue
        rows, bars = part()
        for bar, met in bars.items():
            print(f"{'met   ' if met else 'MISSED'} {bar}")
        if arguments.write:
            record.write(f"embedding_{name}", rows, bars=bars, points=n, seeds=list(seeds))


if __name__ == "__main__":
    main()
