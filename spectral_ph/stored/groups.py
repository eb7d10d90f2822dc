"""How the results of groups of cells lie in one AnnData: tables with a column `group`, one column of obs for each quantity.

Names of groups are values and never keys, so that any text is one. `of_group` gives back the cells of a group with its result
as if it had been asked for alone, so that all that reads one result reads that of a group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_ph import _check, stored
from spectral_ph._check import Argument
from spectral_ph._types import IntArray, Settings
from spectral_ph.cells.conditions import Comparison
from spectral_ph.cells.confounders import Association
from spectral_ph.cells.genes import FALSE_DISCOVERY_RATE

TABLES = {"loops": "loop", "genes": "gene", "profiles": "gene", "confounders": "name"}
"""Tables of one result, and what their index is called."""
DETAILS = ("params", "anchor", "genes_params", "profile_phases", "confounders_note", "pursued")
"""What is kept of each group as JSON, for it has no fixed columns."""
TOP_GENES = 5
MISSING: dict[str, Any] = {"cycle": -1, "on_loop": False, "in_domain": False}
"""What a column of obs holds for cells of other groups, where that is not NaN."""


@dataclass(frozen=True, eq=False)
class Group:
    """One group of cells: its name, which cells, the AnnData of these with the result, or why there is none."""

    name: str
    cells: IntArray
    adata: Any
    reason: str = ""


def write(
    adata: Any,
    key: str,
    groupby: str,
    groups: Sequence[Group],
    q_values: Mapping[str, float],
    least_q: float,
    how: Settings,
) -> list[str]:
    """Write the results of groups into obs and uns, in place of what was there under the same name.

    Parameters
    ----------
    adata : AnnData of all cells.
    key : name of the result.
    groupby : column of obs that the groups come from.
    groups : in the order of the table; those without `adata` have no result, for a reason.
    q_values : by name, of the groups with a p-value.
    least_q : the smallest q-value that was possible.
    how : further parameters, for uns[key]["params"].

    Returns
    -------
    list of str, the columns that obs got.
    """
    import pandas as pd

    there = [group for group in groups if group.adata is not None]
    names = list(dict.fromkeys(name for group in there for name in group.adata.uns[key]["obs_columns"]))
    stored.write_columns(adata, key, [])  # takes away those of an earlier call
    member = np.full(adata.n_obs, "", dtype=object)
    for group in there:
        member[group.cells] = group.name
    label = stored.column(key, "group")
    adata.obs[label] = pd.Categorical(member, categories=["", *(group.name for group in there)])
    for name in names:
        part = next((part for part in MISSING if name.startswith(stored.column(key, part))), "")
        kind = {"cycle": np.int64, "": np.float64}.get(part, bool)
        values = np.full(adata.n_obs, MISSING.get(part, np.nan), dtype=kind)
        for group in there:
            if name in group.adata.obs:
                values[group.cells] = group.adata.obs[name].to_numpy()
        adata.obs[name] = values
    uns = {group.name: group.adata.uns[key] for group in there}
    tables: dict[str, Any] = {"summary": _summary(groups, uns, q_values)}
    for table, index in {**TABLES, "tried": "row"}.items():
        parts = [one[table].reset_index(names=index).assign(group=name) for name, one in uns.items() if table in one]
        if parts:
            tables[table] = _joined(parts)
    tables["diagrams"] = _joined([_diagrams(one["diagrams"]).assign(group=name) for name, one in uns.items()])
    tables["details"] = stored.of_rows(
        [
            {"group": name} | {part: json.dumps(_detail(one, part), default=_plain) for part in DETAILS}
            for name, one in uns.items()
        ]
    )
    parts = [one["pursued"]["genes"].assign(group=name) for name, one in uns.items() if "pursued" in one]
    if parts:
        tables["pursued_genes"] = _joined(parts)
    _write_layouts(adata, key, there)
    said = [{"group": name, "warning": text} for name, one in uns.items() for text in one["warnings"]]
    if said:
        tables["warnings"] = stored.of_rows(said)
    adata.uns[key] = {
        "format": stored.FORMAT,
        "groupby": groupby,
        "groups": tables,
        "least_q": least_q,
        "engine": next(str(one["engine"]) for one in uns.values()),
        "params": stored.plain(how),
        "versions": next(iter(uns.values()))["versions"],
        "obs_columns": np.array([label, *names], dtype=object),
    }
    return [label, *names]


def of_group(adata: Any, key: str, group: str | None) -> Any:
    """Return the cells of one group with its result, as `tl.loops` of these alone would have left it.

    Parameters
    ----------
    adata : AnnData that `tl.loops` has seen.
    key : name of the result.
    group : name of the group; None for a result of all cells, which is `adata` itself.

    Returns
    -------
    AnnData

    Raises
    ------
    InputError : no such group or none at all, or a name is needed.
    """
    if group is None:
        return adata
    kept = summary_of(adata, key)
    tables = kept["groups"]
    looked = [str(name) for name in tables["details"]["group"]]
    name = _check.one_of(str(group), looked, "group with a result", "group")
    of = {table: rows[rows["group"].astype(str) == name].drop(columns="group") for table, rows in tables.items()}
    cells = adata.obs[stored.column(key, "group")].astype(str).to_numpy() == name
    one = adata[cells].to_memory() if adata.isbacked else adata[cells].copy()
    row = of["summary"].iloc[0]
    uns: dict[str, Any] = {name: row[name] for name in ("verdict", "reason", "p_value", "agreement")}
    details = {part: json.loads(of["details"].iloc[0][part]) for part in DETAILS}
    for table, index in TABLES.items():
        if table in of and (table == "confounders" or len(of[table]) or (table == "profiles" and "genes" in uns)):
            uns[table] = of[table].set_index(index)
            if table == "profiles":
                uns[table] = uns[table].dropna(axis=1, how="all")
    diagrams = of["diagrams"]
    uns["diagrams"] = {
        f"H{k}": diagrams.loc[diagrams["dimension"] == k, ["birth", "death"]].to_numpy(dtype=np.float64)
        for k in range(int(diagrams["dimension"].max()) + 1)
    }
    if "tried" in of:
        uns["tried"] = of["tried"].drop(columns="row")
    uns |= {part: value for part, value in details.items() if value is not None}
    if "pursued" in uns:
        uns["pursued"]["genes"] = of["pursued_genes"]
        where = f"X_{key}_pursued"
        if where in one.obsm:
            layout = np.asarray(one.obsm[where], dtype=np.float64)
            one.obsm[where] = layout[:, np.isfinite(layout).all(axis=0)]
    warned = of.get("warnings")
    uns["warnings"] = np.array([] if warned is None else list(warned["warning"]), dtype=object)
    shown = int(uns["loops"]["in_obs"].to_numpy(dtype=bool).sum()) if "loops" in uns else 0
    own = [
        c for c in kept["obs_columns"] if any(c == stored.column(key, p, k) for p in stored.PARTS for k in range(shown))
    ]
    own += [
        phase for phase in [stored.column(key, "pursued_phase")] if "pursued" in uns and phase in kept["obs_columns"]
    ]
    uns |= {"engine": kept["engine"], "versions": kept["versions"], "obs_columns": np.array(own, dtype=object)}
    if "loops" not in uns:
        uns["loops"] = tables["loops"].iloc[:0].drop(columns="group").set_index("loop")
    one.uns[key] = uns
    return one


def summary_of(adata: Any, key: str) -> Mapping[str, Any]:
    """Return what uns holds of a result in groups.

    Parameters
    ----------
    adata, key : as for `of_group`.

    Returns
    -------
    Mapping with "groupby", "groups" (tables) and "least_q".

    Raises
    ------
    InputError : no result, or one without groups.
    """
    kept = getattr(adata, "uns", {}).get(key)
    if not isinstance(kept, Mapping) or "groups" not in kept:
        raise _check.InputError(
            f"uns[{key!r}] holds no result in groups. Run spectral_ph.tl.loops with ",
            Argument("groupby"),
            ", or leave out ",
            Argument("group"),
            ".",
        )
    return kept


def write_comparison(adata: Any, key: str, found: Comparison, settings: Settings) -> None:
    """Write a comparison of conditions into uns[key]["compare"], in place of an earlier one.

    Parameters
    ----------
    adata : AnnData with a result of that name. key : name of the result. found : what is written. settings : how it was made.
    """
    import pandas as pd

    names = [found.conditions[k] for k in found.condition]
    donors = pd.DataFrame(
        {
            "donor": np.array(found.donors, dtype=object),
            "condition": np.array(names, dtype=object),
            "cells": found.cells,
            "share_on_loop": found.share,
            **{f"density_{k}": column for k, column in enumerate(found.density.T)},
        }
    )
    density = {"phase": found.phases, "difference": found.difference, "low": found.low, "high": found.high}
    tables = {"donors": donors, "density": pd.DataFrame(density)}
    for table in tables.values():
        table.index = table.index.astype(str)
    adata.uns[key]["compare"] = {
        "conditions": np.array(found.conditions, dtype=object),
        "reason": found.reason,
        "paired": bool(found.paired),
        "p_density": np.nan if found.p_density is None else found.p_density,
        "p_share": np.nan if found.p_share is None else found.p_share,
        **{name: float(getattr(found, name)) for name in ("least_p", "moved", "moved_by_chance", "share_difference")},
        "share_interval": np.array(found.share_interval),
        "params": stored.plain(settings),
        **tables,
    }


def read_comparison(adata: Any, key: str) -> Comparison:
    """Return the comparison that `write_comparison` stored.

    Parameters
    ----------
    adata, key : as there.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError : there is none.
    """
    kept = getattr(adata, "uns", {}).get(key)
    if not isinstance(kept, Mapping) or "compare" not in kept:
        raise _check.InputError(f"uns[{key!r}] holds no comparison of conditions. Run spectral_ph.tl.compare first.")
    one = kept["compare"]
    donors, density = one["donors"], one["density"]
    names = [str(name) for name in one["conditions"]]
    return Comparison(
        conditions=(names[0], names[1]),
        donors=tuple(map(str, donors["donor"])),
        condition=np.array([names.index(str(name)) for name in donors["condition"]], dtype=np.int64),
        cells=donors["cells"].to_numpy(dtype=np.int64),
        share=donors["share_on_loop"].to_numpy(dtype=np.float64),
        density=donors[[f"density_{k}" for k in range(len(density))]].to_numpy(dtype=np.float64),
        phases=density["phase"].to_numpy(dtype=np.float64),
        paired=bool(one["paired"]),
        p_density=_or_none(one["p_density"]),
        p_share=_or_none(one["p_share"]),
        least_p=float(one["least_p"]),
        moved=float(one["moved"]),
        moved_by_chance=float(one["moved_by_chance"]),
        share_difference=float(one["share_difference"]),
        share_interval=(float(one["share_interval"][0]), float(one["share_interval"][1])),
        **{name: density[name].to_numpy(dtype=np.float64) for name in ("difference", "low", "high")},
        reason=str(one["reason"]),
    )


def _or_none(value: Any) -> float | None:
    return None if value != value else float(value)


def _detail(one: Mapping[str, Any], part: str) -> Any:
    value = one.get(part)
    return (
        {name: x for name, x in value.items() if name != "genes"} if part == "pursued" and value is not None else value
    )


def _write_layouts(adata: Any, key: str, groups: Sequence[Group]) -> None:
    """Write the components in which loops of groups were pursued, NaN for other cells and where a group has fewer."""
    where = f"X_{key}_pursued"
    adata.obsm.pop(where, None)
    parts = [group for group in groups if where in group.adata.obsm]
    if parts:
        layout = np.full((adata.n_obs, max(group.adata.obsm[where].shape[1] for group in parts)), np.nan)
        for group in parts:
            layout[group.cells, : group.adata.obsm[where].shape[1]] = group.adata.obsm[where]
        adata.obsm[where] = layout


def _summary(groups: Sequence[Group], uns: Mapping[str, Mapping[str, Any]], q_values: Mapping[str, float]) -> Any:
    rows = []
    for group in groups:
        one = uns.get(group.name)
        row: dict[str, Any] = {"group": group.name, "cells": len(group.cells)}
        if one is None:
            row |= {"verdict": "not looked at", "p_value": np.nan, "q_value": np.nan, "agreement": np.nan}
            row |= {"loops_called": 0, "genes_following": 0, "top_genes": "", "confounders": "", "reason": group.reason}
        else:
            genes = one.get("genes")
            follow = [] if genes is None else list(genes.index[genes["q_value"] < FALSE_DISCOVERY_RATE])
            row |= {"verdict": one["verdict"], "p_value": one["p_value"], "q_value": q_values.get(group.name, np.nan)}
            row |= {"agreement": one["agreement"], "loops_called": int((one["loops"]["verdict"] == "loop").sum())}
            row |= {"genes_following": len(follow), "top_genes": ", ".join(map(str, follow[:TOP_GENES]))}
            row |= {"confounders": ", ".join(_strong(one.get("confounders"))), "reason": one["reason"]}
        rows.append(row)
    whole = dict.fromkeys(("cells", "loops_called", "genes_following"), np.int64)
    return stored.of_rows(rows).astype(whole)


def _strong(confounders: Any) -> list[str]:
    """Return the names of what the phase goes with strongly, and how strongly."""
    rows = [] if confounders is None else confounders.reset_index(names="name").to_dict("records")
    found = [Association(**row) for row in rows]
    return [f"{a.name} ({a.share if a.kind == 'categorical' else a.rank_share:.0%})" for a in found if a.warning]


def _joined(parts: list[Any]) -> Any:
    """Return tables below each other, their text whole, as .h5ad wants it."""
    import pandas as pd

    table = pd.concat(parts, ignore_index=True)
    for name in table.columns:
        if table[name].dtype.kind not in "biuf":
            table[name] = [str(value) for value in table[name].to_numpy(dtype=object)]
            table[name] = table[name].astype(object)
    table.columns = table.columns.astype(str)
    table.index = table.index.astype(str)
    return table


def _diagrams(diagrams: Mapping[str, Any]) -> Any:
    import pandas as pd

    rows = [np.column_stack([np.full(len(pairs), int(name[1:])), pairs]) for name, pairs in diagrams.items()]
    table = pd.DataFrame(np.concatenate(rows), columns=["dimension", "birth", "death"])
    return table.astype({"dimension": np.int64})


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)
