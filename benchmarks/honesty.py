"""How often a loop is claimed where there is none, and how often one is found where there is one.

    python -m benchmarks.honesty [--quick] [--seeds 50] [--sizes 150,400,1000,4000] [--power-seeds 20] [--jobs 2]
        [--only free,again,power,noise,claims]

*free*: every loop-free kind of `cases` at every one of `SIZES`, seeds from 2,000 (the null was made with seeds from 10,000,
and never saw the kinds marked "held out"), noises in turn. A claim of `find_loops` is its verdict "loop"; beside it how
often the scores that are in use elsewhere claim a loop on the same points: detection score above .5, with the filter
death/birth > 1.25, and a widest gap after the first feature, on eff_res with 15 neighbours. *again*: kinds that were called
in 4 to 7 of 50 at some size, with 200 new seeds there. *inside*: of the discs whose middle is nearly empty, which may be
called, the share of points inside that is said beside the truth. *power*: planted loops, mostly 1,000 points in 50
dimensions; a call counts as right if the cycle goes round a planted loop. *noise*: settings chosen by agreement on the
noise benchmark, circle, linked circles and eyeglasses, the full grid of noise and three seeds: the score of the setting
that was chosen on all points. *claims* (only if asked for): the same shapes with 400 points under the tests for any
diagram, the universal law and the confidence band, by Euclidean distance and by effective resistance, beside `find_loops`
(of loop-free kinds as results/honesty.json has it). Records are kept by `sweep`, so it can be stopped and started again.
Writes results/honesty.json, and the claims to results/claims.json.
"""

import argparse
import warnings
from collections import defaultdict

import numpy as np

import spectral_ph as sph
from benchmarks import calibrate, cases, paper, quality, record, sweep

VERSION = 2
FIRST_SEED = 2000
"""Smaller ones were looked at while the procedure was chosen."""
SIZES = (150, 400, 1000, 4000)
SIGMAS = (0.0, 0.05, 0.1, 0.2)
AGAIN, NEW_SEEDS = range(4, 8), 200
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
    "cylinder of height 3": ("cylinder_3", 0.1, 1000),
    "cylinder of height 6, 4,000 points": ("cylinder_6", 0.1, 4000),
    "cells with a cycle, 400": ("cells_cycle", 0.1, 400),
    **{f"{g} degrees missing, 400 points": (f"gap_{g}", 0.1, 400) for g in (20, 30, 54, 90)},
    "annulus, inner radius .5, 400 points": ("annulus_5", 0.1, 400),
    "annulus, inner radius .3": ("annulus_3", 0.1, 1000),
    "circle with 10 % of noise, 400 points": ("circle_noise_10", 0.1, 400),
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
            "evidence": R.loops[0].evidence if R.loops else 0.0,
            "agreement": min([loop.agreement for loop in R.loops if loop.verdict == "loop"], default=None),
            "inside": R.loops[0].inside if R.loops else None,
            "truth": case.inside,
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


def free_task(kind, n, seed):
    # The usual scores take minutes of large graphs, and are no better there.
    return {"kind": kind, "n": n, "sigma": SIGMAS[seed % len(SIGMAS)], "seed": seed, "scores": n <= 1000}


def again(pairs, arguments):
    """Return the tasks of kinds that were called so often that chance must be told from fault."""
    called = defaultdict(int)
    for task, result in pairs:
        called[task["kind"], task["n"]] += result["verdict"] == "loop"
    common = {"what": "honesty", "version": VERSION, "null": calibrate.VERSION}
    return [
        common | free_task(kind, n, seed)
        for (kind, n), times in called.items()
        if times in AGAIN and kind not in (*calibrate.APART, *calibrate.NEARLY_EMPTY)
        for seed in range(FIRST_SEED + arguments.seeds, FIRST_SEED + arguments.seeds + NEW_SEEDS)
    ]


