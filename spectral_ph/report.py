"""One self-contained HTML file about a LoopResult: the answer first, then what it rests on, then what would repeat it.

`record` says everything in plain names and numbers (the command line writes it as result.json), and `html` shows that
record with pictures; nothing is in the page that is not in the record, the diagrams or the per-point results.
"""

from __future__ import annotations

import dataclasses
import html as markup
import io
import platform
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from spectral_ph import _check, files
from spectral_ph._types import FloatArray, RandomState, Settings
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, anchor_phase, known_genes
from spectral_ph.cells.confounders import association
from spectral_ph.cells.genes import PeriodicGenes, genes_along, phase_profiles
from spectral_ph.loops.result import Loop, LoopResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PACKAGES = ("spectral_ph", "numpy", "scipy", "scikit-learn", "numba", "ripser", "gudhi")
"""What the numbers depend on; `versions` says which were there."""

BINS = 24
"""Intervals of the phase in tables and pictures: an hour of a day each."""

MAX_GROUPS = 12
"""Categories of a label that get a row of their own; the rest are put together."""

MAX_ROWS = 50
"""Rows of a table that are shown; the record holds all."""

GENE_COLUMNS = ("gene", "name", "q_value", "r_squared_held_out", "r_squared", "peak", "amplitude")
"""What the table of genes shows of rows with more columns than these; the record holds all."""

LEAST_CELLS = 10
"""With fewer cells, or phases, on a loop no gene is compared with it."""

MAX_GENES = 30
"""Rows of the heat map that are drawn, the first ones; the record holds all."""

MANY_POINTS = 1500
"""From so many points on, a scatter plot is drawn as an image: as paths it would be larger."""

ANSWERS = {
    "loop": "Yes: the {things} go round a loop.",
    "no loop": "No loop was found.",
    "undecided": "Undecided: these data do not settle it.",
}

MEANINGS = {
    "loop": (
        "Every one of the {things} has a phase, its place along the loop as an angle from 0 to 2π. Neighbours along the "
        "loop have similar phases. A phase is an order, not a clock: equal steps of phase need not take equal times."
    ),
    "no loop": (
        "Nothing here goes round more than {things} without a loop would by chance. A loop that few {things} follow, or "
        "that is finer than the noise, can still have been missed. The phase below belongs to the longest feature there "
        "is; do not build on it."
    ),
    "undecided": (
        "Some evidence of a loop is there, and not enough to say so. Take the phase below as a guess to be tested: with "
        "more {things}, with another representation, or with genes or labels that should follow the loop."
    ),
}

PITFALLS = (
    "Short circuits: a path whose two ends come near each other is a loop of the neighbour graph, whether or not "
    "anything travels it. Look where the loop closes.",
    "Doublets and ambient molecules: mixtures of two groups can bridge them, and two bridges make a loop.",
    "The representation: batch correction, trained latent spaces and two-dimensional layouts (UMAP, t-SNE) can make a "
    "loop or break one. A loop that is found on principal components too is safer.",
    "Another cause: a loop says that something comes back to where it began, not what. Depth, stress, or a difference "
    "between batches can take part in it; known genes and labels tell.",
)

