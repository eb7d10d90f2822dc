"""Loops and layouts of an AnnData, in the scverse way: fetch from it, call the chain, write back into it.

Long because every function fetches from the same places.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spectral_ph import _check, _log, stored
from spectral_ph._types import FloatArray, Graph, RandomState, Spacing
from spectral_ph.cells.about import about_result, chosen_genes
from spectral_ph.cells.confounders import KNOWN_CONFOUNDERS
from spectral_ph.cells.expression import Expression, in_memory
from spectral_ph.cells.preprocess import preprocess
from spectral_ph.distances.compute import distance_matrix
from spectral_ph.embedding.registry import embedding_named
from spectral_ph.embedding.report import EmbeddingReport, embedding_report
from spectral_ph.files.features import chosen
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.graph.symmetrize import graph_from_edges
from spectral_ph.loops.agreement import carry
from spectral_ph.pipeline import find_loops
from spectral_ph.plot import phase_map
from spectral_ph.stored.layouts import write_embedding
from spectral_ph.tl.conditions import compare, match
from spectral_ph.tl.groups import loops_in_groups

__all__ = ["compare", "embed", "loops", "match", "place"]


def __dir__() -> list[str]:
    return __all__


REPORTED_GRAPH = 4000
"""Up to this many cells a stored graph gets a report, for which all their distances are computed."""


def embed(
    adata: Any,
    embedding: str = "tsne",
    *,
    affinity: str | None = None,
    use_rep: str | None = None,
    neighbors_key: str | None = None,
    key_added: str | None = None,
    kind: Literal["auto", "counts", "log"] = "auto",
    layer: str | None = None,
    feature_type: str | None = None,
    report: bool = True,
    loops_key: str = "spectral_ph",
    random_state: RandomState = 0,
    copy: bool = False,
    **params: Any,
) -> Any:
    """Lay out the cells, and say which loops the layout keeps, loses or invents.

    Parameters
    ----------
    adata, use_rep, kind, layer, feature_type : as for `loops`.
    embedding : name of an embedding, one of `spectral_ph.embedding.registry.EMBEDDINGS`.
    affinity : what cells attract each other along, see `spectral_ph.embedding`; default: the embedding's own.
    neighbors_key : use the graph that `scanpy.pp.neighbors` stored in place of points; its `key_added`, or a key of obsp. Only
        its pattern counts.
    key_added : name of the layout; default "spectral_" and the name of the embedding.
    report : compare the layout with the data by `spectral_ph.embedding.embedding_report`. A stored graph gets a report up to
        `REPORTED_GRAPH` cells, with its effective resistance as the distance of the data.
    loops_key : where an earlier call of `loops` left the verdict for the report. If it is not there, loops are looked for.
    random_state : seed.
    copy : return a changed copy and leave `adata` as it is.
    **params : of the embedding, by name.

    Returns
    -------
    None, or with `copy` the copy. With k the name, obsm["X_k"] gets the layout and uns[k] `params`, `versions`, `warnings`
    and, from the report, `verdict`, `loops` (a row for each loop of the data and each invented one) and `measures`.

    Raises
    ------
    InputError : a key that is not there (with those that are), an unknown embedding or argument, or data that it cannot use.
    MissingExtraError : without anndata.

    See Also
    --------
    loops, spectral_ph.pl.embedding, spectral_ph.embedding.embedding_report

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.embed(adata, "eigenmaps", affinity="eff_res")
    >>> adata.obsm["X_spectral_eigenmaps"].shape, adata.uns["spectral_eigenmaps"]["loops"]["word"].tolist()
    ((200, 2), ['kept'])
    """
    _check.seed(random_state)
    _check.flag(report, "report")
    name = stored.check_key(key_added or f"spectral_{embedding}", "key_added")
    _refuse_others(
        adata, "tl.embed takes an AnnData, not {}. Pass points to an embedding, such as spectral_ph.embedding.TSNE()."
    )
    stored.check_free(adata, name, "key_added")
    adata = _copied(adata, copy)
    if neighbors_key is not None and affinity not in (None, "graph"):
        raise _check.InputError(
            _check.Argument("neighbors_key", neighbors_key),
            " is a graph, so the affinity is 'graph', not ",
            _check.Argument("affinity", affinity),
            ". Leave one of them out.",
        )
    along = {"affinity": "graph"} if neighbors_key is not None else {"affinity": affinity} if affinity else {}
    model = embedding_named(embedding, random_state=random_state, **along, **params)
    with _check.collected() as warned:
        if neighbors_key is None:
            data, said = _representation(adata, use_rep, None, _expression(adata, layer, kind, feature_type))
        else:
            obsp, A = _stored_graph(adata, neighbors_key)
            data, said = (
                {"graph": A},
                {"neighbors_key": neighbors_key, "representation": f"the pattern of obsp[{obsp!r}]"},
            )
        with _log.step(f"laying out {adata.n_obs} cells of {said['representation']} by {embedding}"):
            layout = model.fit_transform(data.get("X", data.get("graph")))
        told = _report(adata, data, layout, loops_key, random_state) if report else None
    settings = {"embedding": embedding, **model.settings_, **said, "layer": layer}
    write_embedding(adata, name, layout, settings, told, dict.fromkeys(warned))
    _log.say(_log.HINT, f"added obsm['X_{name}'], uns[{name!r}]")
    return adata if copy else None


def _report(
    adata: Any, data: dict[str, Any], layout: FloatArray, loops_key: str, random_state: RandomState
) -> EmbeddingReport | None:
    """Compare a layout with the points or the graph, whose verdict is taken from an earlier call or computed."""
    known = adata.uns.get(loops_key)
    if isinstance(known, Mapping) and "diagrams" in known:
        found = stored.read_loops(adata, loops_key)
    else:
        found = find_loops(**data, random_state=random_state)
    if "X" in data:
        return embedding_report(data["X"], layout, found, random_state=random_state)
    if len(layout) > REPORTED_GRAPH:
        _check.warn(
            f"the layout was not compared with the graph, because it has more than {REPORTED_GRAPH} vertices. Pass points."
        )
        return None
    D = distance_matrix(graph=data["graph"], disconnected="max", random_state=random_state)
    return embedding_report(D, layout, found, distance="precomputed", random_state=random_state)


def _copied(adata: Any, copy: bool) -> Any:
    """Return what results are written into."""
    if not _check.flag(copy, "copy"):
        return adata
    if adata.isbacked:
        raise _check.InputError(
            _check.Argument("copy", True),
            " of a backed AnnData would need a file of its own. Pass adata.to_memory(), or ",
            _check.Argument("copy", False),
            ", which leaves X in the file as it is.",
        )
    return adata.copy()


def loops(
    adata: Any,
    distance: str = "auto",
    *,
    use_rep: str | None = None,
    neighbors_key: str | None = None,
    key_added: str = "spectral_ph",
    kind: Literal["auto", "counts", "log"] = "auto",
    layer: str | None = None,
    feature_type: str | None = None,
    genes: bool | Sequence[str] = True,
    anchor: bool = True,
    s_genes: Sequence[str] | None = None,
    g2m_genes: Sequence[str] | None = None,
    confounders: Sequence[str] | None = None,
    split_by: str | None = None,
    pursue: Literal["auto"] | bool = "auto",
    start_genes: Sequence[str] | None = None,
    groupby: str | None = None,
    min_cells: int = 100,
    spacing: Spacing = "cells",
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
    neighbors_key : what `scanpy.pp.neighbors` stored (its `key_added`, "neighbors" by default; or a key of obsp itself) says
        where the shape comes from. Where its parameters name points that are in obsm, these points are used, which gives a
        p-value. Else its graph is used in place of points, and there is none. Only the pattern of a graph counts: a stored 0
        is an edge between duplicates, a cell is not its own neighbour (scanpy counts it in n_neighbors), and an edge in one
        direction is an edge. A key of obsp is always a graph.
    key_added : name of the results.
    kind : what X (or `layer`) holds, "counts" or "log" values; "auto": counts if the first cells hold whole numbers only,
        or fractions too large for logarithms.
    layer : take expression from layers[layer] instead of X.
    feature_type : which features are taken, where var["feature_types"] says their types as in 10x data, or "all"; by
        default "Gene Expression".
    genes : test which genes follow the loop: all (True), those named, or none (False).
    anchor : turn the phase so that known S and G2/M genes tell its zero and direction, where they follow it.
    s_genes, g2m_genes : names of those genes; default: short lists of human symbols, in any case.
    confounders : columns of obs to compare the phase with; default: the usual names for depth, mitochondrial share and
        batch that are there. From counts, total and mitochondrial share are computed as well.
    split_by : column of obs, such as donor, sample or batch: its groups go into halves as a whole, which is the stronger claim.
        Default: halves at random.
    pursue : look for a loop that other variation hides, in the genes that follow a guessed phase. "auto" (default): where there
        is expression and no loop was called. True: also where one was called. False: never. It is exploration: it has no
        p-value, and the verdict does not depend on it.
    start_genes : names of genes in whose components phases are guessed, such as a known list. Default: all genes.
    groupby : column of obs, such as the cell type: the question is asked in each of its groups, of their cells alone. There the
        default of `use_rep` is `spectral_ph.preprocess` of the group's own expression, for components of all cells are mostly
        about what tells groups apart. Default: of all cells together.
    min_cells : groups of fewer cells are not looked at.
    spacing : how the phase is spread along a loop. "cells" (default): equal steps hold about equally many cells, which in
        cells that divide without a common clock is a share of time. "length": equal steps are about equally long. "edges":
        the plain circular coordinate, which gives most cells one phase where the density is uneven.
    random_state : seed.
    copy : return a changed copy and leave `adata` as it is.
    **params : of `spectral_ph.find_loops`, the neighbour graph and the distance, by name.

    Returns
    -------
    None, or with `copy` the copy. For every loop that is called, or for the first if none is, obs gets (the second with
    `_2` at the end, and so on; k is `key_added`):

    - `k_phase` : radians in [0, 2 pi), spread as `spacing` says; `k_cos`, `k_sin` : columns to regress the loop out with, of
      the ranks of that phase, for one wave of an uneven phase leaves much of the loop behind.
    - `k_phase_sd` : circular standard deviation over the halves of the cells, in radians; NaN for a cell that has no place on
      the loop, as it is beyond 1.5; only where halves were looked at.
    - `k_distance` : distance to the loop; `k_on_loop` : whether it is on it; `k_in_domain` : whether the phase is computed
      or copied from the nearest cell; `k_cycle` : its place on the representative cycle, -1 for cells that it does not pass.

    uns[k] gets the verdict, reason, p_value and agreement (NaN if not computed), `loops` (a table of all loops),
    `diagrams`, `tried`, `params`, `versions`, `warnings`, and of the first of those loops `anchor`, `genes` (a table, surest
    first), `profiles` (mean of the top genes in intervals of the phase that hold equally many cells), `profile_phases`
    (the median phase in each), `confounders`, and where that is empty `confounders_note`, which says why. Where a loop was
    pursued, uns[k] also gets `pursued` (evidence and what it is made of, reason, settings, and `genes`, a table of those in which
    the loop is seen), obsm["X_k_pursued"] the cells in the components of these genes, and obs `k_pursued_phase`. What an earlier
    call stored under the same name is removed.

    With `groupby`, obs gets the same columns, each cell's from its own group, and `k_group`, the group it was looked at in.
    uns[k]["groups"] holds the tables, all with a column `group`: `summary` (cells, verdict, p_value, the q_value of Benjamini and
    Hochberg over the groups, top genes, confounders), `loops`, `genes`, `confounders`, `warnings` and so on. uns[k]["least_q"] is
    the smallest q-value that one group alone could have. `spectral_ph.pl` and the report take `group`.

    Raises
    ------
    InputError : a key that is not there (with those that are), or data that the chain cannot use.
    MissingExtraError : without anndata.

    See Also
    --------
    place, embed, spectral_ph.pl.loops, spectral_ph.find_loops, spectral_ph.report.from_anndata

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False)
    >>> adata.uns["spectral_ph"]["verdict"], adata.uns["spectral_ph"]["params"]["representation"]
    ('loop', "obsm['X_pca']")
    """
    asked = dict(locals())
    _check.seed(random_state)
    _refuse_others(adata, "tl.loops takes an AnnData, not {}. Pass points to spectral_ph.find_loops.")
    stored.check_free(adata, stored.check_key(key_added, "key_added"), "key_added")
    adata = _copied(adata, copy)
    if groupby is not None:
        loops_in_groups(loops, **(asked | params | {"adata": adata}))
        return adata if copy else None
    with _check.collected() as warned:
        expression = _expression(adata, layer, kind, feature_type)
        chosen_genes(expression.names, genes, s_genes, g2m_genes)  # refuses names before anything long is computed
        properties = _depth(adata, expression) | _properties(adata, confounders)
        data, said = _representation(adata, use_rep, neighbors_key, expression)
        pursuable = _pursuable(expression, data, pursue, start_genes)
        if split_by is not None:
            params = params | {"split_by": stored.read_column(adata, split_by)}
        if "metric" in said:
            params = {"metric": said.pop("metric")} | params
        if "X" in data and "precomputed" not in (distance, params.get("metric")):
            data["X"] = _check.points(data["X"], what=said["representation"])  # under the name it has here
        with _log.step(f"finding loops of {adata.n_obs} cells in {said['representation']}"):
            R = find_loops(
                distance=distance,
                spacing=spacing,
                pursue=pursue,
                start_genes=start_genes,
                random_state=random_state,
                **(data | {"features": expression} if pursuable else data),
                **params,
            )
        with _log.step("comparing genes and confounders with the loop"):
            R, about = about_result(
                R,
                expression,
                genes=genes,
                anchor=anchor,
                s_genes=s_genes,
                g2m_genes=g2m_genes,
                properties=properties,
                random_state=random_state,
            )
    said |= {"random_state": _check.seed_record(random_state), "layer": layer, "expression": expression.what}
    names = stored.write_loops(adata, key_added, R, about, R.settings | said, dict.fromkeys((*R.warnings, *warned)))
    if R.pursued is not None and len(R.pursued.genes):
        names.append(f"{key_added}_pursued_phase")
    _log.say(_log.HINT, "added " + ", ".join((f"uns[{key_added!r}]", *(f"obs[{name!r}]" for name in names))))
    if "matplotlib" in sys.modules:
        phase_map()  # so that scanpy knows the colours of a phase by name
    return adata if copy else None


