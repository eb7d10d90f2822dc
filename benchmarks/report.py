"""Tables and figures from the records of `quality.py`.

    python -m benchmarks.report [--folder FOLDER] [--reference FOLDER] [--out FOLDER]

Writes into results/: quality.json (one row a setting, with curves), quality.md (tables) and quality_*.png. The curves of the
paper (Damrich, Berens, Kobak, NeurIPS 2024) are read from effph_curves.csv and effph_circle_by_dimension.csv in the folder
`--reference`, and drawn behind ours; without that folder they are left out and a sentence says so. They were read off
figures, where a curve behind others is uncertain: a point that is more than .3 away from the median of its five neighbours
counts as that median.

Area under the curve (AUC) is the mean over the noise grid of the mean over seeds; it is given only where the whole grid of
a plan is recorded, else what is missing is said. The spread is the range of the AUC over the seeds.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks import cases, quality, record, sweep

INK, FAINT = "#333333", "#bbbbbb"
# Okabe and Ito's colours, told apart with any colour vision.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7",
)  # fmt: skip
FAMILY = {
    "euclidean": INK, "fermat": SKY, "dtm": PURPLE, "core": ORANGE, "geodesic": GREEN, "tsne_graph": PURPLE,
    "umap_graph": ORANGE, "tsne": PURPLE, "umap": ORANGE, "eigenmaps": SKY, "eff_res": BLUE, "diffusion": RED,
}  # fmt: skip
NAMES = {
    "geodesics k=100": "geodesic k=100",
    "umap graph k=100": "umap_graph k=100",
    "tsne graph rho=30": "tsne_graph perplexity=30",
    "tsne rho=30": "tsne perplexity=30",
    "lap.eig k=15,d=2": "eigenmaps k=15,m=2",
}
# Of two readings of one curve the one less hidden: figure 7a for effective resistance and diffusion.
CURVES = {
    "circle": ("Fig6a", "Fig6b", "Fig6c", "Fig6d", "Fig7a circle H1"),
    "linked_circles": ("Fig7e linked circles (2 loops)",),
    "torus": ("FigS31 torus n=1000 H1",),
    "sphere": ("Fig7g sphere H2",),
}
PAPER_BEST = {
    "circle": (0.87, 0.93), "linked_circles": (0.47, 0.55), "eyeglasses": (0.53, 0.59), "sphere": (0.69, 0.87),
    "torus": (0.27, 0.16),
}  # fmt: skip
"""Area under the filtered curve of the paper's eff_res and diffusion at their best settings, read off its figures."""
TUNED = {("circle", "eff_res"): "eff_res k=100", ("circle", "diffusion"): "diffusion k=15,t=8"}


# ------------------------------------------------------------------------------------------------------------- reading
def paper_curves(folder):
    """Return {(case, label): {sigma: score}}; the label is a distance alone where the paper took its best setting."""
    path = Path(folder) / "effph_curves.csv"
    if not path.exists():
        print(f"{path} is not there, so the paper's curves are left out")
        return {}
    read = defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            for case, figures in CURVES.items():
                if row["figure"] in figures:
                    name = TUNED.get((case, row["series"]), NAMES.get(row["series"], row["series"]))
                    if row["figure"].startswith("Fig7a") and (case, row["series"]) not in TUNED:
                        continue
                    read[case, name][float(row["sigma"])] = float(row["score"])
    return {name: _without_jumps(curve) for name, curve in read.items()}


def _without_jumps(curve):
    sigmas = sorted(curve)
    v = np.array([curve[s] for s in sigmas])
    around = np.pad(v, 2, mode="edge")
    middle = np.median(np.stack([around[k : k + len(v)] for k in range(5)]), axis=0)
    return dict(zip(sigmas, np.where(np.abs(v - middle) > 0.3, middle, v).tolist(), strict=True))


def paper_heat_map(folder):
    """Return {distance: {(ambient_dim, sigma): score}}."""
    path = Path(folder) / "effph_circle_by_dimension.csv"
    if not path.exists():
        return {}
    read = defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            read[row["distance"]][int(row["ambient_dim"]), float(row["sigma"])] = float(row["mean_score_3seeds"])
    return read


