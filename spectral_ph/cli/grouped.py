"""The question in every group of cells: `loops --groupby`, which is `spectral_ph.tl.loops` on the cells of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

import spectral_ph as sph
from spectral_ph import _check, files, stored
from spectral_ph import report as pages
from spectral_ph.cli import inputs, output
from spectral_ph.cli.annotated import KEY
from spectral_ph.cli.spelling import params

READ = ("use_rep", "layer", "feature_type")
"""Options of reading that say which part of an AnnData counts."""
WRITTEN = ("summary", "loops", "genes", "confounders")
"""Tables that get a file."""
SHOWN = ("group", "cells", "verdict", "p_value", "q_value", "top_genes")

TAKEN = (
    "groupby",
    "min_cells",
    "distance",
    "n_loops",
    "threshold",
    "at",
    "spacing",
    "splits",
    "split_by",
    "level",
    "max_points",
    "engine",
)
"""Options that are arguments of `spectral_ph.tl.loops` or `spectral_ph.find_loops` under the same name."""


def is_asked() -> bool:
    """Tell whether the command that runs asks in groups; refuse an option that is about groups alone where it does not."""
    context = click.get_current_context()
    if context.params["groupby"] is not None:
        return True
    if context.get_parameter_source("min_cells") is not ParameterSource.DEFAULT:
        raise sph.InputError("--min-cells is about groups of cells. Pass --groupby COLUMN too, or leave it out.")
    return False


def run(path: Path, reading: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Ask, write and print.

    Parameters
    ----------
    path : the input. reading : the options of reading. options : all options of the command, by name.
    """
    _refuse(reading, options)
    metric = options["metric"]
    arguments = (
        {name: options[name] for name in TAKEN} | {name: reading[name] for name in READ} | params(options["param"])
    )
    arguments |= inputs.given(n_neighbors=options["n_neighbors"], metric=None if metric == "euclidean" else metric)
    arguments |= {"pursue": {"auto": "auto", "yes": True, "no": False}[options["pursue"]]}
    arguments |= {"start_genes": list(options["start_gene"]) or None}
    arguments |= {"random_state": options["seed"], "confounders": options["confounder"] or None}
    adata = loops(path, arguments, options["basis"])
    record = _record(adata, path, arguments)
    if options["out"] is not None:
        write(adata, path, record, options)
    if options["as_json"]:
        click.echo(files.to_json(record))
        return
    shown = adata.uns[KEY]["groups"]["summary"][list(SHOWN)]
    click.echo(shown.to_string(index=False, float_format=lambda value: f"{value:.2g}", na_rep="-"))
    click.echo(
        f"The smallest q-value that one group alone could have is {adata.uns[KEY]['least_q']:.2g}; it is smaller where several "
        "groups have small p-values."
    )
    for group, texts in record["warnings"].items():
        for text in texts:
            click.echo(f"{group}: {text}")
    output.say_written(options["out"])


def _refuse(reading: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Refuse options that have no meaning for the groups of an AnnData."""
    asked = [f"--{name.replace('_', '-')}" for name in ("graph", "drop_empty", "label", "genes") if options[name]]
    asked += ["--preprocess"] if options["preprocess"] != "auto" else []
    asked += [f"--{name}" for name, value in reading.items() if name not in READ and value not in (None, False)]
    if asked:
        raise sph.InputError(
            f"--groupby takes cells of an AnnData as spectral_ph.tl.loops does, without {', '.join(asked)}. Leave "
            f"{'it' if len(asked) == 1 else 'them'} out."
        )


def loops(path: Path, arguments: dict[str, Any], basis: str | None = None) -> Any:
    """Return the AnnData of a file with the result in it.

    Parameters
    ----------
    path : of an .h5ad or .zarr.
    arguments : of `spectral_ph.tl.loops`, by name.
    basis : a layout that will be drawn on; that it is there is checked first.

    Returns
    -------
    AnnData

    Raises
    ------
    InputError : for what cannot be read, or as `spectral_ph.tl.loops` does.
    """
    if not files.holds_obs(path):
        raise sph.InputError(
            f"--groupby needs an .h5ad or .zarr, whose obs says the group of every cell, not {path.name}."
        )
    anndata = _check.need("anndata", "cells")
    files.obs_names(path)  # which says what is wrong with a file that is cut short
    adata = (anndata.read_zarr if path.is_dir() else anndata.read_h5ad)(path)
    if basis is not None:
        stored.read_layout(adata, basis)
    sph.tl.loops(adata, key_added=KEY, **arguments)
    return adata


def _record(adata: Any, path: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    kept = adata.uns[KEY]
    warned = kept["groups"].get("warnings")
    rows = [] if warned is None else warned.to_dict("records")
    return {
        "input": {"source": path.name, "shape": list(adata.shape)},
        "settings": {name: value for name, value in arguments.items() if value is not None},
        "warnings": {
            g: [r["warning"] for r in rows if r["group"] == g] for g in dict.fromkeys(r["group"] for r in rows)
        },
        "groupby": kept["groupby"],
        "least_q": kept["least_q"],
        "groups": kept["groups"]["summary"].to_dict("records"),
        **output.made_by("loops", arguments["random_state"]),
    }


def write(adata: Any, path: Path, record: dict[str, Any], options: Mapping[str, Any]) -> None:
    """Write tables, columns, page and cells into a folder.

    Parameters
    ----------
    adata : with the result. path : the input. record : what result.json holds. options : of the command, by name.
    """
    kept = adata.uns[KEY]
    with files.output_folder(options["out"], overwrite=options["overwrite"]) as folder:
        files.write_json(folder / "result.json", record)
        for name in WRITTEN:
            table = kept["groups"].get(name)
            if table is not None:
                file = folder / f"{'groups' if name == 'summary' else name}.csv"
                files.write_csv(file, {column: table[column].to_numpy() for column in table})
        columns = {str(c): adata.obs[c].to_numpy() for c in kept["obs_columns"]}
        files.write_csv(folder / "cells.csv", {"cell": list(map(str, adata.obs_names)), **columns})
        if options["as_report"]:
            title = f"Which groups of cells in {path.name} go round a loop?"
            pages.from_anndata(adata, folder / "report.html", basis=options["basis"], title=title)
        if options["write_h5ad"]:
            adata.write_h5ad(folder / "cells.h5ad")