HEADERS = {
    "name": "Name",
    "gene": "Gene",
    "effect": "Effect",
    "peak": "Peak (rad)",
    "p": "p",
    "p_value": "p‑value",
    "q": "q",
    "q_value": "q‑value",
    "r_squared": "Explained",
    "r_squared_held_out": "Explained, held out",
    "n_cells": "Cells",
    "s_genes": "S genes",
    "g2m_genes": "G2/M genes",
    "s_peak": "S peak (rad)",
    "g2m_peak": "G2/M peak (rad)",
    "s_r_squared": "Explained, S genes",
    "g2m_r_squared": "Explained, G2/M genes",
    "s_p_value": "p, S genes",
    "g2m_p_value": "p, G2/M genes",
    "share": "Share explained",
    "rank_share": "Share of ranks",
    "distance_correlation": "Distance correlation",
    "agreement": "Agreement",
    "prominence": "Prominence",
    "chosen": "Chosen",
    "verdict": "Verdict",
    "birth": "Birth",
    "death": "Death",
    "persistence": "Persistence",
    "score": "Score",
    "n_on_loop": "On the loop",
    "median_spread": "Phase ± (rad)",
    "n_neighbors": "Neighbours",
    "n": "Count",
    "category": "Group",
    "sha256": "SHA‑256",
    "lower_quartile": "Lower quartile",
    "upper_quartile": "Upper quartile",
    "mean_phase": "Mean phase (rad)",
    "concentration": "Concentration",
}
"""Headings of columns; any other name is shown with its underscores as spaces."""


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on, by name."""
    return {name: metadata.version(name) for name in PACKAGES} | {"python": platform.python_version()}


def record(
    result: LoopResult,
    *,
    things: str = "points",
    labels: Mapping[str, ArrayLike] | None = None,
    genes: Iterable[Mapping[str, Any]] | None = None,
    gene_heatmap: tuple[ArrayLike, Sequence[str]] | None = None,
    confounders: Iterable[Mapping[str, Any]] | None = None,
    anchor: Mapping[str, Any] | str | None = None,
    input_facts: Mapping[str, Any] | None = None,
    preparation: Sequence[str] = (),
    more_warnings: Sequence[str] = (),
    made_by: Mapping[str, Any] | None = None,
) -> Settings:
    """Return everything that is to be said about a result, with plain names.

    Parameters
    ----------
    result : LoopResult.
    things : what the points are, in the plural, such as "cells". Default "points".
    labels : by name, one category or number a point: text, or numbers of which there are more than 12 different ones.
        Points whose label is missing (NaN, None, "") are counted and left out. Default none.
    genes : what follows the loop, the strongest first, one dict each; every key is a column of the table: name,
        effect, peak (radians), p, q or others. Default none.
    gene_heatmap : (g, bins) mean expression along the phase and the g names. Default none.
    confounders : one dict each, every key a column; "warning" is said among the warnings. Default none.
    anchor : how zero and direction of the phase were chosen; a sentence or facts by name. Default: they are arbitrary.
    input_facts : where the data come from, by name: source, sha256, shape, or others. Default nothing.
    preparation : sentences, what was done to the data before. Default none.
    more_warnings : sentences beside those of the result. Default none.
    made_by : command, seed, versions, by name; default: the versions, and the seed of the settings.

    Returns
    -------
    dict, ready for JSON through `spectral_ph.files.write_json`: "input", "preparation", everything of
    `LoopResult.to_dict` (each loop with "n_on_loop" and "median_spread" in radians), "in_words" (question by question),
    "labels", "genes", "gene_heatmap", "confounders", "anchor", "diagrams", and what `made_by` holds.

    Raises
    ------
    InputError : labels that are not one a point, or a heat map whose rows are not its names.
    """
    top = result.loops[0] if result.loops else None
    n = result.persistence.n_points
    found = [dict(row) for row in confounders or ()]
    out: Settings = {
        "input": dict(input_facts or {}),
        "preparation": list(preparation),
        **result.to_dict(),
        "things": things,
        "labels": [_label(top, name, values, n) for name, values in (labels or {}).items()],
        "genes": [dict(row) for row in genes or ()],
        "gene_heatmap": _heatmap(gene_heatmap),
        "confounders": found,
        "anchor": dict(anchor) if isinstance(anchor, Mapping) else anchor,
    }
    out["loops"] = [known | _on_loop(loop) for known, loop in zip(out["loops"], result.loops, strict=True)]
    said = [*result.warnings, *more_warnings, *(str(row["warning"]) for row in found if row.get("warning"))]
    out["warnings"] = list(dict.fromkeys(said))
    out["in_words"] = _in_words(result, things, out)
    made = {"seed": result.settings.get("random_state"), "versions": versions()} if made_by is None else dict(made_by)
    return out | made


def html(
    result: LoopResult,
    *,
    title: str = "Is there a loop?",
    layout: ArrayLike | None = None,
    layout_name: str = "a layout in two dimensions",
    **facts: Any,
) -> str:
    """Return the report as one HTML page that needs nothing beside itself: no network, no script.

    Parameters
    ----------
    result : LoopResult.
    title : heading of the page; any text.
    layout : (n, 2) places to draw the points at; default None, no such picture.
    layout_name : what the layout is, for the caption.
    **facts : all that `record` takes.

    Returns
    -------
    str, a whole HTML document. The same arguments give the same text. All text that comes from data is escaped.

    Raises
    ------
    InputError : as `record` and `plot.loop` do; an unknown argument.
    """
    _check.parameters(record, facts, "the report")
    said = record(result, **facts)
    with warnings.catch_warnings():
        # A name may hold letters that no font here has: they are drawn as boxes, and the tables show them right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        return _page(title, result, said, layout, layout_name)


def write_report(path: files.PathLike, result: LoopResult, **arguments: Any) -> None:
    """Write the report to a file, whole or not at all.

    Parameters
    ----------
    path : the .html file to write; one that was there is replaced.
    result : LoopResult.
    **arguments : all that `html` takes.

    Raises
    ------
    InputError : as `html` does, and if the file cannot be written.
    """
    files.write_text(path, html(result, **arguments))


@dataclasses.dataclass(frozen=True)
class CellFacts:
    """What the genes say about a loop.

    Attributes
    ----------
    result : the LoopResult, zero and direction of its longest loop's phase set by known genes where they tell.
    genes : how every gene goes with that phase; None where the loop has too few cells to tell.
    facts : "genes", "gene_heatmap", "confounders", "anchor" and "more_warnings", as `record` and `html` take them.
    """

    result: LoopResult
    genes: PeriodicGenes | None
    facts: Settings


def cell_facts(
    result: LoopResult,
    expression: Any,
    names: Sequence[str],
    *,
    kind: str = "counts",
    properties: Mapping[str, ArrayLike] | None = None,
    n_top: int = MAX_GENES,
    random_state: RandomState = 0,
) -> CellFacts:
    """Say which genes follow the longest loop, what else goes with it, and where its phase begins.

    Parameters
    ----------
    result : LoopResult with at least one loop.
    expression : (n, g) array or scipy sparse array, cells by genes.
    names : g names of genes.
    kind : "counts" (default): each cell is scaled to the median total and log(1 + x) taken, and the total and the share of
        mitochondrial genes (MT-, mt-) are looked at as confounders; "log": used as it is.
    properties : by name, one value a cell, such as a batch: looked at as confounders too. Default none.
    n_top : how many genes to name; those of the heat map stand in the order of their peaks.
    random_state : seed of the shuffles behind the p-values of categories.

    Returns
    -------
    CellFacts

    Raises
    ------
    InputError : no loop, sizes that do not fit, values that are not finite, or an unknown kind.
    """
    _check.one_of(kind, ("counts", "log"), "kind of expression")
    n_top = _check.positive_int(n_top, "n_top")
    if not result.loops:
        raise _check.InputError("this result has no loop, so no gene can follow it; leave the genes out.")
    top = result.loops[0]
    values = sp.csr_array(expression, dtype=np.float64)
    if values.shape != (len(top.phase), len(names)):
        raise _check.InputError(
            f"expression must be {len(top.phase)} cells by {len(names)} genes, as there are phases and names, and the shape "
            f"{values.shape} came; pass the same cells in the same order."
        )
    others: dict[str, ArrayLike] = {}
    if kind == "counts":
        total = np.asarray(values.sum(axis=1), dtype=np.float64)
        filled = np.where(total > 0, total, 1.0)
        others["library size"] = total
        mitochondrial = np.flatnonzero([str(name).upper().startswith("MT-") for name in names])
        if len(mitochondrial):
            others["mitochondrial share"] = np.asarray(values[:, mitochondrial].sum(axis=1)) / filled
        values.data = np.log1p(values.data * np.repeat(np.median(total) / filled, np.diff(values.indptr)))
    with _check.collected() as warned:
        inside = top.domain
        if inside.sum() < LEAST_CELLS or len(np.unique(top.phase[inside])) < LEAST_CELLS:
            _check.warn(
                f"the longest loop has a phase on {len(np.unique(top.phase[inside]))} cells only, and {LEAST_CELLS} are needed "
                "to tell which genes follow it; no gene was tested."
            )
            return CellFacts(result, None, {"more_warnings": list(warned)})
        known = [values[:, known_genes(names, group)][inside].toarray() for group in (S_GENES, G2M_GENES)]
        anchor = anchor_phase(top.phase[inside], *known)
        halves = tuple(dataclasses.replace(half, phase=anchor.apply(half.phase)) for half in top.halves)
        top = dataclasses.replace(top, phase=anchor.apply(top.phase), halves=halves)
        found = genes_along(top, values, names)
        checked = [
            association(
                top.phase[inside],
                np.asarray(column)[inside],
                name,
                distance=top.distance[inside],
                random_state=random_state,
            )
            for name, column in (others | dict(properties or {})).items()
        ]
    chosen = found.order()[:n_top]
    columns = found.to_columns()
    rows = [{name: column[i] for name, column in columns.items()} for i in chosen]
    by_peak = chosen[np.argsort(found.peak[chosen], kind="stable")]
    facts: Settings = {
        "genes": rows,
        "gene_heatmap": (
            phase_profiles(top.phase, values, by_peak, bins=BINS, cells=inside),
            [names[i] for i in by_peak],
        ),
        "confounders": [dataclasses.asdict(row) | {"warning": _sentence(row.warning)} for row in checked],
        "anchor": dataclasses.asdict(anchor),
        "more_warnings": list(warned),
    }
    return CellFacts(dataclasses.replace(result, loops=[top, *result.loops[1:]]), found, facts)


# What is said


def _on_loop(loop: Loop) -> Settings:
    spread = loop.spread
    known = spread[np.isfinite(spread)] if spread is not None else np.empty(0)
    return {
        "n_on_loop": int(loop.on_loop.sum()),
        "median_spread": float(np.median(known)) if len(known) else None,
    }


def _label(top: Loop | None, name: str, values: ArrayLike, n: int) -> Settings:
    """Return how one label is spread along the longest loop."""
    given = np.asarray(values)
    if given.shape != (n,):
        raise _check.InputError(
            f"label {name!r} must hold one value for each of the {n} points, and the shape {given.shape} came; pass "
            "values in the order of the points."
        )
    if given.dtype.kind in "fiu" and len(np.unique(given[np.isfinite(given)])) > MAX_GROUPS:
        numbers = given.astype(np.float64)
        there = np.isfinite(numbers)
        kind: Callable[..., Settings] = _along
    else:
        numbers = np.array([_category(value) for value in given.tolist()], dtype=object)
        there = np.array([value != "" for value in numbers], dtype=bool)
        kind = _groups
    about: Settings = {"name": str(name), "missing": int((~there).sum())}
    if top is None:
        return about | {"kind": "not shown, as there is no loop"}
    used = there & top.domain
    return about | {"of": int(used.sum())} | kind(top.phase[used], numbers[used])


def _category(value: object) -> str:
    missing = value is None or value != value  # NaN, NaT
    return "" if missing else value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _groups(phase: FloatArray, values: Any) -> Settings:
    names, which, sizes = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    if len(order) > MAX_GROUPS:
        order = order[: MAX_GROUPS - 1]
    members = [(str(names[i]), which == i) for i in sorted(order)]
    rest = ~np.isin(which, order)
    if rest.any():
        members.append((f"{len(names) - len(order)} others", rest))
    rows = []
    for name, member in members:
        mean = np.exp(1j * phase[member]).mean()
        rows.append(
            {
                "category": name,
                "n": int(member.sum()),
                "mean_phase": float(np.angle(mean) % (2 * np.pi)),
                "concentration": float(abs(mean)),
                "counts": np.histogram(phase[member], BINS, (0, 2 * np.pi))[0],
            }
        )
    return {"kind": "categories", "groups": rows}


def _along(phase: FloatArray, values: FloatArray) -> Settings:
    place = np.minimum((phase / (2 * np.pi) * BINS).astype(int), BINS - 1)
    rows = []
    for k in range(BINS):
        inside = values[place == k]
        low, middle, high = np.quantile(inside, [0.25, 0.5, 0.75]) if len(inside) else [np.nan] * 3
        rows.append({"n": len(inside), "lower_quartile": low, "median": middle, "upper_quartile": high})
    return {"kind": "numbers", "bins": rows}


def _heatmap(given: tuple[ArrayLike, Sequence[str]] | None) -> Settings | None:
    if given is None:
        return None
    values, names = np.asarray(given[0], dtype=np.float64), [str(name) for name in given[1]]
    if values.ndim != 2 or len(values) != len(names):
        raise _check.InputError(
            f"gene_heatmap must be a table with a row for each of its {len(names)} names, and one of shape {values.shape} "
            "came; pass (table, names)."
        )
    return {"names": names, "values": values}


def _in_words(result: LoopResult, things: str, said: Settings) -> list[dict[str, Any]]:
    """Return question and answers, the verdict first; each answer a list of sentences."""
    sure = []
    if result.p_value is None:
        sure.append("No p-value was computed.")
    else:
        sure.append(
            f"p-value {_number(result.p_value)}: of shapes that have no loop, about {_of_them(result.p_value)} give as much "
            f"evidence of one as these {things} do."
        )
    if result.agreement is None:
        sure.append("The loop was not sought in halves of the data.")
    else:
        sure.append(
            f"Agreement {result.agreement:.2f}: the {things} were split into two halves at random, the loop was found in "
            "each half alone, and the two orders were compared. 1 is the same order, 0 is no relation."
        )
    if result.tried:
        chosen = sum(bool(row.get("chosen")) for row in result.tried)
        sure.append(
            f"{len(result.tried)} settings were tried"
            + (", and the one with the most evidence in two independent halves was kept." if chosen else ".")
        )
    meaning = [MEANINGS[result.verdict].format(things=things)] if result.loops else []
    if result.loops:
        top = result.loops[0]
        anchor = said["anchor"]
        meaning.append(
            "Where the phase is zero, and which way it runs, is arbitrary."
            if anchor is None
            else anchor
            if isinstance(anchor, str)
            else _sentence(anchor.get("reason") or "zero and direction were set by what is listed with the labels.")
        )
        outside = int((~top.domain).sum())
        if outside:
            meaning.append(
                f"{outside} of {len(top.domain)} {things} are not connected to the loop at its scale; their phase is that "
                "of the nearest one that is."
            )
    else:
        meaning.append("There is no feature that goes round, so there is no phase.")
    return [
        {"question": "Answer", "answer": [ANSWERS[result.verdict].format(things=things), result.reason]},
        {"question": "How sure is this?", "answer": sure},
        {"question": "What does it mean?", "answer": meaning},
        {"question": "What could fool it?", "answer": list(PITFALLS)},
    ]


def _sentence(text: object) -> str:
    return str(text)[:1].upper() + str(text)[1:]


def _of_them(p: float) -> str:
    """Return a probability as a count people can picture."""
    if p <= 0:
        return "none of those that were looked at"
    among = max(100, 10 ** int(np.ceil(-np.log10(p) - 1e-9)))
    return f"{p * among:.2g} in {among:,}"


# How it is shown


def _text(value: object) -> str:
    """Return text for HTML: escaped, and without the control characters that it cannot hold."""
    shown = "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return markup.escape(shown, quote=True)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{float(f'{value:.3g}'):,.10g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(power)).translate(RAISED)}"


def _shown(value: object) -> str:
    """Return any value of the record as people read it, not yet escaped."""
    if value is None or (isinstance(value, str) and not value):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{int(value)}"
    if isinstance(value, (float, np.floating)):
        return _number(float(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_shown(v)}" for k, v in value.items()) or "none"
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(_shown(v) for v in value) or "none"
    return str(value)


def _header(name: str) -> str:
    if len(name) == 1 and name not in HEADERS:
        return name  # a symbol, such as t
    return HEADERS.get(name) or _sentence(name.replace("_", " "))


def _table(rows: Sequence[Mapping[str, Any]], caption: str, columns: Sequence[str] | None = None) -> str:
    """Return dicts as a table: a column for every key, numbers to the right, in a box that scrolls if it is wide."""
    if columns is None:
        columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = {c for c in columns[1:] if all(_is_number(row.get(c)) for row in rows)}
    sort = {c: ' class="number"' if c in numeric else "" for c in columns}
    shown = rows[:MAX_ROWS]
    if len(rows) > MAX_ROWS:
        caption += f" The first {MAX_ROWS} of {len(rows)}; all are in the file for machines."
    head = "".join(f'<th scope="col"{sort[c]}>{_text(_header(c))}</th>' for c in columns)
    lines = []
    for row in shown:
        cells = [f"<td{sort[c]}>{_text(_shown(row.get(c)))}</td>" for c in columns[1:]]
        first = f'<th scope="row">{_text(_shown(row.get(columns[0])))}</th>'
        chosen = ' class="chosen"' if row.get("chosen") is True else ""
        lines.append(f"<tr{chosen}>{first}{''.join(cells)}</tr>")
    return (
        f'<figure><figcaption class="above">{_text(caption)}</figcaption><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{_text(caption)}"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        "</figure>"
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool))


def _facts(pairs: Mapping[str, Any], caption: str, as_typed: bool = False) -> str:
    """Return names and values as a table; names that one types are shown as they are typed."""
    rows = "".join(
        f'<tr><th scope="row">{f"<code>{_text(name)}</code>" if as_typed else _text(_header(str(name)))}</th>'
        f"<td>{_text(_shown(value))}</td></tr>"
        for name, value in pairs.items()
    )
    return f'<table class="facts"><caption>{_text(caption)}</caption><tbody>{rows}</tbody></table>'


def _list(sentences: Iterable[object]) -> str:
    return "<ul>" + "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences) + "</ul>"


def _section(name: str, heading: str, *parts: str) -> str:
    body = "".join(parts)
    return f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{_text(heading)}</h2>{body}</section>'


def _figure(draw: Callable[[Any], Axes], alt: str, caption: str, size: tuple[float, float] = (4.6, 3.8)) -> str:
    """Return a picture as part of the page; `draw` gets a figure and draws on it."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

    stream = io.StringIO()
    # A fixed salt, and no date: the same result gives the same file.
    style: Any = {"font.size": 10.5, "svg.fonttype": "path", "svg.hashsalt": "spectral_ph"}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        ax = draw(figure)
        ax.set_title("")  # the caption and the table say it
        for drawn in ax.collections:
            if isinstance(drawn, PathCollection) and len(np.asarray(drawn.get_offsets())) > MANY_POINTS:
                drawn.set_rasterized(True)
        figure.savefig(stream, format="svg", dpi=170, metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].replace("\n", " ")
    source = "data:image/svg+xml," + quote(svg, safe=" =:/;,.()-_+'!*?@[]{}|~^$")
    width, height = (round(96 * inches) for inches in size)
    return (
        f'<figure><img src="{source}" alt="{_text(alt)}" width="{width}" height="{height}">'
        f"<figcaption>{_text(caption)}</figcaption></figure>"
    )


