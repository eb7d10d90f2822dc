"""How a result lies in an AnnData: the one file that spells the columns of obs and the keys of uns.

`tl` writes through it, `pl`, the report and `tl.place` read through it. A loop has columns in obs, named `key_part`, the
second loop `key_part_2`, and so on; uns[key] holds the rest in kinds that .h5ad and .zarr give back as they were.

Long because whatever is written is read here too, so that no key is spelled twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Settings
from spectral_ph.cells.about import AboutLoop
from spectral_ph.cells.anchor import Anchor
from spectral_ph.cells.confounders import Association
from spectral_ph.cells.genes import PeriodicGenes
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.agreement import weighted_ranks
from spectral_ph.loops.pursued import Pursued
from spectral_ph.loops.result import Loop, LoopResult, versions

NEEDED = ("phase", "in_domain", "distance", "cycle")
"""Columns without which a loop cannot be read back."""

MEASURED = ("p_value", "agreement", "evidence", "prominence", "relief", "inside", "core")
"""What is known of a loop beside its shape, NaN where it was not computed."""

PARTS = ("phase", "cos", "sin", "distance", "on_loop", "in_domain", "cycle", "phase_sd")
"""All columns of a loop."""

PLACED = ("phase", "cos", "sin", "distance", "in_domain")
"""Columns that new cells get when they are placed on a loop."""


FORMAT = 1
"""Version of what uns holds of a result, in uns[key]["format"]; docs/reference/files.md says what that is."""

LONGEST_KEY = 200
"""File systems take names of 255 bytes, and obs gets names that begin with the key."""


def check_key(key: object, name: str) -> str:
    """Return the name of a result if .h5ad and .zarr both give it back as it is.

    Parameters
    ----------
    key : what was passed.
    name : of the argument.

    Returns
    -------
    str

    Raises
    ------
    InputError : no text, none at all, or with what makes a folder or a file of its own of it.
    """
    good = isinstance(key, str) and key.isprintable() and 0 < len(key.encode()) <= LONGEST_KEY
    if isinstance(key, str) and good and not key.startswith(".") and not {"/", "\\"} & set(key):
        return key
    raise _check.InputError(
        Argument(name, key),
        " is no name that .h5ad and .zarr both keep. Pass text of 1 to ",
        f"{LONGEST_KEY} characters without / and \\ that does not begin with a point.",
    )


def check_free(adata: Any, key: str, name: str) -> None:
    """Refuse the name of something else in uns, which a result would replace.

    Parameters
    ----------
    adata : AnnData. key : name of the result. name : of the argument.
    """
    there = adata.uns.get(key, {})
    if not isinstance(there, Mapping) or (there and "obs_columns" not in there):
        raise _check.InputError(
            f"uns[{key!r}] holds something that spectral_ph did not write, and it is not replaced. Pass another ",
            Argument(name),
            ".",
        )


def column(key: str, part: str, place: int = 0) -> str:
    """Return the name of a column of obs.

    Parameters
    ----------
    key : the `key_added` of `tl.loops`.
    part : "phase", "cos", "sin", "phase_sd", "distance", "on_loop", "in_domain" or "cycle".
    place : which of the loops in obs, counted from 0.

    Returns
    -------
    str
    """
    return f"{key}_{part}" + (f"_{place + 1}" if place else "")


def write_loops(
    adata: Any, key: str, result: LoopResult, about: AboutLoop | None, settings: Settings, warnings: Iterable[str]
) -> list[str]:
    """Write a result into obs and uns, in place of what was there under the same name.

    Parameters
    ----------
    adata : AnnData of the same cells.
    key : name of the result.
    result : LoopResult; the loops in `LoopResult.shown` get columns in obs.
    about : what is known about the first of those beside its shape.
    settings : all parameters, for uns[key]["params"].
    warnings : sentences.

    Returns
    -------
    list of str, the columns that obs got.
    """
    import pandas as pd

    places = [_columns(result.loops[k]) for k in result.shown]
    names = write_columns(adata, key, places)
    rows, P = result.loops, result.persistence
    table = pd.DataFrame(
        {
            "verdict": text(loop.verdict for loop in rows),
            "reason": text(loop.reason for loop in rows),
            **{name: np.array([_number(getattr(loop, name)) for loop in rows]) for name in MEASURED},
            **{
                f"inside_{end}": np.array([_number(loop.inside_range and loop.inside_range[k]) for loop in rows])
                for k, end in enumerate(("low", "high"))
            },
            **{
                name: np.array([float(getattr(loop, name)) for loop in rows])
                for name in ("birth", "death", "persistence", "score", "scale")
            },
            "cycle_length": np.array([len(loop.cycle) for loop in rows], dtype=np.int64),
            "n_on_loop": np.array([int(loop.on_loop.sum()) for loop in rows], dtype=np.int64),
            "in_obs": np.array([k in result.shown for k in range(len(rows))], dtype=bool),
        },
        index=pd.Index([str(k + 1) for k in range(len(rows))], dtype=object, name="loop"),
    )
    adata.uns[key] = {
        "format": FORMAT,
        "verdict": result.verdict,
        "reason": result.reason,
        "p_value": _number(result.p_value),
        "agreement": _number(result.agreement),
        "loops": table,
        "diagrams": {f"H{k}": np.asarray(P[k], dtype=np.float64) for k in range(len(P))},
        "engine": str(P.engine),
        "tried": of_rows([dict(one) for one in result.tried]),
        "params": plain(settings),
        "versions": tool_versions(),
        "warnings": text(warnings),
        "obs_columns": text(names),
        **_about(about),
    }
    _write_pursued(adata, key, result.pursued)
    return names


PURSUED = ("evidence", "agreement", "prominence", "relief", "core")
"""What is known of a loop that was pursued, beside its genes."""


def _write_pursued(adata: Any, key: str, pursued: Pursued | None) -> None:
    """Write the loop that was pursued into uns, obs and obsm, in place of what an earlier call left there."""
    import pandas as pd

    where, phase = f"X_{key}_pursued", column(key, "pursued_phase")
    if where in adata.obsm:
        del adata.obsm[where]
    if pursued is None:
        return
    rows = pursued.gene_rows()
    adata.uns[key]["pursued"] = {
        **{name: float(getattr(pursued, name)) for name in PURSUED},
        "types": int(pursued.types),
        "reason": pursued.reason,
        "params": plain(pursued.settings),
        "genes": pd.DataFrame(
            {
                "gene": text(row["gene"] for row in rows),
                "column": pursued.genes.astype(np.int64),
                "share": np.array([row["share"] for row in rows], dtype=np.float64),
                "explained": np.array([row["explained"] for row in rows], dtype=np.float64),
            },
            index=pd.Index([str(k + 1) for k in range(len(rows))], dtype=object),
        ),
    }
    if len(pursued.phase):
        adata.obs[phase] = pursued.phase
        adata.obsm[where] = pursued.layout
        adata.uns[key]["obs_columns"] = text([*adata.uns[key]["obs_columns"], phase])


def _read_pursued(adata: Any, key: str) -> Pursued | None:
    """Return the loop that was pursued, as far as it is stored; None where there is none."""
    kept = adata.uns[key].get("pursued")
    if not isinstance(kept, Mapping):
        return None
    table, where, phase = kept["genes"], f"X_{key}_pursued", column(key, "pursued_phase")
    there = where in adata.obsm and phase in adata.obs
    return Pursued(
        **{name: float(kept[name]) for name in PURSUED},
        genes=table["column"].to_numpy(dtype=np.int64),
        names=tuple(map(str, table["gene"])),
        share=table["share"].to_numpy(dtype=np.float64),
        explained=table["explained"].to_numpy(dtype=np.float64),
        layout=np.asarray(adata.obsm[where], dtype=np.float64) if there else np.empty((0, 0)),
        phase=adata.obs[phase].to_numpy(dtype=np.float64) if there else np.empty(0),
        types=int(kept["types"]),
        reason=str(kept["reason"]),
        settings=_again(kept["params"]),
    )


def write_placed(adata: Any, key: str, places: Sequence[Mapping[str, Any]], how: str) -> None:
    """Write where new cells stand on loops that were found on others.

    Parameters
    ----------
    adata : AnnData of the new cells.
    key : name of the result.
    places : for each loop, the columns of `PLACED` by part.
    how : how they were placed, in words.
    """
    names = write_columns(adata, key, places)
    adata.uns[key] = {"placed": how, "versions": tool_versions(), "obs_columns": text(names)}


def write_columns(adata: Any, key: str, places: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write columns into obs in place of those that an earlier call wrote under the same name.

    Parameters
    ----------
    adata : AnnData.
    key : name of the result.
    places : for each loop, its columns by part.

    Returns
    -------
    list of str, the names of the columns.
    """
    before = adata.uns.get(key)
    if isinstance(before, Mapping):
        for name in before.get("obs_columns", ()):
            if name in adata.obs:
                del adata.obs[name]
    columns = {column(key, part, k): values for k, place in enumerate(places) for part, values in place.items()}
    for name, values in columns.items():
        adata.obs[name] = values
    return list(columns)