def _pursuable(
    expression: Expression, data: dict[str, Any], pursue: Literal["auto"] | bool, start_genes: Sequence[str] | None
) -> bool:
    """Return whether a loop can be pursued; refuse to where that was asked for and cannot be."""
    if expression.values is not None and "X" in data:
        return True
    if pursue is True or start_genes is not None:
        raise _check.InputError(
            _check.Argument("pursue", True) if pursue is True else _check.Argument("start_genes"),
            " needs expression and points, and these cells have no expression, or a graph in place of points. Leave it out.",
        )
    return False


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

    See Also
    --------
    loops

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> adata = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(200, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.loops(adata, genes=False, splits=1)
    >>> new = anndata.AnnData(obsm={"X_pca": sph.datasets.circle(20, ambient_dim=20, sigma=0.1)})
    >>> sph.tl.place(new, adata, use_rep="X_pca")
    >>> new.obs["spectral_ph_phase"].shape
    (20,)
    """
    for cells in (adata, reference):
        _refuse_others(cells, "tl.place takes an AnnData of new cells and one that tl.loops has seen, not {}.")
    stored.check_free(adata, stored.check_key(key, "key"), "key")
    if _check.flag(copy, "copy"):
        adata = adata.copy()
    places = stored.read_places(reference, key)
    known, new = (_coordinates(cells, use_rep) for cells in (reference, adata))
    if known.shape[1] != new.shape[1]:
        raise _check.InputError(
            f"obsm[{use_rep!r}] has {new.shape[1]} columns in the new cells but {known.shape[1]} in the reference. "
            "Project the new cells into the coordinates of the reference."
        )
    near = nearest_among(known, new, _check.n_neighbors(n_neighbors, len(known)), "euclidean")
    one = np.ones(len(known))
    moved = []
    for at in places:
        even = carry(np.arctan2(at["sin"], at["cos"]), one, near).phase
        moved.append(
            {
                "phase": carry(at["phase"], one, near).phase,
                "cos": np.cos(even),
                "sin": np.sin(even),
                "distance": at["distance"][near].mean(axis=1),
                "in_domain": at["in_domain"][near[:, 0]],
            }
        )
    how = f"by {n_neighbors} nearest neighbours among {len(known)} reference cells in obsm[{use_rep!r}]"
    stored.write_placed(adata, key, moved, how)
    return adata if copy else None


def _refuse_others(adata: Any, sentence: str) -> None:
    """Refuse what is no AnnData, and part of a file, which would have to become a file before anything is written into it."""
    if not isinstance(adata, _check.need("anndata", "cells").AnnData):
        raise _check.InputError(sentence.format(type(adata).__name__))
    if adata.isbacked and adata.is_view:
        raise _check.InputError(
            "this AnnData is a view of a backed one, which nothing can be written into. Pass adata.to_memory()."
        )


def _coordinates(adata: Any, use_rep: str) -> FloatArray:
    if use_rep not in adata.obsm:
        raise _check.missing_key("representation", use_rep, "obsm", adata.obsm)
    return _check.points(adata.obsm[use_rep], least=1, what=f"obsm[{use_rep!r}]")


def _expression(
    adata: Any, layer: str | None, kind: Literal["auto", "counts", "log"], feature_type: str | None
) -> Expression:
    if layer is not None and layer not in adata.layers:
        raise _check.missing_key("layer", layer, "layers", adata.layers)
    values, names = adata.X if layer is None else adata.layers[layer], adata.var_names
    where = "X" if layer is None else f"layers[{layer!r}]"
    types = list(map(str, adata.var["feature_types"])) if "feature_types" in adata.var else None
    kept, _ = chosen(where, types, feature_type)
    if kept is not None and values is not None:
        values, names = values[:, np.flatnonzero(kept)], names[kept]
    return Expression.of(values, names, kind, where)


def _depth(adata: Any, expression: Expression) -> dict[str, Any]:
    """Return what layers["counts"] says of the depth of each cell, where the expression itself does not."""
    if expression.counts or "counts" not in adata.layers:
        return {}
    return Expression.of(adata.layers["counts"], adata.var_names, "auto", "layers['counts']").depth()


def _properties(adata: Any, confounders: Sequence[str] | None) -> dict[str, Any]:
    """Return the columns of obs that the phase is compared with, by name."""
    if isinstance(confounders, str):
        raise _check.InputError(
            _check.Argument("confounders"),
            f" takes a list of columns, not {confounders!r}. Pass ",
            _check.Argument("confounders", [confounders]),
            ".",
        )
    for name in confounders or ():
        if name not in adata.obs:
            raise _check.missing_key("column", name, "obs", adata.obs.columns)
    columns = {}
    for name in KNOWN_CONFOUNDERS if confounders is None else confounders:
        if name in adata.obs and adata.obs[name].ndim > 1:
            _check.warn(f"the phase was not compared with {name}: obs has several columns of that name.")
        elif name in adata.obs:
            columns[name] = stored.read_column(adata, name)
    return columns


def _representation(
    adata: Any, use_rep: str | None, neighbors_key: str | None, expression: Expression
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `find_loops` takes, X or graph, and what is to be said about it."""
    said: dict[str, Any] = {"use_rep": use_rep, "neighbors_key": neighbors_key}
    if neighbors_key is not None:
        if use_rep is not None:
            raise _check.InputError(
                _check.Argument("use_rep", use_rep),
                " and ",
                _check.Argument("neighbors_key", neighbors_key),
                " both say where the shape comes from. Pass one of them.",
            )
        found = _points_of(adata, neighbors_key)
        if found is not None:
            X, where, metric = found
            return {"X": X}, said | {"representation": where} | ({} if metric == "euclidean" else {"metric": metric})
        key, A = _stored_graph(adata, neighbors_key)
        _check.warn(
            f"there will be no verdict and no p-value, for obsp[{key!r}] is a graph, of which no independent halves can be "
            "drawn. Pass ",
            _check.Argument("use_rep"),
            " in place of ",
            _check.Argument("neighbors_key"),
            " to have both.",
        )
        return {"graph": A}, said | {"representation": f"the pattern of obsp[{key!r}]"}
    if use_rep not in (None, "X") and use_rep not in adata.obsm:
        raise _check.missing_key("representation", str(use_rep), "obsm", adata.obsm)
    if use_rep is None and "X_pca" in adata.obsm:
        use_rep = "X_pca"
    if use_rep is not None and use_rep != "X":
        values = adata.obsm[use_rep]
        return {"X": values}, said | {"representation": f"obsm[{use_rep!r}]"}
    if expression.values is None:
        raise _check.InputError(
            f"this AnnData has no values in X, and nothing else was named. {_offer(adata)} with ",
            _check.Argument("use_rep"),
            ", or name a ",
            _check.Argument("layer"),
            ".",
        )
    where = expression.what.partition(",")[0].removesuffix(" as it is")
    values = in_memory(expression.values, where)
    if use_rep == "X":
        return {"X": values}, said | {"representation": where}
    if empty := expression.empty():
        raise _check.InputError(
            f"{empty} of the {values.shape[0]} cells have no counts at all. Remove them first, for example with "
            "scanpy.pp.filter_cells(adata, min_counts=1)."
        )
    prepared = preprocess(values, kind="counts" if expression.counts else "log")
    return {"X": prepared.X}, said | {
        "representation": f"spectral_ph.preprocess of {where}",
        "preparation": list(prepared.steps),
    }


def _offer(adata: Any) -> str:
    keys = sorted(map(str, adata.obsm))
    return f"Name one of obsm ({', '.join(map(repr, keys))})" if keys else "Put points into obsm and name them"


def _stored_graph(adata: Any, neighbors_key: str) -> tuple[str, Graph]:
    """Return the key of obsp and the graph that `scanpy.pp.neighbors` stored, all conductances 1."""
    if neighbors_key in adata.uns:
        entry = adata.uns[neighbors_key]
        key = str(entry.get("distances_key", "distances")) if isinstance(entry, Mapping) else "distances"
        if key not in adata.obsp:
            raise _check.missing_key("distances", key, "obsp", adata.obsp)
    elif neighbors_key in adata.obsp:
        key = neighbors_key
    else:
        made = [key for key, value in adata.uns.items() if isinstance(value, Mapping) and "distances_key" in value]
        raise _check.missing_key("neighbours", neighbors_key, "uns or obsp", [*made, *adata.obsp])
    kept = adata.obsp[key]
    stored = sp.coo_array(_check.sparse_numbers(kept, f"obsp[{key!r}]") if sp.issparse(kept) else kept)
    # Values play no part: a stored 0 is the distance of duplicates.
    low, high = np.minimum(stored.row, stored.col), np.maximum(stored.row, stored.col)
    pairs = np.unique(np.column_stack([low, high])[low < high].astype(np.int64), axis=0)
    _refuse_patterns(adata, key, pairs)
    return key, graph_from_edges(pairs, np.ones(len(pairs)), stored.shape[0])


def _refuse_patterns(adata: Any, key: str, pairs: NDArray[np.int64]) -> None:
    """Refuse a graph whose pattern says nothing, and one that lost the neighbours of some cells."""
    n = int(adata.n_obs)
    if len(pairs) == n * (n - 1) // 2:
        raise _check.InputError(
            f"obsp[{key!r}] joins each of the {n} cells to every other, so its pattern, which is all that counts here, says "
            "nothing. If it holds distances, pass spectral_ph.find_loops(adata.obsp[",
            f"{key!r}], distance='precomputed'); else name a graph of nearest neighbours, or ",
            _check.Argument("use_rep"),
            ".",
        )
    alone = np.setdiff1d(np.arange(n), pairs)
    if len(alone):
        raise _check.InputError(
            f"{len(alone)} of the {n} cells have no neighbour in obsp[{key!r}] (first: {str(adata.obs_names[alone[0]])!r}), "
            "as happens where cells were left out after the neighbours were sought. Run scanpy.pp.neighbors on these cells "
            "again, or pass ",
            _check.Argument("use_rep"),
            ".",
        )


def _points_of(adata: Any, neighbors_key: str) -> tuple[Any, str, str] | None:
    """Return the points that `scanpy.pp.neighbors` made a graph of, what they are, and its metric; None if that is not known.

    It notes `use_rep` and `n_pcs` only where they were passed; else it takes X_pca, if there are more than 50 genes.
    """
    entry = adata.uns.get(neighbors_key)
    made = entry.get("params") if isinstance(entry, Mapping) else None
    if not isinstance(made, Mapping) or "n_neighbors" not in made:
        return None
    usual = "X_pca" if adata.n_vars > 50 or "n_pcs" in made else None
    rep = made.get("use_rep", usual)
    if rep is None or str(rep) not in adata.obsm:
        return None
    where, X, columns = f"obsm[{str(rep)!r}]", adata.obsm[str(rep)], made.get("n_pcs")
    if columns is not None and 0 < int(columns) < X.shape[1]:
        X = X.iloc[:, : int(columns)] if hasattr(X, "iloc") else X[:, : int(columns)]
        where += f", the first {int(columns)} columns"
    _check.warn(
        f"uns[{neighbors_key!r}] says that its graph was made of {where}. Loops were sought in these points, which gives a "
        "p-value, and not in the graph. To use the graph itself, name its key of obsp."
    )
    return X, where, str(made.get("metric", "euclidean"))