def _page(title: str, result: LoopResult, said: Settings, layout: ArrayLike | None, layout_name: str) -> str:
    things = said["things"]
    sections = [
        _answer(result, said),
        _loop_section(result, said, layout, layout_name),
        _label_section(result, said),
        _gene_section(said),
        _confounder_section(said),
        _section(
            "warnings",
            "Warnings",
            _list(said["warnings"]) if said["warnings"] else "<p>There were none.</p>",
        ),
        _tried_section(said),
        _repeat_section(said),
    ]
    about = said["input"].get("source", f"{result.persistence.n_points} {things}")
    links = [
        ("answer", "Answer"),
        ("loop", "Loop"),
        ("labels", "Labels"),
        ("genes", "Genes"),
        ("confounders", "Confounders"),
        ("warnings", "Warnings"),
        ("tried", "Settings tried"),
        ("repeat", "To repeat it"),
    ]
    there = "".join(sections)
    menu = "".join(f'<li><a href="#{name}">{label}</a></li>' for name, label in links if f'id="{name}"' in there)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{_text(title)}</title><style>{STYLE}</style></head>\n"
        '<body><a class="skip" href="#main">Skip to the answer</a>'
        f'<header><h1>{_text(title)}</h1><p class="about">{_text(about)}</p>'
        f'<nav aria-label="Sections"><ul>{menu}</ul></nav></header>\n'
        f'<main id="main" tabindex="-1">{there}</main>\n'
        f"<footer><p>Made by spectral_ph {_text(said.get('versions', {}).get('spectral_ph', ''))}. The numbers of this page "
        "are in result.json where the command line wrote it.</p></footer></body></html>\n"
    )


