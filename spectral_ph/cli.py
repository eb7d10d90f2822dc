"""The command line: arguments -> pipeline -> files. No mathematics here."""

from __future__ import annotations

import ast
import functools
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click
import numpy as np

import spectral_ph as sph
from spectral_ph import _check, files, report
from spectral_ph._types import EngineName, FloatArray, Settings
from spectral_ph.cells.preprocess import Preprocessed
from spectral_ph.loops.coordinates import circular_agreement, to_ranks

F = TypeVar("F", bound=Callable[..., Any])

INPUT = click.argument("path", metavar="INPUT", type=click.Path(path_type=Path))
OUT = [
    click.option("--out", "-o", type=click.Path(path_type=Path), help="Folder to write results and figures to."),
    click.option("--overwrite", is_flag=True, help="Replace the folder if an earlier result is in it."),
]
READING = [
    click.option("--use-rep", help="Which obsm entry of an .h5ad to use, or X."),
    click.option("--layer", help="Which layer of an .h5ad to use."),
    click.option("--delimiter", help="Character between the columns of a text file; default: found out."),
    click.option(
        "--preprocess",
        type=click.Choice(["none", "counts", "log"]),
        default="none",
        show_default=True,
        help="counts: normalise to the median total, log1p, 1,500 most variable genes, 30 principal components; "
        "log: the same without the first two; none: the values are coordinates.",
    ),
    click.option("--drop-empty", is_flag=True, help="With --preprocess: leave out cells without any count."),
]
DISTANCE = [
    click.option("--distance", default="eff_res", show_default=True, help=f"One of: {', '.join(sph.DISTANCES)}."),
    click.option(
        "--n-neighbors",
        "-k",
        type=int,
        default=15,
        show_default=True,
        help="Neighbours in the graph, a point not its own.",
    ),
]
CHOSEN = [
    click.option(
        "--distance",
        default="auto",
        show_default=True,
        help=f"auto: a few settings are tried, and halves of the data decide; or one of: {', '.join(sph.DISTANCES)}.",
    ),
    click.option(
        "--n-neighbors", "-k", type=int, help="Neighbours in the graph, a point not its own; default: chosen."
    ),
    click.option(
        "--splits",
        type=click.IntRange(min=0),
        help="How often the data are split into halves; 0: never, and no verdict.",
    ),
    click.option("--level", type=float, help="p-value up to which a loop is called."),
    click.option("--max-points", type=int, help="Of more points, loops are found on so many, drawn at random."),
]
GRAPH = [
    click.option(
        "--metric",
        default="euclidean",
        show_default=True,
        help="Metric of the neighbour graph; precomputed if INPUT holds distances.",
    ),
    click.option("--graph", is_flag=True, help="INPUT is the adjacency matrix of a graph."),
    click.option(
        "--param", "-p", multiple=True, help="Any other parameter of graph or distance, NAME=VALUE; may be repeated."
    ),
    click.option("--threshold", type=float, help="Longest edge of the filtration; default: all."),
]
REPORT = [
    click.option(
        "--report", "as_report", is_flag=True, help="Also write OUT/report.html, one page to read and to pass on."
    ),
    click.option(
        "--label",
        multiple=True,
        metavar="COLUMN",
        help="Column of obs of an .h5ad to set beside the phase; may be repeated.",
    ),
    click.option(
        "--confounder",
        multiple=True,
        metavar="COLUMN",
        help="Column of obs of an .h5ad that the phase should not go with, such as a batch; may be repeated; needs genes.",
    ),
    click.option(
        "--genes",
        metavar="ENTRY",
        help="Where an .h5ad holds the expression of genes: X or a layer; with --preprocess the input itself is used.",
    ),
]
RUNNING = [
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed."),
    click.option("--threads", type=click.IntRange(min=1), help="Threads for linear algebra and kernels; default: all."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else."),
]


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Apply options to a command, the first on top of its help."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Run a command with its thread limit, and show warnings as notes."""

    @functools.wraps(function)
    def wrapped(threads: int | None, **arguments: Any) -> None:
        from spectral_ph._numba import thread_limit

        with warnings.catch_warnings():
            warnings.showwarning = _note
            warnings.simplefilter("always", sph.SpectralWarning)
            with thread_limit(threads):
                function(**arguments)

    return wrapped


def _note(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"note: {message}", err=True)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sph.__version__, prog_name="spectral-ph")
@click.pass_context
def app(context: click.Context) -> None:
    """Find loops in noisy high-dimensional data by persistent homology with spectral distances."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@app.command()
@_with(
    INPUT,
    *OUT,
    *REPORT,
    *READING,
    *CHOSEN,
    *GRAPH,
    click.option(
        "--n-loops", type=int, default=3, show_default=True, help="How many of the longest loops to describe."
    ),
    click.option("--engine", default="auto", show_default=True, help="auto, h1 or ripser."),
    *RUNNING,
)
@_command
def loops(
    path: Path,
    out: Path | None,
    overwrite: bool,
    as_report: bool,
    label: tuple[str, ...],
    confounder: tuple[str, ...],
    genes: str | None,
    use_rep: str | None,
    layer: str | None,
    delimiter: str | None,
    preprocess: str,
    drop_empty: bool,
    distance: str,
    n_neighbors: int | None,
    splits: int | None,
    level: float | None,
    max_points: int | None,
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

    INPUT is .h5ad, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.
    """
    if as_report and out is None:
        raise sph.InputError("--report needs a folder to write to, and none came; pass --out FOLDER.")
    if confounder and genes is None and preprocess == "none":
        raise sph.InputError("--confounder needs genes beside it; pass --genes X, or --preprocess counts.")
    table = files.read(path, use_rep=use_rep, layer=layer, delimiter=delimiter)
    labels = _columns(path, "--label", label)
    others = _columns(path, "--confounder", confounder)
    points, prepared = _points(table, preprocess, drop_empty, graph)
    R = sph.find_loops(
        **_data(points, graph),
        distance=distance,
        n_loops=n_loops,
        engine=cast(EngineName, engine),
        threshold=threshold,
        random_state=seed,
        **_given(n_neighbors=n_neighbors, splits=splits, level=level, max_points=max_points),
        **_given(metric=None if metric == "euclidean" else metric),
        **_params(param),
    )
    rows = _kept_rows(prepared, R.persistence.n_points)
    labels, others = ({name: values[rows] for name, values in both.items()} for both in (labels, others))
    facts: Settings = {
        "things": "cells" if prepared or path.is_dir() or path.suffix.lower() == ".h5ad" else "points",
        "labels": labels,
        "input_facts": _about(table, prepared)["input"],
        "preparation": _about(table, prepared)["preparation"],
        "made_by": _made_by("loops", seed),
    }
    found = _genes(path, genes, table, preprocess, rows, R, others, seed)
    if found is not None:
        R = found.result
        facts |= found.facts
    record = report.record(R, **facts)
    if out is not None:
        pairwise = graph or "precomputed" in (distance, metric)
        layout = _layout(points, pairwise)
        with files.output_folder(out, overwrite=overwrite) as folder:
            more = {f"label_{name}": values for name, values in labels.items()}
            _write(folder, record, R, _kept_names(table, rows), layout, more)
            if found is not None and found.genes is not None:
                files.write_csv(folder / "genes.csv", found.genes.to_columns())
            if as_report:
                report.write_report(
                    folder / "report.html",
                    R,
                    title=f"Is there a loop in {path.name}?",
                    layout=layout,
                    layout_name="a flat layout of the distances" if pairwise else "the first two principal components",
                    **facts,
                )
    if as_json:
        click.echo(files.to_json(record))
        return
    click.echo(f"Read {table.source}.")
    _say_steps(prepared)
    _say_result(R)
    _say_written(out)


