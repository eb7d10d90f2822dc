"""One self-contained HTML file about a LoopResult: the answer first, then what it rests on, then what would repeat it.

It shows the record with pictures; nothing is in the page that is not in the record, the diagrams or the per-point results.

Long because each section of the page has a function here, and all of them say it in one voice.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import resources
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spectral_ph import _check, files
from spectral_ph._types import Settings
from spectral_ph.cells.genes import BINS
from spectral_ph.loops.result import LoopResult
from spectral_ph.report import markup
from spectral_ph.report.record import record

GENE_COLUMNS = ("gene", "q_value", "amplitude", "r_squared_held_out", "r_squared", "peak")
"""What the table of genes shows; the record holds all columns."""

MAX_GENES = 30
"""Genes that the heat map draws, the surest ones; the record holds more."""

WHOSE = {"distance": "Distance", "graph": "Neighbour graph", "homology": "Homology", "loops": "Loops"}
"""What the page calls those whose settings it shows."""

STYLE = resources.files("spectral_ph.report").joinpath("style.css").read_text(encoding="utf-8")


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

    See Also
    --------
    write_report, record

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> sph.report.html(R)[:15]
    '<!DOCTYPE html>'
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

    See Also
    --------
    html, from_anndata

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=10, sigma=0.1)
    >>> R = sph.find_loops(X, splits=0)
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sph.report.write_report(pathlib.Path(folder) / "report.html", R)
    """
    if hasattr(result, "uns"):
        raise _check.WrongTypeError(
            "this is an AnnData, but the report is about a LoopResult. Pass the AnnData to spectral_ph.report.from_anndata, once "
            "spectral_ph.tl.loops has seen it."
        )
    files.write_text(path, html(result, **arguments))


def _page(title: str, result: LoopResult, said: Settings, layout: ArrayLike | None, layout_name: str) -> str:
    things = said["things"]
    sections = [
        _answer(result, said),
        _loop_section(result, said, layout, layout_name),
        _label_section(result, said),
        _gene_section(said),
        _pursued_section(result, said),
        _confounder_section(said),
        markup.section(
            "warnings",
            "Warnings",
            markup.bullets(said["warnings"]) if said["warnings"] else "<p>There were none.</p>",
        ),
        _tried_section(said),
        _repeat_section(said),
    ]
    about = said["input"].get("source", f"{result.persistence.n_points} {things}")
    links = [
        ("answer", "Answer"),
        ("loop", "Loop"),
        ("labels", "Labels" if said["labels"] else "Zero of the phase"),
        ("genes", "Genes"),
        ("pursued", "Loop pursuit"),
        ("confounders", "Confounders"),
        ("warnings", "Warnings"),
        ("tried", "Settings tried"),
        ("repeat", "To repeat it"),
    ]
    return document(title, about, links, sections, said.get("versions", {}).get("spectral_ph", ""))


def docs_address() -> str:
    """Return the address of the documentation that the installed package names in [project.urls]; "" if it names none."""
    try:
        named = metadata("spectral_ph").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    known = {label.strip().casefold(): address.strip() for label, _, address in (one.partition(",") for one in named)}
    address = known.get("documentation", known.get("homepage", ""))
    return address if address.startswith(("https://", "http://")) else ""


def _docs_link() -> str:
    address = docs_address()
    return f' <a href="{markup.text(address)}">How to read it</a> is in the documentation.' if address else ""


def document(title: str, about: str, links: list[tuple[str, str]], sections: list[str], version: str) -> str:
    """Return a whole page of sections.

    Parameters
    ----------
    title : heading. about : a line below it. links : name of a section and what the menu calls it. sections : parts of the page,
        some of them empty. version : of spectral_ph.
    """
    there = "".join(sections)
    menu = "".join(
        f'<li><a href="#{name}">{markup.text(label)}</a></li>' for name, label in links if f'id="{name}"' in there
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{markup.text(title)}</title><style>\n{STYLE}</style></head>\n"
        '<body><a class="skip" href="#main">Skip to the answer</a>'
        f'<header><h1>{markup.text(title)}</h1><p class="about">{markup.text(about)}</p>'
        f'<nav aria-label="Sections"><ul>{menu}</ul></nav></header>\n'
        f'<main id="main" tabindex="-1">{there}</main>\n'
        f"<footer><p>Made by spectral_ph {markup.text(version)}. The numbers of this "
        f"page are in result.json where the command line wrote it.{_docs_link()}</p></footer></body></html>\n"
    )


