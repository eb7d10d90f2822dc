"""Real cells: the loops of t-SNE's layout under every affinity, what the report says of them, and their phase against the truth.

The panel lies beside the project and is no part of it; panel.csv says what is expected of each file and how it is prepared. At
most `CELLS` of each file, drawn with seed 0; default settings but for the affinity.

| column | meaning |
|---|---|
| verdict | of `find_loops`, of the same cells |
| score | detection score of one loop in the layout, under the Euclidean distance |
| size | persistence of that loop over the layout's radius |
| report | what `embedding_report` says with that verdict: the fate of each loop of the data, and how many are invented |
| without verdict | the same if the verdict is not passed |
| agreement | the largest of a loop of the data, without the verdict |
| phase | agreement of the phase round the layout's loop with what was measured otherwise, 0 to 1, both spread evenly |
| stage | where only stages are known: share of cells whose stage most of their 15 nearest in phase have |
"""

import csv
from pathlib import Path

import numpy as np

import spectral_ph as sph
from benchmarks import record, resume
from benchmarks.cells import prepared
from benchmarks.phase import TRUTH, against
from spectral_ph import embedding as E
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.homology.persistence import rips_persistence
from spectral_ph.loops.describe import one_loop

CELLS = 600
AFFINITIES = {
    "perplexity 30": {"affinity": "perplexity"},
    "umap 15": {"affinity": "umap"},
    "knn 15": {"affinity": "knn"},
    "eff_res 15": {"affinity": "eff_res"},
    "eff_res 50": {"affinity": "eff_res", "n_neighbors": 50},
    "diffusion 15": {"affinity": "diffusion"},
    "diffusion 15, t 64": {"affinity": "diffusion", "affinity_params": {"t": 64}},
}
RING = 0.5
"""From this score on a layout shows a ring."""


def drawn(n, most):
    """Return the cells that are taken of n."""
    return np.sort(np.random.default_rng(0).permutation(n)[: min(n, most)])


def truth_of(path, name, kept):
    """Return what is known of the cells that are kept, or None."""
    import anndata

    if name not in TRUTH:
        return None
    column = anndata.read_h5ad(path).obs[TRUTH[name]].to_numpy()[kept]
    return column if column.dtype.kind in "fiu" else np.asarray(column.astype(str))


def in_words(report):
    """Return the words of a report: "kept", "lost, 1 invented", or "nothing stands out"."""
    words = [loop.word for loop in report.loops]
    if report.invented:
        words.append(f"{len(report.invented)} invented")
    return ", ".join(words) or "nothing stands out"


def of_layout(X, Y, loops, truth):
    """Return what is in a layout, by column."""
    D = pairwise_euclidean(Y)
    P = rips_persistence(D, 1, "h1", cocycles=True)
    radius = np.sqrt(((Y - Y.mean(axis=0)) ** 2).sum(axis=1).mean())
    with_verdict, alone = E.embedding_report(X, Y, loops), E.embedding_report(X, Y)
    row = {
        "score": sph.detection_score(P[1]),
        "size": float((P[1][:, 1] - P[1][:, 0]).max(initial=0.0) / radius),
        "report": in_words(with_verdict),
        "invented": len(with_verdict.invented),
        "without verdict": in_words(alone),
        "agreement": max((loop.agreement for loop in alone.loops), default=0.0),
        "recall": alone.recall,
        "phase": None,
        "stage": None,
    }
    if truth is not None and len(P[1]):
        got = against(one_loop(D, P, 0, 0.9, "cells").phase, truth)
        row |= {"phase": got.get("of ranks"), "stage": got.get("accuracy")}
    return row


def bars(rows):
    """Return the bar: no ring on a file without a loop goes without being called invented."""
    rings = [row for row in rows if row["expected"] == "no loop" and row["score"] >= RING]
    called = [row for row in rings if row["invented"]]
    missed = ", ".join(f"{row['data']} {row['affinity']}" for row in rings if not row["invented"])
    return [
        resume.bar(
            'every ring of score .5 or more in a layout of a "no loop" file is called invented',
            f"{len(called)} of {len(rings)}" + (f"; not {missed}" if missed else ""),
            len(called) == len(rings),
        )
    ]


def pivot(rows, value):
    """Return a row for each file with one value for every affinity."""
    made = {}
    for row in rows:
        if row[value] is not None:
            head = {key: row[key] for key in ("data", "cells", "expected", "verdict")}
            made.setdefault(row["data"], head)[row["affinity"]] = row[value]
    return list(made.values())


def about(rows):
    """Return what the record holds beside the rows."""
    return {
        "bars": bars(rows),
        "scores": pivot(rows, "score"),
        "reports": pivot(rows, "report"),
        "alone": pivot(rows, "without verdict"),
        "phases": pivot(rows, "phase") + pivot(rows, "stage"),
    }


def run(given):
    """Measure, print and write."""
    folder = Path(given.cells)
    if not (folder / "panel.csv").exists():
        print(f"no panel.csv in {folder.name}, so nothing is computed; pass --cells FOLDER")
        return
    rows = resume.Rows("embedding_cells", given.quick, about)
    with (folder / "panel.csv").open() as stream:
        panel = list(csv.DictReader(stream))
    for entry in panel:
        path = folder / entry["file"]
        left = {name: options for name, options in AFFINITIES.items() if not rows.has(data=path.stem, affinity=name)}
        if not left:
            continue
        X = prepared(path, entry["prepare"])
        kept = drawn(len(X), 200 if given.quick else CELLS)
        X, truth = X[kept], truth_of(path, path.stem, kept)
        loops = sph.find_loops(X)
        for name, options in left.items():
            Y = E.TSNE(**options).fit_transform(X)
            key = {"data": path.stem, "cells": len(X), "expected": entry["expected"], "verdict": loops.verdict}
            rows.add(key | {"affinity": name} | of_layout(X, Y, loops, truth))
    rows.keep()
    record.table(pivot(rows.rows, "score"), ["data", "cells", "expected", "verdict", *AFFINITIES])
    record.table(pivot(rows.rows, "report"), ["data", *AFFINITIES])
    resume.show(bars(rows.rows))
