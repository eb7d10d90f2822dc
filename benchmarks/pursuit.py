"""Loop pursuit on simulated counts and on real cells: what it finds, where a loop is hidden and where there is none.

    python -m benchmarks.pursuit [--quick] [--jobs 2] [--only loop-free,hidden] [--sizes 400,1000] [--samples 5]

`LOOP_FREE` are counts without a cycle: one state, types, lines, trees and sheets, filled or with a thin middle; genes may go
straight along them, bend, or be on in one place only. `HIDDEN` are cycles that other variation hides. `DOUBTFUL` may show a ring
in truth: discs that are nearly empty in the middle, and a differentiation in two batches. The median depth of a sample is drawn
from 1,500, 5,000 and 15,000 molecules, and in a third of the samples two batches shift every gene. Expression is what
`sph.tl.loops` would take, all genes. Seeds begin at 20,000; five splits.

Every finished sample is kept in the sweep folder, so it can be stopped and started again, and more samples can be asked for:
it is the beginning of a null distribution. Real cells: `python -m benchmarks.cells --pursue`. Writes results/pursuit.json.
"""

import argparse
import time
import warnings

import numpy as np

from benchmarks import counts, record, sweep

VERSION = 1
"""Raise it when the procedure changes, and run it all again."""

FIRST_SEED = 20_000
SPLITS = 5
GENES = 2000
FOLLOWING = 300
"""Genes that are on along a line, in a sheet or along the cycle."""

DEPTHS = (1500, 5000, 15_000)
BATCH = 0.3
"""Standard deviation of the log fold change of every gene between the two batches."""

WIDTH = 0.2
"""Of the place along a line where a gene is on; in a sheet of radius 1 it is .35."""


def _disc(n, rng, power=0.5):
    """Points of a disc of radius 1: evenly filled, or with density r^(1/power - 2)."""
    r, turn = rng.uniform(size=n) ** power, rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([r * np.cos(turn), r * np.sin(turn)])


def _rim(n, rng, times=3):
    """Points of a disc whose rim is `times` as dense as its centre."""
    points = _disc(4 * times * n, rng)
    density = (1 + (times - 1) * np.hypot(*points.T)) / times
    return points[rng.uniform(size=len(points)) < density][:n]


def _sheet(points, bend=0.0):
    """Genes go straight along a sheet, and by squares and products of its coordinates where it is bent."""

    def fold(n, rng):
        X = points(n, rng)
        X = 0.6 * X / X.std()
        out = X @ counts._programmes(rng, 2, GENES, 0.15)
        if bend:
            square = np.column_stack([X[:, 0] ** 2, X[:, 0] * X[:, 1], X[:, 1] ** 2]) / 0.6
            out += bend * (square - square.mean(axis=0)) @ counts._programmes(rng, 3, GENES, 0.15)
        return out

    return fold


def _placed(points, width):
    """Each gene is on around a place of its own, drawn like the points."""

    def fold(n, rng):
        X, places = points(n, rng), points(FOLLOWING, rng)
        out = np.zeros((n, GENES))
        apart = ((X[:, None] - places[None]) ** 2).sum(axis=2)
        out[:, rng.permutation(GENES)[:FOLLOWING]] = 3 * np.exp(-apart / (2 * width**2))
        return out

    return fold


def _straight(n, rng):
    """A line along which genes go up or down."""
    out = np.zeros((n, GENES))
    out[:, rng.permutation(GENES)[:FOLLOWING]] = rng.uniform(-1, 1, (n, 1)) * rng.standard_normal(FOLLOWING)
    return out


def _types(n, rng, types=6):
    """Types of cells of unequal size; each raises or lowers a tenth of the genes."""
    share = np.arange(1, types + 1) / (types * (types + 1) / 2)
    return counts._programmes(rng, types, GENES, 0.1)[rng.choice(types, size=n, p=share)]


def _cycle(types=1, amplitude=0.8, apart=1.0, axis=0.0):
    """A cycle, in each of some types of cells, or with a differentiation across it of the same variance a gene for 1.02."""

    def fold(n, rng):
        kappa, peak = amplitude * rng.uniform(0.5, 1.5, FOLLOWING), rng.uniform(0, 2 * np.pi, FOLLOWING)
        out = np.zeros((n, GENES))
        out[:, rng.permutation(GENES)[:FOLLOWING]] = kappa * np.cos(rng.uniform(0, 2 * np.pi, (n, 1)) - peak)
        if types > 1:
            out += apart * counts._programmes(rng, types, GENES, 0.1)[rng.integers(types, size=n)]
        if axis:
            also = rng.permutation(GENES)[:FOLLOWING]
            out[:, also] += axis * rng.uniform(-1, 1, (n, 1)) * rng.standard_normal(FOLLOWING)
        return out

    return fold


def _on_a_line(n, rng):
    return rng.uniform(size=(n, 1))


