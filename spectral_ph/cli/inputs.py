"""From the input and its options to what the functions take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import spectral_ph as sph
from spectral_ph import _check, files, report
from spectral_ph.cells.preprocess import Preprocessed


def points(table: files.Table, preprocess: str, drop_empty: bool, graph: bool) -> tuple[Any, Preprocessed | None]:
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


def data(points: Any, graph: bool) -> dict[str, Any]:
    """Return the points or the graph under the name that the functions have for it."""
    return {"graph": points} if graph else {"X": points}


def given(**arguments: Any) -> dict[str, Any]:
    """Leave out what was not given, so that the functions' own defaults hold."""
    return {name: value for name, value in arguments.items() if value is not None}


def columns(path: Path, option: str, names: tuple[str, ...]) -> dict[str, Any]:
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


def genes_along(
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


def kept_rows(prepared: Preprocessed | None, n: int) -> Any:
    """Return the rows of the input that the points stand for."""
    return prepared.kept_cells if prepared is not None else np.arange(n)


def kept_names(table: files.Table, rows: Any) -> list[str]:
    """Return the names of rows, their numbers if they have none."""
    return [table.names[i] for i in rows] if table.names is not None else [str(i) for i in rows]
