"""Spectrum: the eigenpairs of the symmetric normalised Laplacian, component by component."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph, IntArray, RandomState, Settings, SolverName
from spectral_ph.graph.components import connected_components
from spectral_ph.spectrum.eigen import fix_signs, solve_dense, solve_lanczos, solve_lobpcg
from spectral_ph.spectrum.laplacian import degrees, normalized_adjacency

DENSE_LIMIT = 1500
"""`solver="auto"` is dense up to this number of vertices, or when more than a tenth of all eigenpairs is asked for."""


@dataclass(frozen=True, eq=False, repr=False)
class Spectrum:
    """Eigenpairs of L_sym = I - D^-1/2 A D^-1/2.

    Attributes
    ----------
    values : (m,) float64, ascending, in [0, 2]; exactly 0 once for each connected component.
    vectors : (n, m) float64, orthonormal columns; each is zero outside of one component, and its entry of largest modulus
        is positive.
    degrees : (n,) float64.
    component : (m,) int64, the component on which each eigenvector lives.
    labels : (n,) int64, the component of every vertex.
    residual : largest ||L_sym u - mu u||_2 over the columns.
    settings : n_components, solver, seed.

    See Also
    --------
    spectrum, neighbor_graph

    Examples
    --------
    >>> import spectral_ph as sph
    >>> S = sph.spectrum(sph.neighbor_graph(sph.datasets.circle(50, ambient_dim=5), 5))
    >>> float(abs(S.values[0])) < 1e-12
    True
    """

    values: FloatArray
    vectors: FloatArray
    degrees: FloatArray
    component: IntArray
    labels: IntArray
    residual: float
    settings: Settings = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all n eigenpairs are there."""
        return len(self.values) == len(self.degrees)

    @property
    def volume(self) -> float:
        """Sum of all degrees."""
        return float(self.degrees.sum())

    @property
    def trivial(self) -> IntArray:
        """Columns of the trivial eigenpairs, one for each component, in the order of the components."""
        return np.asarray(np.sort(np.unique(self.component, return_index=True)[1]), dtype=np.int64)

    def __repr__(self) -> str:
        n, m = self.vectors.shape
        parts = f"n={n}, {m} eigenpairs, {self.labels.max() + 1} components"
        return f"Spectrum({parts}, {self.settings.get('solver')}, residual {self.residual:.1e})"


def spectrum(
    A: Graph,
    n_components: int | None = None,
    *,
    solver: SolverName = "auto",
    random_state: RandomState = 0,
) -> Spectrum:
    """Compute the smallest eigenpairs of the symmetric normalised Laplacian.

    Every connected component is solved by itself, so the eigenvectors of a disconnected graph do not mix components
    and each component has its exact trivial eigenpair, 0 and sqrt(d / vol).

    Parameters
    ----------
    A : (n, n) symmetric sparse matrix of conductances.
    n_components : how many eigenpairs, the trivial ones counted; None for all. At least one for each component.
    solver : "dense" (LAPACK), "lanczos" (ARPACK), "lobpcg", or "auto": dense up to `DENSE_LIMIT` vertices or for more than
        a tenth of all pairs, else Lanczos.
    random_state : seed of the starting vectors of the iterative solvers.

    Returns
    -------
    Spectrum

    Raises
    ------
    InputError : for a matrix that is no graph, a vertex without edges, too many components asked for, or a solver that
        does not converge.
    TooLargeError : if the dense solver would not fit in memory.

    See Also
    --------
    neighbor_graph, Spectrum, distance_matrix

    Examples
    --------
    >>> import numpy as np, spectral_ph as sph
    >>> sph.spectrum(np.ones((3, 3)) - np.eye(3)).values.round(6)
    array([0. , 1.5, 1.5])
    """
    A = _check.graph(A)
    _check.one_of(solver, ("auto", "dense", "lanczos", "lobpcg"), "solver of the spectrum", "solver")
    rng = _check.generator(random_state)
    n = A.shape[0]
    d = degrees(A)
    S = normalized_adjacency(A)
    parts = connected_components(A)
    m = n if n_components is None else _check.positive_int(n_components, "n_components")
    if m > n:
        raise _check.InputError(
            _check.Argument("n_components", m),
            f" is more than the {n} eigenpairs there are. Pass {n} or fewer, or None.",
        )
    if m < len(parts):
        raise _check.InputError(
            f"the graph has {parts.describe()}, each with an eigenvalue 0, so ",
            _check.Argument("n_components"),
            f" must be at least {len(parts)}, not {m}. Raise it, or raise ",
            _check.Argument("n_neighbors"),
            " until the graph is connected.",
        )
    blocks, names = [], set()
    for label, members in enumerate(parts.members()):
        block = S if len(parts) == 1 else S[members][:, members]
        trivial = np.sqrt(d[members] / d[members].sum())
        size = len(members)
        # Each component can at most contribute what is left when all others give their trivial pair.
        count = min(size, m - len(parts) + 1)
        name = solver
        if name == "auto" or (name != "dense" and count >= size - 1):
            name = "dense" if size <= DENSE_LIMIT or count > size / 10 or count >= size - 1 else "lanczos"
        names.add(name)
        if name == "dense":
            _check.memory(
                8.0 * 2 * (size**2 + size * count),
                f"the dense spectrum of {size} vertices",
                "Ask for fewer eigenpairs with ",
                _check.Argument("n_components"),
                ", or pass ",
                _check.Argument("solver", "lanczos"),
                ".",
            )
            values, vectors = solve_dense(block, trivial, count)
        elif name == "lanczos":
            values, vectors = solve_lanczos(block, trivial, count, rng)
        else:
            values, vectors = solve_lobpcg(block, trivial, count, rng)
        blocks.append((label, members, values, fix_signs(vectors)))
    all_values = np.concatenate([b[2] for b in blocks])
    component = np.concatenate([np.full(len(b[2]), b[0]) for b in blocks])
    is_trivial = np.concatenate([np.arange(len(b[2])) == 0 for b in blocks])
    # The trivial pairs first: a tiny eigenvalue of another component must not crowd one out.
    order = np.lexsort((component, all_values, ~is_trivial))[:m]
    if len(blocks) == 1:
        vectors = blocks[0][3][:, order]
    else:
        vectors = np.zeros((n, m))
        place = np.full(len(all_values), -1)
        place[order] = np.arange(m)
        offset = 0
        for _, members, values, part in blocks:
            to = place[offset : offset + len(values)]
            vectors[np.ix_(members, to[to >= 0])] = part[:, to >= 0]
            offset += len(values)
    values = all_values[order]
    residual = float(np.linalg.norm(vectors - S @ vectors - vectors * values, axis=0).max())
    settings: Settings = {
        "n_components": m,
        "solver": "+".join(sorted(names)),
        "random_state": _check.seed_record(random_state),
    }
    return Spectrum(values, vectors, d, component[order].astype(np.int64), parts.labels, residual, settings)
