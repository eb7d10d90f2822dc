"""The building blocks of the page: escaped text, numbers as people read them, tables, sections and pictures."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 50
"""Rows of a table that are shown; the record holds all."""

MANY_POINTS = 1500
"""From this many points on, a scatter plot is drawn as an image: as paths it would be larger."""

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
    "distance_correlation": "Distance to the loop (Spearman)",
    "agreement": "Agreement",
    "evidence": "Evidence",
    "prominence": "Prominence",
    "relief": "Relief",
    "inside": "Inside",
    "core": "Core",
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
    "genes_following": "Genes that follow",
    "sha256": "SHA‑256",
    "lower_quartile": "Lower quartile",
    "upper_quartile": "Upper quartile",
    "mean_phase": "Mean phase (rad)",
    "mean_angle": "Mean angle (rad)",
    "concentration": "Concentration",
}
"""Headings of columns; any other name is shown with its underscores as spaces."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def text(value: object) -> str:
    """Return text for HTML: escaped, and without the control characters that it cannot hold."""
    shown = "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in str(value))
    return html.escape(shown, quote=True)


def number(value: float) -> str:
    """Return a number with three digits, a very small or large one as a power of ten."""
    if not np.isfinite(value):
        return "–" if np.isnan(value) else "∞" if value > 0 else "−∞"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{float(f'{value:.3g}'):,.10g}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(power)).translate(RAISED)}"


SURELY = 1e-10
"""Below it a p-value is not told apart from 0: its tail was never measured so far out."""


def probability(value: object) -> str:
    """Return a p-value or q-value as people read it; any other value as `shown` returns it."""
    if isinstance(value, (float, np.floating)) and 0 <= value < SURELY:
        return f"< 10{'-10'.translate(RAISED)}"
    return shown(value)


def shown(value: object) -> str:
    """Return any value of the record as people read it, not yet escaped."""
    if value is None or (isinstance(value, str) and not value):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{int(value)}"
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) or "none"
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(shown(v) for v in value) or "none"
    return str(value)


def header(name: str) -> str:
    """Return the heading of a column of the record."""
    if len(name) == 1 and name not in HEADERS:
        return name  # a symbol, such as t
    return HEADERS.get(name) or sentence(name.replace("_", " "))


def table(rows: Sequence[Mapping[str, Any]], caption: str, columns: Sequence[str] | None = None) -> str:
    """Return dicts as a table: a column for every key, numbers to the right, in a box that scrolls if it is wide."""
    if columns is None:
        columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = {c for c in columns[1:] if all(_is_number(row.get(c)) for row in rows)}
    sort = {c: ' class="number"' if c in numeric else "" for c in columns}
    if len(rows) > MAX_ROWS:
        caption += f" The first {MAX_ROWS} of {len(rows)}; all are in the file for machines."
    head = "".join(f'<th scope="col"{sort[c]}>{text(header(c))}</th>' for c in columns)
    lines = []
    for row in rows[:MAX_ROWS]:
        cells = [f"<td{sort[c]}>{text(_as_in(c, row.get(c)))}</td>" for c in columns[1:]]
        first = f'<th scope="row">{text(shown(row.get(columns[0])))}</th>'
        chosen = ' class="chosen"' if row.get("chosen") is True else ""
        lines.append(f"<tr{chosen}>{first}{''.join(cells)}</tr>")
    return (
        f'<figure><figcaption class="above">{text(caption)}</figcaption><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{text(caption)}"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        "</figure>"
    )


def _as_in(column: str, value: object) -> str:
    """Return a value of a column of the record as people read it."""
    return probability(value) if column.endswith(("p_value", "q_value")) or column in ("p", "q") else shown(value)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float, np.number)) and not isinstance(value, bool))


def facts(pairs: Mapping[str, Any], caption: str, as_typed: bool = False) -> str:
    """Return names and values as a table; names that one types are shown as they are typed."""
    rows = "".join(
        f'<tr><th scope="row">{f"<code>{text(name)}</code>" if as_typed else text(header(str(name)))}</th>'
        f"<td>{text(_as_in(str(name), value))}</td></tr>"
        for name, value in pairs.items()
    )
    return f'<table class="facts"><caption>{text(caption)}</caption><tbody>{rows}</tbody></table>'


def bullets(sentences: Iterable[object]) -> str:
    """Return sentences as a list of points."""
    return "<ul>" + "".join(f"<li>{text(sentence)}</li>" for sentence in sentences) + "</ul>"


def section(name: str, heading: str, *parts: str) -> str:
    """Return a section with its heading, to be linked to by its name."""
    body = "".join(parts)
    return f'<section id="{name}" aria-labelledby="{name}-h"><h2 id="{name}-h">{text(heading)}</h2>{body}</section>'


def figure(draw: Callable[[Any], Axes], alt: str, caption: str, size: tuple[float, float] = (4.6, 3.8)) -> str:
    """Return a picture as part of the page; `draw` gets a figure and draws on it."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

    stream = io.StringIO()
    # A fixed salt, and no date: the same result gives the same file.
    style: Any = {"font.size": 10.5, "svg.fonttype": "path", "svg.hashsalt": "spectral_ph", "text.usetex": False}
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
        f'<figure><img src="{source}" alt="{text(alt)}" width="{width}" height="{height}">'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def sentence(words: object) -> str:
    """Return words with a capital first letter."""
    return str(words)[:1].upper() + str(words)[1:]


def short(name: str, most: int = 22) -> str:
    """Return a name that fits beside a picture, without what a picture cannot hold."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return shown if len(shown) <= most else shown[: most - 1] + "…"