@app.command()
@_with(
    INPUT,
    *OUT,
    *READING,
    *DISTANCE,
    *GRAPH,
    click.option("--maxdim", type=int, default=1, show_default=True, help="Largest degree of homology: 0, 1 or 2."),
    click.option(
        "--engine",
        default="auto",
        show_default=True,
        help="auto, h1, h2, ripser or gudhi; the diagram is the same from each.",
    ),
    click.option("--coeff", type=int, default=2, show_default=True, help="Prime p of the field Z/p."),
    *RUNNING,
)
@_command
def persistence(
    path: Path,
    out: Path | None,
    overwrite: bool,
    use_rep: str | None,
    layer: str | None,
    delimiter: str | None,
    preprocess: str,
    drop_empty: bool,
    distance: str,
    n_neighbors: int,
    metric: str,
    graph: bool,
    param: tuple[str, ...],
    threshold: float | None,
    maxdim: int,
    engine: str,
    coeff: int,
    seed: int,
    as_json: bool,
) -> None:
    """Compute persistence diagrams.

    INPUT is .h5ad, .npy, .npz, .csv, .tsv, .txt (also .gz), .mtx, or a 10x folder.
    """
    table = files.read(path, use_rep=use_rep, layer=layer, delimiter=delimiter)
    points, prepared = _points(table, preprocess, drop_empty, graph)
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
        click.echo(files.to_json(record))
        return
    click.echo(f"Read {table.source}.")
    _say_steps(prepared)
    click.echo(repr(P))
    for k, diagram in enumerate(P):
        shown = diagram[: 5 if k else 3]
        if len(shown):
            click.echo(f"Longest in degree {k} (birth, death):")
            for birth, death in shown:
                click.echo(f"  {birth:.6g}  {death:.6g}")
    _say_written(out)


