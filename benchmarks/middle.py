"""How empty the middle of a loop looks: what is counted inside, on shapes where it is known.

    python -m benchmarks.middle [--seeds 5] [--jobs 2] [--across SHARE]

The trial behind `loops.inside`: discs with a thin middle and wide or noisy rings, `SIZES` points in 50 dimensions, several
noises, `find_loops` with five splits. Beside the share inside and the density of the core stands the evidence as it would be
by the share alone, (1 - inside / .25), and as it is. Seeds begin at 500: those of the null begin at 10,000 and those of
`honesty` at 2,000. Finished samples are kept in the sweep folder. Writes results/middle.json. With --across the plane is turned
with another share of the curve's variance (`loops.inside.ACROSS`), and nothing is written.
"""

import argparse
import warnings
from collections import defaultdict

import numpy as np

from benchmarks import calibrate, cases, record, sweep
from spectral_ph.loops.inside import ACROSS

FIRST_SEED = 500
SHARE = ACROSS
SIZES = (400, 1000)
SHAPES = {
    "rim_2": (0.05, 0.2),
    "rim_3": (0.05, 0.1, 0.2),
    "sphere_shadow": (0.05, 0.2),
    "square": (0.05, 0.2),
    "annulus_3": (0.05, 0.1),
    "annulus_5": (0.1,),
    "cylinder_3": (0.1,),
    "cylinder_6": (0.1,),
    "circle": (0.1, 0.3, 0.35),
}


def work(task):
    """Return what `find_loops` counts inside the first loop of one sample."""
    import spectral_ph as sph
    from spectral_ph.loops import inside

    inside.ACROSS = task.get("across", SHARE)
    case = cases.CASES[task["kind"]](
        n=task["n"], ambient_dim=50, sigma=task["sigma"], outliers=0, seed=FIRST_SEED + task["seed"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        R = sph.find_loops(case.X, splits=5, random_state=task["seed"])
    top = R.loops[0]
    halves = top.agreement**2 * top.prominence * top.relief
    return {
        "truth": case.inside,
        "inside": top.inside,
        "core": top.core,
        "by_share": halves * max(0.0, 1 - top.inside / 0.25),
        "evidence": top.evidence,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--across", type=float, help="another share of the curve's variance; nothing is written")
    arguments = parser.parse_args()
    other = {} if arguments.across is None else {"across": arguments.across}
    wanted = [
        {"what": "middle", "version": calibrate.VERSION, "kind": kind, "sigma": sigma, "n": n, "seed": seed} | other
        for kind, noises in SHAPES.items()
        for sigma in noises
        for n in SIZES
        for seed in range(arguments.seeds)
    ]
    print(sweep.run(wanted, work, jobs=arguments.jobs, label="middle"))
    known = sweep.Records().by_key
    groups = defaultdict(list)
    for task in wanted:
        found = known[sweep.key(task)]
        if found["error"] is not None:
            raise SystemExit(f"{task} failed: {found['error']}")
        groups[task["kind"], task["sigma"], task["n"]].append(found["result"])
    rows = []
    for (kind, sigma, n), results in groups.items():
        row = {"data": kind, "sigma": sigma, "n": n, "samples": len(results)}
        truths = [r["truth"] for r in results if r["truth"] is not None]
        row["truth"] = float(np.mean(truths)) if truths else None
        row |= {name: float(np.mean([r[name] for r in results])) for name in ("inside", "core")}
        row |= {f"most {name}": max(r[name] for r in results) for name in ("by_share", "evidence")}
        rows.append(row | {"least evidence": min(r["evidence"] for r in results)})
    record.table(rows, list(rows[0]))
    if not other:
        record.write("middle", rows)


if __name__ == "__main__":
    main()
