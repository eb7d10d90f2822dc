"""What the paper has: its curves and heat map, read off the figures, and the areas of its best settings.

Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087). The readings are in effph_curves.csv and
effph_circle_by_dimension.csv, which are no part of the project; without them the paper is left out and a sentence says so.
A curve behind others is uncertain: a point that is more than .3 away from the median of its five neighbours counts as that
median.
"""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

NAMES = {
    "geodesics k=100": "geodesic k=100",
    "umap graph k=100": "umap_graph k=100",
    "tsne graph rho=30": "tsne_graph perplexity=30",
    "tsne rho=30": "tsne perplexity=30",
    "lap.eig k=15,d=2": "eigenmaps k=15,m=2",
}
# Of two readings of one curve the one less hidden: figure 7a for effective resistance and diffusion.
CURVES = {
    "circle": ("Fig6a", "Fig6b", "Fig6c", "Fig6d", "Fig7a circle H1"),
    "linked_circles": ("Fig7e linked circles (2 loops)",),
    "torus": ("FigS31 torus n=1000 H1",),
    "sphere": ("Fig7g sphere H2",),
}
BEST = {
    "circle": (0.87, 0.93), "linked_circles": (0.47, 0.55), "eyeglasses": (0.53, 0.59), "sphere": (0.69, 0.87),
    "torus": (0.27, 0.16),
}  # fmt: skip
"""Area under the filtered curve of the paper's eff_res and diffusion at their best settings, read off its figures."""
TUNED = {("circle", "eff_res"): "eff_res k=100", ("circle", "diffusion"): "diffusion k=15,t=8"}


def curves(folder):
    """Return {(case, label): {sigma: score}}; the label is a distance alone where the paper took its best setting."""
    path = Path(folder) / "effph_curves.csv"
    if not path.exists():
        print(f"{path} is not there, so the paper's curves are left out")
        return {}
    read = defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            for case, figures in CURVES.items():
                if row["figure"] in figures:
                    name = TUNED.get((case, row["series"]), NAMES.get(row["series"], row["series"]))
                    if row["figure"].startswith("Fig7a") and (case, row["series"]) not in TUNED:
                        continue
                    read[case, name][float(row["sigma"])] = float(row["score"])
    return {name: _without_jumps(curve) for name, curve in read.items()}


def _without_jumps(curve):
    sigmas = sorted(curve)
    v = np.array([curve[s] for s in sigmas])
    around = np.pad(v, 2, mode="edge")
    middle = np.median(np.stack([around[k : k + len(v)] for k in range(5)]), axis=0)
    return dict(zip(sigmas, np.where(np.abs(v - middle) > 0.3, middle, v).tolist(), strict=True))


def heat_map(folder):
    """Return {distance: {(ambient_dim, sigma): score}}."""
    path = Path(folder) / "effph_circle_by_dimension.csv"
    if not path.exists():
        return {}
    read = defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            read[row["distance"]][int(row["ambient_dim"]), float(row["sigma"])] = float(row["mean_score_3seeds"])
    return read


def reference(s, curves, what="filtered"):
    """Return the paper's curve for a series, if it has one for exactly this setting and size."""
    t = s.task
    usual = t["n"] == 1000 and t["ambient_dim"] == 50 and t["outliers"] == 0 and what == "filtered"
    return curves.get((t["case"], s.label)) if usual else None