def _answer(result: LoopResult, said: Settings) -> str:
    first, *others = said["in_words"]
    headline, reason = first["answer"]
    loop = said["loops"][result.shown[0]] if said["loops"] else None
    numbers = {
        "p‑value": "–" if result.p_value is None else markup.number(result.p_value),
        "agreement of halves": "–" if result.agreement is None else f"{result.agreement:.2f}",
        said["things"]: f"{result.persistence.n_points:,}",
    }
    if loop is not None:
        numbers |= {"near the loop": f"{loop['n_on_loop']:,}"}
        if loop["inside"] is not None:
            numbers |= {"inside it": f"{100 * loop['inside']:.0f} %"}
    strip = "".join(
        f"<div><dt>{markup.text(name)}</dt><dd>{markup.text(value)}</dd></div>" for name, value in numbers.items()
    )
    questions = "".join(
        f"<div><h3>{markup.text(part['question'])}</h3>"
        + (markup.bullets(part["answer"]) if len(part["answer"]) > 1 else f"<p>{markup.text(part['answer'][0])}</p>")
        + "</div>"
        for part in others
    )
    kind = result.verdict.replace(" ", "-")
    return (
        f'<section id="answer" aria-labelledby="answer-h"><div class="verdict {kind}">'
        f'<h2 id="answer-h">{markup.text(headline)}</h2><p>{markup.text(reason)}</p><dl class="strip">{strip}</dl></div>'
        f'<div class="questions">{questions}</div></section>'
    )


def _loop_section(result: LoopResult, said: Settings, layout: ArrayLike | None, layout_name: str) -> str:
    from spectral_ph import plot

    things, P = said["things"], result.persistence
    figures = []
    if result.loops:
        which = result.shown[0]
        top = result.loops[which]
        if layout is not None:
            figures.append(
                markup.figure(
                    lambda f: plot.loop(result, layout, which=which, ax=f.add_subplot()),
                    f"Scatter plot of {P.n_points} {things} on {layout_name}, coloured by phase. A smooth "
                    "closed line through them is the loop.",
                    f"The {things} on {layout_name}, coloured by phase. The line is their mean along the loop that was "
                    "found. It was found in all dimensions, so in the plane it may cross itself.",
                )
            )
        counts = np.histogram(top.phase[top.domain], BINS, (0, 2 * np.pi))[0]
        figures.append(
            markup.figure(
                lambda f: plot.phase(result, which=which, ax=f.add_subplot(projection="polar"), bins=BINS),
                f"Round histogram of the phase: from {counts.min()} to {counts.max()} {things} in each of {BINS} equal "
                "intervals.",
                f"How many {things} are where along the loop. The dashed circle is an even spread.",
            )
        )
    h1 = P[1] if len(P) > 1 else np.empty((0, 2))
    longest = f" The longest lives from {markup.number(h1[0, 0])} to {markup.number(h1[0, 1])}." if len(h1) else ""
    figures.append(
        markup.figure(
            lambda f: plot.diagram(result, ax=f.add_subplot()),
            f"Persistence diagram with {len(h1)} features of degree 1 (loops).{longest}",
            "Persistence diagram: each mark is a feature, born at one distance and gone at another. Triangles are loops; "
            "one far above the diagonal stands out from noise.",
        )
    )
    figures.append(
        markup.figure(
            lambda f: plot.barcode(result, ax=f.add_subplot(), dimensions=[1] if len(P) > 1 else None, max_bars=20),
            f"Barcode of the longest features of degree 1.{longest}",
            "The longest loops as bars from birth to death. One bar much longer than the rest is one clear loop.",
        )
    )
    reasons = [f"Loop {k}: {row['reason']}" for k, row in enumerate(said["loops"][1:], start=2) if row["reason"]]
    return markup.section(
        "loop",
        "The loop" if result.verdict == "loop" else "The feature with the most evidence",
        f'<div class="figures">{"".join(figures)}</div>',
        _loop_table(said["loops"]),
        markup.bullets(reasons) if reasons else "",
    )


def _loop_table(loops: list[Settings]) -> str:
    if not loops:
        return ""
    columns = (
        "verdict",
        "p_value",
        "evidence",
        "agreement",
        "prominence",
        "relief",
        "inside",
        "core",
        "birth",
        "death",
        "persistence",
        "score",
        "n_on_loop",
        "median_spread",
    )
    used = ["loop", *(name for name in columns if any(row[name] is not None for row in loops))]
    return markup.table(
        [{"loop": k, **row} for k, row in enumerate(loops, start=1)],
        "Features of degree 1, those with the most evidence first. Inside: the share of points in the middle, where an even "
        "filling would hold 25 %. Core: how densely points lie about the very middle, over an even filling. Phase ±: its "
        "median uncertainty over the halves.",
        used,
    )


