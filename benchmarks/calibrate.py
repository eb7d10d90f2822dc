"""The null distribution of `find_loops`: the evidence for a loop on shapes that have none.

    python -m benchmarks.calibrate [--quick] [--seeds 40] [--jobs 2] [--sizes 100,150,...]

Every loop-free kind of `cases.LOOP_FREE` but those of `HELD_OUT`, at several noises, each seed a new sample; the whole
procedure with its choice of settings. Seeds begin at 10,000, those of `honesty` at 0. Finished records are kept in the
sweep folder, so it can be stopped and started again. Writes spectral_ph/verdict/null.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks import cases

SIZES = (100, 200, 400, 1000)
HELD_OUT = ("sphere_4", "ball_3", "arc", "cells_trajectory", "blob_20")
"""Kinds that the null never sees, so that the false-positive rate can be measured on such too."""

SHORT_CIRCUITS = ("swiss_roll",)
"""Neighbours across the gap of a roll close a loop of the graph, which is one; reported apart, and no part of the null."""

VERSION = 3
"""Raise it when the procedure changes, and run it all again."""

FIRST_SEED = 10_000
TARGET = Path(__file__).parents[1] / "spectral_ph" / "verdict" / "null.json"
DIGITS = 4


def evidence(kind, n, seed, sigma=None):
    """Return the evidence for a loop that the procedure of `find_loops` finds in one sample, and the setting it took."""
    from spectral_ph import _check
    from spectral_ph.verdict import examine, null
    from spectral_ph.verdict.candidates import candidates
    from spectral_ph.verdict.halves import HALF_POINTS

    rng = np.random.default_rng([seed, n])
    sigma = float(rng.choice([0.0, 0.05, 0.1, 0.2])) if sigma is None else sigma
    X = cases.CASES[kind](n=n, ambient_dim=50, sigma=sigma, outliers=0, seed=seed).X
    assert n >= null.LEAST_POINTS
    with _check.unheard():
        examined = examine(
            X, candidates("auto", {}, min(n // 2, HALF_POINTS), True), np.random.default_rng([seed, n, 1])
        )
    best = examined.tried[examined.best]
    return best["evidence"], f"{best['distance']} {examined.best}"


def task(parameters):
    value, chosen = evidence(parameters["kind"], parameters["n"], parameters["seed"])
    return {"evidence": value, "chosen": chosen}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds of the smallest size, nothing is written")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    arguments = parser.parse_args()
    from benchmarks import sweep

    sizes = SIZES[:1] if arguments.quick else tuple(map(int, arguments.sizes.split(",")))
    seeds = range(FIRST_SEED, FIRST_SEED + (2 if arguments.quick else arguments.seeds))
    kinds = [kind for kind in cases.LOOP_FREE if kind not in (*HELD_OUT, *SHORT_CIRCUITS)]
    # Seeds in the outer loop: whenever it is stopped, every kind and size has about as many.
    tasks = [
        {"what": "null", "version": VERSION, "kind": k, "n": n, "seed": s} for s in seeds for n in sizes for k in kinds
    ]
    print(sweep.run(tasks, task, jobs=arguments.jobs, label="null"))
    found = sweep.Records().by_key
    evidence_of = {n: {k: [] for k in kinds} for n in sizes}
    for t in tasks:
        record = found[sweep.key(t)]
        if record["error"] is not None:
            raise SystemExit(f"{t} failed: {record['error']}")
        evidence_of[t["n"]][t["kind"]].append(round(record["result"]["evidence"], DIGITS))
    for n, by_kind in evidence_of.items():
        everything = np.concatenate(list(by_kind.values()))
        worst = max(by_kind, key=lambda k: np.quantile(by_kind[k], 0.9))
        print(
            f"n = {n:5d}: 95 % of all below {np.quantile(everything, 0.95):.3f}; worst kind {worst}, 90 % of it below "
            f"{np.quantile(by_kind[worst], 0.9):.3f}"
        )
    if not arguments.quick:
        about = {"made_by": "benchmarks/calibrate.py", "version": VERSION, "seeds": [seeds[0], seeds[-1]]}
        lists = {str(n): {k: sorted(v) for k, v in by_kind.items()} for n, by_kind in evidence_of.items()}
        TARGET.write_text(json.dumps(about | {"evidence": lists}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
