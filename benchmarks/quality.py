"""Quality against noise: how clearly each distance shows the planted loops, and whether the loops it shows are the planted.

    python -m benchmarks.quality --quick                  two minutes on two cores, 300 points
    python -m benchmarks.quality --list                   the plans, with how many cases are recorded
    python -m benchmarks.quality --plan paper [--every 2] [--jobs 2] [--only "circle euclidean"] [--retry]
    python -m benchmarks.quality --full                   all plans

A plan is a list of cases; `sweep` computes what is missing of them, and may be killed at any moment. `report` turns the
records into tables and figures. For every diagram are kept: the four longest features, their number, the detection score
of the planted number of features without and with EffPH's filter (death / birth > 1.25), the score of one feature, the
number above the widest gap; and for planted loops the winding numbers of the representative cycles of the longest features
round the known angles.

*Planted* means: of the m longest features (m planted loops) the matrix of winding numbers has rank m over Z/2, the field
that the diagrams are computed over; so for one loop, that the cycle goes round an odd number of times. Between two points
of the cycle the shorter way round is taken, and points that are not on a planted loop are skipped. A triangle of three
random points goes round a circle with probability 1/4, so `planted` alone says little where the cycle has very long steps;
the longest step is kept beside it.

Distances on a graph are asked for with disconnected="max", as in EffPH, so that single outliers do not end a case.
"""

import argparse
import itertools
import json
import sys
import warnings
from collections import defaultdict

import numpy as np

import spectral_ph as sph
from benchmarks import cases, record, sweep
from spectral_ph.loops.cycles import representative_cycle

VERSION = 1
"""Raise when what is computed for a task changes: everything is computed anew."""
REVISIONS = {"eigenmaps": 1}
"""Name of a distance -> number; raise when the distance itself was corrected: its cases are computed anew."""

FILTER = 1.25
TOP = 4
SIGMAS = [round(0.0125 * k, 4) for k in range(29)]
SEEDS = [0, 1, 2]
DIMENSIONS = [2, 10, 20, 30, 40, 50, 100, 200, 500, 1000]
OUTLIERS = [0, 50, 100, 200]


# ---------------------------------------------------------------------------------------------------------- one case
def winding(angles):
    """Return how often a closed walk goes round, and its longest step in radians; `angles` (c,), NaN is skipped."""
    on = angles[np.isfinite(angles)]
    steps = (np.roll(on, -1) - on + np.pi) % (2 * np.pi) - np.pi
    return round(steps.sum() / (2 * np.pi)), float(np.abs(steps).max(initial=0.0))


def rank_mod_2(matrix):
    """Return the rank over Z/2 of a matrix of whole numbers."""
    rows = [sum(int(v) % 2 << k for k, v in enumerate(row)) for row in matrix]
    rank = 0
    while rows:
        pivot = rows.pop()
        if pivot:
            rank += 1
            lowest = pivot & -pivot
            rows = [row ^ pivot if row & lowest else row for row in rows]
    return rank


def describe(diagram, m):
    """Return what is kept of a diagram (f, 2) in which m features are planted."""
    return {
        "features": len(diagram),
        "births": diagram[:TOP, 0].tolist(),
        "deaths": diagram[:TOP, 1].tolist(),
        "score": sph.detection_score(diagram, m),
        "filtered": sph.detection_score(diagram, m, min_ratio=FILTER),
        "one": sph.detection_score(diagram, 1),
        "one_filtered": sph.detection_score(diagram, 1, min_ratio=FILTER),
        "gap": sph.widest_gap(diagram),
    }


def found_loops(D, P, angles):
    """Return whether the longest loops are the planted ones, and what that rests on."""
    m = angles.shape[1]
    cycles = [representative_cycle(D, edge) for edge in P.birth_edges[1][:m]]
    turns = [[winding(angles[cycle, k]) for k in range(m)] for cycle in cycles]
    windings = [[w for w, _ in row] for row in turns]
    return {
        "planted": rank_mod_2(windings) == m,
        "windings": windings,
        "longest_steps": [[round(s, 4) for _, s in row] for row in turns],
        "cycle_lengths": [len(c) for c in cycles],
    }


