"""The phase against what is known of the cells, and how evenly the cells are spread along it.

    python -m benchmarks.phase [--data FOLDER]

The cells lie beside the project and are no part of it (by default ../shared/data); without them only simulated cells are
measured. `rows`: the phase of `find_loops` under every spacing, with default settings throughout; beside it the angle of the
first two principal components of the same cells, and that of the means of known S and G2/M genes where there are some.
`ways`: least squares with other weights, and what is done after them, at fixed settings; a mean over the draws and the least
of them. The spacing "cells" was chosen on the draws of pb10xIDC; all others report.

| column | meaning |
|---|---|
| agreement | |mean exp i(a - b)| with what is known, in the better direction |
| of ranks | the same after both were spread evenly |
| accuracy | where groups are known: share of cells whose group most of their 15 nearest in phase have, in five folds |
| fullest bin | share of the cells in the fullest of 36 equal intervals |
| no place | share of the cells that halves of the cells put more than 1.5 radians apart |

Writes results/phase.json: numbers only.
"""

import argparse
import csv
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import spectral_ph as sph
from benchmarks import record
from benchmarks.cells import prepared
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, known_genes
from spectral_ph.homology.persistence import rips_persistence
from spectral_ph.loops.coordinates import SPACINGS, Way, circular_agreement, to_ranks
from spectral_ph.loops.describe import one_loop

TRUTH = {"pb10xIDC": "clock_pseudotime", "ipsc_fucci_101genes": "theta", "mcdavid_pc3": "cycle"}
WAYS = {
    "a = 0": Way(0.0),
    "a = 1/2": Way(0.5),
    "a = 1": Way(1.0),
    "a = 3/2": Way(1.5),
    "a = 3/2, least degree": Way(1.5, 0.2),
    "a = 3/2, half ranks": Way(1.5, 0.0, 0.5),
    "cells": SPACINGS["cells"],
    "ranks": Way(1.5, 0.2, 1.0),
}
COLUMNS = ("agreement", "of ranks", "accuracy", "fullest bin", "no place")


def accuracy(phase, groups, neighbors=15, folds=5, seed=0):
    """Return the share of cells whose group most of their nearest in phase have, among cells of other folds."""
    z = np.exp(1j * phase)
    names, group = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(phase)) % folds
    right = 0
    for k in range(folds):
        known, asked = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        near = np.argsort(abs(z[asked][:, None] - z[known]), axis=1, kind="stable")[:, :neighbors]
        votes = np.array([np.bincount(group[known[row]], minlength=len(names)) for row in near])
        right += int((votes.argmax(axis=1) == group[asked]).sum())
    return right / len(phase)


def against(phase, truth):
    """Return how a phase goes with what is known, by column."""
    found = {"fullest bin": float(np.histogram(np.mod(phase, 2 * np.pi), 36, (0, 2 * np.pi))[0].max() / len(phase))}
    if truth.dtype.kind not in "fiu":
        return found | {"accuracy": accuracy(phase, truth.astype(str))}
    there = np.isfinite(truth)
    phase, truth = np.mod(phase[there], 2 * np.pi), np.mod(truth[there].astype(float), 2 * np.pi)
    return found | {
        "agreement": circular_agreement(phase, truth),
        "of ranks": circular_agreement(to_ranks(phase), to_ranks(truth)),
    }


def gene_angle(expression, names):
    """Return the angle of the means of known S and G2/M genes, each in standard deviations; None without such genes."""
    means = []
    for known in (S_GENES, G2M_GENES):
        genes = known_genes(list(map(str, names)), known)
        if not len(genes):
            return None
        values = expression[:, genes]
        values = np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=float)
        values = values[:, values.std(axis=0) > 0]
        means.append(((values - values.mean(axis=0)) / values.std(axis=0)).mean(axis=1))
    return np.arctan2(means[1], means[0])


