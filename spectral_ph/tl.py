"""Loops of an AnnData, in the scverse way: fetch from it, call the chain, write back into it."""

from __future__ import annotations

import dataclasses
import difflib
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, IntArray, RandomState
from spectral_ph.cells.anchor import G2M_GENES, S_GENES, Anchor, anchor_phase, known_genes
from spectral_ph.cells.confounders import Association, association
from spectral_ph.cells.genes import PeriodicGenes, genes_along, phase_profiles
from spectral_ph.cells.preprocess import preprocess
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.graph.symmetrize import graph_from_edges
from spectral_ph.loops.agreement import carry, weighted_ranks
from spectral_ph.loops.result import Loop, LoopResult
from spectral_ph.pipeline import find_loops

__all__ = ["loops", "place"]


def __dir__() -> list[str]:
    return __all__


PROFILED = 100
"""So many of the genes that follow the loop are kept with their mean in each interval of the phase, to be drawn."""

# Columns of obs that scanpy and others write, which a loop may follow without being one.
# fmt: off
KNOWN_CONFOUNDERS = (
    "total_counts", "n_counts", "nCount_RNA", "n_genes_by_counts", "n_genes", "nFeature_RNA",
    "pct_counts_mt", "percent_mito", "percent.mt", "batch", "sample", "donor",
)
# fmt: on