def read_uns(adata: Any, key: str) -> Mapping[str, Any]:
    """Return what uns holds of a result.

    Parameters
    ----------
    adata : AnnData that `tl.loops` has seen.
    key : name of the result.

    Returns
    -------
    Mapping, as `write_loops` made it.

    Raises
    ------
    InputError : no result of that name.
    """
    stored = getattr(adata, "uns", {}).get(key)
    if isinstance(stored, Mapping) and "groups" in stored:
        names = stored["groups"]["details"]["group"]
        raise _check.InputError(
            f"uns[{key!r}] holds a result for each group of {str(stored['groupby'])!r}. Name one with ",
            Argument("group"),
            f": {', '.join(map(repr, map(str, names)))}.",
        )
    if not isinstance(stored, Mapping) or "diagrams" not in stored:
        there = sorted(k for k, v in adata.uns.items() if isinstance(v, Mapping) and "obs_columns" in v)
        listed = f"there is {', '.join(map(repr, there))}" if there else "there is none"
        raise _check.InputError(
            f"uns[{key!r}] holds no result of spectral_ph.tl.loops ({listed}). Run it first, or pass another ",
            Argument("key"),
            ".",
        )
    return stored


def read_persistence(adata: Any, key: str) -> Persistence:
    """Return the diagrams of a stored result.

    Parameters
    ----------
    adata, key : as for `read_uns`.

    Returns
    -------
    Persistence

    Raises
    ------
    InputError : no result of that name.
    """
    stored = read_uns(adata, key)
    diagrams = [np.asarray(stored["diagrams"][f"H{k}"]).reshape(-1, 2) for k in range(len(stored["diagrams"]))]
    settings, warnings = _again(stored.get("params", {})), tuple(map(str, stored.get("warnings", ())))
    return Persistence(diagrams, adata.n_obs, str(stored["engine"]), settings, warnings)