class Series:
    """One setting on one shape: what the records say for every sigma and seed, of those that the plan has."""

    def __init__(self, label, task):
        self.label, self.task = label, task
        self.wanted, self.held, self.failed = 0, defaultdict(dict), 0

    def add(self, task, held):
        self.wanted += 1
        if held is None:
            return
        if held["error"] is not None:
            self.failed += 1
            return
        self.held[task["sigma"]][task["seed"]] = held

    @property
    def sigmas(self):
        return sorted(self.held)

    @property
    def missing(self):
        return self.wanted - self.failed - sum(map(len, self.held.values()))

    @property
    def degree(self):
        return "h2" if self.task["maxdim"] == 2 else "h1"

    def values(self, what):
        """Return {sigma: {seed: value}}."""

        def read(held):
            if what == "seconds":
                return held["seconds"]
            return held["result"].get("planted") if what == "planted" else held["result"][self.degree][what]

        return {s: {seed: read(h) for seed, h in self.held[s].items()} for s in self.sigmas}

    def curve(self, what="score"):
        """Return the means over the seeds, (sigmas,), and the smallest and largest."""
        v = [[float(x) for x in by_seed.values() if x is not None] for by_seed in self.values(what).values()]
        return tuple(np.array([f(x) if x else np.nan for x in v]) for f in (np.mean, np.min, np.max))

    def auc(self, what="score"):
        """Return the area under the curve and its range over the seeds, or (None, None) where it is not complete."""
        if self.missing or self.failed or not self.held:
            return None, None
        v = self.values(what)
        if any(x is None for by_seed in v.values() for x in by_seed.values()):
            return None, None
        by_seed = [np.mean([v[s][seed] for s in v]) for seed in next(iter(v.values()))]
        return float(np.mean(by_seed)), float(np.ptp(by_seed))


def series(name, records):
    """Return the series of a plan, by (case, label, ambient_dim, outliers, n, shared_seed, maxdim)."""
    found = {}
    for label, task in quality.plan(name)[0]:
        where = (
            task["case"], label, task["ambient_dim"], task["outliers"], task["n"], task["shared_seed"], task["maxdim"],
        )  # fmt: skip
        found.setdefault(where, Series(label, task)).add(task, records.get(task))
    return {where: s for where, s in found.items() if s.held or s.failed}


def reference(s, curves, what="filtered"):
    """Return the paper's curve for a series, if it has one for exactly this setting and size."""
    t = s.task
    usual = t["n"] == 1000 and t["ambient_dim"] == 50 and t["outliers"] == 0 and what == "filtered"
    return curves.get((t["case"], s.label)) if usual else None


def row(plan, s, curves):
    """Return what is kept of a series."""
    t = s.task
    auc, spread = s.auc()
    filtered, filtered_spread = s.auc("filtered")
    theirs = reference(s, curves)
    paper = None
    if theirs is not None and set(s.sigmas) <= set(theirs):
        paper = float(np.mean([theirs[x] for x in s.sigmas]))
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
        "paper_filtered": paper,
        "difference": None if paper is None or filtered is None else filtered - paper,
        "auc_one": s.auc("one")[0],
        "planted": s.auc("planted")[0],
        "seconds": float(np.median([x for v in s.values("seconds").values() for x in v.values()])) if s.held else None,
        "missing": s.missing,
        "failed": s.failed,
        "sigmas": " ".join(f"{x:g}" for x in s.sigmas),
        "curves": by_curve,
    }


# ------------------------------------------------------------------------------------------------------------- figures
def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams |= {
        "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888",
        "axes.labelcolor": INK, "xtick.color": "#666666", "ytick.color": "#666666", "axes.titlesize": 9.5,
        "axes.titlelocation": "left", "legend.frameon": False, "savefig.dpi": 150, "axes.linewidth": 0.7,
    }  # fmt: skip
    return plt