def tasks(arguments):
    common = {"what": "honesty", "version": VERSION, "null": calibrate.VERSION}
    seeds = range(FIRST_SEED, FIRST_SEED + (2 if arguments.quick else arguments.seeds))
    found = defaultdict(list)
    for seed in seeds:
        for kind in cases.LOOP_FREE:
            for n in (150,) if arguments.quick else map(int, arguments.sizes.split(",")):
                found["free"].append(common | free_task(kind, n, seed))
    for seed in range(FIRST_SEED, FIRST_SEED + (1 if arguments.quick else arguments.power_seeds)):
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


CLAIMS = {"n": 400, "free": 4, "power": 3, "n_resamples": 39}


def claims_tasks(quick):
    """Return the loop-free kinds and the planted loops at one size, without those that differ only in size."""
    common = {"what": "claims", "version": 3, "n": 150 if quick else CLAIMS["n"], "n_resamples": CLAIMS["n_resamples"]}
    free = [
        common | {"name": kind, "kind": kind, "sigma": SIGMAS[seed % len(SIGMAS)], "seed": seed, "find_loops": False}
        for seed in range(FIRST_SEED, FIRST_SEED + (1 if quick else CLAIMS["free"]))
        for kind in cases.LOOP_FREE
    ]
    planted = {(kind, sigma): name.partition(", ")[0] for name, (kind, sigma, _) in POWER.items()}
    judged = common | {"find_loops": True, "null": calibrate.VERSION}
    return free + [
        judged | {"name": f"{name}, sigma {sigma}", "kind": kind, "sigma": sigma, "seed": seed}
        for seed in range(FIRST_SEED, FIRST_SEED + (1 if quick else CLAIMS["power"]))
        for (kind, sigma), name in planted.items()
    ]


def claims(task):
    """Say which of the tests for any diagram claim a loop on the points of a task; all at a level of 5 %."""
    case = cases.CASES[task["kind"]](n=task["n"], ambient_dim=50, sigma=task["sigma"], outliers=0, seed=task["seed"])
    out = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        if task["find_loops"]:
            out["find_loops"] = sph.find_loops(case.X, random_state=task["seed"]).verdict == "loop"
        for distance, params in (
            ("euclidean", {}),
            ("eff_res", {"steps": 1, "disconnected": "max"}),
            ("eff_res, 4 steps", {"steps": 4, "disconnected": "max"}),
        ):
            B = sph.confidence_band(
                case.X, distance.partition(",")[0], n_resamples=task["n_resamples"], random_state=task["seed"], **params
            )
            out[f"universal, {distance}"] = bool(sph.significance(B.persistence).significant.any())
            out[f"band, {distance}"] = bool(B.significant[1].any())
    return out


def claims_rows(pairs):
    """Return one row a kind, the share of samples on which each test claims a loop; loop-free ones first, and their worst."""
    by_name = defaultdict(list)
    for task, result in pairs:
        by_name[task["name"], task["kind"]].append(result)
    known = {
        row["kind"]: f"{row['called']} of {row['samples']}"
        for row in record.read("honesty")["rows"]
        if row["n"] == CLAIMS["n"]
    }
    rows = []
    for (name, kind), results in by_name.items():
        columns = [c for c in results[-1] if c != "find_loops"]
        asked = [r["find_loops"] for r in results if "find_loops" in r]
        called = f"{sum(asked)} of {len(asked)}" if asked else known.get(kind)
        several = sum(other == name for other, _ in by_name) > 1
        row = {"data": f"{name} ({kind})" if several else name, "samples": len(results), "find_loops": called}
        row |= {c: share([r[c] for r in results]) for c in columns}
        rows.append(row | {"note": note_of(kind) if kind in cases.LOOP_FREE else "a loop"})
    rows.sort(key=lambda r: (r["note"] == "a loop", r["data"]))
    free = [r for r in rows if r["note"] in ("", "held out")]
    for what, of in (("worst kind without a loop", max), ("mean over kinds without a loop", np.mean)):
        if free:
            rows.append({"data": what} | {c: float(of([r[c] for r in free])) for c in columns})
    return rows