def read_loops(adata: Any, key: str) -> LoopResult:
    """Return a result as far as it is stored: the loops that have columns in obs.

    Parameters
    ----------
    adata, key : as for `read_uns`.

    Returns
    -------
    LoopResult without halves.

    Raises
    ------
    InputError : no result of that name, or a column that is no longer there.
    """
    stored, P = read_uns(adata, key), read_persistence(adata, key)
    table = stored["loops"]
    found = []
    for place, name in enumerate(table.index[table["in_obs"].to_numpy(dtype=bool)]):
        names = {part: column(key, part, place) for part in NEEDED}
        for one in names.values():
            if one not in adata.obs:
                raise _check.InputError(f"obs has no column {one!r}, which spectral_ph.tl.loops wrote. Run it again.")
        row = table.loc[name]
        # Kept in obs, the cycle follows the cells when some are left out or put into another order.
        on_cycle = adata.obs[names["cycle"]].to_numpy(dtype=np.int64)
        order = np.argsort(on_cycle, kind="stable")
        cycle = order[on_cycle[order] >= 0]
        if len(cycle) == 0:
            raise _check.InputError(
                f"loop {name} passes none of the {adata.n_obs} cells, so it cannot be drawn. Run "
                "spectral_ph.tl.loops on these cells."
            )
        ends = _known(row.get("inside_low")), _known(row.get("inside_high"))
        found.append(
            Loop(
                birth=float(row["birth"]),
                death=float(row["death"]),
                persistence=float(row["persistence"]),
                score=float(row["score"]),
                cycle=np.asarray(cycle, dtype=np.int64),
                phase=adata.obs[names["phase"]].to_numpy(dtype=np.float64),
                domain=adata.obs[names["in_domain"]].to_numpy(dtype=bool),
                scale=float(row["scale"]),
                distance=adata.obs[names["distance"]].to_numpy(dtype=np.float64),
                verdict=row["verdict"],
                reason=row["reason"],
                inside_range=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
                p_value=_known(row["p_value"]),
                agreement=_known(row["agreement"]),
                evidence=_known(row.get("evidence")),
                prominence=_known(row.get("prominence")),
                relief=_known(row.get("relief")),
                inside=_known(row.get("inside")),
                core=_known(row.get("core")),
            )
        )
    evidence = (_known(stored.get("p_value")), _known(stored.get("agreement")))
    tried = tuple(map(_without_gaps, stored["tried"].to_dict("records"))) if "tried" in stored else ()
    pursued = _read_pursued(adata, key)
    return LoopResult(stored["verdict"], stored["reason"], *evidence, found, P, P.settings, P.warnings, tried, pursued)