def _answer(result: LoopResult, said: Settings) -> str:
    first, *others = said["in_words"]
    headline, reason = first["answer"]
    loop = said["loops"][0] if said["loops"] else None
    numbers = {
        "p‑value": "–" if result.p_value is None else _number(result.p_value),
        "agreement of halves": "–" if result.agreement is None else f"{result.agreement:.2f}",
        said["things"]: f"{result.persistence.n_points:,}",
    }
    if loop is not None:
        numbers |= {"near the loop": f"{loop['n_on_loop']:,}", "score": _number(loop["score"])}
    strip = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in numbers.items())
    questions = "".join(
        f"<div><h3>{_text(part['question'])}</h3>"
        + (_list(part["answer"]) if len(part["answer"]) > 1 else f"<p>{_text(part['answer'][0])}</p>")
        + "</div>"
        for part in others
    )
    kind = result.verdict.replace(" ", "-")
    return (
        f'<section id="answer" aria-labelledby="answer-h"><div class="verdict {kind}">'
        f'<h2 id="answer-h">{_text(headline)}</h2><p>{_text(reason)}</p><dl class="strip">{strip}</dl></div>'
        f'<div class="questions">{questions}</div></section>'
    )


def _loop_section(result: LoopResult, said: Settings, layout: ArrayLike | None, layout_name: str) -> str:
    from spectral_ph import plot

    things, P = said["things"], result.persistence
    figures = []
    if result.loops:
        top = result.loops[0]
        if layout is not None:
            figures.append(
                _figure(
                    lambda f: plot.loop(result, layout, ax=f.add_subplot()),
                    f"Scatter plot of {P.n_points} {things} on {layout_name}, coloured by phase. A closed line through "
                    f"{len(top.cycle)} of them is the loop.",
                    f"The {things} on {layout_name}, coloured by phase. The line is the loop that was found. It was found "
                    "in all dimensions, so in the plane it may cross itself.",
                )
            )
        counts = np.histogram(top.phase[top.domain], BINS, (0, 2 * np.pi))[0]
        figures.append(
            _figure(
                lambda f: plot.phase(result, ax=f.add_subplot(projection="polar"), bins=BINS),
                f"Round histogram of the phase: from {counts.min()} to {counts.max()} {things} in each of {BINS} equal "
                "intervals.",
                f"How many {things} are where along the loop. The dashed circle is an even spread.",
            )
        )
    h1 = P[1] if len(P) > 1 else np.empty((0, 2))
    longest = f" The longest lives from {_number(h1[0, 0])} to {_number(h1[0, 1])}." if len(h1) else ""
    figures.append(
        _figure(
            lambda f: plot.diagram(result, ax=f.add_subplot()),
            f"Persistence diagram with {len(h1)} features of degree 1 (loops).{longest}",
            "Persistence diagram: each mark is a feature, born at one distance and gone at another. Triangles are loops; "
            "one far above the diagonal stands out from noise.",
        )
    )
    figures.append(
        _figure(
            lambda f: plot.barcode(result, ax=f.add_subplot(), dimensions=[1] if len(P) > 1 else None, max_bars=20),
            f"Barcode of the longest features of degree 1.{longest}",
            "The longest loops as bars from birth to death. One bar much longer than the rest is one clear loop.",
        )
    )
    columns = (
        "verdict",
        "p_value",
        "agreement",
        "birth",
        "death",
        "persistence",
        "score",
        "n_on_loop",
        "median_spread",
    )
    rows = [{"loop": k, **row} for k, row in enumerate(said["loops"], start=1)]
    used = ["loop", *(c for c in columns if any(row[c] is not None for row in rows))]
    table = (
        _table(
            rows,
            "The most persistent features of degree 1, longest first. Phase ±: its median uncertainty over the halves.",
            used,
        )
        if rows
        else ""
    )
    reasons = [f"Loop {k}: {row['reason']}" for k, row in enumerate(said["loops"][1:], start=2) if row["reason"]]
    return _section(
        "loop",
        "The loop" if result.verdict == "loop" else "The longest feature",
        f'<div class="figures">{"".join(figures)}</div>',
        table,
        _list(reasons) if reasons else "",
    )


