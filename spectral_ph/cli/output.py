"""What a command writes into its folder, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import spectral_ph as sph
from spectral_ph import _check, files, report
from spectral_ph._types import FloatArray
from spectral_ph.cells import about as cells
from spectral_ph.cells.about import AboutLoop
from spectral_ph.cells.expression import Expression
from spectral_ph.cells.preprocess import Preprocessed
from spectral_ph.loops.result import versions

if TYPE_CHECKING:
    from spectral_ph.embedding.report import EmbeddingReport


FATE = ("loop", "word", "agreement", "hole")
"""Columns of the table of what became of loops in a layout."""


FORMAT = 1
"""Version of the layout of result.json; docs/reference/result.schema.json says what is in it."""


def about(table: files.Table, prepared: Preprocessed | None) -> dict[str, Any]:
    """Return what was read, and what was done to it first."""
    return {
        "input": {"source": table.source, "sha256": table.sha256, "shape": list(table.X.shape)},
        "preparation": list(prepared.steps) if prepared is not None else [],
    }


def read_from(table: files.Table, prepared: Preprocessed | None) -> dict[str, Any]:
    """Return the same by the names that `report.record` has for it."""
    read = about(table, prepared)
    return {"input_facts": read["input"], "preparation": read["preparation"]}


def made_by(command: str, seed: int) -> dict[str, Any]:
    """Return what repeats the run beside its settings."""
    return {"format": FORMAT, "command": command, "seed": seed, "versions": versions()}


def by_label(labels: dict[str, Any]) -> dict[str, Any]:
    """Return labels by the columns that they get in the table of points."""
    return {f"label_{name}": values for name, values in labels.items()}


def write_loops(
    folder: Path,
    record: dict[str, Any],
    R: sph.LoopResult,
    names: list[str],
    layout: FloatArray,
    more: dict[str, Any],
    about: AboutLoop | None = None,
) -> None:
    """Write record, diagram, the tables of points, genes and confounders, and the pictures of the loops into a folder."""
    files.write_json(folder / "result.json", record)
    write_diagram(folder, R.persistence)
    columns: dict[str, Any] = {"cell": names}
    for k, loop in enumerate(R.loops, start=1):
        columns |= {f"phase_{k}": loop.phase, f"in_domain_{k}": loop.domain, f"place_on_cycle_{k}": loop.places}
    files.write_csv(folder / "cells.csv", columns | more)
    _write_about(folder, about)
    _write_pursued(folder, R, names)
    if R.loops:
        from spectral_ph import plot

        _save(plot.loop(R, layout), folder / "loop.png")
        _save(plot.phase(R), folder / "phase.png")


def about_result(
    R: sph.LoopResult, expression: Expression | None, properties: dict[str, Any], seed: int
) -> tuple[sph.LoopResult, AboutLoop | None, list[str]]:
    """Return the result with its phases turned, what is known about its loop beside its shape, and what was warned about."""
    if expression is None and not properties:
        return R, None, []
    nothing = Expression.of(None, ())
    with _check.collected() as said:
        R, about = cells.about_result(
            R,
            nothing if expression is None else expression,
            genes=expression is not None,
            anchor=expression is not None,
            properties=properties,
            random_state=seed,
        )
    return R, about, said


def _write_about(folder: Path, about: AboutLoop | None) -> None:
    """Write the tables of genes and of confounders into a folder."""
    if about is not None and about.genes is not None:
        files.write_csv(folder / "genes.csv", about.gene_columns())
    if about is not None and about.confounders:
        files.write_csv(folder / "confounders.csv", about.confounder_columns())


def _write_pursued(folder: Path, R: sph.LoopResult, names: list[str]) -> None:
    """Write the genes of a loop that was pursued, and the cells as it is seen in them, into a folder."""
    found = R.pursued
    if found is None or not len(found.phase):
        return
    rows = found.gene_rows()
    files.write_csv(folder / "pursued_genes.csv", {name: [row[name] for row in rows] for name in rows[0]})
    axes = {f"component_{k}": found.layout[:, k - 1] for k in range(1, found.layout.shape[1] + 1)}
    files.write_csv(folder / "pursued_cells.csv", {"cell": names, "phase": found.phase, **axes})


def write_diagram(folder: Path, P: sph.Persistence) -> None:
    """Write the diagram as a table and as pictures into a folder."""
    from spectral_ph import plot

    records = P.to_records()
    files.write_csv(folder / "diagram.csv", {name: records[name] for name in records.dtype.names or ()})
    _save(plot.diagram(P), folder / "diagram.png")
    _save(plot.barcode(P), folder / "barcode.png")


def write_page(
    folder: Path, R: sph.LoopResult, source: str, layout: FloatArray, layout_name: str, facts: dict[str, Any]
) -> None:
    """Write the report into a folder."""
    report.write_report(
        folder / "report.html",
        R,
        title=f"Is there a loop in {source}?",
        layout=layout,
        layout_name=layout_name,
        **facts,
    )


def embedding_record(name: str, model: Any, told: EmbeddingReport | None, said: list[str]) -> dict[str, Any]:
    """Return what is to be said about a layout beside its coordinates."""
    record: dict[str, Any] = {"embedding": name, "settings": model.settings_, "warnings": list(dict.fromkeys(said))}
    if told is not None:
        record |= {"verdict": told.verdict, "loops": told.to_records(), **told.measures()}
    return record


def write_embedding(
    folder: Path, name: str, layout: FloatArray, names: list[str], told: EmbeddingReport | None
) -> None:
    """Write a layout as a table and as a picture, and the fates of the loops, into a folder."""
    from spectral_ph import plot

    columns: dict[str, Any] = {"cell": names}
    columns |= {f"dimension_{k}": values for k, values in enumerate(layout.T, start=1)}
    files.write_csv(folder / "embedding.csv", columns)
    if told is not None:
        rows = told.to_records()
        files.write_csv(folder / "loops.csv", {key: [row[key] for row in rows] for key in FATE})
    _save(
        plot.embedding(layout, title=name if told is None else f"{name} (verdict: {told.verdict})"),
        folder / "embedding.png",
    )


def _save(ax: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    ax.figure.savefig(path, dpi=160)
    plt.close(ax.figure)


def not_written(error: OSError) -> str:
    """Return the sentence about a file, or about standard output, that took no more."""
    why = error.strerror or str(error)
    if error.filename is None:
        return f"what was to be printed could not be written ({why}). Check where the output goes."
    return f"{error.filename} could not be used ({why}). Check that it can be read and written, and that there is room."


def say_steps(prepared: Preprocessed | None) -> None:
    """Print what was done to the data first."""
    for step in prepared.steps if prepared is not None else ():
        click.echo(f"  - {step}")


def say_result(R: sph.LoopResult) -> None:
    """Print the verdict and the loops."""
    click.echo(f"Verdict: {R.verdict}.")
    click.echo(R.reason)
    if R.pursued is not None:
        click.echo(R.pursued.reason)
    for k, loop in enumerate(R.loops, start=1):
        click.echo(
            f"Loop {k}: born at {loop.birth:.3g}, dies at {loop.death:.3g} (persistence {loop.persistence:.3g}, score "
            f"{loop.score:.2f}); its cycle passes through {len(loop.cycle)} points."
        )


def say_loops(
    table: files.Table,
    prepared: Preprocessed | None,
    R: sph.LoopResult,
    about: AboutLoop | None,
    out: Path | None,
    record: dict[str, Any] | None,
) -> None:
    """Print what was read and done, the verdict, and which files were written; or only a record, as JSON."""
    if record is not None:
        click.echo(files.to_json(record))
        return
    click.echo(f"Read {table.source}.")
    say_steps(prepared)
    say_result(R)
    if about is not None and about.confounders_note:
        click.echo(about.confounders_note)
    say_written(out)


def say_written(out: Path | None) -> None:
    """Print which files were written."""
    if out is not None:
        click.echo(f"Wrote {out}/: {', '.join(sorted(p.name for p in out.iterdir() if p.name != files.MARKER))}")