def read_about(adata: Any, key: str) -> AboutLoop:
    """Return what is stored about the first of the loops in obs, beside its shape.

    Parameters
    ----------
    adata, key : as for `read_uns`.

    Returns
    -------
    AboutLoop; of genes that were not tested only the number is known, and they have no name.

    Raises
    ------
    InputError : no result of that name.
    """
    stored = read_uns(adata, key)
    genes, profiles = None, np.empty((0, 0))
    if "genes" in stored:
        table, test = stored["genes"], _again(stored["genes_params"])
        without = int(test["not_tested"])
        columns: dict[str, Any] = {"r_squared_held_out": None}
        columns |= {name: np.append(table[name].to_numpy(), np.full(without, np.nan)) for name in table.columns}
        columns["n_cells"] = np.append(table["n_cells"].to_numpy(), np.zeros(without, dtype=np.int64))
        genes = PeriodicGenes(
            names=(*map(str, table.index), *[""] * without),
            **columns,
            tests=int(test["tests"]),
            combine=test["combine"],
            n_harmonics=int(test["n_harmonics"]),
        )
        profiles = stored["profiles"].to_numpy(dtype=np.float64)
    confounders = stored.get("confounders")
    rows = [] if confounders is None else confounders.reset_index(names="name").to_dict("records")
    return AboutLoop(
        index=0,
        anchor=Anchor(**stored["anchor"]) if "anchor" in stored else None,
        genes=genes,
        following=np.arange(len(profiles)),  # the table of genes begins with these
        profiles=profiles,
        profile_phases=np.asarray(stored.get("profile_phases", ()), dtype=np.float64),
        confounders=tuple(Association(**row) for row in rows),
        confounders_note=str(stored.get("confounders_note", "")),
    )


def read_column(adata: Any, name: str) -> Any:
    """Return a column of obs as numbers, NaN where one is missing, or as labels, None where one is missing.

    Parameters
    ----------
    adata : AnnData. name : of the column.

    Returns
    -------
    (n,) float64 or objects.

    Raises
    ------
    InputError : no such column, or several of that name.
    """
    if name not in adata.obs:
        raise _check.missing_key("column", name, "obs", adata.obs.columns)
    column = adata.obs[name]
    if column.ndim > 1:
        raise _check.InputError(f"obs has several columns of the name {name!r}. Name them apart first.")
    if getattr(column.dtype, "kind", "O") in "iuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    labels = np.full(len(column), None, dtype=object)
    there = column.notna().to_numpy()
    # As text, for categories that are numbers are none to calculate with.
    labels[there] = column[there].astype(str).to_numpy(dtype=object)
    return labels


LAYOUTS = ("X_umap", "X_tsne", "X_draw_graph_fa", "X_phate", "X_pca")
"""Where cells are drawn if no layout is named: the first of these in obsm."""


def read_layout(adata: Any, basis: str | None) -> tuple[str, FloatArray]:
    """Return two coordinates of obsm to draw the cells at, and their key.

    Parameters
    ----------
    adata : AnnData.
    basis : key of obsm, with or without "X_"; None: the first of `LAYOUTS` there is.

    Returns
    -------
    key, and (n, 2) float64.

    Raises
    ------
    InputError : no such key, or no layout.
    """
    keys = list(map(str, adata.obsm))
    if basis is None:
        found = next((key for key in LAYOUTS if key in keys), None)
        if found is None:
            there = f"It has {', '.join(map(repr, sorted(keys)))}. Name one with "
            way = [there, Argument("basis"), "."] if keys else ["Make a layout first."]
            raise _check.InputError(f"obsm has none of {', '.join(LAYOUTS)} to draw the cells on. ", *way)
    else:
        found = next((key for key in (basis, f"X_{basis}") if key in keys), None)
        if found is None:
            listed = f"It has {', '.join(map(repr, sorted(keys)))}" if keys else "It has none"
            raise _check.InputError(f"obsm has no layout {basis!r}. {listed}.")
    values = _check.numbers(adata.obsm[found], f"obsm[{found!r}]")
    if values.ndim != 2 or values.shape[1] < 2:
        raise _check.InputError(
            f"obsm[{found!r}] has the shape {values.shape}, but two columns are needed to draw the cells. Name "
            "another ",
            Argument("basis"),
            ".",
        )
    return found, np.asarray(values[:, :2], dtype=np.float64)