def loops(
    adata: Any,
    distance: str = "auto",
    *,
    use_rep: str | None = None,
    neighbors_key: str | None = None,
    key_added: str = "spectral_ph",
    kind: Literal["auto", "counts", "log"] = "auto",
    layer: str | None = None,
    genes: bool | Sequence[str] = True,
    anchor: bool = True,
    s_genes: Sequence[str] | None = None,
    g2m_genes: Sequence[str] | None = None,
    confounders: Sequence[str] | None = None,
    random_state: RandomState = 0,
    copy: bool = False,
    **params: Any,
) -> Any:
    """Find the loops that the cells go round, the phase of every cell, and the genes that follow it.

    Parameters
    ----------
    adata : AnnData of n cells, in memory or backed, dense or sparse. A view becomes a copy, as everywhere in scverse.
    distance : see `spectral_ph.find_loops`; default "auto", the setting with the most evidence.
    use_rep : the points: a key of obsm, or "X" for X as it is. Default: obsm["X_pca"] if there, else X (or `layer`) after
        `spectral_ph.preprocess`: most variable genes, 30 principal components. uns says which.
    neighbors_key : use the graph that `scanpy.pp.neighbors` stored (its `key_added`, "neighbors" by default; or a key of
        obsp itself) in place of points. Only its pattern is used: a stored 0 is an edge between duplicates, a cell is not
        its own neighbour (scanpy counts it in n_neighbors), and an edge in one direction is an edge.
    key_added : name of the results.
    kind : what X (or `layer`) holds, "counts" or "log" values; "auto": counts if the first cells hold whole numbers only.
    layer : take expression from layers[layer] instead of X.
    genes : test which genes follow the loop: all (True), those named, or none (False).
    anchor : turn the phase so that known S and G2/M genes tell its zero and direction, where they follow it.
    s_genes, g2m_genes : names of those genes; default: short lists of human symbols, in any case.
    confounders : columns of obs to compare the phase with; default: the usual names for depth, mitochondrial share and
        batch that are there. From counts, total and mitochondrial share are computed as well.
    random_state : seed.
    copy : return a changed copy and leave `adata` as it is.
    **params : of `spectral_ph.find_loops`, the neighbour graph and the distance, by name.

    Returns
    -------
    None, or with `copy` the copy. For every loop that is called, or for the longest if none is, obs gets (the second with
    `_2` at the end, and so on; k is `key_added`):

    - `k_phase` : radians in [0, 2 pi); `k_cos`, `k_sin` : columns to regress the loop out with, of the phase spread evenly by
      ranks, for one wave of an uneven phase leaves much of the loop behind.
    - `k_phase_sd` : circular standard deviation over the halves of the cells, in radians; only where halves were looked at.
    - `k_distance` : distance to the loop; `k_on_loop` : whether it is on it; `k_in_domain` : whether the phase is computed
      or copied from the nearest cell; `k_cycle` : its place on the representative cycle, -1 for cells that it does not pass.

    uns[k] gets the verdict, reason, p_value and agreement (NaN if not computed), `loops` (a table of all loops),
    `diagrams`, `tried`, `params`, `versions`, `warnings`, and of the first of those loops `anchor`, `genes` (a table, surest
    first), `profiles` (mean of the top genes in 36 intervals of the phase) and `confounders`. What an earlier call stored
    under the same name is removed.

    Raises
    ------
    InputError : a key that is not there (with those that are), or data that the chain cannot use.
    MissingExtraError : without anndata.

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False)
    >>> adata.uns["spectral_ph"]["verdict"], adata.uns["spectral_ph"]["params"]["representation"]
    ('loop', "obsm['X_pca']")
    """
    anndata = _check.need("anndata", "cells")
    if not isinstance(adata, anndata.AnnData):
        raise _check.InputError(
            f"tl.loops takes an AnnData, and {type(adata).__name__} came; pass points to spectral_ph.find_loops."
        )
    _check.one_of(kind, ("auto", "counts", "log"), "kind of values")
    if _check.flag(copy, "copy"):
        if adata.isbacked:
            raise _check.InputError(
                "copy=True of a backed AnnData would need a file of its own; pass adata.to_memory(), or copy=False, which "
                "leaves X in the file as it is."
            )
        adata = adata.copy()
    with _check.collected() as warned:
        expression = _Expression.of(adata, layer, kind)
        data, said = _representation(adata, use_rep, neighbors_key, expression)
        R = find_loops(distance=distance, random_state=random_state, **data, **params)
        shown = [k for k, loop in enumerate(R.loops) if loop.verdict == "loop"] or list(range(len(R.loops)))[:1]
        turned: list[Loop] = []
        anchors: list[Anchor | None] = []
        for k in shown:
            enough = int(R.loops[k].domain.sum()) >= 5
            found = _anchor(R.loops[k], expression, s_genes, g2m_genes) if anchor and enough else None
            turned.append(R.loops[k] if found is None else _turn(R.loops[k], found))
            anchors.append(found)
        about: dict[str, Any] = {}
        if turned and turned[0].verdict != "loop":
            _check.warn(
                f"no loop was called (verdict {R.verdict!r}), so the phase and the genes in obs and uns are those of the most "
                "persistent feature, which may be noise."
            )
        if turned:
            about = _about_first(adata, turned[0], anchors[0], expression, genes, confounders, random_state)
    said |= {"random_state": _check.seed_record(random_state), "layer": layer, "expression": expression.what}
    _write(adata, key_added, R, shown, turned, R.settings | said, dict.fromkeys((*R.warnings, *warned)), about)
    return adata if copy else None


