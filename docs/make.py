"""Make what docs/ holds that comes from the code: tables of distances and of benchmarks, and the figures.

python docs/make.py            writes them
python docs/make.py --check    fails if a table is behind what it is made from, or a line of prose is too long

A marker stands before a table and `<!-- end -->` behind it. It names the record in benchmarks/results, then maybe a part of
the record, then maybe the columns to show, where a line may be broken:

    <!-- made by docs/make.py from benchmarks/results/choose.json best
    columns distance; power -->
"""

import inspect
import json
import re
import sys
import textwrap
from pathlib import Path

import numpy as np

import spectral_ph as sph

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
WIDTH = 120
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md")
"""Documents outside docs/, whose lines are to be short too."""
BEGIN, END = "<!-- made by docs/make.py from spectral_ph.DISTANCES -->", "<!-- end -->"


def distance_table():
    """One row for every registered distance."""
    lines = [
        "| name | formula | takes | metric | parameters: range (default) | cost, beside the result | source | code |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in sph.DISTANCES.values():
        file = Path(inspect.getsourcefile(row.function)).relative_to(ROOT).as_posix()
        parameters = "; ".join(f"{k}: {row.ranges[k]} ({v})" for k, v in row.parameters.items() if k != "random_state")
        formula = row.formula.replace("|", "\\|")
        takes = "graph of lengths" if row.edges == "lengths" else row.needs
        lines.append(
            f"| `{row.name}` | {formula} | {takes} | {'yes' if row.metric else 'no'} | {parameters or '-'} | {row.cost} | "
            f"{row.source} | [{Path(file).name}](../{file}) |"
        )
    return "\n".join(lines)


def with_table(text):
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{distance_table()}\n\n{END}{rest.split(END)[1]}"


RESULTS = re.compile(
    r"<!-- made by docs/make.py from benchmarks/results/(\w+)\.json(?: (\w+))??(?:\scolumns (.+?))? -->", flags=re.S
)

MISSING = "Not measured yet."
"""What stands in place of a table whose part the record does not hold, as after a run of some parts only."""


def with_results(text):
    """Fill in every table that a marker asks for: the rows of a result, or a named part of it."""
    made, at = [], 0
    for marker in RESULTS.finditer(text):
        record = json.loads((ROOT / "benchmarks" / "results" / f"{marker[1]}.json").read_text())
        rows = record.get(marker[2] or "rows")
        if not rows:
            made += [text[at : marker.end()], f"\n\n{MISSING}\n\n"]
            at = text.index(END, marker.end())
            continue
        if marker[1] == "honesty" and not marker[2]:
            rows = by_kind(rows)
        if isinstance(rows, dict):
            rows = [{"setting": name, marker[2].replace("_", " "): value} for name, value in rows.items()]
        columns = list(rows[0]) if marker[2] or "columns" not in record else record["columns"]
        if marker[3]:
            columns = re.split(r";\s", marker[3])
        lines = ["| " + " | ".join(map(_cell, columns)) + " |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows]
        lines += ["", *_provenance(record, rows)]
        made += [text[at : marker.end()], "\n\n", "\n".join(lines), "\n\n"]
        at = text.index(END, marker.end())
    return "".join([*made, text[at:]])


WORST = "worst kind: "
"""How `benchmarks.honesty` names the row of the kind that is called most at a size."""

SHARES = ("score > .5", "filtered score > .5", "widest gap")
"""Its columns that are shares of samples."""


SCHEMA = "<!-- made by docs/make.py from docs/reference/result.schema.json -->"


def with_schema(text):
    """Fill in the table of names in result.json, command by command."""
    before, rest = text.split(SCHEMA)
    kinds = json.loads((DOCS / "reference" / "result.schema.json").read_text())["$defs"]
    commands = ("loops", "persistence", "embed", "demo")
    says = {}
    for command in commands:
        for name, about in kinds[command]["properties"].items():
            there = says.setdefault(name, {"what it is": "", "in": []})
            there["what it is"] = there["what it is"] or about.get("description", "")
            there["in"].append(command)
    lines = ["| name | what it is | in the results of |", "|---|---|---|"]
    for name, about in says.items():
        where = "all" if len(about["in"]) == len(commands) else ", ".join(about["in"])
        lines.append(f"| `{name}` | {about['what it is']} | {where} |")
    table = "\n".join(lines)
    return f"{before}{SCHEMA}\n\n{table}\n\n{END}{rest.split(END)[1]}"


def by_kind(rows):
    """Return the rows of false claims with one row for each kind: its samples by size, and its shares over all of them.

    Parameters
    ----------
    rows : of `benchmarks.honesty`, one for each kind and number of points, and the worst kind of each size. Rows that name no
        number of points stay as they are.
    """
    if not rows or "n" not in rows[0]:
        return rows
    sizes = sorted({row["n"] for row in rows})
    kinds = {}
    for row in rows:
        if not row["kind"].startswith(WORST):
            kinds.setdefault(row["kind"], {})[row["n"]] = row
    made = []
    for kind, found in kinds.items():
        line = {"kind": kind} | {f"{n:,} points": _called(found.get(n)) for n in sizes}
        for name in SHARES:
            known = [row for row in found.values() if row[name] is not None]
            samples = sum(row["samples"] for row in known)
            line[name] = sum(row["samples"] * row[name] for row in known) / samples if samples else None
        lowest = [row["least agreement called"] for row in found.values()]
        line["least agreement called"] = min((value for value in lowest if value is not None), default=None)
        made.append(line | {"note": next(iter(found.values()))["note"]})
    worst = {row["n"]: row for row in rows if row["kind"].startswith(WORST)}
    named = {n: f"{_called(row)} ({row['kind'].removeprefix(WORST)})" for n, row in worst.items()}
    return [*made, {"kind": "worst kind"} | {f"{n:,} points": named.get(n) for n in sizes}]


def _called(row):
    return None if row is None else f"{row['called']} of {row['samples']}"


def _provenance(record, rows):
    """When, where and with what a record was made, in lines of prose; rows may say at which commit each of them was."""
    commits = list(dict.fromkeys(row["commit"] for row in rows if "commit" in row)) or [record["commit"]]
    machine = record["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    return [
        f"Measured on {record['date']} at commit {' and '.join(commits)}.",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB.",
        *textwrap.wrap(f"Versions: {versions}.", WIDTH, break_on_hyphens=False),
    ]


def _cell(value):
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    if value is None or value == "":
        return "-"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = re.sub(r"(?<![\w.])\.(?=\d)", "0.", text)  # names in the records say "sigma .1"
    return re.sub(r"(?<![\w.])0e\+00", "0", text)


def filled(text):
    text = with_table(text) if BEGIN in text else text
    return with_results(with_schema(text) if SCHEMA in text else text)


def long_lines(text):
    """Return (line number, length) of the lines that are too long, but for tables, code, and what a link makes long."""
    found, in_code = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        in_code ^= line.lstrip().startswith("```")
        only_link = re.fullmatch(r"[-* ]*!?\[[^]]*\]\([^)]*\)[.,;:]?", line)
        without_addresses = re.sub(r"https?://[^\s)]+", "", line)
        if not in_code and not line.startswith("|") and not only_link and len(without_addresses) > WIDTH:
            found.append((number, len(line)))
    return found


def check():
    """Return a sentence for everything in the documents that is not as it should be."""
    texts = {path.relative_to(ROOT): path.read_text() for path in documents()}
    behind = [
        f"{name} has tables that are behind; run: make docs" for name, text in texts.items() if filled(text) != text
    ]
    texts |= {name: (ROOT / name).read_text() for name in PAGES}
    long = [
        f"{name}:{number} has {length} columns, more than {WIDTH}"
        for name, text in texts.items()
        for number, length in long_lines(text)
    ]
    return behind + long


def documents():
    made = DOCS / "reference" / "api"
    return sorted(path for path in DOCS.rglob("*.md") if made not in path.parents)


def noise_figure(path):
    """The same noisy circle under two distances: what the README shows."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    X = sph.datasets.circle(1000, ambient_dim=50, sigma=0.25, random_state=0)
    R = sph.find_loops(X, n_loops=1)
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained", width_ratios=[1, 1, 1.15])
    for ax, distance, title in zip(
        axes, ("euclidean", "eff_res"), ("Euclidean distance", "effective resistance"), strict=False
    ):
        P = sph.persistence(X, distance=distance)
        sph.plot.diagram(P, ax=ax, dimensions=[1])
        ax.set_title(f"{title}: score {sph.detection_score(P[1]):.2f}", fontsize=11)
    sph.plot.loop(R, sph.plot.flat_layout(X), ax=axes[2])
    axes[2].set_title("the loop, on two principal components", fontsize=11)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def cells_figure(path):
    """Simulated cells of the cell cycle: the loop and the phase against the truth."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cells = sph.datasets.cells.cell_cycle(n_cells=1000, speed_unevenness=0.3, cycling_share=0.9, random_state=0)
    prepared = sph.preprocess(cells.counts)
    R = sph.find_loops(prepared.X, n_loops=1)
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.9), layout="constrained", width_ratios=[1.15, 1])
    sph.plot.loop(R, prepared.X[:, :2], ax=axes[0])
    axes[0].set_title("1,000 simulated cells, coloured by the phase found", fontsize=11)
    sph.plot.diagram(R, ax=axes[1], dimensions=[1])
    axes[1].set_title("their diagram under effective resistance", fontsize=11)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def drawn_layout(ax, Y, title, says=""):
    """Draw a layout of points of a circle, coloured by their place on it, with a sentence below."""
    n = len(Y)
    ax.scatter(*Y.T, c=np.arange(n) * 2 * np.pi / n, cmap=sph.plot.phase_map(), s=5, linewidth=0)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_box_aspect(1)
    ax.set(xticks=[], yticks=[], xlabel=says)
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)