def _panels(plt, count, columns=4, height=1.9, sharex=True):
    lines = -(-count // columns)
    fig, axes = plt.subplots(
        lines, columns, figsize=(2.45 * columns, height * lines + 0.8), sharex=sharex, sharey=True, squeeze=False
    )
    for ax in axes.flat[count:]:
        ax.set_visible(False)
    for k, ax in enumerate(axes.flat[:count]):
        ax.set_ylim(-0.03, 1.05)
        ax.set_yticks([0, 0.5, 1])
        ax.set_xticks([0, 0.1, 0.2, 0.3])
        ax.grid(axis="y", color="#eeeeee", lw=0.7)
        ax.tick_params(labelbottom=k + columns >= count, length=2)
    return fig, axes


def _finish(plt, fig, title, subtitle, path, room=0.55):
    # Room for two lines (and a legend) above the panels, in inches, whatever the height of the figure.
    tall = fig.get_size_inches()[1]
    fig.tight_layout(rect=(0, 0, 1, 1 - room / tall))
    fig.text(0.012, 1 - 0.08 / tall, title, ha="left", va="top", fontsize=12, color=INK, weight="bold")
    fig.text(0.012, 1 - 0.32 / tall, subtitle, ha="left", va="top", fontsize=8.5, color="#666666")
    fig.savefig(path, facecolor="white")
    plt.close(fig)
    print(path)


def _family(label):
    return label.split()[0]


def _kind(label):
    """Return the distance, with what of ours it has beyond the paper's: that is no setting of the paper's curve."""
    return " ".join([_family(label), *(x for x in ("steps", "passes") if f"{x}=" in label)])


def _best(group, what):
    """Return the series with the largest complete AUC, else the first."""
    return max(group, key=lambda s: s.auc(what)[0] if s.auc(what)[0] is not None else -1)


def figure_curves(plt, case, found, curves, out, what="filtered", suffix=""):
    """A panel a distance: its best setting in colour, its other settings faint, the paper's curve behind."""
    groups = defaultdict(list)
    for s in found:
        groups[s.label if case == "circle" else _kind(s.label)].append(s)
    order = sorted(groups, key=lambda g: -(_best(groups[g], what).auc(what)[0] or 0))
    fig, axes = _panels(plt, len(order), columns=5 if len(order) == 5 else 4, height=2.1)
    for ax, name in zip(axes.flat, order, strict=False):
        best = _best(groups[name], what)
        color = FAMILY.get(_family(name), INK)
        theirs = curves.get((case, best.label)) or curves.get((case, _kind(best.label)))
        if theirs is not None and what == "filtered" and best.task["n"] == 1000:
            ax.plot(list(theirs), list(theirs.values()), color="#999999", lw=4, alpha=0.55, solid_capstyle="round")
        for s in groups[name]:
            if s is not best:
                ax.plot(s.sigmas, s.curve(what)[0], color=FAINT, lw=0.8)
        mean, low, high = best.curve(what)
        ax.fill_between(best.sigmas, low, high, color=color, alpha=0.18, lw=0)
        ax.plot(best.sigmas, mean, color=color, lw=1.8)
        ax.set_title(best.label, color=INK, pad=16)
        told = _number(best.auc(what)[0])
        if theirs is not None and what == "filtered" and best.task["n"] == 1000:
            shown = [theirs[x] for x in best.sigmas if x in theirs]
            told += f" (paper {np.mean(shown):.2f})" if shown else ""
        ax.text(0, 1.04, told, transform=ax.transAxes, fontsize=8, color="#666666")
    for ax in axes[:, 0]:
        ax.set_ylabel("score")
    fig.supxlabel("standard deviation of the noise in every coordinate", fontsize=9, color=INK, y=0.01)
    s = found[0]
    title = (
        f"{case.replace('_', ' ').capitalize()}, n = {s.task['n']:,}, d = {s.task['ambient_dim']}: score against noise"
    ) + ", seeds shared as in the paper's code" * s.task["shared_seed"]
    sub = (
        "Line: mean of the seeds, band: their range. Wide grey: the paper's curve. Thin grey: other settings. "
        "Number: area under the curve."
    )
    _finish(plt, fig, title, sub, out / f"quality_{case}{suffix}.png")


def _number(x):
    return "–" if x is None else f"{x:.2f}"


def _heat(ax, values, rows, columns, cmap="viridis", vmin=0.0, vmax=1.0, numbers=False):
    image = ax.imshow(np.ma.masked_invalid(values), aspect="auto", cmap=cmap, vmin=vmin, vmax=vmax, origin="upper")
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    if numbers:
        for (i, j), v in np.ndenumerate(values):
            if np.isfinite(v):
                red, green, blue, _ = image.cmap(image.norm(v))
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
                ax.text(j, i, f"{v:.2f}".lstrip("0") if v < 1 else "1", ha="center", va="center", fontsize=7.5,
                        color="white" if dark else INK)  # fmt: skip
    return image


def figure_dimension(plt, found, paper, out):
    """Ambient dimension against noise: ours, the paper's, the difference; returns the mean absolute differences."""
    labels = [x for x in quality.HEAT_MAP if any(k[1] == x for k in found)]
    dims = sorted({k[2] for k in found})
    sigmas = sorted({x for s in found.values() for x in s.sigmas})
    shown = ["ours", "paper", "ours - paper"] if paper else ["ours"]
    fig, axes = plt.subplots(
        len(labels), len(shown), figsize=(3.1 * len(shown) + 1.2, 1.75 * len(labels) + 0.9), squeeze=False,
        sharex=True, sharey=True,
    )  # fmt: skip
    differences, images = {}, {}
    for line, label in zip(axes, labels, strict=True):
        ours = np.full((len(dims), len(sigmas)), np.nan)
        for (_, name, d, *_rest), s in found.items():
            if name == label:
                for x, v in zip(s.sigmas, s.curve("filtered")[0], strict=True):
                    ours[dims.index(d), sigmas.index(x)] = v
        grids = [ours]
        if paper:
            theirs = paper.get(_family(label), {})
            grids.append(np.array([[theirs.get((d, x), np.nan) for x in sigmas] for d in dims]))
            grids.append(ours - grids[1])
            if np.isfinite(grids[2]).any():
                differences[label] = float(np.nanmean(np.abs(grids[2])))
        for ax, values, title in zip(line, grids, shown, strict=True):
            even = title != "ours - paper"
            image = _heat(ax, values, dims, [""] * len(sigmas), "viridis" if even else "RdBu", 0 if even else -1, 1)
            marked = [i for i, x in enumerate(sigmas) if x in (0, 0.1, 0.2, 0.3)]
            ax.set_xticks(marked, [f"{sigmas[i]:g}".removeprefix("0") or "0" for i in marked])
            heading = label if title == "ours" else title
            if title == "ours - paper" and label in differences:
                heading += f", mean |difference| {differences[label]:.3f}"
            ax.set_title(heading)
            images[even] = image
        line[0].set_ylabel("dimension")
    tall = fig.get_size_inches()[1]
    fig.subplots_adjust(left=0.08, right=0.98, top=1 - 0.95 / tall, bottom=0.55 / tall, hspace=0.35, wspace=0.08)
    for even, image in images.items():
        place = (0.60, 0.80)[not even]
        bar = fig.colorbar(image, cax=fig.add_axes((place, 1 - 0.3 / tall, 0.16, 0.1 / tall)), orientation="horizontal")
        bar.set_ticks(
            [0, 0.5, 1] if even else [-1, 0, 1], labels=["0", "score", "1"] if even else ["-1", "difference", "1"]
        )
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=7.5, pad=2)
    fig.text(0.012, 1 - 0.08 / tall, "Circle by dimension of the space and noise", va="top", fontsize=12, weight="bold",
             color=INK)  # fmt: skip
    sub = "Filtered score, mean of three seeds." + " Blue: above the paper, red: below." * bool(paper)
    fig.text(0.012, 1 - 0.34 / tall, sub, va="top", fontsize=8.5, color="#666666")
    fig.supxlabel("standard deviation of the noise", fontsize=9, color=INK, y=0.01)
    path = out / "quality_dimension.png"
    fig.savefig(path, facecolor="white")
    plt.close(fig)
    print(path)
    return differences


