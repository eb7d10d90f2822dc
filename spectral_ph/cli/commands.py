"""The commands: arguments -> pipeline -> files. No mathematics here."""

from __future__ import annotations

import functools
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, cast

import click

import spectral_ph as sph
from spectral_ph import _check, _log, files, report
from spectral_ph._types import EngineName, FloatArray, Settings, Spacing
from spectral_ph.cli import annotated, grouped, inputs, output
from spectral_ph.cli.options import (
    CHOSEN_DISTANCE,
    DEMO,
    DISTANCE,
    EMBEDDING,
    FETCH,
    H5AD,
    HOMOLOGY,
    INPUT,
    LOOPS,
    OUT,
    READ,
    READING,
    REPORT,
    RUNNING,
    TALKING,
    USING,
    Command,
    with_options,
)
from spectral_ph.cli.spelling import option, params
from spectral_ph.loops.coordinates import circular_agreement, to_ranks


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Run a command with its thread limit, show warnings as notes, and hand on how to read as one argument."""

    @functools.wraps(function)
    def wrapped(threads: int | None, quiet: bool, verbose: bool, **arguments: Any) -> None:
        from spectral_ph._numba import thread_limit

        if quiet and verbose:
            raise sph.InputError("--quiet and --verbose exclude each other. Leave one out.")
        _log.logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.NOTSET)
        if "path" in arguments:
            arguments["reading"] = {name: arguments.pop(name) for name in READ}
        with warnings.catch_warnings():
            warnings.showwarning = _note
            warnings.simplefilter("ignore" if quiet else "always", sph.SpectralWarning)
            try:
                with thread_limit(threads):
                    function(**arguments)
            except sph.InputError as error:  # spelled here, where it is known which command runs
                raise sph.InputError(error.spelled(option)) from error
            except BrokenPipeError as error:  # for which click has an exit code and no sentence
                raise sph.InputError(output.not_written(error)) from error
            finally:
                _log.logger.setLevel(logging.NOTSET)

    return wrapped


def _note(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"note: {message.spelled(option) if isinstance(message, sph.SpectralWarning) else message}", err=True)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sph.__version__, prog_name="spectral-ph")
@click.pass_context
def app(context: click.Context) -> None:
    """Find loops in noisy high-dimensional data by persistent homology with spectral distances."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _check_out(out: Path | None, overwrite: bool, asked: dict[str, bool] | None = None) -> None:
    """Refuse a folder that cannot be taken, and options that write a file where there is no folder for it."""
    if out is not None:
        files.check_output_folder(out, overwrite)
    for name, wanted in (asked or {}).items():
        if wanted and out is None:
            raise sph.InputError(f"{name} needs a folder to write to. Pass --out FOLDER.")


@app.command(cls=Command)
@with_options(INPUT, *READING, *USING, *CHOSEN_DISTANCE, *LOOPS, *OUT, *H5AD, *REPORT, *RUNNING)
@_command
def loops(
    path: Path,
    out: Path | None,
    overwrite: bool,
    write_h5ad: bool,
    as_report: bool,
    label: tuple[str, ...],
    confounder: tuple[str, ...],
    genes: str | None,
    pursue: str,
    start_gene: tuple[str, ...],
    basis: str | None,
    reading: dict[str, Any],
    preprocess: str,
    drop_empty: bool,
    distance: str,
    n_neighbors: int | None,
    splits: int | None,
    split_by: str | None,
    groupby: str | None,
    min_cells: int,
    level: float,
    max_points: int,
    at: float,
    spacing: str,
    metric: str,
    graph: bool,
    param: tuple[str, ...],
    threshold: float | None,
    n_loops: int,
    engine: str,
    seed: int,
    as_json: bool,
) -> None:
    """Find loops: which points go round them, and where each point stands.

    INPUT is .h5ad, .zarr, .h5 of 10x, .loom, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.
    """
    _check_out(out, overwrite, {"--report": as_report, "--write-h5ad": write_h5ad})
    if grouped.is_asked():
        grouped.run(path, reading, click.get_current_context().params)
        return
    pairwise = graph or "precomputed" in (distance, metric)
    table = _read(path, reading)
    preprocess = inputs.preparation(table, preprocess, reading["use_rep"], pairwise)
    points, prepared = inputs.points(table, preprocess, drop_empty, graph)
    rows = inputs.kept_rows(prepared, points.shape[0])
    labels = inputs.columns(path, "--label", label, rows)
    expression = inputs.expression(path, genes, table, preprocess, rows, reading["feature_type"], pairwise)
    others = inputs.depth(path, expression, rows, pairwise) | inputs.confounders(path, confounder, rows, pairwise)
    cells = annotated.cells(path, table, points, rows) if write_h5ad else None
    drawn = inputs.layout(path, basis, rows)
    with _log.step(f"finding loops of {len(rows)} {table.rows}"):
        R = sph.find_loops(
            **inputs.data(points, graph),
            distance=distance,
            n_loops=n_loops,
            engine=cast(EngineName, engine),
            threshold=threshold,
            at=at,
            spacing=cast(Spacing, spacing),
            splits=splits,
            split_by=inputs.column(path, "--split-by", split_by, rows),
            level=level,
            max_points=max_points,
            **inputs.pursuit(expression, pursue, start_gene, pairwise),
            random_state=seed,
            **inputs.given(n_neighbors=n_neighbors, metric=None if metric == "euclidean" else metric),
            **params(param),
        )
    R, about, said = output.about_result(R, expression, others, seed)
    things = "cells" if prepared or table.rows == "cells" else "points"
    facts: Settings = {"things": things, "labels": labels, "about": about, "more_warnings": said}
    facts |= output.read_from(table, prepared) | {"made_by": output.made_by("loops", seed)}
    record, names = report.record(R, **facts), inputs.kept_names(table, rows)
    if out is not None:
        drawn = drawn or inputs.flat(points, pairwise)
        with _log.step(f"writing {out}"), files.output_folder(out, overwrite=overwrite) as folder:
            output.write_loops(folder, record, R, names, drawn[0], output.by_label(labels), about)
            if cells is not None:
                annotated.write(folder / "cells.h5ad", cells, R, about, table, prepared, said)
            if as_report:
                output.write_page(folder, R, path.name, *drawn, facts)
    output.say_loops(table, prepared, R, about, out, record if as_json else None)


