"""The figures of the report: scores against noise, by dimension, by parameters, by shape.

Every function takes matplotlib's pyplot (from `pyplot`), the series of a plan and the folder to write to.
"""

from collections import defaultdict

import numpy as np

from benchmarks import quality
from benchmarks.series import family, kind

INK, FAINT = "#333333", "#bbbbbb"
# Okabe and Ito's colours, told apart with any colour vision.
BLUE, ORANGE, GREEN, RED, SKY, PURPLE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7",
)  # fmt: skip
FAMILY = {
    "euclidean": INK, "fermat": SKY, "dtm": PURPLE, "core": ORANGE, "geodesic": GREEN, "tsne_graph": PURPLE,
    "umap_graph": ORANGE, "tsne": PURPLE, "umap": ORANGE, "eigenmaps": SKY, "eff_res": BLUE, "diffusion": RED,
}  # fmt: skip


def pyplot():
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


def _best(group, what):
    """Return the series with the largest complete AUC, else the first."""
    return max(group, key=lambda s: s.auc(what)[0] if s.auc(what)[0] is not None else -1)


def curves(plt, case, found, curves, out, what="filtered", suffix=""):
    """A panel a distance: its best setting in colour, its other settings faint, the paper's curve behind."""
    groups = defaultdict(list)
    for s in found:
        groups[s.label if case == "circle" else kind(s.label)].append(s)
    order = sorted(groups, key=lambda g: -(_best(groups[g], what).auc(what)[0] or 0))
    fig, axes = _panels(plt, len(order), columns=5 if len(order) == 5 else 4, height=2.1)
    for ax, name in zip(axes.flat, order, strict=False):
        best = _best(groups[name], what)
        color = FAMILY.get(family(name), INK)
        theirs = curves.get((case, best.label)) or curves.get((case, kind(best.label)))
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


def dimension(plt, found, paper, out):
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
            theirs = paper.get(family(label), {})
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


def sensitivity(plt, found, out, what="score"):
    """A dot a setting, a line a distance: how much the choice of parameters matters."""
    groups = defaultdict(list)
    for s in found:
        if s.auc(what)[0] is not None:
            groups[family(s.label)].append(s)
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


def outliers(plt, found, out, what="score"):
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


def passes(plt, found, out, what="score"):
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


def grid(plt, found, out, name, title, subtitle, what, cmap):
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
