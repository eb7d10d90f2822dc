"""Tables and figures from the records of `quality`.

    python -m benchmarks.report [--folder FOLDER] [--reference FOLDER] [--out FOLDER]

Writes into results/: quality.json (one row a setting, with curves), quality.md (tables) and quality_*.png. The curves of the
paper are read from the folder `--reference` (see `paper`) and drawn behind ours. What is missing of a plan is said.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks import cases, figures, paper, quality, record, series, sweep
from benchmarks.series import family, kind


def row(plan, s, curves):
    """Return what is kept of a series."""
    t = s.task
    auc, spread = s.auc()
    filtered, filtered_spread = s.auc("filtered")
    theirs = paper.reference(s, curves)
    area = None
    if theirs is not None and set(s.sigmas) <= set(theirs):
        area = float(np.mean([theirs[x] for x in s.sigmas]))
    by_curve = {
        what: " ".join(f"{x:.3f}" for x in s.curve(what)[0]) for what in ("score", "filtered", "one", "planted")
    }
    return {
        "plan": plan,
        "case": t["case"],
        "setting": s.label,
        "degree": int(s.degree[1]),
        **{k: t[k] for k in ("n", "ambient_dim", "outliers", "shared_seed")},
        "auc": auc,
        "auc_range": spread,
        "auc_filtered": filtered,
        "auc_filtered_range": filtered_spread,
        "paper_filtered": area,
        "difference": None if area is None or filtered is None else filtered - area,
        "auc_one": s.auc("one")[0],
        "planted": s.auc("planted")[0],
        "seconds": float(np.median([x for v in s.values("seconds").values() for x in v.values()])) if s.held else None,
        "missing": s.missing,
        "failed": s.failed,
        "sigmas": " ".join(f"{x:g}" for x in s.sigmas),
        "curves": by_curve,
    }


def markdown(rows, columns):
    """Return a Markdown table of dicts."""

    def shown(x):
        return "–" if x is None else f"{x:.3f}" if isinstance(x, float) else str(x)

    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join("---" for _ in columns) + "|"]
    lines += ["| " + " | ".join(shown(r.get(c)) for c in columns) + " |" for r in rows]
    return "\n".join(lines)


def tuned(rows, curves):
    """Return the table of the best settings of each distance beside the paper's best; one pass only, as in the paper.

    `shared seed` is our area with the seeds of the paper's code, where that was run.
    """
    shared = {(r["case"], r["setting"]): r["auc_filtered"] for r in rows if r["plan"] == "shared_seed"}
    table = []
    for (case, name), curve in sorted(curves.items()):
        ours = [
            r
            for r in rows
            if r["plan"] in ("paper", "sphere", "embedding")
            and (r["case"], r["n"]) == (case, 1000)
            and name in (r["setting"], family(r["setting"]))
            and kind(r["setting"]) == family(r["setting"])
            and r["auc_filtered"] is not None
        ]
        if not ours:
            continue
        # A setting that has a part of the grid only is held against the paper's same part.
        theirs = {r["setting"]: float(np.mean([curve[float(x)] for x in r["sigmas"].split()])) for r in ours}
        best = max(ours, key=lambda r: r["auc_filtered"] - theirs[r["setting"]])
        area = theirs[best["setting"]]
        table.append(
            {
                "shape": f"{case} H{best['degree']}",
                "paper's setting": name,
                "our setting": best["setting"],
                "paper": area,
                "ours": best["auc_filtered"],
                "difference": best["auc_filtered"] - area,
                "shared seed": shared.get((case, best["setting"])),
                "range over seeds": best["auc_filtered_range"],
                "unfiltered": best["auc"],
                "planted": best["planted"],
                "sigmas": len(best["sigmas"].split()),
            }
        )
    return table


def single(rows):
    """Return the table of single settings over the paper's shapes: one choice for all of them."""
    shapes = quality.PAPER_SHAPES
    held = defaultdict(dict)
    for r in rows:
        usual = r["n"] == 1000 and r["ambient_dim"] == 50 and not r["outliers"] and not r["shared_seed"]
        if r["plan"] in ("paper", "passes", "steps") and usual and r["auc"] is not None:
            held[r["setting"]][r["case"]] = r
    table = []
    for setting, by_case in held.items():
        if set(by_case) == set(shapes):
            line = {"setting": setting}
            for case in shapes:
                line |= {case: by_case[case]["auc"], f"{case} planted": by_case[case]["planted"]}
            table.append(line | {"sum": float(sum(by_case[case]["auc"] for case in shapes))})
    if not table:
        return []
    table.sort(key=lambda r: -r["sum"])
    return ["## One setting for all: unfiltered AUC, share of planted loops", "", markdown(table, list(table[0])), ""]


