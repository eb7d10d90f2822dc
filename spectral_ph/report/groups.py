"""The page about groups of cells: a table of all, then a section for each group with a loop."""

from __future__ import annotations

import warnings
from typing import Any

from spectral_ph import plot, stored
from spectral_ph.report import markup
from spectral_ph.report.page import GENE_COLUMNS, document
from spectral_ph.stored.groups import of_group, summary_of

MAX_GENES = 15
"""Genes in the table of a group; the AnnData holds all."""
COLUMNS = (
    "group",
    "cells",
    "verdict",
    "p_value",
    "q_value",
    "agreement",
    "genes_following",
    "top_genes",
    "confounders",
)


def html_of_groups(adata: Any, key: str, basis: str | None, title: str) -> str:
    """Return the page about a result in groups.

    Parameters
    ----------
    adata : AnnData that `spectral_ph.tl.loops` has seen with `groupby`.
    key : name of the result.
    basis : key of obsm to draw the cells on; None: the first of the usual ones there is, or no such picture.
    title : heading of the page.

    Returns
    -------
    str, a whole HTML document.

    Raises
    ------
    InputError : no such result or layout.
    """
    kept = summary_of(adata, key)
    rows = kept["groups"]["summary"].to_dict("records")
    called = [row for row in rows if row["verdict"] == "loop"]
    looked = [row for row in rows if row["verdict"] != "not looked at"]
    groupby = str(kept["groupby"])
    drawn = basis is not None or any(name in adata.obsm for name in stored.LAYOUTS)
    names = ", ".join(row["group"] for row in called)
    headline = f"A loop was found in {len(called)} of {len(looked)} groups of {groupby}" + (
        f": {names}." if called else "."
    )
    sections = [_answer(headline, rows, kept)]
    links = [("answer", "Answer"), ("groups", "Every group")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        for k, row in enumerate(called):
            sections.append(_group(adata, key, row, basis, drawn, f"group-{k + 1}"))
            links.append((f"group-{k + 1}", row["group"]))
    version = {str(name): str(one) for name, one in kept["versions"].items()}
    return document(title, f"{adata.n_obs:,} cells, by {groupby}", links, sections, version.get("spectral_ph", ""))


def _answer(headline: str, rows: list[dict[str, Any]], kept: Any) -> str:
    tested = [row for row in rows if row["q_value"] == row["q_value"]]
    least = (
        f"With {len(tested)} groups, the smallest q-value that one group alone could have is {markup.number(kept['least_q'])}; "
        "it is smaller where several groups have small p-values."
        if tested
        else "No group has a p-value."
    )
    shown = [{name: None if row[name] != row[name] else row[name] for name in COLUMNS} for row in rows]
    table = markup.table(
        shown,
        "Every group: its verdict, p-value, and q-value (Benjamini and Hochberg over the groups); genes that follow its loop or "
        "feature, the surest first; what the phase goes with strongly.",
        COLUMNS,
    )
    kind = "loop" if any(row["verdict"] == "loop" for row in rows) else "no-loop"
    reasons = markup.bullets(f"{row['group']}: {row['reason']}" for row in rows)
    return (
        f'<section id="answer" aria-labelledby="answer-h"><div class="verdict {kind}">'
        f'<h2 id="answer-h">{markup.text(headline)}</h2><p>{markup.text(least)}</p></div></section>'
    ) + markup.section(
        "groups", "Every group", table, f"<details><summary>Why, group by group</summary>{reasons}</details>"
    )


def _group(adata: Any, key: str, row: dict[str, Any], basis: str | None, drawn: bool, name: str) -> str:
    one = of_group(adata, key, row["group"])
    result = stored.read_loops(one, key)
    cells = f"{row['cells']:,} cells"
    figures = []
    if drawn:
        what, layout = stored.read_layout(one, basis)
        figures.append(
            markup.figure(
                lambda f: plot.loop(result, layout, ax=f.add_subplot()),
                f"Scatter plot of {cells} on obsm[{what!r}], coloured by phase, with the loop as a line.",
                f"The {cells} of this group on obsm[{what!r}], coloured by phase.",
            )
        )
    figures.append(
        markup.figure(
            lambda f: plot.phase(result, ax=f.add_subplot(projection="polar")),
            f"Round histogram of the phase of {cells}.",
            "How many cells are where along the loop. The dashed circle is an even spread.",
        )
    )
    about = one.uns[key]
    tables = ""
    if "genes" in about and row["genes_following"]:
        genes = about["genes"].reset_index(names="gene").head(min(MAX_GENES, int(row["genes_following"])))
        columns = [
            c for c in GENE_COLUMNS if c in genes.columns and (c != "r_squared" or "r_squared_held_out" not in genes)
        ]
        tables = markup.table(
            genes.to_dict("records"), f"The surest of {row['genes_following']} genes that follow the loop.", columns
        )
    said = "" if not len(about["warnings"]) else "<h3>Warnings</h3>" + markup.bullets(about["warnings"])
    return markup.section(
        name,
        row["group"],
        f"<p>{markup.text(row['reason'])}</p>",
        f'<div class="figures">{"".join(figures)}</div>',
        tables,
        said,
    )
