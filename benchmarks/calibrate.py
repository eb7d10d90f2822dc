"""The null distribution of `find_loops`: the evidence for a loop on shapes that have none.

    python -m benchmarks.calibrate [--quick] [--seeds 40] [--jobs 2] [--only flat,others]

Loop-free kinds of `cases` at several noises, each seed a new sample; the whole procedure with its choice of settings, five
splits. *flat* are the two-dimensional kinds, which show most of the evidence: `FLAT_SEEDS` samples at each of `SIZES`. *others*
are all others, `OTHER_SEEDS` samples at `OTHER_SIZES`; they show little, and `verdict.null` pools them. Kinds of the families
in `HELD_OUT` are never seen, so that the false-positive rate can be measured on such too. Nor are discs whose middle is nearly
empty (`NEARLY_EMPTY`): what is said of them is the share inside. Seeds begin at 10,000, those of `honesty` at 0. Finished
records are kept in the sweep folder, so it can be stopped and started again. Writes spectral_ph/verdict/null.json.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from benchmarks import cases

SIZES = (100, 200, 400, 1000)
OTHER_SIZES = (200, 1000)
FLAT_SEEDS, OTHER_SEEDS = 40, 20

HELD_OUT = ("time series", "lattices", "curved sheets", "solids")
"""Families of kinds that the null never sees."""

NEARLY_EMPTY = ("rim_10", "disc_r2")
"""So few points are in the middle that these may be called loops, if the share inside is right."""

SHORT_CIRCUITS = ("swiss_roll",)
"""Neighbours across the gap of a roll close a loop of the graph, which is one; reported apart, and no part of the null."""

FLAT_FAMILIES = ("plane regions", "thin middles")
FLAT = (
    "blob_2",
    "gaussian_2_stretched",
    "gaussian_flat",
    "two_discs",
    "disc_and_line",
    "cells_two_programmes",
    "cells_batches",
)
"""Families and further kinds that are two-dimensional, or ladders of two batches."""

VERSION = 4
"""Raise it when the procedure changes, and run it all again."""

FIRST_SEED = 10_000
SPLITS = 5
TARGET = Path(__file__).parents[1] / "spectral_ph" / "verdict" / "null.json"
DIGITS = 4


def seen_kinds():
    """Return the kinds that the null sees, the two-dimensional ones and the others."""
    kinds = [k for k in cases.LOOP_FREE if cases.FAMILIES[k] not in HELD_OUT]
    kinds = [k for k in kinds if k not in (*SHORT_CIRCUITS, *NEARLY_EMPTY)]
    flat = [k for k in kinds if cases.FAMILIES[k] in FLAT_FAMILIES or k in FLAT]
    return flat, [k for k in kinds if k not in flat]


def task(parameters):
    """Return the evidence for a loop that `find_loops` sees in one sample, and what it is made of."""
    import spectral_ph as sph

    n, seed = parameters["n"], parameters["seed"]
    sigma = float(np.random.default_rng([seed, n]).choice([0.0, 0.05, 0.1, 0.2]))
    X = cases.CASES[parameters["kind"]](n=n, ambient_dim=50, sigma=sigma, outliers=0, seed=seed).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        R = sph.find_loops(X, splits=SPLITS, random_state=seed)
    if not R.loops:
        return {"evidence": 0.0}
    top = R.loops[0]
    parts = {name: getattr(top, name) for name in ("evidence", "agreement", "prominence", "relief", "inside")}
    return parts | {"chosen": next(i for i, t in enumerate(R.tried) if t["chosen"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds of the smallest size, nothing is written")
    parser.add_argument("--seeds", type=int, default=FLAT_SEEDS, help="of the two-dimensional kinds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="flat,others", help="without both nothing is written")
    arguments = parser.parse_args()
    from benchmarks import sweep

    flat, others = seen_kinds()
    sizes = SIZES[:1] if arguments.quick else SIZES
    seeds = 2 if arguments.quick else arguments.seeds
    plan = {
        "flat": [(k, n, s) for s in range(seeds) for n in sizes for k in flat],
        "others": [
            (k, n, s) for s in range(min(seeds, OTHER_SEEDS)) for n in sizes for k in others if n in OTHER_SIZES
        ],
    }
    wanted = [
        {"what": "null", "version": VERSION, "kind": k, "n": n, "seed": FIRST_SEED + s}
        for part in arguments.only.split(",")
        for k, n, s in plan[part]
    ]
    print(sweep.run(wanted, task, jobs=arguments.jobs, label="null"))
    found = sweep.Records().by_key
    evidence_of = {n: {} for n in sizes}
    for t in wanted:
        record = found[sweep.key(t)]
        if record["error"] is not None:
            raise SystemExit(f"{t} failed: {record['error']}")
        evidence_of[t["n"]].setdefault(t["kind"], []).append(round(record["result"]["evidence"], DIGITS))
    for n, by_kind in evidence_of.items():
        worst = sorted(by_kind, key=lambda k: -np.quantile(by_kind[k], 0.95))[:3]
        print(
            f"n = {n:5d}: "
            + ", ".join(f"95 % of {k} below {np.quantile(by_kind[k], 0.95):.3f}" for k in worst)
            + f"; {sum(map(len, by_kind.values()))} samples"
        )
    if not arguments.quick and set(plan) == set(arguments.only.split(",")):
        about = {
            "made_by": "benchmarks/calibrate.py",
            "version": VERSION,
            "seeds": [FIRST_SEED, FIRST_SEED + seeds - 1],
        }
        lists = {str(n): {k: sorted(v) for k, v in by_kind.items()} for n, by_kind in evidence_of.items()}
        TARGET.write_text(json.dumps(about | {"evidence": lists}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
