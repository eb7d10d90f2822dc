"""How often a loop is claimed where there is none, and how often one is found where there is one.

    python -m benchmarks.honesty [--quick] [--seeds 50] [--power-seeds 10] [--jobs 2] [--only free,power,noise]

*free*: every loop-free kind of `cases`, seeds from 0 (the null was made with seeds from 10,000, and never saw the kinds
marked "held out"); sizes 150, 300, 500, 200, 400 and 1,000 in turn. A claim of `find_loops` is p <= .05 for the whole
procedure with its choice of settings; beside it how often the scores that are in use elsewhere claim a loop on the same
points: detection score above .5 (with and without the filter death/birth > 1.25), and a widest gap after the first feature,
on eff_res with 15 neighbours. *power*: planted loops, mostly 1,000 points in 50 dimensions; a call counts as right if the
cycle goes round a planted loop. *noise*: settings chosen by agreement on the noise benchmark, circle, linked circles and
eyeglasses, the full grid of noise and three seeds: the score of the setting that was chosen on all points.
Records are kept by `sweep`, so it can be stopped and started again. Writes results/honesty.json.
"""

import argparse
import warnings
from collections import defaultdict

import numpy as np

import spectral_ph as sph
from benchmarks import calibrate, cases, paper, quality, record, sweep

VERSION = 1
SIZES = (150, 300, 500, 200, 400, 1000)
LEVEL = 0.05
POWER = {
    **{f"circle, sigma {s}": ("circle", s, 1000) for s in (0.1, 0.2, 0.25, 0.3, 0.35)},
    **{f"uneven circle, sigma {s}": ("uneven_circle", s, 1000) for s in (0.1, 0.2, 0.25)},
    **{f"gap, sigma {s}": ("gap_circle", s, 1000) for s in (0.1, 0.2)},
    **{f"tail, sigma {s}": ("tail_circle", s, 1000) for s in (0.1, 0.2)},
    "loop beside clusters, sigma .1": ("loop_and_clusters", 0.1, 1000),
    "two loops, sigma .1": ("linked_circles", 0.1, 1000),
    "two loops of unequal size, sigma .1": ("unequal_loops", 0.1, 1000),
    "eyeglasses, sigma .1": ("eyeglasses", 0.1, 1000),
    "ellipse, sigma .1": ("ellipse", 0.1, 1000),
    "cells with a cycle": ("cells_cycle", 0.1, 1000),
    "cells with an uneven cycle": ("cells_cycle_uneven", 0.1, 1000),
    **{f"circle, sigma .1, {n} points": ("circle", 0.1, n) for n in (100, 200, 400)},
}


def planted(result, angles):
    """Return how many of the loops that were called go round planted ones, and how many were called."""
    called = [loop for loop in result.loops if loop.verdict == "loop"]
    if not called or angles is None:
        return 0, len(called)
    turns = [[quality.winding(angles[loop.cycle, k])[0] for k in range(angles.shape[1])] for loop in called]
    return quality.rank_mod_2(turns), len(called)