def _read(path: Path, reading: dict[str, Any]) -> files.Table:
    with _log.step(f"reading {path}") as gave:
        table = files.read(path, **reading)
        gave.append(table.source)
    return table


@app.command(cls=Command)
@with_options(INPUT, *READING, *USING, *DISTANCE, *HOMOLOGY, *OUT, *RUNNING)
@_command
def persistence(
    path: Path,
    out: Path | None,
    overwrite: bool,
    reading: dict[str, Any],
    preprocess: str,
    drop_empty: bool,
    distance: str,
    n_neighbors: int | None,
    metric: str,
    graph: bool,
    param: tuple[str, ...],
    threshold: float | None,
    maxdim: int,
    engine: str,
    coeff: int,
    method: str,
    n_landmarks: int,
    seed: int,
    as_json: bool,
) -> None:
    """Compute persistence diagrams.

    INPUT is .h5ad, .zarr, .h5 of 10x, .loom, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.
    """
    _check_out(out, overwrite)
    table = _read(path, reading)
    pairwise = graph or "precomputed" in (distance, metric)
    preprocess = inputs.preparation(table, preprocess, reading["use_rep"], pairwise)
    points, prepared = inputs.points(table, preprocess, drop_empty, graph)
    P = sph.persistence(
        **inputs.data(points, graph),
        distance=distance,
        n_neighbors=n_neighbors,
        metric=metric,
        maxdim=maxdim,
        engine=cast(EngineName, engine),  # any other name is refused with a sentence behind this door
        coeff=coeff,
        threshold=threshold,
        method=method,
        n_landmarks=n_landmarks,
        random_state=seed,
        **params(param),
    )
    record = output.about(table, prepared) | P.to_dict() | output.made_by("persistence", seed)
    if out is not None:
        with files.output_folder(out, overwrite=overwrite) as folder:
            files.write_json(folder / "result.json", record)
            output.write_diagram(folder, P)
    if as_json:
        click.echo(files.to_json(record))
        return
    click.echo(f"Read {table.source}.")
    output.say_steps(prepared)
    click.echo(repr(P))
    for k, diagram in enumerate(P):
        shown = diagram[: 5 if k else 3]
        if len(shown):
            click.echo(f"Longest in degree {k} (birth, death):")
            for birth, death in shown:
                click.echo(f"  {birth:.6g}  {death:.6g}")
    output.say_written(out)


@app.command(cls=Command)
@with_options(*TALKING)
@_command
def warmup() -> None:
    """Compile all kernels, so that the first real call need not: once per machine, or as an image is built.

    They are kept with the package, in the home folder, or in the folder that NUMBA_CACHE_DIR names.
    """
    from spectral_ph.cli.warmup import calls

    start = monotonic()
    for done in calls():
        _log.say(logging.INFO, f"compiled what is needed for {done} ({_log.since(start)})")
    click.echo("All kernels are compiled.")