def fate(X, Y):
    """Return in two lines what became of the loop of the data."""
    loop = sph.embedding.embedding_report(X, Y).loops[0]
    return f"{loop.word}\nagreement {loop.agreement:.2f}, hole {loop.hole:.2f}"


def spectrum_figure(path):
    """A noisy circle under each layout, from repulsion to attraction, along two affinities."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    E = sph.embedding
    X = sph.datasets.circle(1000, ambient_dim=50, sigma=0.35, random_state=0)
    methods = {
        "t-SNE, rho = 1": E.TSNE(),
        "t-SNE, rho = 2": E.TSNE(rho=2),
        "UMAP": E.UMAP(),
        "t-SNE, rho = 4": E.TSNE(rho=4),
        "ForceAtlas2": E.ForceAtlas2(),
        "Laplacian eigenmap": E.LaplacianEigenmaps(),
    }
    figure, axes = plt.subplots(2, len(methods), figsize=(14, 5.8), layout="constrained")
    for row, (affinity, name) in zip(
        axes, {"knn": "nearest neighbours", "eff_res": "nearest under\neffective resistance"}.items(), strict=True
    ):
        row[0].set_ylabel(name, fontsize=10)
        for ax, (title, model) in zip(row, methods.items(), strict=True):
            Y = model.set_params(affinity=affinity).fit_transform(X)
            drawn_layout(ax, Y, title, fate(X, Y))
    figure.savefig(path, dpi=100, bbox_inches="tight")
    plt.close(figure)


def circle_figure(path):
    """A noisy circle side by side: what it is, and its t-SNE along two affinities."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    X = sph.datasets.circle(1000, ambient_dim=50, sigma=0.35, random_state=0)
    figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
    drawn_layout(axes[0], X[:, :2], "the data: the two coordinates that hold the circle")
    for ax, title, model in zip(
        axes[1:],
        ("t-SNE, perplexity 30", "t-SNE, 50 nearest under effective resistance"),
        (sph.embedding.TSNE(), sph.embedding.TSNE(affinity="eff_res", n_neighbors=50)),
        strict=True,
    ):
        Y = model.fit_transform(X)
        drawn_layout(ax, Y, title, fate(X, Y))
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def main():
    if "--check" in sys.argv:
        sys.exit("\n".join(check()) or 0)
    for path in documents():
        path.write_text(filled(path.read_text()))
    (DOCS / "figures").mkdir(exist_ok=True)
    noise_figure(DOCS / "figures" / "noisy_circle.png")
    cells_figure(DOCS / "figures" / "cells.png")
    spectrum_figure(DOCS / "figures" / "layouts.png")
    circle_figure(DOCS / "figures" / "layout_of_circle.png")


if __name__ == "__main__":
    main()
