"""Which setting to take: how often it finds planted loops at a fixed rate of false claims, from the records of `quality`.

    python -m benchmarks.choose [--folder FOLDER]

Scores of two distances cannot be compared as they are: one gives .3 to every cloud without a loop, another .02. So every
setting gets a threshold of its own, which at most 5 % of the loop-free cases exceed (25 kinds, two seeds, sigma = .1), and
its *power* on a shape is the share of cases whose score is above the threshold **and** whose longest loops are the planted
ones by winding numbers. `filtered` is the same with EffPH's filter, death / birth > 1.25. Beside it stand the mean score (0
where the loops are not the planted ones) and, for honesty, the share of loop-free cases that score above .5 as one loop.

Writes results/choose.json: `rows`, a row a setting; `best`, the best of each distance and its default; `passes` and `steps`,
passes by number of neighbours and steps on the paper's shapes (whole noise grid) and here; `candidates`, as `rows` on four
noises and three seeds; `outliers`, the area on the circle by their number; `headline`, the default of `persistence(X)` beside
what the paper's best-tuned distances reach; `free`, the score of one loop on every kind without one. A setting whose cases are
not all recorded is left out, and named.
"""

import argparse
from collections import defaultdict

import numpy as np

from benchmarks import cases, paper, quality, record, series, sweep
from benchmarks.calibrate import APART

FALSE_CLAIMS = 0.05
BEST_SINGLE = ["eff_res k=15", "eff_res k=30,passes=3", "diffusion k=15,t=8"]
"""Shown beside the default in the headline."""
DEFAULTS = {
    "euclidean": "euclidean", "eff_res": quality.DEFAULT, "diffusion": "diffusion k=15,t=8", "eigenmaps": "eigenmaps k=15,m=2",
    "fermat": "fermat p=3", "dtm": "dtm k=15,p=2,xi=1", "core": "core k=15", "geodesic": "geodesic k=15",
    "hops": "hops k=15", "tsne_graph": "tsne_graph perplexity=30", "umap_graph": "umap_graph k=100", "pca": "pca c=2",
}  # fmt: skip
"""Label of the default setting of every distance that the plan `defaults` has."""
GROUPS = {
    "circle": ["circle"],
    "even": ["ellipse", "annulus"],
    "uneven": ["uneven_circle", "gap_circle"],
    "beside": ["tail_circle", "loop_and_clusters"],
    "unequal": ["unequal_loops"],
    "cells": ["cells_cycle", "cells_cycle_uneven"],
}
"""Shapes that ask the same of a distance; a mean over groups does not count one question twice."""


class Cases:
    """The recorded cases of a plan by setting and shape."""

    def __init__(self, records, *plans):
        self.held, self.missing = defaultdict(list), defaultdict(int)
        seen = set()
        for label, task in [entry for name in plans for entry in quality.plan(name)[0]]:
            if (address := sweep.key(task)) in seen:
                continue
            seen.add(address)
            held = records.get(task)
            if held is None or held["error"] is not None:
                self.missing[label] += 1
            else:
                self.held[label, task["case"]].append(held)

    @property
    def labels(self):
        return [x for x in dict.fromkeys(label for label, _ in self.held) if not self.missing[x]]

    def scores(self, label, shape, what="score"):
        """Return the scores of the planted number of loops, 0 where the longest loops are not the planted ones."""
        found = self.held[label, shape]
        return np.array([h["result"]["h1"][what] * bool(h["result"].get("planted", True)) for h in found])

    def false(self, label, what="score"):
        """Return the scores of one loop on all shapes without one."""
        kinds = [x for x in cases.LOOP_FREE if x not in APART]
        one = {"score": "one", "filtered": "one_filtered"}[what]
        return np.array([h["result"]["h1"][one] for kind in kinds for h in self.held[label, kind]])

    def seconds(self, label):
        return record.median([h["seconds"] for (name, _), held in self.held.items() if name == label for h in held])


def threshold(false):
    """Return the least threshold that at most FALSE_CLAIMS of the scores are strictly above."""
    ordered = np.sort(false)[::-1]
    return float(ordered[int(FALSE_CLAIMS * len(ordered))])


def power(found, label, what="score"):
    """Return {group of shapes: share of cases above the setting's own threshold and planted}."""
    limit = threshold(found.false(label, what))
    return {
        group: float(np.mean([np.mean(found.scores(label, shape, what) > limit) for shape in shapes]))
        for group, shapes in GROUPS.items()
        if all(found.held[label, shape] for shape in shapes)
    }


def judge(found, label):
    """Return the row of a setting."""
    by_group, filtered = power(found, label), power(found, label, "filtered")
    means = [np.mean([found.scores(label, shape).mean() for shape in GROUPS[group]]) for group in by_group]
    return {
        "setting": label,
        "power": float(np.mean(list(by_group.values()))),
        "power, filtered": float(np.mean(list(filtered.values()))),
        "score": float(np.mean(means)),
        **by_group,
        "threshold": threshold(found.false(label)),
        "false > .5": float(np.mean(found.false(label) > 0.5)),
        "false > .5, filtered": float(np.mean(found.false(label, "filtered") > 0.5)),
        "seconds": found.seconds(label),
    }