@app.command(cls=Command)
@with_options(INPUT, *READING, *USING, *EMBEDDING, *OUT, *RUNNING)
@_command
def embed(
    path: Path,
    out: Path | None,
    overwrite: bool,
    reading: dict[str, Any],
    preprocess: str,
    drop_empty: bool,
    embedding: str,
    affinity: str | None,
    n_neighbors: int | None,
    graph: bool,
    param: tuple[str, ...],
    no_report: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Lay out the points in the plane, and say which loops the layout keeps, loses or invents.

    INPUT is .h5ad, .zarr, .h5 of 10x, .loom, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.
    """
    if graph and affinity not in (None, "graph"):
        raise sph.InputError(
            f"--graph says that INPUT is a graph, but --affinity is {affinity}. Leave one of them out."
        )
    _check_out(out, overwrite)
    table = _read(path, reading)
    pairwise = graph or affinity == "precomputed_distance"
    preprocess = inputs.preparation(table, preprocess, reading["use_rep"], pairwise)
    points, prepared = inputs.points(table, preprocess, drop_empty, graph)
    model = inputs.embedding(embedding, "graph" if graph else affinity, n_neighbors, params(param), seed)
    with _check.collected() as said:
        with _log.step(f"laying out {points.shape[0]} {table.rows} by {embedding}"):
            layout = model.fit_transform(points)
        told = None if no_report else inputs.embedding_report(points, layout, model.affinity, seed)
    record = output.about(table, prepared) | output.embedding_record(embedding, model, told, said)
    record |= output.made_by("embed", seed)
    if out is not None:
        rows = inputs.kept_rows(prepared, points.shape[0])
        with files.output_folder(out, overwrite=overwrite) as folder:
            files.write_json(folder / "result.json", record)
            output.write_embedding(folder, embedding, layout, inputs.kept_names(table, rows), told)
    if as_json:
        click.echo(files.to_json(record))
        return
    click.echo(f"Read {table.source}.")
    output.say_steps(prepared)
    click.echo(f"Laid out {len(layout)} points in {layout.shape[1]} dimensions ({embedding}).")
    if told is not None:
        click.echo(str(told))
    output.say_written(out)


@app.command(cls=Command)
@with_options(*FETCH, *TALKING)
@_command
def fetch(name: str | None, check: bool, unchecked: bool) -> None:
    """Load a public set of data, or list what there is.

    The file is kept in a cache, which SPECTRAL_PH_DATA can name. Its path is printed, with its licence and what to cite.
    """
    from spectral_ph.datasets import public

    if name is not None and not check:
        click.echo(public.fetch(name, unchecked=unchecked))
        return
    known = public.available()
    if name is not None:
        known = {name: known[_check.one_of(name, known, "public set")]}
    for entry in known.values():
        said = public.reached(entry) if check else f"address tried: {entry.tried}"
        click.echo(f"{entry.name}: {entry.title}. {entry.licence}. {entry.citation}. {said}.")


@app.command(cls=Command)
@with_options(*DEMO, *RUNNING)
@_command
def demo(out: Path, cells: int, genes: int, seed: int, as_json: bool) -> None:
    """Simulate a cell-cycle experiment, find its loop and compare with the truth."""
    _check_out(out, True)
    simulated = sph.datasets.cells.cell_cycle(
        n_cells=cells,
        n_genes=genes,
        n_cycling_genes=min(300, genes // 2),
        cycling_share=0.9,
        speed_unevenness=0.3,
        random_state=seed,
    )
    prepared = sph.preprocess(simulated.counts, n_components=min(30, cells - 1, genes))
    R = sph.find_loops(prepared.X, random_state=seed)
    euclidean = sph.detection_score(sph.persistence(prepared.X, distance="euclidean")[1])
    cycling, truth = simulated.cycling[prepared.kept_cells], simulated.phase[prepared.kept_cells]
    agreement = _order_agreement(R.loops[0].phase[cycling], truth[cycling]) if R.loops else None
    record = {
        "input": {"source": f"simulated: {simulated!r}", "n_points": len(prepared.X)},
        "preparation": list(prepared.steps),
        **R.to_dict(),
        "agreement_with_true_order": agreement,
        "score_under_euclidean_distance": euclidean,
        **output.made_by("demo", seed),
    }
    names = [simulated.cell_names[i] for i in prepared.kept_cells]
    with files.output_folder(out, overwrite=True) as folder:
        output.write_loops(folder, record, R, names, prepared.X[:, :2], {"true_phase": truth})
    if as_json:
        click.echo(files.to_json(record))
        return
    click.echo(f"Simulated {simulated!r}.")
    output.say_steps(prepared)
    output.say_result(R)
    if agreement is not None:
        click.echo(
            "Because the cells are simulated, their true order round the cycle is known: along loop 1 the order that was "
            f"found agrees with it to {agreement:.2f} (1 is perfect, 0 is chance)."
        )
        click.echo(
            f"Score of the loop: {R.loops[0].score:.2f} under effective resistance, {euclidean:.2f} under Euclidean distance "
            "(1: nothing else stands out; 0: no loop stands out)."
        )
    output.say_written(out)


def _order_agreement(phase: FloatArray, truth: FloatArray) -> float:
    # By ranks: the order round the loop is what the phase claims, not how fast the cells pass.
    return circular_agreement(to_ranks(phase), to_ranks(truth))