def _label_section(result: LoopResult, said: Settings) -> str:
    from spectral_ph import plot

    parts, anchor = [], said["anchor"]
    if isinstance(anchor, dict):
        facts = _facts(anchor, "Zero and direction of the phase")
        parts.append(f"<details><summary>How zero and direction were chosen</summary>{facts}</details>")
    for label in said["labels"]:
        name = label["name"]
        if label["kind"] == "categories" and label["groups"]:
            groups = label["groups"]
            picture = _figure(
                lambda f, groups=groups: plot.phase_rows(  # type: ignore[misc]
                    [g["counts"] for g in groups],
                    [f"{_short(g['category'])} ({g['n']})" for g in groups],
                    ax=f.add_subplot(),
                ),
                f"Histograms of the phase, one for each of {len(groups)} groups of {name}.",
                f"Phase by {name}: one row of bars a group, each to its own scale.",
                (4.6, 1.0 + 0.4 * len(groups)),
            )
            table = _table(
                groups,
                f"{name}: mean phase of each group, and how concentrated it is (1: all at one phase, 0: spread evenly).",
                ("category", "n", "mean_phase", "concentration"),
            )
        elif label["kind"] == "numbers":
            rows = [{"interval": k, **row} for k, row in enumerate(label["bins"], start=1)]
            picture = _figure(
                lambda f, rows=rows, name=name: plot.phase_band(  # type: ignore[misc]
                    [r["lower_quartile"] for r in rows],
                    [r["median"] for r in rows],
                    [r["upper_quartile"] for r in rows],
                    _short(name),
                    ax=f.add_subplot(),
                ),
                f"Line of the median of {name} along the phase, with a band between its quartiles.",
                f"{name} along the loop: median, and the band that holds the middle half.",
                (4.6, 2.8),
            )
            table = (
                f"<details><summary>Numbers of {_text(name)}</summary>"
                + _table(rows, f"{name} in {len(rows)} equal intervals of the phase.")
                + "</details>"
            )
        else:
            parts.append(f"<p>{_text(name)}: nothing to show along the loop.</p>")
            continue
        missing = (
            f"<p>{label['missing']} {_text(said['things'])} have no {_text(name)}.</p>" if label["missing"] else ""
        )
        parts.append(f'<h3>{_text(name)}</h3><div class="pair">{picture}<div>{table}{missing}</div></div>')
    return _section("labels", "Phase against known labels", *parts) if parts else ""


