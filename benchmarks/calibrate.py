"""The null distribution of `find_loops`: the evidence for a loop on shapes that have none.

    python -m benchmarks.calibrate [--quick] [--jobs 2] [--only worst,flat,others]

Loop-free kinds of `cases` at several noises, each seed a new sample; the whole procedure with its choice of settings, five
splits. `PLAN` says how many samples of which kinds at which sizes: most of the *worst*, which show the most evidence, fewer
of the other two-dimensional kinds, *flat*, and of all *others*, which show little and which `verdict.null` pools. Kinds of
the families in `HELD_OUT` are never seen, so that the false-positive rate can be measured on such too. Nor are discs whose
middle is nearly empty (`NEARLY_EMPTY`): what is said of them is the share inside. Seeds begin at 10,000, those of `honesty`
at 2,000. The noise of a sample is drawn, so the rate of a kind is a mean over noises: what it is under each is printed, too.
Finished records are kept in the sweep folder, so it can be stopped and started again. Writes
spectral_ph/verdict/null.json.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from benchmarks import cases

PLAN = {
    "worst": {100: 100, 200: 100, 400: 100, 600: 100, 1000: 100, 4000: 30},
    "flat": {100: 20, 200: 20, 400: 20, 1000: 20},
    "others": {200: 20, 1000: 20},
}
"""Samples of each kind by number of points."""

WORST = ("rim_2", "rim_3", "sphere_shadow", "two_discs")
"""Kinds that a first run of 10 samples each found to show the most evidence."""

HELD_OUT = ("time series", "lattices", "curved sheets", "solids")
"""Families of kinds that the null never sees."""

NEARLY_EMPTY = ("rim_10", "disc_r2")
"""So few points are in the middle that these may be called loops, if the share inside is right."""

APART = ("swiss_roll", "cells_batches")
"""Rings of the graph, which may be called and are reported apart. Neighbours across the gap of a roll close one. So does a
differentiation in two batches, up in one and down in the other; no half of one batch sees it (`split_by`)."""

FLAT_FAMILIES = ("plane regions", "thin middles")
FLAT = ("blob_2", "gaussian_2_stretched", "gaussian_flat", "two_discs", "disc_and_line", "cells_two_programmes")
"""Families and further kinds that are two-dimensional."""

VERSION = 6
"""Raise it when the procedure changes, and run it all again."""

FIRST_SEED = 10_000
SPLITS = 5
TARGET = Path(__file__).parents[1] / "spectral_ph" / "verdict" / "null.json"
DIGITS = 4


def seen_kinds():
    """Return the kinds that the null sees, by the parts of `PLAN`."""
    kinds = [k for k in cases.LOOP_FREE if cases.FAMILIES[k] not in HELD_OUT]
    kinds = [k for k in kinds if k not in (*APART, *NEARLY_EMPTY, *WORST)]
    flat = [k for k in kinds if cases.FAMILIES[k] in FLAT_FAMILIES or k in FLAT]
    return {"worst": list(WORST), "flat": flat, "others": [k for k in kinds if k not in flat]}


NOISES = (0.0, 0.05, 0.1, 0.2)


def noise_of(seed, n):
    """Return the standard deviation of the noise of a sample."""
    return float(np.random.default_rng([seed, n]).choice(NOISES))


def by_noise(evidence_of):
    """Say how often the worst kinds reach, under each noise, the evidence that 5 % of the worst of them reaches.

    evidence_of : {n: {kind: evidence of the samples, in the order of their seeds}}.
    """
    for n, by_kind in evidence_of.items():
        needed = max(np.quantile(by_kind[k], 0.95) for k in WORST if k in by_kind)
        for kind in WORST:
            values = np.array(by_kind.get(kind, ()))
            noises = np.array([noise_of(FIRST_SEED + s, n) for s in range(len(values))])
            shares = [(sigma, values[noises == sigma] >= needed) for sigma in NOISES]
            told = ", ".join(f"{sigma:g}: {int(over.sum())} of {len(over)}" for sigma, over in shares)
            print(f"n = {n}, {kind}, evidence of {needed:.3f} and more by noise: {told}")


def task(parameters):
    """Return the evidence for a loop that `find_loops` sees in one sample, and what it is made of."""
    import spectral_ph as sph

    n, seed = parameters["n"], parameters["seed"]
    sigma = noise_of(seed, n)
    X = cases.CASES[parameters["kind"]](n=n, ambient_dim=50, sigma=sigma, outliers=0, seed=seed).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        R = sph.find_loops(X, splits=SPLITS, random_state=seed)
    if not R.loops:
        return {"evidence": 0.0}
    top = R.loops[0]
    parts = {name: getattr(top, name) for name in ("evidence", "agreement", "prominence", "relief", "inside", "core")}
    return parts | {"chosen": next(i for i, t in enumerate(R.tried) if t["chosen"])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds of the smallest size, nothing is written")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default=",".join(PLAN), help="without all parts nothing is written")
    arguments = parser.parse_args()
    from benchmarks import sweep

    parts = arguments.only.split(",")
    plan = {part: ({min(PLAN[part]): 2} if arguments.quick else PLAN[part]) for part in parts}
    kinds = seen_kinds()
    wanted = [
        {"what": "null", "version": VERSION, "kind": k, "n": n, "seed": FIRST_SEED + s}
        for part in parts
        for n, samples in plan[part].items()
        for k in kinds[part]
        for s in range(samples)
    ]
    print(sweep.run(wanted, task, jobs=arguments.jobs, label="null"))
    found = sweep.Records().by_key
    evidence_of = {n: {} for n in sorted({t["n"] for t in wanted})}
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
    if set(WORST) <= set(evidence_of[max(evidence_of)]):
        by_noise(evidence_of)
    if not arguments.quick and set(plan) == set(arguments.only.split(",")):
        about = {
            "made_by": "benchmarks/calibrate.py",
            "version": VERSION,
            "first_seed": FIRST_SEED,
        }
        lists = {str(n): {k: sorted(v) for k, v in by_kind.items()} for n, by_kind in evidence_of.items()}
        TARGET.write_text(json.dumps(about | {"evidence": lists}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