def parameters(distance, params, seed):
    """Return the keyword arguments of a setting: "inf" is a number, a seed where the distance has one.

    A label of effective resistance that names no steps is the paper's: steps = 1, whatever the default is.
    """
    has = sph.DISTANCES[distance].parameters
    given = {name: float("inf") if value == "inf" else value for name, value in params.items()}
    if "disconnected" in has:
        given.setdefault("disconnected", "max")
    if distance == "eff_res":
        given.setdefault("steps", 1)
    return given | ({"random_state": seed} if "random_state" in has else {})


def work(task):
    """Compute one case; see the head of this file."""
    case = cases.CASES[task["case"]](
        task["n"], task["ambient_dim"], task["sigma"], task["outliers"], task["seed"], shared_seed=task["shared_seed"]
    )
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        settings = parameters(task["distance"], task["params"], task["seed"])
        D = sph.distance_matrix(case.X, task["distance"], **settings)
        P = sph.persistence(D, "precomputed", maxdim=task["maxdim"])
    result = {
        "h1": describe(P[1], case.n_loops),
        "largest": float(D.max()),
        "engine": P.engine,
        "warnings": sorted({str(w.message) for w in warned}),
    }
    if task["maxdim"] == 2:
        result["h2"] = describe(P[2], case.n_voids)
    if case.angles is not None and P.birth_edges is not None:
        result |= found_loops(D, P, case.angles)
    return result


# ------------------------------------------------------------------------------------------------------------- plans
def _settings():
    """Settings by label; labels are the paper's where it has one."""
    s = {"euclidean": ("euclidean", {})}
    s |= {f"fermat p={p}": ("fermat", {"p": p}) for p in (2, 3, 5, 7)}
    grid = itertools.product((4, 15, 100), (2, "inf"), (1, 2, "inf"))
    s |= {f"dtm k={k},p={p},xi={xi}": ("dtm", {"n_neighbors": k, "p": p, "xi": xi}) for k, p, xi in grid}
    s |= {f"core k={k}": ("core", {"n_neighbors": k}) for k in (15, 100)}
    s |= {f"geodesic k={k}": ("geodesic", {"n_neighbors": k}) for k in (15, 100)}
    s |= {f"hops k={k}": ("hops", {"n_neighbors": k}) for k in (15, 100)}
    s |= {f"tsne_graph perplexity={p}": ("tsne_graph", {"perplexity": p}) for p in (8, 30, 200, 333)}
    s |= {f"umap_graph k={k}": ("umap_graph", {"n_neighbors": k}) for k in (15, 30, 50, 100)}
    s |= {f"tsne perplexity={p}": ("tsne", {"perplexity": p}) for p in (8, 30, 333)}
    s |= {f"umap k={k}": ("umap", {"n_neighbors": k}) for k in (15, 100)}
    s |= {f"eigenmaps k=15,m={m}": ("eigenmaps", {"n_neighbors": 15, "n_components": m}) for m in (2, 5, 10)}
    s |= {"eigenmaps k=15,m=2,sym": ("eigenmaps", {"n_neighbors": 15, "n_components": 2, "variant": "sym"})}
    s |= {f"eff_res k={k}": ("eff_res", {"n_neighbors": k}) for k in (10, 15, 30, 45, 100)}
    s |= {
        f"eff_res k={k},passes={p}": ("eff_res", {"n_neighbors": k, "passes": p})
        for k in (10, 15, 30, 45)
        for p in (2, 3, 5)
    }
    s |= {f"eff_res k=15,steps={n}": ("eff_res", {"n_neighbors": 15, "steps": n}) for n in (2, 3, 4, 6)}
    s |= {f"eff_res k={k},steps=4": ("eff_res", {"n_neighbors": k, "steps": 4}) for k in (30, 100)}
    s |= {"eff_res k=15,steps=4,passes=2": ("eff_res", {"n_neighbors": 15, "steps": 4, "passes": 2})}
    s |= {f"diffusion k={k},t={t}": ("diffusion", {"n_neighbors": k, "t": t}) for k in (15, 30, 100) for t in (8, 64)}
    s |= {"dpt k=15": ("dpt", {"n_neighbors": 15}), "potential k=15,t=8": ("potential", {"n_neighbors": 15, "t": 8})}
    s |= {name: (name, {}) for name in ("cosine", "correlation")}
    s |= {f"pca c={c}": ("pca", {"n_components": c}) for c in (2, 10)}
    return s