def _gene_section(said: Settings) -> str:
    from spectral_ph import plot

    parts, heat = [], said["gene_heatmap"]
    if heat is not None and heat["names"]:
        names, values = heat["names"][:MAX_GENES], heat["values"][:MAX_GENES]
        most = f"The first {len(names)} of {len(heat['names'])}. " if len(heat["names"]) > len(names) else ""
        parts.append(
            _figure(
                lambda f: plot.phase_heatmap(values, [_short(name) for name in names], ax=f.add_subplot()),
                f"Heat map of {len(names)} genes along the phase: {', '.join(names[:5])} and so on.",
                f"Mean expression along the loop, each gene from its lowest to its highest. {most}",
                (4.6, 1.3 + 0.22 * len(names)),
            )
        )
    if said["genes"]:
        columns = list(dict.fromkeys(key for row in said["genes"] for key in row))
        if len(columns) > len(GENE_COLUMNS) - 1:
            held_out = "r_squared_held_out" in columns
            columns = [c for c in GENE_COLUMNS if c in columns and not (held_out and c == "r_squared")] or columns
        parts.append(_table(said["genes"], "Genes that follow the loop, strongest first.", columns))
    return _section("genes", "Genes that follow the loop", f'<div class="pair">{"".join(parts)}</div>') if parts else ""