LOOP_FREE = {
    "one state": lambda n, rng: np.zeros((n, GENES)),
    "types": _types,
    "line": _straight,
    "line, genes on in places": _placed(_on_a_line, WIDTH),
    "tree": lambda n, rng: counts._differentiation(n, rng, GENES),
    "square": lambda n, rng: 1.5 * rng.uniform(-1, 1, (n, 2)) @ counts._programmes(rng, 2, GENES, 0.15),
    "disc": _sheet(_disc),
    "disc, bent": _sheet(_disc, bend=0.5),
    "disc, genes on in places": _placed(_disc, 0.35),
    "Gaussian sheet": _sheet(lambda n, rng: rng.standard_normal((n, 2))),
    "Gaussian sheet, bent": _sheet(lambda n, rng: rng.standard_normal((n, 2)), bend=0.5),
    "rim of two": _sheet(lambda n, rng: _rim(n, rng, 2)),
    "rim of three": _sheet(_rim),
}
HIDDEN = {
    "cycle": _cycle(),
    "cycle in three types": _cycle(types=3),
    "cycle in three types, twice as strong": _cycle(types=3, amplitude=1.6),
    "cycle in three types twice as far apart": _cycle(types=3, apart=2.0),
    "cycle and an axis of its size": _cycle(axis=1.02),
}
DOUBTFUL = {
    "disc, density r^2": _sheet(lambda n, rng: _disc(n, rng, 0.25)),
    "rim of ten": _sheet(lambda n, rng: _rim(n, rng, 10)),
}
KINDS = {"loop-free": LOOP_FREE, "hidden": HIDDEN, "doubtful": DOUBTFUL}

HELD_OUT = ("disc, bent", "Gaussian sheet", "tree")
"""Loop-free kinds that no setting was chosen on."""


def simulated(kind, n, seed):
    """Return the counts of one sample, the depth, and whether there are two batches."""
    rng = np.random.default_rng([seed, n])
    depth, batches = int(rng.choice(DEPTHS)), bool(rng.uniform() < 1 / 3)
    fold = next(kinds[kind] for kinds in KINDS.values() if kind in kinds)(n, rng)
    if batches:
        fold = fold + counts._shifts(rng, 2, GENES)[rng.integers(2, size=n)]
    return counts.drawn(fold, depth, rng), depth, batches


def task(parameters):
    """Return what pursuit finds in one sample."""
    import spectral_ph as sph
    from spectral_ph.cells.expression import Expression
    from spectral_ph.cells.pursuit import pursue
    from spectral_ph.verdict.halves import Halving

    n, seed = parameters["n"], parameters["seed"]
    C, depth, batches = simulated(parameters["kind"], n, seed)
    expression = Expression.of(C, [f"g{j}" for j in range(GENES)], "counts")
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        found = pursue(expression, Halving(np.zeros((n, 1)), np.arange(n), np.random.default_rng(seed)), SPLITS, seed)
    parts = ("evidence", "agreement", "prominence", "relief", "core", "types")
    known = {name: None if getattr(found, name) != getattr(found, name) else getattr(found, name) for name in parts}
    stable = float(found.share.mean()) if len(found.share) else 0.0
    return known | {"stable": stable, "depth": depth, "batches": batches, "cpu": time.process_time() - began}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one sample of 200 cells a kind, nothing is written")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--kinds", help="names, separated by semicolons; default all")
    parser.add_argument("--sizes", default="400,1000")
    parser.add_argument("--samples", type=int, default=3)
    given = parser.parse_args()
    sizes, samples = ([200], 1) if given.quick else (list(map(int, given.sizes.split(","))), given.samples)
    chosen = given.kinds.split(";") if given.kinds else [k for part in KINDS.values() for k in part]
    # Sample by sample, so that a run that is stopped has as many of every kind.
    wanted = [
        {"what": "pursuit", "version": VERSION, "kind": kind, "n": n, "seed": FIRST_SEED + s}
        for s in range(samples)
        for part in given.only.split(",")
        for kind in KINDS[part]
        if kind in chosen
        for n in sizes
    ]
    print(sweep.run(wanted, task, jobs=given.jobs, label="pursuit"))
    rows = table(sweep.Records().by_key.values())
    for row in rows:
        print(row)
    if not given.quick:
        record.write("pursuit", rows)


def table(records):
    """Return a row for every kind and size of which there is a sample."""
    found = {}
    for one in records:
        task = one["task"]
        if task.get("what") == "pursuit" and task["version"] == VERSION and one["error"] is None and task["n"] > 200:
            found.setdefault((task["kind"], task["n"]), []).append(one["result"])
    rows = []
    for part, kinds in KINDS.items():
        for kind, n in sorted(key for key in found if key[0] in kinds):
            samples = found[kind, n]
            evidence = sorted(one["evidence"] for one in samples)
            rows.append(
                {
                    "part": part,
                    "kind": kind,
                    "held out": kind in HELD_OUT,
                    "cells": n,
                    "samples": len(samples),
                    "least": evidence[0],
                    "median": float(np.median(evidence)),
                    "largest": evidence[-1],
                    "agreement": float(np.median([one["agreement"] for one in samples])),
                    "stable": float(np.median([one["stable"] for one in samples])),
                }
            )
    return rows


if __name__ == "__main__":
    main()
