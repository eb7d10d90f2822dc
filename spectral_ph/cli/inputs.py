"""From the input and its options to what the functions take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import spectral_ph as sph
from spectral_ph import _check, files
from spectral_ph._types import FloatArray, Settings
from spectral_ph.cells.confounders import KNOWN_CONFOUNDERS
from spectral_ph.cells.expression import Expression, Kind, is_whole
from spectral_ph.cells.preprocess import Preprocessed
from spectral_ph.stored import LAYOUTS

if TYPE_CHECKING:
    from spectral_ph.embedding.report import EmbeddingReport

NO_GENES = "none"
"""What is passed to --genes for no genes."""

MANY_COLUMNS = 50
"""A table of whole numbers with as many columns or more is likely to be one of counts."""


def preparation(table: files.Table, preprocess: str, use_rep: str | None, pairwise: bool) -> str:
    """Return how the input is prepared: "counts", "log", or "none" if its values are coordinates.

    Where it is not said, genes are prepared as `spectral_ph.tl.loops` prepares them, and whatever else there is is not.
    """
    if preprocess != "auto":
        return preprocess
    if pairwise or use_rep == "X":
        return "none"
    if table.genes:
        names = table.columns or ("",) * table.X.shape[1]
        return "counts" if Expression.of(table.X, names, "auto", table.source.partition(" (")[0]).counts else "log"
    if isinstance(table.X, np.ndarray) and table.X.shape[1] >= MANY_COLUMNS and is_whole(table.X):
        _check.warn(
            f"{table.source} holds whole numbers only, as counts are, and they were taken as coordinates. Pass ",
            _check.Argument("kind", "counts"),
            " to prepare them, or ",
            _check.Argument("kind", "none"),
            " if they are coordinates.",
        )
    return "none"


def points(table: files.Table, preprocess: str, drop_empty: bool, graph: bool) -> tuple[Any, Preprocessed | None]:
    """Return what the pipeline gets, and the preparation if one was asked for."""
    if preprocess != "none":
        if graph:
            raise sph.InputError(
                "--graph and --preprocess exclude each other, because a graph has no counts. Leave one out."
            )
        prepared = sph.preprocess(table.X, kind="log" if preprocess == "log" else "counts", drop_empty=drop_empty)
        return prepared.X, prepared
    if graph:
        return table.X, None
    if not isinstance(table.X, np.ndarray):
        raise sph.InputError(
            f"{table.source} is sparse, but coordinates are needed. Pass --preprocess counts (or log) to reduce it "
            "to principal components, --use-rep for a representation that is stored, or --graph if it is a graph."
        )
    return table.X, None


def data(points: Any, graph: bool) -> dict[str, Any]:
    """Return the points or the graph under the name that the functions have for it."""
    return {"graph": points} if graph else {"X": points}


def embedding(name: str, affinity: str | None, n_neighbors: int | None, params: Settings, seed: int) -> Any:
    """Return an embedding that is not fitted; what it does not take itself is for its affinity."""
    from spectral_ph.embedding.registry import embedding_named

    known = embedding_named(name).get_params(deep=False)
    own = {key: value for key, value in params.items() if key in known}
    others = {key: value for key, value in params.items() if key not in known}
    chosen = given(affinity=affinity, n_neighbors=n_neighbors, affinity_params=others or None)
    return embedding_named(name, random_state=seed, **chosen, **own)


def embedding_report(points: Any, layout: Any, affinity: str, seed: int) -> EmbeddingReport:
    """Compare a layout with its points, graph or distances, with the verdict on their loops."""
    from spectral_ph.embedding.report import embedding_report

    if affinity == "graph":
        found = sph.find_loops(graph=points, random_state=seed)
        D = sph.distance_matrix(graph=points, disconnected="max", random_state=seed)
        return embedding_report(D, layout, found, distance="precomputed", random_state=seed)
    if affinity == "precomputed_distance":
        found = sph.find_loops(points, distance="precomputed", random_state=seed)
        return embedding_report(points, layout, found, distance="precomputed", random_state=seed)
    return embedding_report(points, layout, sph.find_loops(points, random_state=seed), random_state=seed)


def given(**arguments: Any) -> dict[str, Any]:
    """Leave out what was not given, so that the functions' own defaults hold."""
    return {name: value for name, value in arguments.items() if value is not None}


def columns(path: Path, option: str, names: tuple[str, ...], rows: Any) -> dict[str, Any]:
    """Return columns of obs of an .h5ad by name, one value for each of the cells that are used."""
    if not names:
        return {}
    if not files.holds_obs(path):
        raise sph.InputError(f"{option} names a column of obs of an .h5ad, but {path} is none. Leave it out.")
    known = files.obs_names(path)
    for name in names:
        if name not in known:
            raise sph.InputError(
                f"{path} has no column {name!r} in obs, which has {', '.join(map(repr, known)) or 'none'}."
            )
    return {name: values[rows] for name, values in files.read_obs(path, names).items()}


