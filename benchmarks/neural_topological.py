"""Whether a topological term keeps the loop of a noisy circle in the latent space of an autoencoder.

`python -m benchmarks.neural topological` runs the first and the last, which decide, and `topological_others` runs the others: a
circle in 50 dimensions, three levels of noise, five seeds, and the terms

    none                 an ordinary autoencoder
    Euclidean H0         edges of the least spanning tree agree with Euclidean distances
    Euclidean H0 + H1    and the edges at which the most persistent loop of the batch is born and dies
    spectral H0, H0 + H1   the same with effective resistance, computed once on all points

`regularizer="topological"` is that of trees and loops. The score is `detection_score` of the latent places of 400 of the points,
by Euclidean distance.
"""

import time

import numpy as np

import spectral_ph as sph
from benchmarks.neural_runs import kept

SIGMAS = (0.15, 0.3, 0.4)
TOPOLOGICAL_SEEDS = (0, 1, 2, 3, 4)
TERMS = {
    "none": None,
    "spectral H0 + H1": ("eff_res", True),
    "Euclidean H0 + H1": ("euclidean", True),
    "spectral H0": ("eff_res", False),
    "Euclidean H0": ("euclidean", False),
}
DECIDING = ("none", "spectral H0 + H1")
LAM = 0.5
LOOP_WEIGHT = 5.0
EPOCHS = {0.15: 60, 0.3: 40, 0.4: 40}
SCORED = 400


def topological_autoencoder(reference, loops, **settings):
    """Return an autoencoder with the term, for points whose reference distances are given, as a share of the largest."""
    import torch
    from torch import nn

    from spectral_ph.nn.autoencoder import GeometricAutoencoder
    from spectral_ph.nn.topology import loop_edges, tree_edges

    class TopologicalAutoencoder(GeometricAutoencoder):
        def _make_net(self):
            net = super()._make_net()
            net.log_scale = nn.Parameter(torch.zeros(()))  # of latent distances, learned
            return net

        def _losses(self, net, X, lam, rows):
            Z = net.encoder(X)
            share = ((net.decoder(Z) - X) ** 2).mean()
            rows = rows.numpy()
            near = reference[np.ix_(rows, rows)]
            latent = torch.cdist(Z, Z, compute_mode="donot_use_mm_for_euclid_dist")
            seen = latent.detach().double().numpy()
            seen = np.maximum(seen, seen.T)
            target = torch.from_numpy(near).to(Z.dtype)

            def apart(edges):
                i, j = torch.from_numpy(np.ascontiguousarray(edges.T))
                return ((torch.exp(net.log_scale) * latent[i, j] - target[i, j]) ** 2).sum()

            term = (apart(tree_edges(near)) + apart(tree_edges(seen))) / len(X)
            if loops:
                term = term + LOOP_WEIGHT * (apart(loop_edges(near)) + apart(loop_edges(seen)))
            return {"loss": share + lam * term, "share": share, "term": term}

    return TopologicalAutoencoder(regularizer=None, lam=LAM, validation_share=0.0, device="cpu", **settings)


def topological_run(term, sigma, seed):
    X = sph.datasets.circle(1000, ambient_dim=50, sigma=sigma, random_state=seed)
    settings = {"epochs": EPOCHS[sigma], "random_state": seed}
    start = time.process_time()
    if TERMS[term] is None:
        model = sph.nn.GeometricAutoencoder(regularizer=None, validation_share=0.0, device="cpu", **settings)
    else:
        distance, loops = TERMS[term]
        D = sph.distance_matrix(X, distance)
        model = topological_autoencoder(D / D.max(), loops, **settings)
    Y = model.fit(X).transform(X)
    seconds = time.process_time() - start
    chosen = np.random.default_rng(seed).choice(len(X), SCORED, replace=False)
    return {
        "sigma": sigma,
        "seed": seed,
        "term": term,
        "score": float(sph.detection_score(sph.persistence(Y[chosen], distance="euclidean")[1])),
        "unexplained share": model.loss_history_[-1]["share"],
        "seconds": seconds,
    }


def runs(part, terms):
    return [
        kept(part, f"{sigma}-{seed}-{term}".replace(" ", "_"), lambda a=(term, sigma, seed): topological_run(*a))
        for term in terms
        for sigma in SIGMAS
        for seed in TOPOLOGICAL_SEEDS
    ]


def deciding():
    rows = runs("topological", DECIDING)
    bars = {}
    for row in summary(rows):
        none, with_ = row["none"], row["spectral H0 + H1"]
        bars[f"sigma {row['sigma']}: mean score of spectral H0 + H1 ({with_:.3f}) above none ({none:.3f})"] = (
            with_ > none
        )
    return rows, bars


def others():
    """No bar: what the term does without loops, and with the distances that everybody has."""
    return runs("topological_others", [term for term in TERMS if term not in DECIDING]), {}


def summary(rows):
    """Return a row for each level of noise: mean scores and unexplained shares, and in how many seeds the term helps."""
    made = []
    for sigma in SIGMAS:
        found = {term: [row for row in rows if row["sigma"] == sigma and row["term"] == term] for term in DECIDING}
        scores = {term: np.array([row["score"] for row in there]) for term, there in found.items()}
        shares = {f"share, {term}": np.mean([r["unexplained share"] for r in there]) for term, there in found.items()}
        above = int((scores["spectral H0 + H1"] > scores["none"]).sum())
        made.append(
            {
                "sigma": sigma,
                **{term: float(values.mean()) for term, values in scores.items()},
                "above": f"{above} of {len(TOPOLOGICAL_SEEDS)}",
                **{name: float(value) for name, value in shares.items()},
                "commit": rows[0]["commit"],
            }
        )
    return made


def others_summary(rows):
    """Return the mean scores under the other terms, by the level of noise."""
    terms = [term for term in TERMS if term not in DECIDING]
    return [
        {
            "sigma": sigma,
            **{
                term: float(np.mean([r["score"] for r in rows if (r["sigma"], r["term"]) == (sigma, term)]))
                for term in terms
            },
            "commit": rows[0]["commit"],
        }
        for sigma in SIGMAS
    ]