def place(
    adata: Any,
    reference: Any,
    *,
    use_rep: str,
    key: str = "spectral_ph",
    n_neighbors: int = 5,
    copy: bool = False,
) -> Any:
    """Place new cells on loops that were found on others: each takes the circular mean phase of its nearest neighbours.

    Parameters
    ----------
    adata : AnnData of the new cells.
    reference : AnnData that `loops` has seen.
    use_rep : key of obsm in both, with the same coordinates: project the new cells, do not compute their own components.
    key : the `key_added` of `loops`; the new cells get columns of the same names.
    n_neighbors : reference cells that a new cell is placed by.
    copy : return a changed copy and leave `adata` as it is.

    Returns
    -------
    None, or with `copy` the copy. obs gets `k_phase`, `k_cos`, `k_sin`, `k_distance` (mean of the neighbours) and
    `k_in_domain` (of the nearest), with the endings of the reference; uns[k] says where they come from.

    Raises
    ------
    InputError : a key that is not there, coordinates that do not fit, or a reference without a loop.
    """
    if _check.flag(copy, "copy"):
        adata = adata.copy()
    stored = reference.uns.get(key)
    names = list(stored.get("obs_columns", ())) if isinstance(stored, Mapping) else []
    ends = [name.removeprefix(f"{key}_phase") for name in names if name.startswith(f"{key}_phase")]
    ends = [end for end in ends if not end.startswith("_sd")]
    if not ends:
        raise _check.InputError(
            f"the reference has no loop under the name {key!r}; run spectral_ph.tl.loops(reference) first, or pass key=..."
        )
    known, new = (_coordinates(cells, use_rep) for cells in (reference, adata))
    if known.shape[1] != new.shape[1]:
        raise _check.InputError(
            f"obsm[{use_rep!r}] has {new.shape[1]} columns in the new cells and {known.shape[1]} in the reference; project the "
            "new cells into the coordinates of the reference."
        )
    near = nearest_among(known, new, _check.n_neighbors(n_neighbors, len(known)), "euclidean")
    columns: dict[str, Any] = {}
    for end in ends:
        phase, distance, domain = (
            reference.obs[f"{key}_{part}{end}"].to_numpy() for part in ("phase", "distance", "in_domain")
        )
        carried = carry(phase, np.ones(len(known)), near).phase
        cos, sin = (reference.obs[f"{key}_{part}{end}"].to_numpy() for part in ("cos", "sin"))
        even = carry(np.arctan2(sin, cos), np.ones(len(known)), near).phase
        columns |= {
            f"{key}_phase{end}": carried,
            f"{key}_cos{end}": np.cos(even),
            f"{key}_sin{end}": np.sin(even),
            f"{key}_distance{end}": distance[near].mean(axis=1),
            f"{key}_in_domain{end}": domain[near[:, 0]],
        }
    _put(adata, key, columns)
    adata.uns[key] = {
        "placed": f"by {n_neighbors} nearest neighbours among {len(known)} reference cells in obsm[{use_rep!r}]",
        "versions": _versions(),
        "obs_columns": _text(columns),
    }
    return adata if copy else None


def _coordinates(adata: Any, use_rep: str) -> FloatArray:
    if use_rep not in adata.obsm:
        raise _missing("representation", use_rep, "obsm", adata.obsm)
    values = adata.obsm[use_rep]
    return _check.points(
        values.to_numpy() if hasattr(values, "to_numpy") else values, least=1, what=f"obsm[{use_rep!r}]"
    )