@app.command()
@_with(
    click.option(
        "--out",
        "-o",
        type=click.Path(path_type=Path),
        default=Path("spectral-ph-demo"),
        show_default=True,
        help="Folder to write to; an earlier demo in it is replaced.",
    ),
    click.option("--cells", type=click.IntRange(min=100), default=1000, show_default=True, help="Cells to simulate."),
    click.option("--genes", type=click.IntRange(min=50), default=2000, show_default=True, help="Genes to simulate."),
    *RUNNING,
)
@_command
def demo(out: Path, cells: int, genes: int, seed: int, as_json: bool) -> None:
    """Simulate a cell-cycle experiment, find its loop and compare with the truth."""
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
        **_made_by("demo", seed),
    }
    names = [simulated.cell_names[i] for i in prepared.kept_cells]
    with files.output_folder(out, overwrite=True) as folder:
        _write(folder, record, R, names, prepared.X[:, :2], {"true_phase": truth})
    if as_json:
        click.echo(files.to_json(record))
        return
    click.echo(f"Simulated {simulated!r}.")
    _say_steps(prepared)
    _say_result(R)
    if agreement is not None:
        click.echo(
            "Because the cells are simulated, their true order round the cycle is known: along loop 1 the order that was "
            f"found agrees with it to {agreement:.2f} (1 is perfect, 0 is chance)."
        )
        click.echo(
            f"Score of the loop: {R.loops[0].score:.2f} under effective resistance, {euclidean:.2f} under Euclidean distance "
            "(1: nothing else stands out; 0: no loop stands out)."
        )
    _say_written(out)


def _points(table: files.Table, preprocess: str, drop_empty: bool, graph: bool) -> tuple[Any, Preprocessed | None]:
    """Return what the pipeline gets, and the preparation if one was asked for."""
    if preprocess != "none":
        if graph:
            raise sph.InputError("--graph and --preprocess exclude each other: a graph has no counts; leave one out.")
        prepared = sph.preprocess(table.X, kind="log" if preprocess == "log" else "counts", drop_empty=drop_empty)
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


# Arguments of the functions that have an option, or none at all, here.
OPTIONS = {
    "n_neighbors": "--n-neighbors",
    "metric": "--metric",
    "distance": "--distance",
    "threshold": "--threshold",
    "random_state": "--seed",
    "engine": "--engine",
    "maxdim": "--maxdim",
    "coeff": "--coeff",
    "n_loops": "--n-loops",
    "splits": "--splits",
    "level": "--level",
    "max_points": "--max-points",
    "graph": "--graph",
    "use_rep": "--use-rep",
    "layer": "--layer",
    "drop_empty": "--drop-empty",
    "delimiter": "--delimiter",
    "kind": "--preprocess",
}


PARAMETERS = {name for row in sph.DISTANCES.values() for name in row.parameters} | {
    "mode",
    "weighted",
    "search",
    "dtype",
    "n_landmarks",
}