def _confounder_section(said: Settings) -> str:
    if not said["confounders"]:
        return ""
    columns = list(dict.fromkeys(key for row in said["confounders"] for key in row if key != "warning"))
    return _section(
        "confounders",
        "Could it be something else?",
        _table(said["confounders"], "How strongly each of these goes with the phase.", columns),
    )


def _tried_section(said: Settings) -> str:
    if not said["tried"]:
        return ""
    last = ("evidence", "agreement", "prominence", "chosen")
    keys = list(dict.fromkeys(key for row in said["tried"] for key in row))
    columns = [key for key in keys if key not in last] + [key for key in last if key in keys]
    return _section(
        "tried",
        "Settings that were tried",
        "<p>No truth was used: the setting is kept for which independent halves of the data give the most evidence.</p>",
        _table(said["tried"], "One row a setting, with what the halves say.", columns),
    )


def _repeat_section(said: Settings) -> str:
    left = [_facts(said["input"], "Input")] if said["input"] else []
    if said["preparation"]:
        left.append("<h3>Preparation</h3>" + _list(said["preparation"]))
    run = {name: said.get(name) for name in ("command", "seed", "engine") if said.get(name) is not None}
    left += [_facts(run, "Run"), _facts(said.get("versions", {}), "Versions", as_typed=True)]
    right = _facts(said["settings"], "Parameters", as_typed=True)
    return _section(
        "repeat", "To repeat it", f'<div class="facts-grid"><div>{"".join(left)}</div><div>{right}</div></div>'
    )