SETTINGS = _settings()
DEFAULT = "eff_res k=15,steps=4"
"""The default of `persistence(X)`."""
BEST = [
    "euclidean", "fermat p=3", "dtm k=4,p=2,xi=1", "core k=15", "geodesic k=100", "tsne_graph perplexity=30",
    "umap_graph k=100", "eigenmaps k=15,m=2", "eigenmaps k=15,m=2,sym", "eff_res k=15", "eff_res k=100", "diffusion k=15,t=8",
]  # fmt: skip
TUNED = [
    "euclidean", "fermat p=2", "fermat p=3", "fermat p=5", "dtm k=4,p=2,xi=1", "dtm k=15,p=2,xi=1",
    "eff_res k=15", "eff_res k=100", "eff_res k=30,passes=3", "diffusion k=15,t=8", "diffusion k=15,t=64",
    "diffusion k=100,t=8",
]  # fmt: skip
CANDIDATES = [
    "euclidean", "eff_res k=15", "eff_res k=30", "eff_res k=100", "eff_res k=15,steps=2", "eff_res k=15,steps=3",
    "eff_res k=15,steps=4", "eff_res k=15,steps=6", "eff_res k=30,steps=4", "eff_res k=15,steps=4,passes=2",
    "eff_res k=15,passes=2", "eff_res k=30,passes=2", "eff_res k=15,passes=3", "eff_res k=30,passes=3", "diffusion k=15,t=8",
    "diffusion k=15,t=64", "diffusion k=100,t=8",
]  # fmt: skip
STEPS = ["eff_res k=15", *(x for x in SETTINGS if "steps" in x and "passes" not in x)]
PASSES = [x for x in SETTINGS if x.startswith(("eff_res k=15", "eff_res k=30")) and "steps" not in x]
HEAT_MAP = ["euclidean", "dtm k=4,p=2,xi=1", "eff_res k=100", "diffusion k=100,t=8"]
OUTLIER_LABELS = [
    "euclidean", "fermat p=3", "dtm k=4,p=2,xi=1", "eff_res k=15", "eff_res k=15,steps=4", "eff_res k=100",
    "eff_res k=30,passes=3", "diffusion k=15,t=8",
]  # fmt: skip
SPHERE_LABELS = [*TUNED, "eff_res k=30", "eff_res k=30,passes=2", DEFAULT, "eff_res k=30,steps=4"]
EMBEDDINGS = ["tsne perplexity=30", "umap k=15"]
"""The settings that the paper draws."""
ALL = [label for label in SETTINGS if not label.startswith(("tsne ", "umap "))]
"""Without the layouts, which take seconds a case."""
PAPER_SHAPES = ["circle", "linked_circles", "eyeglasses", "torus"]
HARDER = [name for name in cases.LOOPS if name not in PAPER_SHAPES]


def task(case, label, sigma, seed, *, n=1000, ambient_dim=50, outliers=0, shared_seed=False, maxdim=1):
    """Return the task of one case; cells have 30 principal components in place of `ambient_dim`."""
    distance, params = SETTINGS[label]
    return {
        "what": "quality",
        "version": VERSION,
        "revision": REVISIONS.get(distance, 0),
        "case": case,
        "n": n,
        "ambient_dim": 30 if case.startswith("cells") else ambient_dim,
        "sigma": sigma,
        "outliers": outliers,
        "seed": seed,
        "shared_seed": shared_seed,
        "distance": distance,
        "params": params,
        "maxdim": maxdim,
    }