def _in_options(sentence: str) -> str:
    """Rewrite what a sentence says to type in Python as what to type here."""

    def typed(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if name in OPTIONS:
            return OPTIONS[name] if value == "True" else f"{OPTIONS[name]} {value}"
        return f"--param {name}={value}" if name in PARAMETERS else match[0]

    before, name = r"(?<!--param )(?<![\w'-])", r"(?P<name>[a-z_]+)"
    sentence = re.sub(rf"{before}{name}='(?P<value>[\w.-]+)'", typed, sentence)
    sentence = re.sub(rf"{before}{name}=(?P<value>True|False|-?[\d.]*\d)(?![\w(])", typed, sentence)
    names = "|".join(name for name in OPTIONS if "_" in name)
    return re.sub(rf"(?<![\w'-])({names})(?![\w'=])", lambda match: OPTIONS[match[1]], sentence)


def _params(items: tuple[str, ...]) -> Settings:
    """Read NAME=VALUE; the value is a number, True, False, None or else text."""
    params: Settings = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name.strip():
            raise sph.InputError(f"--param takes NAME=VALUE, and {item!r} came; for example --param t=8.")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        name = name.strip().replace("-", "_")
        if name in OPTIONS or name == "X":
            way = f"use {OPTIONS[name]}" if name in OPTIONS else "pass the points as INPUT"
            raise sph.InputError(f"--param {item} names what is no parameter of graph or distance; {way}.")
        if name in params:
            raise sph.InputError(f"--param gives {name} twice; leave one out.")
        params[name] = value
    return params


def _given(**arguments: Any) -> dict[str, Any]:
    """Leave out what was not given, so that the functions' own defaults hold."""
    return {name: value for name, value in arguments.items() if value is not None}


def _columns(path: Path, option: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return columns of obs of an .h5ad by name, one value for each of its cells."""
    if not names:
        return {}
    if path.suffix.lower() != ".h5ad":
        raise sph.InputError(f"{option} names a column of obs of an .h5ad, and {path} is none; leave it out.")
    h5py, read_elem = _check.need("h5py", "cells"), _check.need("anndata.io", "cells").read_elem
    with h5py.File(path, "r") as f:
        known = [str(name) for name in f["obs"].attrs.get("column-order", sorted(f["obs"]))]
        for name in names:
            if name not in known:
                raise sph.InputError(
                    f"{path} has no column {name!r} in obs; it has {', '.join(map(repr, known)) or 'none'}."
                )
        return {name: np.asarray(read_elem(f["obs"][name])) for name in names}


def _genes(
    path: Path,
    entry: str | None,
    table: files.Table,
    preprocess: str,
    rows: Any,
    R: sph.LoopResult,
    others: dict[str, Any],
    seed: int,
) -> report.CellFacts | None:
    """Return what the genes say, if it is known where they are and there is a loop that they could follow."""
    if entry is not None:
        table = files.read(path, **{"use_rep" if entry == "X" else "layer": entry})
    elif preprocess == "none":
        return None
    if table.columns is None or not R.loops:
        return None
    values = table.X[rows]
    whole = preprocess == "counts" if entry is None else _whole_numbers(values)
    return report.cell_facts(
        R, values, table.columns, kind="counts" if whole else "log", properties=others, random_state=seed
    )


def _whole_numbers(values: Any) -> bool:
    stored = values if isinstance(values, np.ndarray) else values.data
    return bool((stored >= 0).all() and (stored == np.round(stored)).all())


def _kept_rows(prepared: Preprocessed | None, n: int) -> Any:
    return prepared.kept_cells if prepared is not None else np.arange(n)


def _kept_names(table: files.Table, rows: Any) -> list[str]:
    return [table.names[i] for i in rows] if table.names is not None else [str(i) for i in rows]


def _about(table: files.Table, prepared: Preprocessed | None) -> dict[str, Any]:
    return {
        "input": {"source": table.source, "sha256": table.sha256, "shape": list(table.X.shape)},
        "preparation": list(prepared.steps) if prepared is not None else [],
    }


def _made_by(command: str, seed: int) -> dict[str, Any]:
    return {"command": command, "seed": seed, "versions": report.versions()}


def _order_agreement(phase: FloatArray, truth: FloatArray) -> float:
    # By ranks: the order round the loop is what the phase claims, not how fast the cells pass.
    return circular_agreement(to_ranks(phase), to_ranks(truth))


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
        click.echo(f"  - {step}")


def _say_result(R: sph.LoopResult) -> None:
    click.echo(f"Verdict: {R.verdict}. {R.reason}")
    for k, loop in enumerate(R.loops, start=1):
        click.echo(
            f"Loop {k}: born at {loop.birth:.3g}, dies at {loop.death:.3g} (persistence {loop.persistence:.3g}, score "
            f"{loop.score:.2f}); its cycle passes through {len(loop.cycle)} points."
        )


def _say_written(out: Path | None) -> None:
    if out is not None:
        click.echo(f"Wrote {out}/: {', '.join(sorted(p.name for p in out.iterdir() if p.name != files.MARKER))}")


def main() -> None:
    """Run the command line: exit code 0, 2 and one sentence on bad input, 130 when interrupted."""
    # Figures go to files; a window system must not be needed.
    import matplotlib

    matplotlib.use("Agg")
    try:
        app(prog_name="spectral-ph", standalone_mode=False)
    except (sph.InputError, click.UsageError) as error:
        sentence = error.format_message() if isinstance(error, click.UsageError) else _in_options(str(error))
        click.echo(f"error: {sentence}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing was written", err=True)
        sys.exit(130)
    sys.exit(0)
