"""Real cells: the verdict on every data set of a panel.

    python -m benchmarks.cells [--data FOLDER] [--scores | --pursue]

The panel lies beside the project and is no part of it (panel.csv says what is expected and how each file is prepared; by
default ../shared/data); without it nothing is computed. Default settings throughout. `benchmarks.phase` compares the phase with
what was measured otherwise.
Writes results/cells.json: numbers only, of all cells of every file, and how many of `SEEDS` seeds say otherwise. With --scores
instead the detection score of one loop under the candidates for the default of `persistence`, a mean over `DRAWS` draws of at
most 1,000 cells (of fewer, 80 % and at least 300) in results/cells_scores.json. With --pursue
instead what loop pursuit finds in all genes of the files that hold expression, seed 0 and five splits, in
results/cells_pursued.json; it is written file by file, and a file that is there is not computed again.
"""

import argparse
import csv
import json
import time
import warnings
from pathlib import Path

import numpy as np

import spectral_ph as sph
from benchmarks import record
from spectral_ph import files


def prepared(path, how):
    """Return the points of a file, prepared as the panel says."""
    if how.startswith("obsm:"):
        return files.read(path, use_rep=how.removeprefix("obsm:")).X
    made = sph.preprocess(files.read(path, use_rep="X").X, kind=how)
    return made.X


SEEDS = 5
DRAWS = 16

SCORED = {
    "eff_res k=15": ("eff_res", {"n_neighbors": 15, "steps": 1}),
    "eff_res k=15,steps=4": ("eff_res", {"n_neighbors": 15, "steps": 4}),
    "eff_res k=30,steps=4": ("eff_res", {"n_neighbors": 30, "steps": 4}),
    "eff_res k=30,passes=2": ("eff_res", {"n_neighbors": 30, "passes": 2, "steps": 1}),
    "eff_res k=30,passes=3": ("eff_res", {"n_neighbors": 30, "passes": 3, "steps": 1}),
    "diffusion k=15,t=8": ("diffusion", {"n_neighbors": 15, "t": 8}),
}


def scores(folder, panel):
    """Return the mean score of one loop for every file and setting."""
    rows = []
    for entry in panel:
        X = prepared(folder / entry["file"], entry["prepare"])
        n = min(len(X), 1000) if len(X) > 1000 else min(len(X), max(300, 4 * len(X) // 5))
        row = {"data": Path(entry["file"]).stem, "cells": n, "expected": entry["expected"]}
        for label, (distance, params) in SCORED.items():
            bridged = {"disconnected": "max"} if distance == "eff_res" else {}
            found = [
                sph.persistence(X[np.random.default_rng(seed).permutation(len(X))[:n]], distance, **params, **bridged)[
                    1
                ]
                for seed in range(DRAWS)
            ]
            row[label] = float(np.mean([sph.detection_score(diagram) for diagram in found]))
        rows.append(row)
        print(row, flush=True)
    for expected in ("loop", "no loop"):
        group = [r for r in rows if r["expected"] == expected]
        mean = {label: float(np.mean([r[label] for r in group])) for label in SCORED}
        rows.append({"data": "mean", "cells": None, "expected": expected, **mean})
    return rows


def pursued(folder, panel):
    """Return what pursuit finds in every file that holds expression, those with fewest cells first."""
    from spectral_ph.cells.expression import Expression
    from spectral_ph.cells.pursuit import pursue
    from spectral_ph.verdict import SPLITS
    from spectral_ph.verdict.halves import Halving

    kept = record.RESULTS / "cells_pursued.json"
    rows = json.loads(kept.read_text())["rows"] if kept.exists() else []
    rows = [row for row in rows if row["data"] in {Path(entry["file"]).stem for entry in panel}]
    tables = [(e, files.read(folder / e["file"], use_rep="X")) for e in panel if not e["prepare"].startswith("obsm:")]
    for entry, table in sorted(tables, key=lambda one: one[1].X.shape[0]):
        name, n = Path(entry["file"]).stem, table.X.shape[0]
        if name in [row["data"] for row in rows]:
            continue
        names = table.columns or [f"gene {j + 1}" for j in range(table.X.shape[1])]
        expression = Expression.of(table.X, names, entry["prepare"])
        began = time.process_time()
        found = pursue(expression, Halving(np.zeros((n, 1)), np.arange(n), np.random.default_rng(0)), SPLITS, 0)
        row = {"data": name, "cells": n, "genes": len(names), "expected": entry["expected"]}
        parts = ("evidence", "agreement", "prominence", "relief", "core", "types")
        row |= {k: getattr(found, k) for k in parts}
        row |= {"stable": float(found.share.mean()), "first genes": ", ".join(found.names[:8])}
        rows.append(row | {"CPU seconds": time.process_time() - began})
        print(rows[-1], flush=True)
        record.write("cells_pursued", rows, seeds=[0], splits=SPLITS)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--scores", action="store_true", help="scores of the candidates in place of verdicts")
    parser.add_argument("--pursue", action="store_true", help="what loop pursuit finds, in place of verdicts")
    given = parser.parse_args()
    folder = given.data
    if not (folder / "panel.csv").exists():
        print(f"no panel.csv in {folder.name}, so nothing is computed; pass --data FOLDER")
        return
    warnings.simplefilter("ignore")
    rows = []
    with (folder / "panel.csv").open() as stream:
        panel = list(csv.DictReader(stream))
    if given.scores:
        record.write("cells_scores", scores(folder, panel), seeds=list(range(DRAWS)))
        return
    if given.pursue:
        pursued(folder, panel)
        return
    for entry in panel:
        path = folder / entry["file"]
        X = prepared(path, entry["prepare"])
        found = [sph.find_loops(X, random_state=seed) for seed in range(SEEDS)]
        R = found[0]
        chosen = next(t for t in R.tried if t["chosen"])
        row = {"data": path.stem, "cells": len(X), "expected": entry["expected"], "verdict": R.verdict, "p": R.p_value}
        top = R.loops[0]
        row |= {k: getattr(top, k) for k in ("evidence", "agreement", "prominence", "relief", "inside")}
        row |= {k: chosen.get(k) for k in ("distance", "n_neighbors", "steps", "passes")}
        every = ", ".join(f"{t['evidence']:.2f}" for t in R.tried)
        row |= {"evidence of all settings": every, "splits": R.settings["loops"]["splits"]}
        row["median p of the seeds"] = float(np.median([one.p_value for one in found]))
        verdicts = [one.verdict for one in found]
        rows.append(row | {"seeds that say otherwise": sum(v != max(verdicts, key=verdicts.count) for v in verdicts)})
        print(rows[-1], flush=True)
    record.write("cells", rows)


if __name__ == "__main__":
    main()