def grid(names, labels, sigmas=SIGMAS, seeds=SEEDS, **settings):
    """Return (label, task) of every combination."""
    for case, label, sigma, seed in itertools.product(names, labels, sigmas, seeds):
        yield label, task(case, label, sigma, seed, **settings)


def _paper():
    yield from grid(["circle"], [*BEST, DEFAULT])
    yield from grid(PAPER_SHAPES[1:], [*TUNED, DEFAULT])


def _dimension():
    for d in DIMENSIONS:
        yield from grid(["circle"], HEAT_MAP, ambient_dim=d)


def _outliers():
    for count in OUTLIERS:
        yield from grid(["circle"], OUTLIER_LABELS, SIGMAS[::2], outliers=count)


def _sensitivity():
    yield from grid(["circle"], [x for x in ALL if "passes" not in x], SIGMAS[::2])


def _defaults():
    """Settings of every distance that has a choice, on loops and on shapes without one: what the defaults are chosen by.

    Passes with 15 and 30 neighbours only, p = inf of dtm with xi = 1 only, two noises, two seeds: half an hour on two cores
    as it is.
    """
    fixed = ("dpt", "potential", "cosine", "correlation", "tsne_graph perplexity=333")
    labels = [x for x in ALL if not x.startswith(fixed) and ("passes" not in x or x in PASSES)]
    labels = [x for x in labels if not x.endswith(("p=inf,xi=2", "p=inf,xi=inf"))]
    yield from grid(["circle", *HARDER], labels, [0.1, 0.2], [0, 1])
    yield from grid(cases.LOOP_FREE, labels, [0.1], [0, 1])


def _sphere():
    """Degree 2: a third of a second to three seconds a case."""
    yield from grid(["sphere"], SPHERE_LABELS, maxdim=2)


def _quick():
    labels = [
        "euclidean",
        "fermat p=3",
        "dtm k=4,p=2,xi=1",
        "eff_res k=15",
        "eff_res k=15,steps=4",
        "eff_res k=15,passes=3",
        "diffusion k=15,t=8",
    ]
    yield from grid(PAPER_SHAPES, labels, [0.05, 0.1, 0.2, 0.3], n=300)
    yield from grid(["uneven_circle", "tail_circle", "cells_cycle"], labels, [0.1, 0.2], n=300)
    yield from grid(["blob_2", "square", "clusters_apart", "star_tree", "cells_clusters"], labels, [0.1], n=300)


PLANS = {
    "quick": _quick,
    "paper": _paper,
    "dimension": _dimension,
    "passes": lambda: grid(PAPER_SHAPES, PASSES),
    "steps": lambda: grid(PAPER_SHAPES, STEPS),
    "loop_free": lambda: grid(cases.LOOP_FREE, CANDIDATES, [0.1]),
    "shapes": lambda: grid(HARDER, CANDIDATES, [0.05, 0.1, 0.2, 0.3]),
    "defaults": _defaults,
    "outliers": _outliers,
    "sensitivity": _sensitivity,
    "sphere": _sphere,
    "shared_seed": lambda: grid(["circle"], BEST, shared_seed=True),
    "embedding": lambda: grid(["circle"], EMBEDDINGS),
}


def plan(name, every=1, only=""):
    """Return the (label, task) of a plan that can be computed, and the labels whose distance is not in the registry.

    every : take every so-manieth sigma of those in the plan. only : words that all must stand in "case label".
    """
    entries = list(PLANS[name]())
    sigmas = set(sorted({t["sigma"] for _, t in entries})[::every])
    kept = [
        (label, t)
        for label, t in entries
        if t["sigma"] in sigmas and all(word in f"{t['case']} {label}" for word in only.split())
    ]
    unknown = sorted({label for label, t in kept if not _registered(t)})
    return [(label, t) for label, t in kept if label not in unknown], unknown


