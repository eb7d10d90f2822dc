"""UMAP's ring (Damrich, Hamprecht, NeurIPS 2021): 1,000 points on a ring of radius 4, noise uniform in a disc of radius .5.

UMAP starts at the data, takes its own graph of 15 neighbours (a point is one of its own, so 14 here) and 10,000 epochs. A row has
the published and the true loss of the embedding, of the data, and of all points far apart. The published table sums over the
diagonal too, so it is given with and without.
"""

import numpy as np

from benchmarks import record, resume
from spectral_ph import embedding as E

PUBLISHED = {  # with the diagonal, mean of 7 seeds: published loss, true loss
    "embedding": (70_235, 3_388),
    "data": (136_329, 4_973),
    "apart": (62_959, 54_017),
}
SEEDS = 7
FAR = 1e9
LOSSES = ("published", "true")


def noisy_ring(seed, n=1000):
    """Return the points."""
    rng = np.random.default_rng(seed)
    angle, way, r = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 2 * np.pi, n), 0.5 * np.sqrt(rng.uniform(size=n))
    return np.column_stack([4 * np.cos(angle) + r * np.cos(way), 4 * np.sin(angle) + r * np.sin(way)])


def means(rows):
    """Return a row for each layout: the paper's losses and ours, means over the seeds."""
    made = []
    for name, paper in PUBLISHED.items():
        some = [row for row in rows if row["layout"] == name]
        if some:
            line = {"layout": name, "seeds": len(some)}
            for loss, theirs in zip(LOSSES, paper, strict=True):
                values = [row[loss] for row in some]
                line |= {
                    f"paper, {loss}": theirs,
                    f"{loss}, with diagonal": float(np.mean([row[f"{loss}, with diagonal"] for row in some])),
                    loss: float(np.mean(values)),
                    f"{loss}, range": float(np.ptp(values)),
                }
            made.append(line)
    return made


def bars(rows):
    """Return the bars, of the means."""
    by_name = {line["layout"]: line for line in means(rows)}
    if len(by_name) < len(PUBLISHED):
        return []
    here, data, apart = (by_name[name] for name in PUBLISHED)
    share = here["true"] / apart["true"]
    held = [
        resume.bar(
            "published loss of the result above that of all points apart",
            f"{here['published']:,.0f} and {apart['published']:,.0f}",
            here["published"] > apart["published"],
        ),
        resume.bar("true loss of the result below a tenth of that of all points apart", f"{share:.4f}", share < 0.1),
    ]
    for loss in LOSSES:
        off = data[f"{loss}, with diagonal"] / data[f"paper, {loss}"] - 1
        held.append(resume.bar(f"{loss} loss of the data within 5 % of the paper's", f"{off:+.2%}", abs(off) <= 0.05))
    return held


def run(given):
    """Measure, print and write."""
    n, epochs, seeds = (300, 200, 1) if given.quick else (1000, 10_000, SEEDS)
    rows = resume.Rows(
        "embedding_ring",
        given.quick,
        lambda rows: {"means": means(rows), "bars": bars(rows), "points": n, "epochs": epochs},
    )
    for seed in range(seeds):
        if rows.has(seed=seed, layout="apart"):
            continue
        X = noisy_ring(seed, n)
        model = E.UMAP(affinity="umap", n_neighbors=14, init=X, n_epochs=epochs, random_state=seed).fit(X)
        # On the diagonal nu = 1, which costs log(1e4) times the weight of the repulsion, 1 or m d_i / n.
        whole = float(model.affinities_.sum() / model.affinities_.max())
        for name, Y in (("embedding", model.embedding_), ("data", X), ("apart", FAR * X)):
            found = E.umap_loss(model.affinities_, Y, n_epochs=epochs)
            rows.add(
                {
                    "seed": seed,
                    "layout": name,
                    "published": found.published,
                    "true": found.true,
                    "published, with diagonal": found.published + float(n * np.log(1e4)),
                    "true, with diagonal": found.true + float(5 * whole / n * np.log(1e4)),
                }
            )
    rows.keep()
    table = means(rows.rows)
    record.table(table, list(table[0]))
    resume.show(bars(rows.rows))
