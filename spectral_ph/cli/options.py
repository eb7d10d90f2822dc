"""The options of the commands, in the groups that their help shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import spectral_ph as sph

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option with the heading that the help shows it under."""

    def __init__(self, *names: Any, group: str = "Running", **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.group = group


class Command(click.Command):
    """A command whose help shows its options under the headings of their groups, in the order they first come in."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options to the help."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            row = option.get_help_record(ctx)
            if isinstance(option, click.Option) and row is not None:
                groups.setdefault(getattr(option, "group", "Running"), []).append(row)
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Apply options to a command, the first on top of its help."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _of(group: str, *names: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, cls=Option, group=group, **settings)


INPUT = click.argument("path", metavar="INPUT", type=click.Path(path_type=Path))
READING = [
    _of("Input", "--use-rep", help="Which obsm entry of an .h5ad or .zarr to use, or X."),
    _of("Input", "--layer", help="Which layer of an .h5ad, .zarr or .loom to use."),
    _of(
        "Input",
        "--feature-type",
        help="Which features of 10x data to use, such as 'Antibody Capture', or all; default: Gene Expression.",
    ),
    _of("Input", "--delimiter", help="Character between the columns of a text file; default: found out."),
    _of("Input", "--decimal", help="What stands before a fraction in a text file, '.' or ','; default: found out."),
    _of("Input", "--encoding", help="Encoding of a text file, such as latin-1; default: found out."),
    _of(
        "Input",
        "--header/--no-header",
        default=None,
        help="The first row of a text file holds column names, or none; default: found out.",
    ),
    _of(
        "Input",
        "--index/--no-index",
        default=None,
        help="The first column of a text file holds row names, or none; default: found out.",
    ),
    _of("Input", "--transpose", is_flag=True, help="Rows are genes and columns are cells."),
]
READ = ("use_rep", "layer", "feature_type", "delimiter", "decimal", "encoding", "header", "index", "transpose")
"""What these options are called, which is what `files.read` takes."""
USING = [
    _of("Input", "--graph", is_flag=True, help="INPUT is the adjacency matrix of a graph."),
    _of(
        "Input",
        "--preprocess",
        type=click.Choice(["auto", "none", "counts", "log"]),
        default="auto",
        show_default=True,
        help="counts: normalise to the median total, log1p, 1,500 most variable genes, 30 principal components; "
        "log: the same without the first two; none: the values are coordinates; auto: counts or log where genes are read "
        "(X or a layer, 10x, .loom), else none.",
    ),
    _of("Input", "--drop-empty", is_flag=True, help="With --preprocess: leave out cells without any count."),
]

_GRAPH = [
    _of(
        "Distance and graph",
        "--metric",
        default="euclidean",
        show_default=True,
        help="Metric of the neighbour graph; precomputed if INPUT holds distances.",
    ),
    _of(
        "Distance and graph",
        "--param",
        "-p",
        multiple=True,
        help="Any other parameter of graph or distance, NAME=VALUE; may be repeated.",
    ),
]
DISTANCE = [
    _of(
        "Distance and graph",
        "--distance",
        default="eff_res",
        show_default=True,
        help=f"One of: {', '.join(sph.DISTANCES)}.",
    ),
    _of(
        "Distance and graph",
        "--n-neighbors",
        "-k",
        type=int,
        help="Neighbours in the graph, a point not its own; default: 15, or the distance's own.",
    ),
    *_GRAPH,
]
CHOSEN_DISTANCE = [
    _of(
        "Distance and graph",
        "--distance",
        default="auto",
        show_default=True,
        help=f"auto: a few settings are tried, and halves of the data decide; or one of: {', '.join(sph.DISTANCES)}.",
    ),
    _of(
        "Distance and graph",
        "--n-neighbors",
        "-k",
        type=int,
        help="Neighbours in the graph, a point not its own; default: chosen.",
    ),
    *_GRAPH,
]

EMBEDDING = [
    _of(
        "Embedding",
        "--embedding",
        default="tsne",
        show_default=True,
        help="One of: tsne, umap, contrastive, eigenmaps, forceatlas2, mds.",
    ),
    _of(
        "Embedding",
        "--affinity",
        help="What points attract each other along: perplexity, knn, umap, eff_res, diffusion, or precomputed_distance "
        "if INPUT holds distances; default: the embedding's own.",
    ),
    _of("Embedding", "--n-neighbors", "-k", type=int, help="Neighbours, a point not its own; default: 15."),
    _of(
        "Embedding",
        "--param",
        "-p",
        multiple=True,
        help="Any other parameter of the embedding or of its affinity, NAME=VALUE, such as rho=4; may be repeated.",
    ),
    _of(
        "Embedding", "--no-report", is_flag=True, help="Do not compare the loops of the layout with those of the data."
    ),
]

_THRESHOLD = _of("Homology", "--threshold", type=float, help="Longest edge of the filtration; default: all.")
HOMOLOGY = [
    _of(
        "Homology",
        "--maxdim",
        type=int,
        default=1,
        show_default=True,
        help="Largest degree of homology: 0, 1 or 2.",
    ),
    _THRESHOLD,
    _of(
        "Homology",
        "--engine",
        default="auto",
        show_default=True,
        help="auto, h1, h2, ripser or gudhi; the diagram is the same from each.",
    ),
    _of("Homology", "--coeff", type=int, default=2, show_default=True, help="Prime p of the field Z/p."),
    _of(
        "Homology",
        "--method",
        default="auto",
        show_default=True,
        help="auto, exact, truncated (no distance matrix is held) or landmarks (on some of the points).",
    ),
    _of("Homology", "--n-landmarks", type=int, default=1000, show_default=True, help="How many, for landmarks."),
]
LOOPS = [
    _of(
        "Loops",
        "--n-loops",
        type=int,
        default=3,
        show_default=True,
        help="How many loops to describe, those with the most evidence.",
    ),
    _of(
        "Loops",
        "--splits",
        type=click.IntRange(min=0),
        help="How often the data are split into halves; 0: never, and no verdict.  [default: 5, and up to 25 near the level]",
    ),
    _of(
        "Loops",
        "--split-by",
        help="A column of obs, such as the donor: its groups go into halves as a whole. Default: halves at random.",
    ),
    _of(
        "Loops",
        "--pursue",
        type=click.Choice(["auto", "yes", "no"]),
        default="auto",
        show_default=True,
        help="Look for a hidden loop in the genes that follow a guessed phase; auto: where there is expression and no loop "
        "was called. Exploration, without a p-value.",
    ),
    _of(
        "Loops",
        "--start-gene",
        multiple=True,
        help="A gene to guess phases from when a loop is pursued; may be repeated. Default: all genes.",
    ),
    _of(
        "Loops",
        "--groupby",
        metavar="COLUMN",
        help="A column of obs of an .h5ad or .zarr, such as the cell type: the question is asked in each of its groups.",
    ),
    _of(
        "Loops",
        "--min-cells",
        type=click.IntRange(min=2),
        default=100,
        show_default=True,
        help="With --groupby: groups of fewer cells are not looked at.",
    ),
    _of("Loops", "--level", type=float, default=0.05, show_default=True, help="p-value up to which a loop is called."),
    _of(
        "Loops",
        "--max-points",
        type=int,
        default=2000,
        show_default=True,
        help="Of more points, distances are taken between a random draw of this size, in the neighbour graph of all.",
    ),
    _of(
        "Loops",
        "--at",
        type=float,
        default=0.9,
        show_default=True,
        help="Where between birth (0) and death (1) of a loop its phase is computed.",
    ),
    _of(
        "Loops",
        "--spacing",
        type=click.Choice(["cells", "length", "edges"]),
        default="cells",
        show_default=True,
        help="How the phase is spread along a loop: by points, by length, or by edges.",
    ),
    _THRESHOLD,
    _of("Homology", "--engine", default="auto", show_default=True, help="auto, h1 or ripser."),
]

OUT = [
    _of("Output", "--out", "-o", type=click.Path(path_type=Path), help="Folder to write results and figures to."),
    _of("Output", "--overwrite", is_flag=True, help="Replace the folder if an earlier result is in it."),
]
H5AD = [
    _of(
        "Output",
        "--write-h5ad",
        is_flag=True,
        help="Also write OUT/cells.h5ad: the cells with what spectral_ph.tl.loops would write into obs and uns.",
    ),
]
REPORT = [
    _of(
        "Report",
        "--report",
        "as_report",
        is_flag=True,
        help="Also write OUT/report.html, one page to read and to pass on.",
    ),
    _of(
        "Report",
        "--label",
        multiple=True,
        metavar="COLUMN",
        help="Column of obs of an .h5ad to set beside the phase; may be repeated.",
    ),
    _of(
        "Report",
        "--confounder",
        multiple=True,
        metavar="COLUMN",
        help="Column of obs of an .h5ad that the phase should not go with, such as a batch; may be repeated; "
        "default: the usual names.",
    ),
    _of(
        "Report",
        "--basis",
        metavar="ENTRY",
        help="Which obsm entry of an .h5ad the points are drawn on, with or without X_; default: a UMAP or t-SNE that is there, "
        "else principal components.",
    ),
    _of(
        "Report",
        "--genes",
        metavar="ENTRY",
        help="Where an .h5ad holds the expression of genes: X, a layer, or none for no genes; default: the input itself where "
        "it is prepared, else X.",
    ),
]
FETCH = [
    click.argument("name", metavar="[NAME]", required=False),
    _of("Input", "--check", is_flag=True, help="Try the address of the set, or of all, and load nothing."),
    _of("Input", "--unchecked", is_flag=True, help="Take what the address gives where the sum is not known yet."),
]
DEMO = [
    _of(
        "Output",
        "--out",
        "-o",
        type=click.Path(path_type=Path),
        default=Path("spectral-ph-demo"),
        show_default=True,
        help="Folder to write to; an earlier demo in it is replaced.",
    ),
    _of("Input", "--cells", type=click.IntRange(min=100), default=1000, show_default=True, help="Cells to simulate."),
    _of("Input", "--genes", type=click.IntRange(min=50), default=2000, show_default=True, help="Genes to simulate."),
]
TALKING = [
    _of(
        "Running",
        "--threads",
        type=click.IntRange(min=1),
        help="Threads for linear algebra and kernels; default: all.",
    ),
    _of("Running", "--quiet", is_flag=True, help="Print the result and errors, and no notes."),
    _of("Running", "--verbose", is_flag=True, help="Also say what is being done, and how long it took."),
]
RUNNING = [
    _of("Running", "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed."),
    _of("Running", "--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else."),
    *TALKING,
]