@dataclasses.dataclass(frozen=True)
class _Expression:
    """X or a layer, given out in blocks of cells, normalised if it holds counts; `values` is None if there is none.

    Attributes
    ----------
    values : (n, g) array, scipy sparse, or the handle of a backed one.
    names : g names.
    what : what it is, in words.
    counts : whether it holds counts.
    totals : (n,) sum of each cell's counts; None if these are no counts.
    """

    values: Any
    names: tuple[str, ...]
    what: str
    counts: bool
    totals: FloatArray | None

    @classmethod
    def of(cls, adata: Any, layer: str | None, kind: str) -> _Expression:
        if layer is not None and layer not in adata.layers:
            raise _missing("layer", layer, "layers", adata.layers)
        values = adata.X if layer is None else adata.layers[layer]
        where = "X" if layer is None else f"layers[{layer!r}]"
        names = tuple(map(str, adata.var_names))
        if values is None or 0 in values.shape:
            return cls(None, names, "none", False, None)
        counts = kind == "counts" or (kind == "auto" and _whole(values[:1000]))
        if not counts:
            return cls(values, names, f"{where} as it is", False, None)
        step = 1024
        totals = [np.asarray(values[a : a + step].sum(axis=1)).ravel() for a in range(0, values.shape[0], step)]
        return cls(
            values,
            names,
            f"{where}, scaled to the median total, log(1 + x)",
            True,
            np.concatenate(totals).astype(np.float64),
        )

    @property
    def shape(self) -> tuple[int, int]:
        n, g = self.values.shape
        return int(n), int(g)

    def __getitem__(self, rows: slice) -> Any:
        """Return some cells, as genes are compared: counts scaled to the median total, log(1 + x)."""
        block = self.values[rows]
        if self.totals is None:
            return block
        # A cell without counts stays at 0.
        factor = np.median(self.totals) / np.where(self.totals[rows] > 0, self.totals[rows], 1.0)
        if sp.issparse(block):
            block = sp.csr_array(block, dtype=np.float64, copy=True)
            block.data = np.log1p(block.data * np.repeat(factor, np.diff(block.indptr)))
            return block
        return np.log1p(np.asarray(block, dtype=np.float64) * factor[:, None])

    def columns(self, genes: IntArray) -> FloatArray:
        """Return (n, m), a few genes of all cells."""
        parts = []
        for start in range(0, self.shape[0], 1024):
            part = self[slice(start, start + 1024)][:, genes]
            parts.append(part.toarray() if sp.issparse(part) else np.asarray(part, dtype=np.float64))
        return np.concatenate(parts)

    def raw_total(self, genes: IntArray) -> FloatArray:
        """Return (n,), the sum of the counts of some genes."""
        parts = [
            np.asarray(self.values[a : a + 1024][:, genes].sum(axis=1)).ravel() for a in range(0, self.shape[0], 1024)
        ]
        return np.concatenate(parts).astype(np.float64)


def _whole(block: Any) -> bool:
    """Return whether all values are whole numbers and none is negative, as counts are."""
    values = block.data if sp.issparse(block) else np.asarray(block)
    return bool(values.size and (values >= 0).all() and (values == np.round(values)).all())


def _missing(what: str, key: str, where: str, there: Iterable[Any]) -> _check.InputError:
    keys = sorted(map(str, there))
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    listed = f"it has {', '.join(map(repr, keys))}" if keys else "it has none"
    return _check.InputError(f"this AnnData has no {what} {key!r} in {where}, and {listed}{hint}")