def _label_section(result: LoopResult, said: Settings) -> str:
    from spectral_ph import plot

    parts, anchor = [], said["anchor"]
    if isinstance(anchor, dict):
        facts = markup.facts(anchor, "Zero and direction of the phase")
        parts.append(f"<details><summary>How zero and direction were chosen</summary>{facts}</details>")
    for label in said["labels"]:
        name = label["name"]
        if label["kind"] == "categories" and label["groups"]:
            groups = label["groups"]
            picture = markup.figure(
                lambda f, groups=groups: plot.phase_rows(  # type: ignore[misc]
                    [g["counts"] for g in groups],
                    [f"{markup.short(g['category'])} ({g['n']})" for g in groups],
                    ax=f.add_subplot(),
                ),
                f"Histograms of the phase, one for each of {len(groups)} groups of {name}.",
                f"Phase by {name}: one row of bars a group, each to its own scale.",
                (4.6, 1.0 + 0.4 * len(groups)),
            )
            table = markup.table(
                groups,
                f"{name}: mean phase of each group, and how concentrated it is (1: all at one phase, 0: spread evenly).",
                ("category", "n", "mean_phase", "concentration"),
            )
        elif label["kind"] == "numbers":
            rows = [{"interval": k, **row} for k, row in enumerate(label["bins"], start=1)]
            picture = markup.figure(
                lambda f, rows=rows, name=name: plot.phase_band(  # type: ignore[misc]
                    [r["lower_quartile"] for r in rows],
                    [r["median"] for r in rows],
                    [r["upper_quartile"] for r in rows],
                    markup.short(name),
                    ax=f.add_subplot(),
                ),
                f"Line of the median of {name} along the phase, with a band between its quartiles.",
                f"{name} along the loop: median, and the band that holds the middle half.",
                (4.6, 2.8),
            )
            table = (
                f"<details><summary>Numbers of {markup.text(name)}</summary>"
                + markup.table(rows, f"{name} in {len(rows)} equal intervals of the phase.")
                + "</details>"
            )
        elif label["kind"] == "angles":
            rows = [{"interval": k, **row} for k, row in enumerate(label["bins"], start=1)]
            picture = markup.figure(
                lambda f, rows=rows: plot.phase_ring(  # type: ignore[misc]
                    [r["mean_angle"] for r in rows], ax=f.add_subplot(projection="polar")
                ),
                f"Ring of {len(rows)} intervals of the phase, in the colours of the mean {name} in each.",
                f"Outer ring: the circular mean of {name} along the loop. Inner ring: its colours from 0 to 2π. Where the "
                "colours go round alike, or the other way round, the two orders are the same.",
            )
            agreement = label["agreement"]
            table = (
                f"<p>Agreement of the two orders: {'–' if agreement is None else f'{agreement:.2f}'} (1: the same up to turn and "
                f"direction, 0: no relation). {markup.text(name)} is taken as an angle in radians, for it is called one.</p>"
                f"<details><summary>Numbers of {markup.text(name)}</summary>"
                + markup.table(rows, f"{name} in {len(rows)} equal intervals of the phase, means as angles.")
                + "</details>"
            )
        else:
            parts.append(f"<p>{markup.text(name)}: nothing to show along the loop.</p>")
            continue
        missing = (
            f"<p>{label['missing']} {markup.text(said['things'])} have no {markup.text(name)}.</p>"
            if label["missing"]
            else ""
        )
        parts.append(f'<h3>{markup.text(name)}</h3><div class="pair">{picture}<div>{table}{missing}</div></div>')
    heading = "Phase against known labels" if said["labels"] else "Zero and direction of the phase"
    return markup.section("labels", heading, *parts) if parts else ""