def work(task):
    case = cases.CASES[task["kind"]](n=task["n"], ambient_dim=50, sigma=task["sigma"], outliers=0, seed=task["seed"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        R = sph.find_loops(case.X, random_state=task["seed"])
        chosen = next(t for t in R.tried if t["chosen"])
        right, called = planted(R, case.angles)
        diagram = R.persistence[1]
        out = {
            "verdict": R.verdict,
            "p": R.p_value,
            "evidence": chosen["evidence"],
            "chosen": {k: chosen[k] for k in ("distance", "n_neighbors", "passes", "t") if k in chosen},
            "called": called,
            "right": right,
            "score": sph.detection_score(diagram, max(case.n_loops, 1)),
            "filtered": sph.detection_score(diagram, max(case.n_loops, 1), min_ratio=1.25),
        }
        if task["scores"]:
            usual = sph.persistence(case.X, steps=1, disconnected="max")[1]
            out["score > .5"] = sph.detection_score(usual) > 0.5
            out["filtered score > .5"] = sph.detection_score(usual, min_ratio=1.25) > 0.5
            out["widest gap"] = sph.widest_gap(usual) == 1
    return out


def tasks(arguments):
    common = {"what": "honesty", "version": VERSION, "null": calibrate.VERSION}
    seeds = range(2 if arguments.quick else arguments.seeds)
    found = defaultdict(list)
    for seed in seeds:
        for kind in cases.LOOP_FREE:
            n = 150 if arguments.quick else SIZES[seed % len(SIZES)]
            sigma = (0.0, 0.05, 0.1, 0.2)[(seed // len(SIZES)) % 4]
            found["free"].append(common | {"kind": kind, "n": n, "sigma": sigma, "seed": seed, "scores": True})
    for seed in range(1 if arguments.quick else arguments.power_seeds):
        for name, (kind, sigma, n) in POWER.items():
            size = min(n, 200) if arguments.quick else n
            task = common | {"kind": kind, "n": size, "sigma": sigma, "seed": seed, "scores": False}
            found["power"].append(task | {"name": name})
    if not arguments.quick:
        for seed in quality.SEEDS:
            for sigma in quality.SIGMAS:
                for kind in ("circle", "linked_circles", "eyeglasses"):
                    task = common | {"kind": kind, "n": 1000, "sigma": sigma, "seed": seed, "scores": False}
                    found["noise"].append(task | {"name": "noise"})
    return found


def share(flags):
    return float(np.mean(flags)) if len(flags) else float("nan")


def free_rows(pairs):
    by_kind = defaultdict(list)
    for task, result in pairs:
        by_kind[task["kind"]].append(result)
    rows = []
    for kind, results in by_kind.items():
        note = "held out" if kind in calibrate.HELD_OUT else ""
        note = "short circuits; apart" if kind in calibrate.SHORT_CIRCUITS else note
        row = {"kind": kind, "samples": len(results), "find_loops": share([r["verdict"] == "loop" for r in results])}
        row |= {name: share([r[name] for r in results]) for name in ("score > .5", "filtered score > .5", "widest gap")}
        rows.append(row | {"note": note})
    rows.sort(key=lambda r: -r["find_loops"])
    counted = [r for task, r in pairs if task["kind"] not in calibrate.SHORT_CIRCUITS]
    total = {"kind": "all but short circuits", "samples": len(counted)}
    total["find_loops"] = share([r["verdict"] == "loop" for r in counted])
    total |= {name: share([r[name] for r in counted]) for name in ("score > .5", "filtered score > .5", "widest gap")}
    return [*rows, total | {"note": ""}]


def power_rows(pairs):
    by_name = defaultdict(list)
    for task, result in pairs:
        by_name[task["name"]].append(result)
    return [
        {
            "data": name,
            "samples": len(results),
            "called": share([r["verdict"] == "loop" for r in results]),
            "planted, of those called": share([r["right"] >= 1 for r in results if r["called"]]),
            "loops called": float(np.mean([r["called"] for r in results])),
            "median evidence": float(np.median([r["evidence"] for r in results])),
        }
        for name, results in by_name.items()
    ]


def noise_rows(pairs):
    by_kind = defaultdict(list)
    for task, result in pairs:
        by_kind[task["kind"]].append((task, result))
    rows = []
    for kind, found in by_kind.items():
        called = [r for _, r in found if r["called"]]
        rows.append(
            {
                "data": kind,
                "samples": len(found),
                "area, score": share([r["score"] for _, r in found]),
                "area, filtered": share([r["filtered"] for _, r in found]),
                "paper, eff_res": paper.BEST[kind][0],
                "paper, diffusion": paper.BEST[kind][1],
                "called": len(called) / len(found),
                "planted, of those called": share([r["right"] == r["called"] for r in called]),
            }
        )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few small samples, nothing is written")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--power-seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="free,power,noise")
    arguments = parser.parse_args()
    wanted = tasks(arguments)
    for part in arguments.only.split(","):
        print(part, sweep.run(wanted[part], work, jobs=arguments.jobs, label=part), flush=True)
    known = sweep.Records().by_key
    about = {}
    for part, rows_of in (("free", free_rows), ("power", power_rows), ("noise", noise_rows)):
        there = [(t, known[sweep.key(t)]) for t in wanted[part] if sweep.key(t) in known]
        pairs = [(t, r["result"]) for t, r in there if r["error"] is None]
        for t, r in there:
            if r["error"] is not None:
                print(f"{t['kind']}, n = {t['n']}, seed {t['seed']} failed: {r['error']}")
        if pairs:
            about[part] = rows_of(pairs)
            print()
            record.table(about[part], list(about[part][0]))
            print(f"({len(pairs)} of {len(wanted[part])} cases)")
    if not arguments.quick:
        record.write("honesty", about.get("free", []), level=LEVEL, power=about.get("power"), noise=about.get("noise"))


if __name__ == "__main__":
    main()