def read_places(adata: Any, key: str) -> list[dict[str, Any]]:
    """Return the columns that say where the cells stand, for each loop that obs holds.

    Parameters
    ----------
    adata, key : as for `read_uns`; it may also be cells that were placed.

    Returns
    -------
    list of dict from each of `PLACED` to (n,) values; not empty.

    Raises
    ------
    InputError : no loop of that name.
    """
    stored = adata.uns.get(key)
    names = set(stored.get("obs_columns", ())) if isinstance(stored, Mapping) else set()
    places: list[dict[str, Any]] = []
    while column(key, "phase", len(places)) in names:
        places.append({part: adata.obs[column(key, part, len(places))].to_numpy() for part in PLACED})
    if not places:
        raise _check.InputError(
            f"the reference has no loop under the name {key!r}. Run spectral_ph.tl.loops(reference) first, or pass another ",
            Argument("key"),
            ".",
        )
    return places


def _columns(loop: Loop) -> dict[str, Any]:
    """Return the columns of one loop, by part."""
    # A wave of a phase that runs unevenly leaves much of the loop behind: regressed out of six simulated sets with
    # spacing="edges", a loop was called in four of them afterwards; with a wave of its ranks in none.
    even = weighted_ranks(loop.phase, loop.domain.astype(np.float64))
    columns: dict[str, Any] = {
        "phase": loop.phase,
        "cos": np.cos(even),
        "sin": np.sin(even),
        "distance": loop.distance,
        "on_loop": loop.on_loop,
        "in_domain": loop.domain,
        "cycle": loop.places,
    }
    if (spread := loop.spread) is not None:
        columns["phase_sd"] = spread
    return columns


def _about(about: AboutLoop | None) -> dict[str, Any]:
    """Return what uns says about one loop beside its shape: anchor, genes, confounders."""
    import pandas as pd

    if about is None:
        return {}
    out: dict[str, Any] = {}
    if about.anchor is not None:
        out["anchor"] = plain(dataclasses.asdict(about.anchor))
    if about.genes is not None:
        out["genes"] = _frame(about.gene_columns(), "gene")
        out["genes_params"] = plain(about.gene_test())
        out["profiles"] = pd.DataFrame(
            about.profiles,
            index=pd.Index([about.genes.names[j] for j in about.following], dtype=object, name="gene"),
            columns=[str(k) for k in range(about.profiles.shape[1])],
        )
        out["profile_phases"] = about.profile_phases
    out["confounders"] = _frame(about.confounder_columns(), "name")
    if about.confounders_note:
        out["confounders_note"] = about.confounders_note
    return out


def _frame(columns: dict[str, Any], index: str) -> Any:
    import pandas as pd

    return pd.DataFrame(columns, index=pd.Index(columns.pop(index), dtype=object, name=index))


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def text(values: Iterable[str]) -> Any:
    """Return text as .h5ad wants it, (n,) objects.

    Parameters
    ----------
    values : texts.
    """
    return np.array(list(values), dtype=object)


def of_rows(rows: list[dict[str, Any]]) -> Any:
    """Return a DataFrame of the rows that .h5ad can hold: a column is of numbers, of True and False, or of text.

    Parameters
    ----------
    rows : one dict a row; what one lacks is missing there.
    """
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if all(isinstance(value, (bool, np.bool_)) for value in values):
            columns[str(name)] = np.array(values, dtype=bool)
        elif all(value is None or isinstance(value, (int, float, np.number)) for value in values):
            columns[str(name)] = np.array([_number(value) for value in values])
        else:
            columns[str(name)] = text(map(str, values))
    return pd.DataFrame(columns, index=pd.Index([str(k + 1) for k in range(len(rows))], dtype=object))


def plain(value: Any) -> Any:
    """Return `value` in kinds that .h5ad gives back as they were: text, numbers, arrays and dictionaries of those.

    None becomes the text "None", for older readers know no missing value.

    Parameters
    ----------
    value : anything.
    """
    if isinstance(value, Mapping):
        # A slash would make a group of its own in the file, and a name that is empty would have no place.
        return {str(name).replace("/", "|").replace("\\", "|") or "|": plain(one) for name, one in value.items()}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    if isinstance(value, (list, tuple, np.ndarray)):
        items = list(value)
        if items and all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in items):
            return np.array(items)
        return text(map(str, items))
    return str(value)


def _again(value: Any) -> Any:
    """Return what `plain` was given, as far as that can be told."""
    if isinstance(value, Mapping):
        return {str(name): _again(one) for name, one in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [_again(one) for one in value.tolist()]
    return None if isinstance(value, str) and value == "None" else value


def _without_gaps(row: Mapping[Any, Any]) -> Settings:
    """Return one setting that was tried, without what only others have."""
    return {str(name): value for name, value in row.items() if value == value and value != "None"}


def _known(value: Any) -> float | None:
    return None if value is None or value != value else float(value)


def tool_versions() -> dict[str, str]:
    """Return the versions that a result is stored with, by name."""
    return versions() | {"anndata": metadata.version("anndata")}
