"""The command line: arguments -> pipeline -> files. No mathematics here."""

from __future__ import annotations

import ast
import functools
import platform
import sys
import warnings
from collections.abc import Callable
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, cast

import click
import numpy as np
import typer

import spectral_ph as sph
from spectral_ph import files
from spectral_ph._types import EngineName, FloatArray, Settings
from spectral_ph.loops.coordinates import circular_agreement
from spectral_ph.preprocess import Preprocessed

app = typer.Typer(
    help="Find loops in noisy high-dimensional data by persistent homology with spectral distances.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Preparation(StrEnum):
    """What to do with the values before they are points."""

    none = "none"
    counts = "counts"
    log = "log"


Input = Annotated[Path, typer.Argument(help=".h5ad, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write results and figures to.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the folder if it is there.")]
UseRep = Annotated[str | None, typer.Option(help="Which obsm entry of an .h5ad to use, or X.")]
Layer = Annotated[str | None, typer.Option(help="Which layer of an .h5ad to use.")]
Prepare = Annotated[
    Preparation,
    typer.Option(
        "--preprocess",
        help="counts: normalise to the median total, log1p, 1,500 most variable genes, 30 principal components; "
        "log: the same without the first two; none: the values are coordinates.",
    ),
]
DistanceName = Annotated[str, typer.Option("--distance", help=f"One of: {', '.join(sph.DISTANCES)}.")]
NNeighbors = Annotated[int, typer.Option("--n-neighbors", "-k", help="Neighbours in the graph, a point not its own.")]
Metric = Annotated[str, typer.Option(help="Metric of the neighbour graph; precomputed if INPUT holds distances.")]
AsGraph = Annotated[bool, typer.Option("--graph", help="INPUT is the adjacency matrix of a graph.")]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", help="Any other parameter of graph or distance, NAME=VALUE; may be repeated."),
]
Threshold = Annotated[float | None, typer.Option(help="Longest edge of the filtration; default: all.")]
Seed = Annotated[int, typer.Option(help="Seed.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads for linear algebra and kernels; default: all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, to standard output.")]


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Run a command with its thread limit, and show warnings as notes."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        from spectral_ph._numba import thread_limit

        with warnings.catch_warnings():
            warnings.showwarning = _note
            warnings.simplefilter("always", sph.SpectralWarning)
            with thread_limit(kwargs.get("threads")):
                function(*args, **kwargs)

    return wrapped


def _note(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"note: {message}", err=True)


