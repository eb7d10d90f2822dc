"""The question of `spectral_ph.tl.loops` in every group of cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph import _check, _log, stored
from spectral_ph.cells.genes import benjamini_hochberg
from spectral_ph.stored.groups import Group
from spectral_ph.stored.groups import write as write_groups
from spectral_ph.verdict.halves import half_size
from spectral_ph.verdict.null import least_p


def loops_in_groups(
    loops: Callable[..., Any], *, adata: Any, groupby: str, min_cells: int, key_added: str, **arguments: Any
) -> None:
    """Ask for loops in every group of a column of obs, and store what each answered.

    Parameters
    ----------
    loops : `spectral_ph.tl.loops`.
    adata : AnnData, which the result is written into.
    groupby, min_cells, key_added : as there.
    **arguments : the others of `loops`.

    Raises
    ------
    InputError : a column that is not there, no group of so many cells, or what `loops` refuses in every group.
    """
    from tqdm import tqdm

    if arguments["neighbors_key"] is not None:
        raise _check.InputError(
            _check.Argument("neighbors_key"),
            " names a graph of all cells, of which a group holds a torn part. Leave it out, or pass ",
            _check.Argument("use_rep"),
            ".",
        )
    key, min_cells = key_added, _check.positive_int(min_cells, "min_cells", least=2)
    arguments = {"key_added": key} | {name: x for name, x in arguments.items() if name not in ("copy", "params")}
    names, member = _members(adata, groupby)
    large = [name for name in names if len(member[name]) >= min_cells]
    if not large:
        sizes = ", ".join(f"{name!r} {len(member[name])}" for name in names) or "none"
        raise _check.InputError(
            f"no group of {groupby!r} has the {min_cells} cells of ",
            _check.Argument("min_cells"),
            f" (cells in each: {sizes}). Pass a smaller number, or another column.",
        )
    bar = tqdm(large, desc="groups", unit="group", leave=False, disable=not _log.shows_bars())
    found = {}
    for name in bar:
        bar.set_postfix_str(name)
        found[name] = _of_one_group(adata, loops, name, member[name], arguments)
    failed = [group for group in found.values() if group.adata is None]
    if len(failed) == len(found):
        raise _check.InputError(f"no group of {groupby!r} could be looked at. {failed[0].name!r}: {failed[0].reason}")
    for group in failed:
        _check.warn(f"group {group.name!r} of {groupby!r} was not looked at: {group.reason}")
    few = f"It has fewer than {min_cells} cells."
    groups = [found.get(name) or Group(name, member[name], None, few) for name in names]
    p = {group.name: group.adata.uns[key]["p_value"] for group in groups if group.adata is not None}
    p = {name: value for name, value in p.items() if value == value}
    q = dict(zip(p, benjamini_hochberg(list(p.values())).tolist(), strict=True))
    least = min((least_p(2 * half_size(len(member[name]))) for name in p), default=np.nan)
    how = {name: arguments[name] for name in ("distance", "use_rep", "layer", "random_state")} | {
        "min_cells": min_cells
    }
    how["random_state"] = _check.seed_record(how["random_state"])
    columns = write_groups(adata, key, groupby, groups, q, float(min(1.0, len(p) * least)), how)
    _log.say(_log.HINT, "added " + ", ".join((f"uns[{key!r}]", *(f"obs[{name!r}]" for name in columns))))


def _members(adata: Any, groupby: str) -> tuple[list[str], dict[str, NDArray[np.int64]]]:
    """Return the names of the groups, in the order of a category or sorted, and the cells of each."""
    values = stored.read_column(adata, groupby)
    missing = np.array([value is None or value != value for value in values.tolist()], dtype=bool)
    if missing.any():
        _check.warn(f"{int(missing.sum())} cells have no {groupby}, and are in no group.")
    labels = np.array(
        ["" if gone else _named(v) for v, gone in zip(values.tolist(), missing, strict=True)], dtype=object
    )
    column = adata.obs[groupby]
    ordered = sorted(set(labels[~missing].tolist()))
    if hasattr(column, "cat"):
        ordered = [str(name) for name in column.cat.categories]
    member = {name: np.flatnonzero((labels == name) & ~missing) for name in ordered}
    member = {name: cells for name, cells in member.items() if len(cells)}
    return list(member), member


def _named(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_one_group(
    adata: Any, loops: Callable[..., Any], name: str, cells: NDArray[np.int64], arguments: dict[str, Any]
) -> Group:
    """Return the cells of a group with their result, or why there is none."""
    one = adata[cells].to_memory() if adata.isbacked else adata[cells].copy()
    one.uns.pop(arguments["key_added"], None)
    one.obsm.pop(f"X_{arguments['key_added']}_pursued", None)
    if arguments["use_rep"] is None and (one.X is not None or arguments["layer"] is not None):
        one.obsm.pop("X_pca", None)  # its own components are computed
    try:
        with _check.unheard():  # kept in the table of warnings
            loops(one, **arguments)
    except _check.InputError as problem:
        return Group(name, cells, None, str(problem))
    return Group(name, cells, one)