def _short(name: str, most: int = 22) -> str:
    """Return a name that fits beside a picture, without what a picture cannot hold."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


STYLE = """
:root{--paper:#fff;--ground:#f5f6f9;--ink:#1b2230;--soft:#515b70;--line:#d5dae4;--link:#0b57a4;
--yes:#e3f3ea;--yes-edge:#0b6b4b;--no:#e9edf4;--no-edge:#4a5670;--open:#fdf1d9;--open-edge:#8a5300;--pick:#e8f1fb}
@media (prefers-color-scheme:dark){:root{--paper:#1a202c;--ground:#11151d;--ink:#e9edf5;--soft:#aab4c8;--line:#39435a;
--link:#8fc0ff;--yes:#12362a;--yes-edge:#4cc398;--no:#262e3e;--no-edge:#93a0ba;--open:#3a2c0f;--open-edge:#e3aa45;--pick:#1f3350}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
header,main,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
h1{font-size:1.25rem;line-height:1.3;margin:1.75rem 0 .1rem;font-weight:650}
h2{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}
h3{font-size:1rem;margin:1.25rem 0 .4rem}
p,ul{margin:.4rem 0}ul{padding-left:1.2rem}li+li{margin-top:.35rem}
p,li{max-width:46rem}
a{color:var(--link)}
.about,footer,figcaption,caption{color:var(--soft)}
.about{margin:0;overflow-wrap:anywhere}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;padding:0;margin:.75rem 0 0}
nav li{margin:0!important}nav a{display:inline-block;padding:.3rem 0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-999rem;top:0;background:var(--paper);padding:.6rem 1rem;z-index:1}
.skip:focus{left:0}
main:focus{outline:none}
section{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem;margin:1.25rem 0}
#answer{padding:0;overflow:hidden}
.verdict{padding:1.5rem;border-left:.5rem solid;background:var(--no);border-color:var(--no-edge)}
.verdict.loop{background:var(--yes);border-color:var(--yes-edge)}
.verdict.undecided{background:var(--open);border-color:var(--open-edge)}
.verdict h2{font-size:clamp(1.5rem,1.1rem + 1.8vw,2.1rem);line-height:1.2;margin:0 0 .5rem;letter-spacing:-.01em}
.verdict p{font-size:1.05rem}
.strip{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.9rem 1.5rem;margin:1.25rem 0 0}
.strip div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.strip dt{font-size:.875rem}
.strip dd{margin:0;font-size:1.5rem;font-weight:650;line-height:1.2;font-variant-numeric:tabular-nums}
.questions{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:0 2rem;
padding:.25rem 1.5rem 1.25rem}
.figures,.pair,.facts-grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1.25rem;
align-items:start}
.figures{margin-bottom:1.5rem}
.pair>*,.figures>*,.facts-grid>*{min-width:0}
figure{margin:0}
figure img{display:block;width:100%;height:auto;background:#fff;border-radius:.5rem}
@media (prefers-color-scheme:dark){figure img{padding:.25rem}}
figcaption{font-size:.875rem;margin:.5rem 0 0;max-width:46rem}
.scroll{overflow-x:auto;background:linear-gradient(90deg,var(--paper) 40%,transparent) 0 0/2rem 100% no-repeat local,
linear-gradient(270deg,var(--paper) 40%,transparent) 100% 0/2rem 100% no-repeat local,
linear-gradient(90deg,var(--line),transparent) 0 0/.75rem 100% no-repeat,
linear-gradient(270deg,var(--line),transparent) 100% 0/.75rem 100% no-repeat}
table{border-collapse:collapse;min-width:min(100%,34rem);font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.875rem;padding:0 0 .25rem}
th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem .4rem;border-bottom:1px solid var(--line);
unicode-bidi:isolate}
code{font:.95em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.above{margin:0 0 .35rem}
thead th{font-weight:600;color:var(--soft);vertical-align:bottom;white-space:nowrap}
tbody th{font-weight:600}
.number{text-align:right}
td.number{white-space:nowrap}
.chosen>*{background:var(--pick)}
.facts{table-layout:fixed;width:100%;min-width:0}
.facts th{width:42%;padding-left:0;font-weight:500}
.facts td{overflow-wrap:anywhere;padding-right:0}
.facts caption,.facts-grid h3{font-weight:650;color:var(--ink);font-size:1rem}
.facts+.facts,.facts-grid h3,.facts-grid ul+.facts{margin-top:1.5rem}
summary{cursor:pointer;padding:.3rem 0;color:var(--link)}
details{margin:.75rem 0}
footer{font-size:.875rem;padding-bottom:2rem}
@media (max-width:40rem){header,main,footer{padding:0 .75rem}section,.verdict{padding:1.1rem 1rem}
.questions{padding:.1rem 1rem 1rem}.facts th{width:52%}
.strip{grid-template-columns:repeat(auto-fit,minmax(6.2rem,1fr))}.strip dd{font-size:1.25rem}}
@media print{:root{--paper:#fff;--ground:#fff;--ink:#000;--soft:#333;--line:#bbb}body{font-size:10pt}
nav,.skip{display:none}section{border:0;padding:0;margin:1rem 0}#answer{overflow:visible}figure,tr,.verdict{break-inside:avoid}
h2,h3{break-after:avoid}.scroll{overflow:visible}.figures,.pair{grid-template-columns:1fr 1fr}}
"""