def _gene_section(said: Settings) -> str:
    from spectral_ph import plot

    test, heat = said["gene_test"], said["gene_heatmap"]
    if not test:
        return ""
    rate = f"a false-discovery rate of {test['false_discovery_rate']:g}"
    how_many = (
        f"{test['following']:,} of {test['tested']:,} tested genes follow the loop at {rate}."
        if test["following"]
        else f"None of the {test['tested']:,} tested genes follows the loop at {rate}."
    )
    rows = said["genes"]
    if not rows:
        return markup.section("genes", "Genes that follow the loop", f"<p>{markup.text(how_many)}</p>")
    things = said["things"]
    # The surest genes are drawn, in the order of their peaks, so that the picture runs along the loop.
    drawn = sorted(range(min(MAX_GENES, len(rows))), key=lambda k: rows[k]["peak"])
    names = [heat["names"][k] for k in drawn]
    most = f"The {len(names)} surest of {test['following']:,}. " if test["following"] > len(names) else ""
    picture = markup.figure(
        lambda f: plot.phase_heatmap(
            heat["values"][drawn],
            [markup.short(name) for name in names],
            phases=heat["phases"],
            things=things,
            ax=f.add_subplot(),
        ),
        f"Heat map of {len(names)} genes along the phase: {', '.join(names[:5])} and so on.",
        f"Mean expression along the loop, each gene from its lowest to its highest. Every column holds equally many "
        f"{things}. {most}",
        (4.6, 1.3 + 0.22 * len(names)),
    )
    held_out = "r_squared_held_out" in rows[0]
    columns = [c for c in GENE_COLUMNS if c in rows[0] and not (held_out and c == "r_squared")]
    table = markup.table(rows, "Genes that follow the loop, the surest first.", columns)
    return markup.section(
        "genes",
        "Genes that follow the loop",
        f"<p>{markup.text(how_many)}</p>",
        f'<div class="pair">{picture}{table}</div>',
    )


def _confounder_section(said: Settings) -> str:
    note = said["confounders_note"]
    if not said["confounders"] and not note:
        return ""
    return markup.section(
        "confounders",
        "Could it be something else?",
        f"<p>{markup.text(note)}</p>"
        if note
        else markup.table(said["confounders"], "How strongly each of these goes with the phase."),
    )


def _tried_section(said: Settings) -> str:
    if not said["tried"]:
        return ""
    last = ("evidence", "agreement", "prominence", "chosen")
    keys = list(dict.fromkeys(key for row in said["tried"] for key in row))
    columns = [key for key in keys if key not in last] + [key for key in last if key in keys]
    return markup.section(
        "tried",
        "Settings that were tried",
        "<p>No truth was used: the setting is kept for which independent halves of the data give the most evidence.</p>"
        if len(said["tried"]) > 1
        else "",
        markup.table(said["tried"], "One row a setting, with what the halves say.", columns),
    )


SHOWN_GENES = 40
"""Rows of the table of pursued genes."""


def _pursued_section(result: LoopResult, said: Settings) -> str:
    found = result.pursued
    if found is None:
        return ""
    from spectral_ph import plot

    things = said["things"]
    parts = [f"<p>{markup.text(found.reason)}</p>"]
    if len(found.phase):
        picture = markup.figure(
            lambda f: plot.pursued(result, ax=f.add_subplot()),
            f"Scatter plot of {len(found.phase)} {things} in the genes that were chosen, coloured by phase, with a smooth "
            "closed line through them.",
            f"The {things} in the principal components of {len(found.genes)} chosen genes, turned so that the loop lies in "
            "the plane. The genes were chosen because they follow a phase, so they show a ring more readily than others.",
        )
        genes = said["pursued"]["genes"][:SHOWN_GENES]
        table = markup.table(
            [{"gene": row["gene"], "chosen": row["share"], "explained": row["explained"]} for row in genes],
            f"The first {len(genes)} of the {len(found.genes)} genes. Chosen: by which share of the halves of the {things}. "
            "Explained: share of its variance that goes with the phase.",
            ["gene", "chosen", "explained"],
        )
        parts.append(f'<div class="pair">{picture}{table}</div>')
    return markup.section("pursued", "Loop pursuit", *parts)


def _repeat_section(said: Settings) -> str:
    left = [markup.facts(said["input"], "Input")] if said["input"] else []
    if said["preparation"]:
        left.append("<h3>Preparation</h3>" + markup.bullets(said["preparation"]))
    run = {name: said.get(name) for name in ("command", "seed", "engine") if said.get(name) is not None}
    left += [markup.facts(run, "Run"), markup.facts(said.get("versions", {}), "Versions", as_typed=True)]
    right = "".join(
        markup.facts(values, WHOSE.get(name, name), as_typed=True)
        for name, values in said["settings"].items()
        if isinstance(values, Mapping)
    )
    rest = {name: value for name, value in said["settings"].items() if not isinstance(value, Mapping)}
    right += markup.facts(rest, "Whole run", as_typed=True) if rest else ""
    return markup.section(
        "repeat", "To repeat it", f'<div class="facts-grid"><div>{"".join(left)}</div><div>{right}</div></div>'
    )