def share(flags):
    return float(np.mean(flags)) if len(flags) else float("nan")


def note_of(kind):
    if kind in calibrate.APART:
        return "ring of the graph; apart"
    if kind in calibrate.NEARLY_EMPTY:
        return "nearly empty; by inside"
    return "held out" if cases.FAMILIES[kind] in calibrate.HELD_OUT else ""


def free_rows(pairs):
    """Return one row a kind and size, the most called first, and below them the worst kind of each size."""
    by_kind = defaultdict(list)
    for task, result in pairs:
        by_kind[task["kind"], task["n"]].append(result)
    usual = ("score > .5", "filtered score > .5", "widest gap")
    rows = []
    for (kind, n), results in by_kind.items():
        row = {"kind": kind, "n": n, "samples": len(results), "called": sum(r["verdict"] == "loop" for r in results)}
        row |= {name: share([r[name] for r in results]) if name in results[0] else None for name in usual}
        lowest = [r["agreement"] for r in results if r["agreement"] is not None]
        rows.append(row | {"least agreement called": min(lowest, default=None), "note": note_of(kind)})
    rows.sort(key=lambda r: (-r["called"] / r["samples"], r["kind"], r["n"]))
    counted = [r for r in rows if not r["note"] or r["note"] == "held out"]
    worst = []
    for n in sorted({r["n"] for r in counted}):
        top = next(r for r in counted if r["n"] == n)
        worst.append(top | {"kind": f"worst kind: {top['kind']}"})
    return rows + worst


def inside_rows(pairs):
    """Return the share inside that is said of discs whose middle is nearly empty, beside the truth."""
    by_kind = defaultdict(list)
    for task, result in pairs:
        if task["kind"] in calibrate.NEARLY_EMPTY and result["inside"] is not None:
            by_kind[task["kind"], task["n"], task["sigma"]].append(result)
    return [
        {
            "kind": kind,
            "n": n,
            "sigma": sigma,
            "samples": len(results),
            "said": float(np.mean([r["inside"] for r in results])),
            "truth": float(np.mean([r["truth"] for r in results])),
            "within 5 points": share([abs(r["inside"] - r["truth"]) <= 0.05 for r in results]),
        }
        for (kind, n, sigma), results in sorted(by_kind.items())
    ]


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
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--power-seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="free,again,power,noise")
    arguments = parser.parse_args()
    if arguments.only == "claims":
        wanted = claims_tasks(arguments.quick)
        print("claims", sweep.run(wanted, claims, jobs=arguments.jobs, label="claims"), flush=True)
        rows = claims_rows(sweep.finished(wanted))
        record.table(rows, list(rows[0]))
        if not arguments.quick:
            print(record.write("claims", rows, level=LEVEL, n=CLAIMS["n"]))
        return
    wanted = tasks(arguments)
    parts = [part for part in arguments.only.split(",") if part != "again"]
    for part in parts:
        print(part, sweep.run(wanted[part], work, jobs=arguments.jobs, label=part), flush=True)
    if "again" in arguments.only:
        more = again(sweep.finished(wanted["free"]), arguments)
        print("again", sweep.run(more, work, jobs=arguments.jobs, label="again"), flush=True)
        wanted["free"] += more
    about = {}
    for part, rows_of, of in (
        ("free", free_rows, "free"),
        ("inside", inside_rows, "free"),
        ("power", power_rows, "power"),
        ("noise", noise_rows, "noise"),
    ):
        pairs = sweep.finished(wanted[of])
        if pairs and rows_of(pairs):
            about[part] = rows_of(pairs)
            print()
            record.table(about[part], list(about[part][0]))
            print(f"({len(pairs)} of {len(wanted[of])} cases)")
    if not arguments.quick:
        rest = {part: about.get(part) for part in ("inside", "power", "noise")}
        record.write("honesty", about.get("free", []), level=LEVEL, **rest)


if __name__ == "__main__":
    main()