def _registered(t):
    """Whether the registry has the distance with these parameters."""
    row = sph.DISTANCES.get(t["distance"])
    return row is not None and set(t["params"]) <= {"n_neighbors", *row.parameters}


# -------------------------------------------------------------------------------------------------------- quick check
def means(entries, records):
    """Return {"case label sigma": [mean score, spread over the seeds, how many]} of recorded cases."""
    scores = defaultdict(list)
    for label, t in entries:
        held = records.get(t)
        if held is not None and held["error"] is None:
            scores[f"{t['case']} {label} {t['sigma']}"].append(held["result"]["h1"]["score"])
    return {k: [float(np.mean(v)), float(np.ptp(v)), len(v)] for k, v in sorted(scores.items())}


def check(found):
    """Print what fell by more than its seed-to-seed spread since `quality_quick.json`; return how many did."""
    before = json.loads((record.RESULTS / "quality_quick.json").read_text())["rows"]
    fallen = 0
    for name, (mean, spread, _) in before.items():
        allowed = mean - max(spread, 0.02)
        if name not in found or found[name][0] < allowed:
            print(f"fell: {name}: {mean:.3f} (spread {spread:.3f}) before, {found.get(name, ['none'])[0]} now")
            fallen += 1
    print(f"{len(before) - fallen} of {len(before)} mean scores stand")
    return fallen


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", action="append", choices=PLANS, default=[], help="may be given several times")
    parser.add_argument("--quick", action="store_true", help="the plan quick")
    parser.add_argument("--full", action="store_true", help="all plans but quick")
    parser.add_argument("--list", action="store_true", help="show the plans and what is recorded")
    parser.add_argument("--check", action="store_true", help="with --quick: compare with results/quality_quick.json")
    parser.add_argument("--write", action="store_true", help="with --quick: write results/quality_quick.json")
    parser.add_argument("--every", type=int, default=1, help="take every so-manieth sigma of a plan")
    parser.add_argument("--only", default="", help='words that must all stand in "case label"')
    parser.add_argument("--jobs", type=int, default=None, help="processes; default joblib's configuration, which is 1")
    parser.add_argument("--retry", action="store_true", help="compute failed cases again")
    parser.add_argument("--folder", default=sweep.FOLDER, help="where the records are")
    parser.add_argument("--dask", metavar="ADDRESS", help="compute on the dask cluster whose scheduler is there")
    return parser.parse_args()


def main():
    given = arguments()
    if given.list:
        records = sweep.Records(given.folder)
        for name in PLANS:
            entries, unknown = plan(name, given.every, given.only)
            there = [records.get(t) for _, t in entries]
            done = [r for r in there if r is not None]
            print(
                f"{name:12s} {len(entries):5d} cases, {len(done):5d} recorded in {sum(r['seconds'] for r in done):.0f} s, "
                f"{sum(r['error'] is not None for r in done)} failed"
                + (f"; not in the registry: {', '.join(unknown)}" if unknown else "")
            )
        return
    names = [name for name in PLANS if name != "quick"] if given.full else given.plan + ["quick"] * given.quick
    if not names:
        sys.exit("Nothing to do: pass --quick, --full, --plan NAME or --list.")
    import joblib

    backend = {}
    if given.dask:
        from distributed import Client

        Client(given.dask)
        backend = {"backend": "dask"}
    try:
        with joblib.parallel_config(**backend):
            for name in names:
                entries, unknown = plan(name, given.every, given.only)
                if unknown:
                    print(f"{name}: left out, for the registry does not have them: {', '.join(unknown)}")
                tasks = [t for _, t in entries]
                print(f"{name}: {sweep.run(tasks, work, given.folder, given.jobs, given.retry, name)}", flush=True)
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was finished is recorded, and the same command carries on.")
    if given.quick and (given.check or given.write):
        found = means(plan("quick")[0], sweep.Records(given.folder))
        if given.write:
            print(record.write("quality_quick", found, of="mean score, seed-to-seed range, seeds"))
        if given.check and check(found):
            sys.exit(1)


if __name__ == "__main__":
    main()