def best_and_default(rows):
    """Return a row a distance: its default, and its best setting by power, then score."""
    families = defaultdict(list)
    for row in rows:
        families[row["setting"].split()[0]].append(row)
    table = []
    for name, group in families.items():
        best = max(group, key=lambda r: (r["power"], r["score"]))
        default = next((r for r in group if r["setting"] == DEFAULTS[name]), {})
        table.append(
            {
                "distance": name,
                "default": DEFAULTS[name],
                **{k: default.get(k) for k in ("power", "power, filtered", "score", "false > .5")},
                "best setting": best["setting"],
                **{f"its {k}": best[k] for k in ("power", "power, filtered", "score", "false > .5")},
                "settings": len(group),
            }
        )
    return sorted(table, key=lambda r: -r["its power"])


def curves(records, plan):
    """Return {(shape, setting): series} of a plan at the paper's size."""
    found = series.of_plan(plan, records)
    return {where[:2]: s for where, s in found.items() if where[2:6] == (50, 0, 1000, False)}


def headline(records):
    """Return how the default and the best single settings stand to the paper's best-tuned distances, shape by shape."""
    table = []
    found = {}
    for plan in ("paper", "passes", "steps", "sphere"):
        found |= curves(records, plan)
    for case, (eff_res, diffusion) in paper.BEST.items():
        default = found.get((case, quality.DEFAULT))
        if default is None or default.auc()[0] is None:
            print(f"headline: {quality.DEFAULT} on {case} is not complete")
            continue
        filtered, spread = default.auc("filtered")
        line = {
            "shape": "sphere H2" if case == "sphere" else case,
            "default": default.auc()[0],
            "default, filtered": filtered,
            "range over seeds": spread,
            "planted": default.auc("planted")[0],
            "paper, eff_res": eff_res,
            "paper, diffusion": diffusion,
            "above eff_res": filtered - eff_res,
            "above diffusion": filtered - diffusion,
        }
        for label in BEST_SINGLE:
            s = found.get((case, label))
            line[f"{label}, filtered"] = s and s.auc("filtered")[0]
        table.append(line)
    return table


def on_paper_shapes(records, rows, plans, labels):
    """Return settings by the paper's shapes: areas with the share of planted loops; power and false claims beside them."""
    by_setting = {row["setting"]: row for row in rows}
    found = {}
    for plan in plans:
        found |= curves(records, plan)
    table = []
    for label in labels:
        line = {"setting": label}
        for case in [*quality.PAPER_SHAPES, *(["sphere"] if "sphere" in plans else [])]:
            s = found.get((case, label))
            line["sphere H2" if case == "sphere" else case] = s and s.auc()[0]
            if case != "sphere":
                line[f"{case} planted"] = s and s.auc("planted")[0]
        row = by_setting.get(label, {})
        table.append(line | {k: row.get(k) for k in ("uneven", "cells", "power", "threshold", "false > .5")})
    return table


def outliers(records):
    """Return the area on the circle, where the longest loop is the planted one, by the number of outliers beside 1,000 points."""
    found = {where[1:4:2]: s for where, s in series.of_plan("outliers", records).items()}
    table = []
    for label in quality.OUTLIER_LABELS:
        line = {"setting": label}
        for count in quality.OUTLIERS:
            s = found.get((label, count))
            line[f"{count} outliers"] = s and s.auc()[0]
        for count in quality.OUTLIERS:
            s = found.get((label, count))
            line[f"{count} planted"] = s and s.auc("planted")[0]
        table.append(line)
    return table


def candidates(records):
    """Return the rows of the candidates for the default, on four noises and three seeds, without the circle."""
    found = Cases(records, "shapes", "loop_free")
    return sorted((judge(found, label) for label in found.labels), key=lambda r: -r["power"])


def free(records):
    """Return the mean score of one loop on every kind without one, for the candidates of the plan `loop_free`."""
    found = Cases(records, "loop_free")
    return [
        {"kind": kind}
        | {x: float(np.mean([h["result"]["h1"]["one"] for h in found.held[x, kind]])) for x in found.labels}
        for kind in cases.LOOP_FREE
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=sweep.FOLDER, help="where the records are")
    given = parser.parse_args()
    records = sweep.Records(given.folder)
    found = Cases(records, "defaults")
    for label, count in found.missing.items():
        if count:
            print(f"{label}: left out, cases not recorded: {count}")
    rows = sorted((judge(found, label) for label in found.labels), key=lambda r: (-r["power"], -r["score"]))
    if not rows:
        raise SystemExit("No setting is recorded on all shapes; run: python -m benchmarks.quality --plan defaults")
    record.table(rows, list(rows[0]))
    parts = {
        "best": best_and_default(rows),
        "headline": headline(records),
        "passes": on_paper_shapes(records, rows, ("passes",), quality.PASSES),
        "steps": on_paper_shapes(records, rows, ("paper", "steps", "sphere"), [*quality.STEPS, "diffusion k=15,t=8"]),
        "outliers": outliers(records),
        "candidates": candidates(records),
        "free": free(records),
    }
    for name, table in parts.items():
        print(f"\n{name}")
        if table:
            record.table(table, list(table[0]))
    print(record.write("choose", rows, false_claims=FALSE_CLAIMS, **parts))


if __name__ == "__main__":
    main()
