"""Cells of two conditions on one loop, and loops of two data sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_ph import _check, stored
from spectral_ph._types import FloatArray, RandomState
from spectral_ph.cells.conditions import Comparison, compare_conditions
from spectral_ph.cells.genes import FALSE_DISCOVERY_RATE
from spectral_ph.graph.neighbors import nearest_among
from spectral_ph.loops.agreement import carry
from spectral_ph.loops.coordinates import circular_agreement, to_ranks
from spectral_ph.stored.groups import of_group, write_comparison


def compare(
    adata: Any,
    *,
    condition: str,
    donor: str,
    between: Sequence[str] | None = None,
    which: int = 0,
    key: str = "spectral_ph",
    group: str | None = None,
    random_state: RandomState = 0,
) -> Comparison:
    """Compare where the cells of two conditions stand on a loop, and how many are on it, by donor.

    Parameters
    ----------
    adata : AnnData that `loops` has seen, with the cells of both conditions.
    condition : column of obs, such as the treatment.
    donor : column of obs: whom the cells come from. Donors are exchanged and not cells, for cells of one donor are alike.
    between : the two conditions to compare, the one to compare with first; default, the two that there are.
    which : which of the loops in obs, 0 being the first.
    key : the `key_added` of `loops`.
    group : of a result in groups, the one whose loop it is.
    random_state : seed, where there are too many divisions of donors to look at each.

    Returns
    -------
    spectral_ph.cells.conditions.Comparison, which is also stored in uns[key]["compare"]: `reason`, p-values (NaN with too few
    donors), effects, and the tables `donors` and `density`. `spectral_ph.pl.compare` draws it.

    Raises
    ------
    InputError : a key that is not there, not two conditions, or a condition without two donors.

    See Also
    --------
    loops, match, spectral_ph.pl.compare

    Examples
    --------
    >>> import anndata, numpy as np, spectral_ph as sph
    >>> X = sph.datasets.circle(320, ambient_dim=20, sigma=0.1)
    >>> adata = anndata.AnnData(obsm={"X_pca": X})
    >>> adata.obs["donor"] = np.array(list("abcdefgh"))[np.arange(320) % 8]
    >>> adata.obs["drug"] = np.where(np.arange(320) % 8 < 4, "no", "yes")
    >>> sph.tl.loops(adata, genes=False)
    >>> sph.tl.compare(adata, condition="drug", donor="donor").p_density > 0.05
    True
    """
    one = of_group(adata, key, group)
    R = stored.read_loops(one, key)
    which = _check.positive_int(which, "which", least=0)
    if which >= len(R.loops):
        raise _check.InputError(
            _check.Argument("which", which), f" was asked for, but obs holds {len(R.loops)} loop(s), counted from 0."
        )
    loop = R.loops[which]
    found = compare_conditions(
        loop.phase,
        loop.on_loop,
        stored.read_column(one, condition),
        stored.read_column(one, donor),
        used=loop.domain,
        between=between,
        random_state=random_state,
    )
    settings = {"condition": condition, "donor": donor, "which": which, "group": group}
    write_comparison(adata, key, found, settings)
    return found


@dataclass(frozen=True, eq=False, repr=False)
class LoopMatch:
    """Whether loops of two data sets are the same.

    Attributes
    ----------
    agreement : (a, b) float64, of each loop of the first with each of the second, 0 to 1: the less of both directions. By order,
        as halves are compared.
    shared : genes that follow the first loop of both, by name.
    only_first, only_second : how many follow one of them, of the genes that both tested.
    p_genes : chance of so many shared genes, where genes of either were drawn at random.
    peaks : agreement of the phases at which shared genes peak, turned and mirrored to fit best; NaN below three genes.
    """

    agreement: FloatArray
    shared: tuple[str, ...]
    only_first: int
    only_second: int
    p_genes: float
    peaks: float

    def __repr__(self) -> str:
        return f"LoopMatch(agreement {self.agreement.max():.2f}, {len(self.shared)} shared genes, p {self.p_genes:.2g})"


def match(first: Any, second: Any, *, use_rep: str, key: str = "spectral_ph", n_neighbors: int = 5) -> LoopMatch:
    """Match the loops of two data sets: place the cells of each on the loops of the other, and compare genes.

    Parameters
    ----------
    first, second : AnnData that `loops` has seen.
    use_rep : key of obsm in both, with the same coordinates, as for `place`.
    key : the `key_added` of `loops`, in both.
    n_neighbors : cells of the other data that a cell is placed by.

    Returns
    -------
    LoopMatch

    Raises
    ------
    InputError : a key that is not there, or coordinates that do not fit.

    See Also
    --------
    place, compare

    Examples
    --------
    >>> import anndata, spectral_ph as sph
    >>> X = sph.datasets.circle(400, ambient_dim=20, sigma=0.1)
    >>> one, two = (anndata.AnnData(obsm={"X_pca": part}) for part in (X[::2], X[1::2]))
    >>> for adata in (one, two):
    ...     sph.tl.loops(adata, genes=False)
    >>> sph.tl.match(one, two, use_rep="X_pca").agreement.max() > 0.9
    np.True_
    """
    both = (first, second)
    loops = [stored.read_places(adata, key) for adata in both]
    points = []
    for adata in both:
        if use_rep not in adata.obsm:
            raise _check.missing_key("representation", use_rep, "obsm", adata.obsm)
        points.append(_check.points(adata.obsm[use_rep], least=1, what=f"obsm[{use_rep!r}]"))
    if points[0].shape[1] != points[1].shape[1]:
        raise _check.InputError(
            f"obsm[{use_rep!r}] has {points[0].shape[1]} columns in one and {points[1].shape[1]} in the other. Project one into "
            "the coordinates of the other."
        )
    agreement = np.ones((len(loops[0]), len(loops[1])))
    for here in (0, 1):
        there = 1 - here
        near = nearest_among(
            points[there], points[here], _check.n_neighbors(n_neighbors, len(points[there])), "euclidean"
        )
        for i, own in enumerate(loops[here]):
            for j, other in enumerate(loops[there]):
                placed = carry(other["phase"], np.ones(len(points[there])), near).phase
                inside = np.asarray(own["in_domain"], dtype=bool)
                at = (i, j) if here == 0 else (j, i)
                alike = circular_agreement(to_ranks(placed[inside]), to_ranks(own["phase"][inside]))
                agreement[at] = min(agreement[at], alike)
    return LoopMatch(agreement, *_genes(first, second, key))


def _genes(first: Any, second: Any, key: str) -> tuple[tuple[str, ...], int, int, float, float]:
    """Return the shared genes, how many follow only one loop, the chance of so many, and how well their peaks agree."""
    from scipy.stats import hypergeom

    tables = [adata.uns[key].get("genes") for adata in (first, second)]
    if any(table is None for table in tables):
        return (), 0, 0, float("nan"), float("nan")
    tables = [table[~table.index.duplicated()] for table in tables]
    tested = tables[0].index.intersection(tables[1].index)
    follow = [set(tested[(table.loc[tested, "q_value"] < FALSE_DISCOVERY_RATE).to_numpy()]) for table in tables]
    shared = tuple(sorted(map(str, follow[0] & follow[1])))
    p = (
        float(hypergeom.sf(len(shared) - 1, len(tested), len(follow[0]), len(follow[1])))
        if len(tested)
        else float("nan")
    )
    peaks = [table.loc[list(shared), "peak"].to_numpy(dtype=np.float64) for table in tables]
    alike = circular_agreement(*peaks) if len(shared) >= 3 else float("nan")
    return shared, len(follow[0]) - len(shared), len(follow[1]) - len(shared), p, alike