def _representation(
    adata: Any, use_rep: str | None, neighbors_key: str | None, expression: _Expression
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `find_loops` takes, X or graph, and what is to be said about it."""
    said: dict[str, Any] = {"use_rep": use_rep, "neighbors_key": neighbors_key}
    if neighbors_key is not None:
        if use_rep is not None:
            raise _check.InputError(
                f"use_rep={use_rep!r} and neighbors_key={neighbors_key!r} both say where the shape comes from; pass one."
            )
        key, A = _stored_graph(adata, neighbors_key)
        return {"graph": A}, said | {"representation": f"the pattern of obsp[{key!r}]"}
    if use_rep not in (None, "X") and use_rep not in adata.obsm:
        raise _missing("representation", str(use_rep), "obsm", adata.obsm)
    if use_rep is None and "X_pca" in adata.obsm:
        use_rep = "X_pca"
    if use_rep is not None and use_rep != "X":
        points = adata.obsm[use_rep]
        points = points.to_numpy() if hasattr(points, "to_numpy") else points
        return {"X": points}, said | {"representation": f"obsm[{use_rep!r}]"}
    if expression.values is None:
        raise _check.InputError(
            f"this AnnData has no values in X, and nothing else was named; {_offer(adata)} with use_rep, or a layer."
        )
    where = expression.what.partition(",")[0].removesuffix(" as it is")
    values = expression.values
    values = values.to_memory() if hasattr(values, "to_memory") else values
    values = values if sp.issparse(values) else np.asarray(values)
    if use_rep == "X":
        return {"X": values}, said | {"representation": where}
    if empty := int((abs(values).sum(axis=1) == 0).sum()):
        raise _check.InputError(
            f"{empty} of the {values.shape[0]} cells have no counts at all; remove them first, for example with "
            "scanpy.pp.filter_cells(adata, min_counts=1)."
        )
    prepared = preprocess(values, kind="counts" if expression.counts else "log")
    return {"X": prepared.X}, said | {
        "representation": f"spectral_ph.preprocess of {where}",
        "preparation": list(prepared.steps),
    }


def _offer(adata: Any) -> str:
    keys = sorted(map(str, adata.obsm))
    return f"name one of obsm ({', '.join(map(repr, keys))})" if keys else "put points into obsm and name them"


def _stored_graph(adata: Any, neighbors_key: str) -> tuple[str, Graph]:
    """Return the key of obsp and the graph that `scanpy.pp.neighbors` stored, all conductances 1."""
    if neighbors_key in adata.uns:
        entry = adata.uns[neighbors_key]
        key = str(entry.get("distances_key", "distances")) if isinstance(entry, Mapping) else "distances"
        if key not in adata.obsp:
            raise _missing("distances", key, "obsp", adata.obsp)
    elif neighbors_key in adata.obsp:
        key = neighbors_key
    else:
        made = [key for key, value in adata.uns.items() if isinstance(value, Mapping) and "distances_key" in value]
        raise _missing("neighbours", neighbors_key, "uns or obsp", [*made, *adata.obsp])
    stored = sp.coo_array(adata.obsp[key])
    # Values play no part: a stored 0 is the distance of duplicates.
    low, high = np.minimum(stored.row, stored.col), np.maximum(stored.row, stored.col)
    pairs = np.unique(np.column_stack([low, high])[low < high].astype(np.int64), axis=0)
    return key, graph_from_edges(pairs, np.ones(len(pairs)), stored.shape[0])


def _anchor(
    loop: Loop, expression: _Expression, s_genes: Sequence[str] | None, g2m_genes: Sequence[str] | None
) -> Anchor:
    """Return how the phase of one loop is turned; cells outside of its domain have no say."""
    groups = []
    for given, known in ((s_genes, S_GENES), (g2m_genes, G2M_GENES)):
        if isinstance(given, str):
            raise _check.InputError(f"s_genes and g2m_genes take lists of names, and {given!r} came; pass [{given!r}].")
        found = known_genes(expression.names, known if given is None else given)
        empty = np.zeros((int(loop.domain.sum()), 0))
        groups.append(expression.columns(found)[loop.domain] if expression.values is not None and len(found) else empty)
    return anchor_phase(loop.phase[loop.domain], *groups)


def _turn(loop: Loop, anchor: Anchor) -> Loop:
    halves = tuple(dataclasses.replace(half, phase=anchor.apply(half.phase)) for half in loop.halves)
    return dataclasses.replace(loop, phase=anchor.apply(loop.phase), halves=halves)


def _about_first(
    adata: Any,
    loop: Loop,
    anchor: Anchor | None,
    expression: _Expression,
    genes: bool | Sequence[str],
    confounders: Sequence[str] | None,
    random_state: RandomState,
) -> dict[str, Any]:
    """Return what uns says about one loop beside its shape: anchor, genes, confounders."""
    import pandas as pd

    about: dict[str, Any] = {}
    if anchor is not None:
        about["anchor"] = _plain(dataclasses.asdict(anchor))
    if genes is not False:
        if expression.values is None:
            _check.warn("this AnnData has no expression in X, so no gene was tested; pass layer=..., or genes=False.")
        else:
            about |= _genes(loop, expression, genes)
    found = _confounders(adata, loop, expression, confounders, random_state)
    for one in found:
        if one.warning:
            _check.warn(one.warning)
    about["confounders"] = pd.DataFrame(
        {
            "kind": np.array([one.kind for one in found], dtype=object),
            "share": [one.share for one in found],
            "rank_share": [one.rank_share for one in found],
            "p_value": [one.p_value for one in found],
            "distance_correlation": [one.distance_correlation for one in found],
            "n": np.array([one.n for one in found], dtype=np.int64),
        },
        index=pd.Index([one.name for one in found], dtype=object, name="name"),
    )
    return about


def _genes(loop: Loop, expression: _Expression, genes: bool | Sequence[str]) -> dict[str, Any]:
    import pandas as pd

    if isinstance(genes, str):
        raise _check.InputError(f"genes takes True, False or a list of names, and {genes!r} came; pass [{genes!r}].")
    if isinstance(genes, bool):
        source: Any = expression
        chosen = np.arange(len(expression.names))
    else:
        place = {name: j for j, name in enumerate(expression.names)}
        for name in genes:
            if name not in place:
                raise _missing("gene", str(name), "var_names", list(place)[:20])
        chosen = np.array([place[name] for name in genes], dtype=np.int64)
        source = expression.columns(chosen)
    try:
        found: PeriodicGenes = genes_along(loop, source, [expression.names[j] for j in chosen])
    except _check.InputError as error:
        _check.warn(f"genes were not tested along the loop: {error}")
        return {}
    order = found.order()
    columns = {name: values[order] for name, values in found.to_columns().items()}
    index = pd.Index(columns.pop("gene"), dtype=object, name="gene")
    top = order[found.q_value[order] < 0.05][:PROFILED]
    profiles = phase_profiles(loop.phase, source, top, cells=loop.domain)
    return {
        "genes": pd.DataFrame(columns, index=index),
        "genes_params": _plain(
            {
                "tests": found.tests,
                "combine": found.combine,
                "n_harmonics": found.n_harmonics,
                "not_tested": len(found.names) - len(order),
            }
        ),
        "profiles": pd.DataFrame(
            profiles,
            index=pd.Index([found.names[j] for j in top], dtype=object, name="gene"),
            columns=[str(k) for k in range(profiles.shape[1])],
        ),
    }


def _confounders(
    adata: Any,
    loop: Loop,
    expression: _Expression,
    confounders: Sequence[str] | None,
    random_state: RandomState,
) -> list[Association]:
    """Return the associations; of the cells in the loop's domain, as the others have no phase of their own."""
    if isinstance(confounders, str):
        raise _check.InputError(
            f"confounders takes a list of columns, and {confounders!r} came; pass [{confounders!r}]."
        )
    for name in confounders or ():
        if name not in adata.obs:
            raise _missing("column", name, "obs", adata.obs.columns)
    values: dict[str, Any] = {}
    if expression.totals is not None:
        values["library size (of X)"] = expression.totals
        mitochondrial = np.flatnonzero([name.upper().startswith("MT-") for name in expression.names])
        if len(mitochondrial):
            values["mitochondrial share (of X)"] = expression.raw_total(mitochondrial) / np.maximum(
                expression.totals, 1.0
            )
    for name in KNOWN_CONFOUNDERS if confounders is None else confounders:
        if name in adata.obs:
            column = adata.obs[name]
            is_number = getattr(column.dtype, "kind", "O") in "iuf"
            values[name] = column.to_numpy(dtype=np.float64) if is_number else column.astype(object).to_numpy()
    found = []
    for name, column in values.items():
        try:
            found.append(
                association(
                    loop.phase[loop.domain],
                    column[loop.domain],
                    name,
                    distance=loop.distance[loop.domain],
                    random_state=random_state,
                )
            )
        except _check.InputError as error:
            _check.warn(f"the phase was not compared with {name}: {error}")
    return found


def _write(
    adata: Any,
    key: str,
    R: LoopResult,
    shown: list[int],
    turned: list[Loop],
    params: dict[str, Any],
    warned: Iterable[str],
    about: dict[str, Any],
) -> None:
    import pandas as pd

    columns: dict[str, Any] = {}
    for place, loop in enumerate(turned):
        end = f"_{place + 1}" if place else ""
        # A circular coordinate runs unevenly, and a wave of it leaves much of the loop behind: regressed out of six simulated
        # sets, a loop was called in four of them afterwards; with a wave of its ranks in none.
        even = weighted_ranks(loop.phase, loop.domain.astype(np.float64))
        columns |= {
            f"{key}_phase{end}": loop.phase,
            f"{key}_cos{end}": np.cos(even),
            f"{key}_sin{end}": np.sin(even),
            f"{key}_distance{end}": loop.distance,
            f"{key}_on_loop{end}": loop.on_loop,
            f"{key}_in_domain{end}": loop.domain,
            f"{key}_cycle{end}": _places(loop),
        }
        if (spread := loop.spread) is not None:
            columns[f"{key}_phase_sd{end}"] = spread
    _put(adata, key, columns)
    rows = R.loops
    table = pd.DataFrame(
        {
            "verdict": np.array([loop.verdict for loop in rows], dtype=object),
            "reason": np.array([loop.reason for loop in rows], dtype=object),
            **{name: np.array([_number(getattr(loop, name)) for loop in rows]) for name in ("p_value", "agreement")},
            **{
                name: np.array([float(getattr(loop, name)) for loop in rows])
                for name in ("birth", "death", "persistence", "score", "scale")
            },
            "cycle_length": np.array([len(loop.cycle) for loop in rows], dtype=np.int64),
            "n_on_loop": np.array([int(loop.on_loop.sum()) for loop in rows], dtype=np.int64),
            "in_obs": np.array([k in shown for k in range(len(rows))], dtype=bool),
        },
        index=pd.Index([str(k + 1) for k in range(len(rows))], dtype=object, name="loop"),
    )
    P = R.persistence
    adata.uns[key] = {
        "verdict": R.verdict,
        "reason": R.reason,
        "p_value": _number(R.p_value),
        "agreement": _number(R.agreement),
        "loops": table,
        "diagrams": {f"H{k}": np.asarray(P[k], dtype=np.float64) for k in range(len(P))},
        "engine": str(P.engine),
        "tried": _table([dict(one) for one in R.tried]),
        "params": _plain(params),
        "versions": _versions(),
        "warnings": _text(warned),
        "obs_columns": _text(columns),
        **about,
    }


def _put(adata: Any, key: str, columns: dict[str, Any]) -> None:
    """Write columns into obs in place of those that an earlier call wrote under the same name."""
    before = adata.uns.get(key)
    if isinstance(before, Mapping):
        for name in before.get("obs_columns", ()):
            if name in adata.obs:
                del adata.obs[name]
    for name, values in columns.items():
        adata.obs[name] = values


def _places(loop: Loop) -> IntArray:
    """Return (n,) int64, the place of each cell on the cycle, counted from 0, and -1 for cells that are not on it."""
    place = np.full(len(loop.phase), -1, dtype=np.int64)
    place[loop.cycle] = np.arange(len(loop.cycle))
    return place


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _text(values: Iterable[str]) -> Any:
    return np.array(list(values), dtype=object)


def _table(rows: list[dict[str, Any]]) -> Any:
    """Return a DataFrame of the rows that .h5ad can hold: a column is of numbers, of True and False, or of text."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if all(isinstance(value, (bool, np.bool_)) for value in values):
            columns[str(name)] = np.array(values, dtype=bool)
        elif all(value is None or isinstance(value, (int, float, np.number)) for value in values):
            columns[str(name)] = np.array([_number(value) for value in values])
        else:
            columns[str(name)] = _text(map(str, values))
    return pd.DataFrame(columns, index=pd.Index([str(k + 1) for k in range(len(rows))], dtype=object))


def _plain(value: Any) -> Any:
    """Return `value` in kinds that .h5ad gives back as they were: text, numbers, arrays and dictionaries of those.

    None becomes the text "None", for older readers know no missing value.
    """
    if isinstance(value, Mapping):
        # A slash would make a group of its own in the file.
        return {str(name).replace("/", "|"): _plain(one) for name, one in value.items()}
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
        return _text(map(str, items))
    return str(value)


def _versions() -> dict[str, str]:
    packages = ("spectral_ph", "numpy", "scipy", "scikit-learn", "numba", "anndata")
    return {name: metadata.version(name) for name in packages} | {"python": platform.python_version()}