def column(path: Path, option: str, name: str | None, rows: Any) -> Any:
    """Return one column of obs of an .h5ad, one value for each of the cells that are used; None where none was named."""
    return None if name is None else columns(path, option, (name,), rows)[name]


def confounders(path: Path, names: tuple[str, ...], rows: Any, pairwise: bool) -> dict[str, Any]:
    """Return the columns of obs that the phase is compared with: those that are named, or the usual ones of cells."""
    if not names and not pairwise and files.holds_obs(path):
        known = files.obs_names(path)
        names = tuple(name for name in KNOWN_CONFOUNDERS if name in known)
    return columns(path, "--confounder", names, rows)


def depth(path: Path, expression: Expression | None, rows: Any, pairwise: bool) -> dict[str, Any]:
    """Return what layers["counts"] says of the depth of each cell, where the expression itself does not."""
    if pairwise or expression is None or expression.counts or not files.holds_obs(path):
        return {}
    if "counts" not in files.layer_names(path):
        return {}
    found = files.read(path, layer="counts", feature_type="all")
    return Expression.of(found.X[rows], found.columns or (), "auto", found.source).depth()


def expression(
    path: Path,
    entry: str | None,
    table: files.Table,
    preprocess: str,
    rows: Any,
    feature_type: str | None,
    pairwise: bool,
) -> Expression | None:
    """Return the expression of genes in the cells that are used, from where `spectral_ph.tl.loops` takes it; None for none.

    Of the cells of an AnnData it is known that they have expression or none; of points it is not.
    """
    if entry == NO_GENES:
        return None
    if entry is None and preprocess != "none":
        found, kind = table, preprocess
    elif entry is not None:
        where: dict[str, Any] = {"use_rep" if entry == "X" else "layer": entry}
        found, kind = files.read(path, feature_type=feature_type, **where), "auto"
    elif pairwise or not files.holds_obs(path):
        return None
    elif not files.holds_values(path):
        return Expression.of(None, ())
    else:
        found, kind = files.read(path, use_rep="X", feature_type=feature_type), "auto"
    if found.columns is None:
        return None
    return Expression.of(found.X[rows], found.columns, cast(Kind, kind), found.source)


def pursuit(expression: Expression | None, pursue: str, start: tuple[str, ...], pairwise: bool) -> dict[str, Any]:
    """Return what a loop is pursued in, as `find_loops` takes it."""
    asked = {"auto": "auto", "yes": True, "no": False}[pursue]
    features = {} if expression is None or pairwise else {"features": expression}
    return {"pursue": asked, "start_genes": list(start) or None, **features}


def layout(path: Path, basis: str | None, rows: Any) -> tuple[FloatArray, str] | None:
    """Return where the points are drawn, (n, 2), and what that is; None where the file holds no layout and none was named."""
    there = files.obsm_names(path) if files.holds_obs(path) else []
    if basis is None:  # X_pca, the last of them, is flat enough by itself
        key = next((name for name in LAYOUTS[:-1] if name in there), None)
    else:
        key = next((name for name in (basis, f"X_{basis}") if name in there), None)
        if key is None:
            listed = f"has {', '.join(map(repr, there))} in obsm" if there else "has no obsm"
            raise sph.InputError(
                f"--basis {basis} is no layout of {path}, which {listed}. Name another, or leave it out."
            )
    if key is not None:
        place = np.asarray(files.read(path, use_rep=key).X)[rows]
        if place.shape[1] >= 2 and np.isfinite(place[:, :2]).all():
            return np.ascontiguousarray(place[:, :2]), f"obsm[{key!r}]"
        if basis is not None:
            raise sph.InputError(f"--basis {basis} has no two columns of finite numbers to draw by. Name another.")
    return None


def flat(points: Any, pairwise: bool) -> tuple[FloatArray, str]:
    """Return a flat layout of points or distances, (n, 2), and what it is."""
    from spectral_ph import plot

    what = "a flat layout of the distances" if pairwise else "the first two principal components"
    return plot.flat_layout(points, pairwise=pairwise), what


def kept_rows(prepared: Preprocessed | None, n: int) -> Any:
    """Return the rows of the input that the points stand for."""
    return prepared.kept_cells if prepared is not None else np.arange(n)


def kept_names(table: files.Table, rows: Any) -> list[str]:
    """Return the names of rows, their numbers if they have none."""
    return [table.names[i] for i in rows] if table.names is not None else [str(i) for i in rows]