def by_spacing(name, X, truth, genes):
    """Return rows for the phase of `find_loops`, and for the angles that tools with a fixed reference take."""
    plane = X[:, :2] - X[:, :2].mean(axis=0)
    rows = []
    for spacing in SPACINGS:
        R = sph.find_loops(X, spacing=spacing)
        loop = R.loops[0]
        found = against(loop.phase, truth) | {"no place": loop.without_place}
        rows.append({"phase": f"find_loops, {spacing}", "verdict": R.verdict, **found})
    rows.append({"phase": "angle of two components", **against(np.arctan2(plane[:, 1], plane[:, 0]), truth)})
    if genes is not None:
        rows.append({"phase": "angle of known genes", **against(genes, truth)})
    return [{"data": name, "cells": len(X), **{c: row.get(c) for c in ("phase", "verdict", *COLUMNS)}} for row in rows]


@contextmanager
def more_ways():
    """Let `WAYS` be spacings for a while."""
    before = dict(SPACINGS)
    SPACINGS.update(WAYS)
    yield
    SPACINGS.clear()
    SPACINGS.update(before)


def by_way(name, draws, settings):
    """Return a row for every way to spread the phase: mean over the draws, and the least agreement of them."""
    found = {way: [] for way in WAYS}
    for X, truth in draws:
        D = sph.distance_matrix(X, disconnected="max", **settings)
        P = rips_persistence(D, 1, "h1", cocycles=True)
        with more_ways():
            for way in WAYS:
                found[way].append(against(one_loop(D, P, 0, 0.9, way).phase, truth))
    setting = ", ".join(f"{key} {value}" for key, value in settings.items())
    return [
        {
            "data": name,
            "cells": len(draws[0][0]),
            "draws": len(draws),
            "setting": setting,
            "way": way,
            "agreement": float(np.mean([row["agreement"] for row in rows])),
            "least": float(min(row["agreement"] for row in rows)),
            "of ranks": float(np.mean([row["of ranks"] for row in rows])),
            "fullest bin": float(max(row["fullest bin"] for row in rows)),
        }
        for way, rows in found.items()
    ]


def simulated(unevenness, seed):
    """Return the points and the phases of simulated cells, those that cycle."""
    cells = sph.datasets.cells.cell_cycle(n_cells=600, speed_unevenness=unevenness, random_state=seed)
    cycling = np.isfinite(cells.phase)
    return sph.preprocess(cells.counts).X[cycling], np.asarray(cells.phase)[cycling]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    folder = parser.parse_args().data
    warnings.simplefilter("ignore")
    ways, rows = [], []
    one, four = {"n_neighbors": 30, "steps": 1}, {"n_neighbors": 15, "steps": 4}
    for unevenness in (0.0, 0.8):
        ways += by_way(f"simulated, unevenness {unevenness}", [simulated(unevenness, s) for s in range(3)], four)
    if (folder / "panel.csv").exists():
        import anndata

        with (folder / "panel.csv").open() as stream:
            how = {Path(entry["file"]).stem: entry["prepare"] for entry in csv.DictReader(stream)}
        for name, column in TRUTH.items():
            path = folder / f"{name}.h5ad"
            X, adata = prepared(path, how[name]), anndata.read_h5ad(path)
            truth = adata.obs[column].to_numpy()
            truth = truth if truth.dtype.kind in "fiu" else np.asarray(adata.obs[column].astype(str))
            rows += by_spacing(name, X, truth, gene_angle(adata.X, adata.var_names))
            if truth.dtype.kind not in "fiu":
                continue
            size, count = (1500, 4) if len(X) > 4000 else (len(X), 1)
            drawn = [np.random.default_rng(seed).permutation(len(X))[:size] for seed in range(count)]
            for settings in (one, four):
                ways += by_way(name, [(X[d], truth[d]) for d in drawn], settings)
    if rows:
        record.table(rows, ["data", "cells", "phase", *COLUMNS])
    record.table(ways, ["data", "cells", "draws", "setting", "way", "agreement", "least", "of ranks", "fullest bin"])
    record.write("phase", rows, ways=ways)


if __name__ == "__main__":
    main()