@app.command()
@_command
def loops(
    path: Input,
    out: Out = None,
    overwrite: Overwrite = False,
    use_rep: UseRep = None,
    layer: Layer = None,
    preprocess: Prepare = Preparation.none,
    distance: DistanceName = "eff_res",
    n_neighbors: NNeighbors = 15,
    metric: Metric = "euclidean",
    graph: AsGraph = False,
    param: Param = None,
    n_loops: Annotated[int, typer.Option(help="How many of the longest loops to describe.")] = 3,
    threshold: Threshold = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Find loops in INPUT: which points go round them, and where each point stands."""
    table = files.read(path, use_rep=use_rep, layer=layer)
    points, prepared = _points(table, preprocess, graph)
    R = sph.find_loops(
        **_data(points, graph),
        distance=distance,
        n_neighbors=n_neighbors,
        metric=metric,
        n_loops=n_loops,
        threshold=threshold,
        random_state=seed,
        **_params(param),
    )
    record = _about(table, prepared) | R.to_dict() | _made_by("loops", seed)
    names = _kept_names(table, prepared, R.persistence.n_points)
    if out is not None:
        pairwise = graph or "precomputed" in (distance, metric)
        with files.output_folder(out, overwrite=overwrite) as folder:
            _write(folder, record, R, names, _layout(points, pairwise), {})
    if as_json:
        typer.echo(files.to_json(record))
        return
    typer.echo(f"Read {table.source}.")
    _say_steps(prepared)
    _say_result(R)
    _say_written(out)


@app.command()
@_command
def persistence(
    path: Input,
    out: Out = None,
    overwrite: Overwrite = False,
    use_rep: UseRep = None,
    layer: Layer = None,
    preprocess: Prepare = Preparation.none,
    distance: DistanceName = "eff_res",
    n_neighbors: NNeighbors = 15,
    metric: Metric = "euclidean",
    graph: AsGraph = False,
    param: Param = None,
    maxdim: Annotated[int, typer.Option(help="Largest degree of homology: 0, 1 or 2.")] = 1,
    engine: Annotated[str, typer.Option(help="auto, h1, ripser or gudhi; the diagram is the same from each.")] = "auto",
    coeff: Annotated[int, typer.Option(help="Prime p of the field Z/p.")] = 2,
    threshold: Threshold = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Compute the persistence diagrams of INPUT."""
    table = files.read(path, use_rep=use_rep, layer=layer)
    points, prepared = _points(table, preprocess, graph)
    P = sph.persistence(
        **_data(points, graph),
        distance=distance,
        n_neighbors=n_neighbors,
        metric=metric,
        maxdim=maxdim,
        engine=cast(EngineName, engine),  # any other name is refused with a sentence behind this door
        coeff=coeff,
        threshold=threshold,
        random_state=seed,
        **_params(param),
    )
    record = _about(table, prepared) | P.to_dict() | _made_by("persistence", seed)
    if out is not None:
        with files.output_folder(out, overwrite=overwrite) as folder:
            files.write_json(folder / "result.json", record)
            _write_diagram(folder, P)
    if as_json:
        typer.echo(files.to_json(record))
        return
    typer.echo(f"Read {table.source}.")
    _say_steps(prepared)
    typer.echo(repr(P))
    for k, diagram in enumerate(P):
        shown = diagram[: 5 if k else 3]
        if len(shown):
            typer.echo(f"Longest in degree {k} (birth, death):")
            for birth, death in shown:
                typer.echo(f"  {birth:.6g}  {death:.6g}")
    _say_written(out)


@app.command()
@_command
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to; replaced if it is there.")] = Path(
        "spectral-ph-demo"
    ),
    cells: Annotated[int, typer.Option(min=100, help="Number of cells to simulate.")] = 1000,
    genes: Annotated[int, typer.Option(min=50, help="Number of genes to simulate.")] = 2000,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a cell-cycle experiment, find the loop and show it; the truth is known, so the answer is compared."""
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
    agreement = circular_agreement(R.loops[0].phase[cycling], truth[cycling]) if R.loops else None
    record = {
        "input": {"source": f"simulated: {simulated!r}", "n_points": len(prepared.X)},
        "preparation": list(prepared.steps),
        **R.to_dict(),
        "agreement_with_true_phase": agreement,
        "score_under_euclidean_distance": euclidean,
        **_made_by("demo", seed),
    }
    names = [simulated.cell_names[i] for i in prepared.kept_cells]
    with files.output_folder(out, overwrite=True) as folder:
        _write(folder, record, R, names, prepared.X[:, :2], {"true_phase": truth})
    if as_json:
        typer.echo(files.to_json(record))
        return
    typer.echo(f"Simulated {simulated!r}.")
    _say_steps(prepared)
    _say_result(R)
    if agreement is not None:
        typer.echo(
            f"Because the cells are simulated, their true phase is known: along loop 1 the phase that was found agrees "
            f"with it to {agreement:.2f} (1 is perfect, 0 is chance)."
        )
        typer.echo(
            f"Score of the loop: {R.loops[0].score:.2f} under effective resistance, {euclidean:.2f} under Euclidean distance "
            "(1: nothing else stands out; 0: no loop stands out)."
        )
    _say_written(out)


def _points(table: files.Table, preprocess: Preparation, graph: bool) -> tuple[Any, Preprocessed | None]:
    """Return what the pipeline gets, and the preparation if one was asked for."""
    if preprocess is not Preparation.none:
        if graph:
            raise sph.InputError("--graph and --preprocess exclude each other: a graph has no counts; leave one out.")
        prepared = sph.preprocess(table.X, kind=preprocess.value)
        return prepared.X, prepared
    if graph:
        return table.X, None
    if not isinstance(table.X, np.ndarray):
        raise sph.InputError(
            f"{table.source} is sparse, and coordinates were needed; pass --preprocess counts (or log) to reduce it to "
            "principal components, --use-rep for a representation that is stored, or --graph if it is a graph."
        )
    return table.X, None


def _data(points: Any, graph: bool) -> dict[str, Any]:
    return {"graph": points} if graph else {"X": points}


def _params(items: list[str] | None) -> Settings:
    """Read NAME=VALUE; the value is a number, True, False, None or else text."""
    params: Settings = {}
    for item in items or []:
        name, equals, text = item.partition("=")
        if not equals or not name.strip():
            raise sph.InputError(f"--param takes NAME=VALUE, and {item!r} came; for example --param t=8.")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        params[name.strip().replace("-", "_")] = value
    return params


def _kept_names(table: files.Table, prepared: Preprocessed | None, n: int) -> list[str]:
    rows = prepared.kept_cells if prepared is not None else np.arange(n)
    return [table.names[i] for i in rows] if table.names is not None else [str(i) for i in rows]


def _about(table: files.Table, prepared: Preprocessed | None) -> dict[str, Any]:
    return {
        "input": {"source": table.source, "sha256": table.sha256, "shape": list(table.X.shape)},
        "preparation": list(prepared.steps) if prepared is not None else [],
    }


def _made_by(command: str, seed: int) -> dict[str, Any]:
    packages = ("spectral_ph", "numpy", "scipy", "scikit-learn", "numba", "ripser", "gudhi")
    versions = {name: metadata.version(name) for name in packages} | {"python": platform.python_version()}
    return {"command": command, "seed": seed, "versions": versions}


def _layout(points: Any, pairwise: bool) -> FloatArray:
    from spectral_ph import plot

    layout: FloatArray = plot.flat_layout(points, pairwise=pairwise)
    return layout


def _write(
    folder: Path, record: dict[str, Any], R: sph.LoopResult, names: list[str], layout: FloatArray, more: dict[str, Any]
) -> None:
    files.write_json(folder / "result.json", record)
    _write_diagram(folder, R.persistence)
    columns: dict[str, Any] = {"cell": names}
    for k, loop in enumerate(R.loops, start=1):
        place = np.full(len(names), -1)
        place[loop.cycle] = np.arange(len(loop.cycle))
        columns |= {f"phase_{k}": loop.phase, f"in_domain_{k}": loop.domain, f"place_on_cycle_{k}": place}
    files.write_csv(folder / "cells.csv", columns | more)
    if R.loops:
        from spectral_ph import plot

        _save(plot.loop(R, layout), folder / "loop.png")
        _save(plot.phase(R), folder / "phase.png")


def _write_diagram(folder: Path, P: sph.Persistence) -> None:
    from spectral_ph import plot

    records = P.to_records()
    files.write_csv(folder / "diagram.csv", {name: records[name] for name in records.dtype.names or ()})
    _save(plot.diagram(P), folder / "diagram.png")
    _save(plot.barcode(P), folder / "barcode.png")


def _save(ax: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    ax.figure.savefig(path, dpi=160)
    plt.close(ax.figure)


def _say_steps(prepared: Preprocessed | None) -> None:
    for step in prepared.steps if prepared is not None else ():
        typer.echo(f"  - {step}")


def _say_result(R: sph.LoopResult) -> None:
    typer.echo(f"Verdict: {R.verdict}. {R.reason}")
    for k, loop in enumerate(R.loops, start=1):
        typer.echo(
            f"Loop {k}: born at {loop.birth:.3g}, dies at {loop.death:.3g} (persistence {loop.persistence:.3g}, score "
            f"{loop.score:.2f}); its cycle passes through {len(loop.cycle)} points."
        )


def _say_written(out: Path | None) -> None:
    if out is not None:
        typer.echo(f"Wrote {out}/: {', '.join(sorted(p.name for p in out.iterdir()))}")


def main() -> None:
    """Run the command line: exit code 0, 2 and one sentence on bad input, 130 when interrupted."""
    # Figures go to files; a window system must not be needed.
    import matplotlib

    matplotlib.use("Agg")
    try:
        code = app(standalone_mode=False)
    except (sph.InputError, click.UsageError) as error:
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
        typer.echo(f"error: {text}", err=True)
        code = 2
    except (KeyboardInterrupt, click.Abort):
        typer.echo("interrupted; nothing was written", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