def tables(rows, beside, differences):
    """Return the Markdown text: for each plan and shape every setting, best first, with what the paper has."""
    text = ["# Quality against noise: tables", ""]
    text += [
        "Area under the curve over the noise grid, mean of the seeds; `range` over the seeds. `planted` is the share of "
        "cases in which the longest loops are the planted ones. `one` is the mean score of one loop: on shapes without a "
        "loop, the smaller the better. `missing` and `failed` count cases.",
        "",
    ]
    if differences:
        text += ["Circle by dimension, mean absolute difference to the paper: "
                 + ", ".join(f"{k} {v:.3f}" for k, v in differences.items()) + ".", ""]  # fmt: skip
    if beside:
        text += ["## Beside the paper: filtered AUC, best setting of each", "", markdown(beside, list(beside[0])), ""]
    text += single(rows)
    by_plan = defaultdict(list)
    for r in rows:
        by_plan[r["plan"], r["case"], r["n"]].append(r)
    for (plan, case, n), group in by_plan.items():
        text += [f"## {plan}: {case}, n = {n:,}", ""]
        columns = ["setting", "auc", "auc_range", "auc_filtered", "paper_filtered", "difference", "planted", "auc_one"]
        columns += [c for c in ("ambient_dim", "outliers") if len({r[c] for r in group}) > 1]
        columns += [c for c in ("missing", "failed") if any(r[c] for r in group)]
        columns += ["seconds"]
        columns = [c for c in columns if any(r.get(c) is not None for r in group)]
        free = case in cases.LOOP_FREE and group[0]["degree"] == 1
        key = (lambda r: r["auc_one"] or 0) if free else (lambda r: -(r["auc"] or 0))
        text += [markdown(sorted(group, key=key), columns), ""]
    return "\n".join(text)


def begun(records):
    """Return {plan: series} of the plans of which a third is recorded at least."""
    plans = {}
    for name in quality.PLANS:
        if name == "defaults":  # what it is for is in choose.py
            continue
        tasks = [t for _, t in quality.plan(name)[0]]
        done = sum(records.get(t) is not None for t in tasks)
        if done * 3 >= len(tasks) > 0:
            plans[name] = series.of_plan(name, records)
        elif done:  # plans share cases
            print(f"{name}: {done} of {len(tasks)} cases are recorded; left out until a third is")
    return plans


def draw(name, found, curves, out):
    """Draw the figures of a plan."""
    plt = figures.pyplot()
    if name in ("paper", "sphere", "embedding", "quick", "shared_seed"):
        by_case = defaultdict(list)
        for (case, _, _, _, n, *_), s in found.items():
            if s.held and case in (*quality.PAPER_SHAPES, "sphere"):
                by_case[case, n].append(s)
        for (case, n), group in by_case.items():
            suffix = {"paper": "", "sphere": f"_{n}"}.get(name, f"_{name}")
            figures.curves(plt, case, group, curves, out, suffix=suffix)
    elif name == "sensitivity":
        figures.sensitivity(plt, list(found.values()), out)
    elif name == "outliers":
        figures.outliers(plt, found, out)
    elif name == "passes":
        figures.passes(plt, found, out)
    elif name == "shapes":
        title = "Harder loops: area under the curve"
        subtitle = "Unfiltered score of the planted number of loops, mean over noise and seeds."
        figures.grid(plt, found, out, name, title, subtitle, "score", "viridis")
    elif name == "loop_free":
        title = "Shapes without a loop: the score of one loop"
        subtitle = "Mean over noise and seeds. Dark is wrong: a loop is claimed where none is."
        figures.grid(plt, found, out, name, title, subtitle, "one", "magma_r")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=sweep.FOLDER, help="where the records are")
    parser.add_argument("--reference", default=Path(__file__).parents[2] / "shared" / "reference")
    parser.add_argument("--out", type=Path, default=record.RESULTS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    records = sweep.Records(given.folder)
    curves, heat = paper.curves(given.reference), paper.heat_map(given.reference)
    plans = begun(records)
    if not plans:
        raise SystemExit(f"{given.folder} has no record of any plan; run: python -m benchmarks.quality --full")
    differences = {}
    for name, found in plans.items():
        print(f"{name}: {len(found)} settings, {sum(s.missing for s in found.values())} cases missing")
        if name == "dimension":
            differences = figures.dimension(figures.pyplot(), found, heat, given.out)
        else:
            draw(name, found, curves, given.out)
    rows = [row(name, s, curves) for name, found in plans.items() for s in found.values()]
    beside = tuned(rows, curves)
    (given.out / "quality.md").write_text(tables(rows, beside, differences))
    print(record.write("quality", rows, given.out, paper=beside, dimension_difference=differences))
    print(given.out / "quality.md")


if __name__ == "__main__":
    main()