def figure_sensitivity(plt, found, out, what="score"):
    """A dot a setting, a line a distance: how much the choice of parameters matters."""
    groups = defaultdict(list)
    for s in found:
        if s.auc(what)[0] is not None:
            groups[_family(s.label)].append(s)
    if not groups:
        return
    order = sorted(groups, key=lambda g: max(s.auc(what)[0] for s in groups[g]))
    fig, ax = plt.subplots(figsize=(9, 0.42 * len(order) + 1.5))
    for y, name in enumerate(order):
        at = sorted(groups[name], key=lambda s: s.auc(what)[0])
        x = [s.auc(what)[0] for s in at]
        ax.plot([x[0], x[-1]], [y, y], color=FAINT, lw=2, zorder=1, solid_capstyle="round")
        ax.scatter(x, [y] * len(x), color=BLUE, s=26, zorder=2, edgecolor="white", lw=0.7)
        best = at[-1].label.removeprefix(name).strip()
        worst = at[0].label.removeprefix(name).strip()
        ax.text(x[-1] + 0.012, y, best, va="center", fontsize=8, color=INK)
        if len(x) > 1 and x[-1] - x[0] > 0.02:
            ax.text(x[0] - 0.012, y, worst, va="center", ha="right", fontsize=8, color="#888888")
    ax.set_yticks(range(len(order)), order)
    ax.set_xlim(-0.12, 1.15)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.grid(axis="x", color="#eeeeee", lw=0.7)
    ax.tick_params(length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("area under the curve, unfiltered")
    s = found[0]
    title = f"How much the parameters matter: {s.task['case'].replace('_', ' ')}, n = {s.task['n']:,}"
    _finish(plt, fig, title, "A dot a setting; the best one is named on the right, the worst on the left.",
            out / "quality_sensitivity.png")  # fmt: skip


def figure_outliers(plt, found, out, what="score"):
    labels = list(dict.fromkeys(k[1] for k in found))
    fig, axes = _panels(plt, len(labels))
    shades = dict(zip(quality.OUTLIERS, ["#222222", BLUE, GREEN, ORANGE], strict=True))
    for ax, label in zip(axes.flat, labels, strict=False):
        for (_, name, _, count, *_rest), s in sorted(found.items(), key=lambda kv: kv[0][3]):
            if name == label:
                ax.plot(s.sigmas, s.curve(what)[0], color=shades[count], lw=1.6, label=f"{count}")
        ax.set_title(label)
    axes.flat[0].legend(title="outliers", fontsize=7.5, title_fontsize=7.5, loc="lower left", handlelength=1.2,
                        borderpad=0)  # fmt: skip
    for ax in axes[:, 0]:
        ax.set_ylabel("score")
    fig.supxlabel("standard deviation of the noise", fontsize=9, color=INK, y=0.01)
    _finish(plt, fig, "Circle of 1,000 points with uniform outliers beside it", "Unfiltered score, mean of the seeds.",
            out / "quality_outliers.png")  # fmt: skip


def figure_passes(plt, found, out, what="score"):
    """Shapes by number of neighbours, a line for each number of passes."""
    shapes = [c for c in quality.PAPER_SHAPES if any(k[0] == c for k in found)]
    ks = sorted({s.task["params"]["n_neighbors"] for s in found.values()})
    fig, axes = _panels(plt, len(ks) * len(shapes), columns=len(ks), height=1.75)
    shades = {1: "#222222", 2: SKY, 3: BLUE, 5: ORANGE}
    for (case, _, *_), s in found.items():
        params = s.task["params"]
        ax = axes[shapes.index(case), ks.index(params["n_neighbors"])]
        passes = params.get("passes", 1)
        ax.plot(s.sigmas, s.curve(what)[0], color=shades[passes], lw=2 if passes == 3 else 1.4, label=f"{passes}")
    for line, case in zip(axes, shapes, strict=True):
        line[0].set_ylabel(case.replace("_", " "))
        for ax, k in zip(line, ks, strict=True):
            ax.set_title(f"k = {k}" if case == shapes[0] else "")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    order = np.argsort([int(x) for x in labels])
    tall = fig.get_size_inches()[1]
    fig.legend([handles[i] for i in order], [f"{labels[i]} pass{'es' * (labels[i] != '1')}" for i in order],
               loc="upper left", bbox_to_anchor=(0, 1 - 0.48 / tall), ncols=4, fontsize=8, handlelength=1.4)  # fmt: skip
    fig.supxlabel("standard deviation of the noise", fontsize=9, color=INK, y=0.01)
    sub = "Unfiltered score of the planted number of loops, mean of the seeds."
    _finish(plt, fig, "Effective resistance in several passes", sub, out / "quality_passes.png", 0.8)


def figure_grid(plt, found, out, name, title, subtitle, what, cmap):
    """Shapes by settings with numbers: the mean over the noise grid of what is recorded."""
    shapes = list(dict.fromkeys(k[0] for k in found))
    labels = list(dict.fromkeys(k[1] for k in found))
    values = np.full((len(shapes), len(labels)), np.nan)
    for (case, label, *_), s in found.items():
        if s.held:
            values[shapes.index(case), labels.index(label)] = np.nanmean(s.curve(what)[0])
    fig, ax = plt.subplots(figsize=(0.72 * len(labels) + 2.4, 0.27 * len(shapes) + 2.6))
    _heat(ax, values, [s.replace("_", " ") for s in shapes], labels, cmap, numbers=True)
    ax.set_xticks(range(len(labels)), [x.replace(" k=", "\nk=").replace(",", "\n") for x in labels], fontsize=7.5)
    ax.xaxis.tick_top()
    _finish(plt, fig, title, subtitle, out / f"quality_{name}.png")


# -------------------------------------------------------------------------------------------------------------- tables
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
            and name in (r["setting"], _family(r["setting"]))
            and _kind(r["setting"]) == _family(r["setting"])
            and r["auc_filtered"] is not None
        ]
        if not ours:
            continue
        # A setting that has a part of the grid only is held against the paper's same part.
        theirs = {r["setting"]: float(np.mean([curve[float(x)] for x in r["sigmas"].split()])) for r in ours}
        best = max(ours, key=lambda r: r["auc_filtered"] - theirs[r["setting"]])
        paper = theirs[best["setting"]]
        table.append(
            {
                "shape": f"{case} H{best['degree']}",
                "paper's setting": name,
                "our setting": best["setting"],
                "paper": paper,
                "ours": best["auc_filtered"],
                "difference": best["auc_filtered"] - paper,
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=sweep.FOLDER, help="where the records are")
    parser.add_argument("--reference", default=Path(__file__).parents[2] / "shared" / "reference")
    parser.add_argument("--out", type=Path, default=record.RESULTS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    records = sweep.Records(given.folder)
    curves, heat = paper_curves(given.reference), paper_heat_map(given.reference)
    plans = {}
    for name in quality.PLANS:
        if name == "defaults":  # what it is for is in choose.py
            continue
        tasks = [t for _, t in quality.plan(name)[0]]
        done = sum(records.get(t) is not None for t in tasks)
        if done * 3 >= len(tasks) > 0:
            plans[name] = series(name, records)
        elif done:  # plans share cases
            print(f"{name}: {done} of {len(tasks)} cases are recorded; left out until a third is")
    if not plans:
        raise SystemExit(f"{given.folder} has no record of any plan; run quality.py first.")
    plt = _pyplot()
    differences = {}
    for name, found in plans.items():
        print(f"{name}: {len(found)} settings, {sum(s.missing for s in found.values())} cases missing")
        if name in ("paper", "sphere", "embedding", "quick", "shared_seed"):
            by_case = defaultdict(list)
            for (case, _, _, _, n, *_), s in found.items():
                if s.held and case in (*quality.PAPER_SHAPES, "sphere"):
                    by_case[case, n].append(s)
            for (case, n), group in by_case.items():
                suffix = "" if name == "paper" else f"_{name}" + (f"_{n}" if name == "sphere" else "")
                if name == "sphere":
                    suffix = suffix.removeprefix("_sphere")
                figure_curves(plt, case, group, curves, given.out, suffix=suffix)
        elif name == "dimension":
            differences = figure_dimension(plt, found, heat, given.out)
        elif name == "sensitivity":
            figure_sensitivity(plt, list(found.values()), given.out)
        elif name == "outliers":
            figure_outliers(plt, found, given.out)
        elif name == "passes":
            figure_passes(plt, found, given.out)
        elif name == "shapes":
            figure_grid(plt, found, given.out, name, "Harder loops: area under the curve",
                        "Unfiltered score of the planted number of loops, mean over noise and seeds.", "score",
                        "viridis")  # fmt: skip
        elif name == "loop_free":
            figure_grid(plt, found, given.out, name, "Shapes without a loop: the score of one loop",
                        "Mean over noise and seeds. Dark is wrong: a loop is claimed where none is.", "one",
                        "magma_r")  # fmt: skip
    rows = [row(name, s, curves) for name, found in plans.items() for s in found.values()]
    beside = tuned(rows, curves)
    (given.out / "quality.md").write_text(tables(rows, beside, differences))
    keep, record.RESULTS = record.RESULTS, given.out
    print(record.write("quality", rows, paper=beside, dimension_difference=differences))
    record.RESULTS = keep
    print(given.out / "quality.md")


if __name__ == "__main__":
    main()
