"""Corrected effective resistance and diffusion distance of large graphs, without an (n, n) array.

The equation of `spectral_ph.distances.spectral` needs all n eigenpairs; here the first m are known, and the rest enters by
what it does to the distances. With f the square of the decay, S = D^-1/2 A D^-1/2 = I - L_sym, lambda its eigenvalues and

    K = D^-1/2 ( sum_{l > m} f(lambda_l) u_l u_l' ) D^-1/2        (positive semi-definite, for f >= 0)

the squared form is exactly |t_i - t_j|^2 + K_ii + K_jj - 2 K_ij, with t_i the rows over the first m. What is cut off
spreads over the whole graph, so K is nearly diagonal: the diagonal is kept for all points, 2 K_ij for the edges of the graph,
which are the short distances that loops are born from, and for the pairs of two hops where it is largest. All other 2 K_ij
are left out, and that is the error.

The eigenvalues that were cut off carry a measure for every point (and every pair), whose first moments are walks that
return, (S^k)_ii, less what the known eigenpairs carry. Gauss-Radau quadrature turns the moments 0 to 4 into a lower and an
upper bound of K_ii, or of K_ii + K_jj - 2 K_ij, and where between the two a value is taken is chosen by the exact values of
a few sampled points. On the circle with sigma = 0.25 (n = 2,000, m = 100) the bounds are within 0.4 % (points) and 0.8 %
(edges) of the median distance, and the values right to 0.1 %. Tried and worse: the series ended after S^3, as far as
those walks reach (1 to 2 %), a random sketch of the rest (noise of the size of the births).

Source of the quadrature: Golub, Meurant, Matrices, Moments and Quadrature, 1993. Cutting the rest off instead, as in
`eff_res(solver="spectral")`, puts the births of loops 40 to 95 % too low at m = 100.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import BoolArray, Disconnected, FloatArray, Graph, IntArray, RandomState, Settings
from spectral_ph.distances import decay
from spectral_ph.distances.lookup import rows
from spectral_ph.distances.passes import check_passes, check_steps, connected_or_raise, graph_under_implicit, kept
from spectral_ph.graph.components import Components, connected_components
from spectral_ph.spectrum.decomposition import Spectrum, spectrum
from spectral_ph.spectrum.laplacian import degrees, normalized_adjacency

SAMPLED_POINTS = 64
NEAR = 15
"""Pairs of a sampled point and one of its nearest points, this many, are reported by themselves."""
CORRECTIONS_A_POINT = 16
"""Pairs of two hops that get a correction, per point; with 16 the largest error is a third of that without."""
THRESHOLD_ROWS = 256
TYPICAL_PAIRS = 4096
PAIRS_A_BLOCK = 2**22
SOLVE_BLOCK = 16
SOLVE_TOLERANCE = 1e-12
SOLVE_STEPS = 10_000
LOWEST_TOLERANCE = 1e-3
NEGLIGIBLE = 1e-6
"""Share of the median squared distance below which no pair gets a correction."""


def eff_res_implicit(
    A: Graph,
    *,
    passes: int = 1,
    pass_neighbors: int | None = None,
    steps: int | None = None,
    n_components: int | None = 100,
    sqrt: bool = False,
    disconnected: Disconnected = "raise",
    random_state: RandomState = 0,
) -> ImplicitDistances:
    """Corrected effective resistance from the first eigenpairs and a measured account of all others.

    Parameters
    ----------
    A : (n, n) graph.
    passes, pass_neighbors : as for `eff_res`; neighbours are the nearest under the implicit distances, so that the error of
        each pass, which `facts` states for the last, enters the graph of the next.
    steps : as for `eff_res`, at least 1; None is the same number as there. What is cut off counts with (1 - mu)^(2 steps) / mu,
        so its error falls with them. `persistence` takes one for method="truncated" unless told otherwise. With more steps
        thousands of short loops are born, and homology that computes every distance on its way takes long: four steps of 4,000
        points of the noisy circle took 38 s in place of 0.3 s.
    n_components : eigenpairs, the trivial ones counted; None for all, as where there are fewer, and then it is exact.
        The default of 100: see Notes.
    sqrt : the distance is the root, a Euclidean metric but for the corrections.
    disconnected : "raise", or "max": between components the distance is at least twice the largest within one (by a bound
        of that, so it is larger than what `eff_res` puts there; both are beyond everything within a component).
    random_state : seed of the eigensolver and of the sampled points.

    Returns
    -------
    ImplicitDistances
        In one over the unit of the conductances (its root with `sqrt`). `facts`: see Notes.

    Raises
    ------
    InputError : for a matrix that is no graph, a vertex without edges, a disconnected graph, or fewer eigenpairs than
        components and one.

    Notes
    -----
    `facts` holds, in the unit of the squared form unless said otherwise,

    - "n_components", "cut_at" (largest eigenvalue of L_sym that is kept), "complete", "component_sizes" if there are
      several, "corrected_edges" and "corrected_two_hops" (pairs);
    - proven, given the eigenpairs and up to rounding: "offset_error" and "correction_error", the most that an offset and a
      corrected pair can be off by; "bound", the same for all pairs, loose: of the pairs that have no correction no more is
      known for sure than 2 |K_ij| <= 2 sqrt(K_ii K_jj);
    - "error", measured (unless "complete"): against exact columns of K for "points" sampled points, solved by conjugate
      gradients in the complement of the known eigenvectors to the relative residual "residual": the errors (implicit
      less exact) of "all" their pairs, of "edges" and of the `NEAR` "near" pairs of each: "pairs", "mean", "max" (of the
      modulus), in the unit of the distance, as is "median", the median exact distance. The offset of the other end of
      a pair is the one in use, so each of these is right up to "offset_error". The same exact columns choose
      "between_bounds", the place between the lower (0) and the upper (1) bound of an integral that is used.

    The bottleneck distance between the diagrams of implicit and exact distances is at most the largest error over all
    pairs (Cohen-Steiner, Edelsbrunner, Harer 2007), so births and deaths are off by at most "bound", and by about
    error["all"]["max"]: a maximum over a sample of columns, no proof.

    100 eigenpairs: the time of the eigensolver and of every distance grows with their number, errors fall slowly. With 50,
    100 and 200, n = 5,000, the birth of the top loop was off by 1.6, 0.6 and 0.1 % and its death by 0.4, 0.2 and 0.2 % on
    the circle with sigma = 0.25, by 0.2, 0.1, 0.1 % and 0.2, 1.0, 0.1 % on the pallium cells (n = 2,000: at most 0.3 % and
    3.3 %); the largest error of any pair was 0.13, 0.13, 0.11 and 0.30, 0.23, 0.16 of the median distance, that of an edge
    below 0.002 and 0.015. n = 100,000 takes 26 s of processor time beside the spectrum (60 s), 1.1 GiB in all.
    """
    sqrt = _check.flag(sqrt, "sqrt")
    _check.one_of(disconnected, ("raise", "max"), "treatment of disconnected graphs", "disconnected")
    A = _check.graph(A)
    passes, k = check_passes(passes, pass_neighbors, A.shape[0])
    rng = _check.generator(random_state)
    steps = check_steps(steps, passes)
    if steps == 0:
        raise _check.InputError(
            "the truncated form is of the corrected resistance, so ",
            Argument("steps"),
            " must be at least 1, not 0. Raise it, or pass ",
            Argument("method", "exact"),
            ".",
        )
    implicit = _one_pass(A, steps, n_components, sqrt, disconnected, rng)
    graphs: list[Settings] = []
    for number in range(2, passes + 1):
        before, A = A, graph_under_implicit(implicit, k)
        connected_or_raise(A, number, disconnected)
        graphs.append(kept(A, before))
        implicit = _one_pass(A, steps, n_components, sqrt, disconnected, rng)
    implicit.facts["steps"] = steps
    if graphs:
        implicit.facts["pass_graphs"] = graphs
    return implicit


def _one_pass(
    A: Graph, steps: int, n_components: int | None, sqrt: bool, disconnected: Disconnected, rng: np.random.Generator
) -> ImplicitDistances:
    _check.degrees_positive(degrees(A))
    parts = connected_components(A)
    if len(parts) > 1:
        if disconnected == "raise":
            raise _check.InputError(
                f"the graph has {parts.describe()}, so effective resistance between them is infinite. Raise ",
                Argument("n_neighbors"),
                ", or pass ",
                Argument("disconnected", "max"),
                ".",
            )
        _check.warn(
            f"the graph has {parts.describe()}. Effective resistance between them was set to a bound of twice the "
            "largest within one."
        )
    return _implicit(A, parts, n_components, steps, True, sqrt, rng)


def diffusion_implicit(
    A: Graph, *, t: int = 8, n_components: int | None = 100, random_state: RandomState = 0
) -> ImplicitDistances:
    """Diffusion distance after t steps from the first eigenpairs and a measured account of all others.

    The cut-off eigenvalues count with vol lambda^(2 t): next to nothing for t >= 8. Where all of it is below `NEGLIGIBLE`
    times the median squared distance there are no corrections. For t <= 2 offset and corrections are exact. A disconnected
    graph needs no special case.

    Parameters
    ----------
    A : (n, n) graph.
    t : steps, a whole number of at least 1.
    n_components : eigenpairs, the trivial ones counted; None for all, as where there are fewer.
    random_state : seed of the eigensolver and of the sampled points.

    Returns
    -------
    ImplicitDistances
        Without unit, the root of the squared form. `facts` as in `eff_res_implicit`; the columns are powers, not solves.

    Raises
    ------
    InputError : for a matrix that is no graph, a vertex without edges, t < 1, or fewer eigenpairs than components and one.

    References
    ----------
    Coifman, Lafon, Appl. Comput. Harmon. Anal. 2006.
    """
    t = _check.positive_int(t, "t")
    A = _check.graph(A)
    _check.degrees_positive(degrees(A))
    return _implicit(A, connected_components(A), n_components, t, False, True, _check.generator(random_state))


def _implicit(
    A: Graph,
    parts: Components,
    n_components: int | None,
    steps: int,
    summed: bool,
    root: bool,
    rng: np.random.Generator,
) -> ImplicitDistances:
    """Put the two together; `summed` over all numbers of steps from `steps` on is the resistance, else it is diffusion."""
    n = A.shape[0]
    wanted = n if n_components is None else min(n, _check.positive_int(n_components, "n_components"))
    if len(parts) < n and wanted == len(parts):
        raise _check.InputError(
            Argument("n_components", wanted),
            " are only the trivial eigenpairs, one for each connected component, but at least one more is needed. "
            "Pass ",
            Argument("n_components", wanted + 1),
            " or more.",
        )
    spec = spectrum(A, wanted, random_state=rng)
    weights = np.zeros(wanted)
    moving = np.setdiff1d(np.arange(wanted), spec.trivial)
    mu = spec.values[moving]
    weights[moving] = decay.corrected_resistance(mu, steps) if summed else decay.diffusion(mu, steps, spec.volume)
    coordinates = spec.vectors * weights / np.sqrt(spec.degrees)[:, None]
    facts: Settings = {
        "n_components": wanted,
        "cut_at": float(spec.values.max()),
        "complete": spec.complete,
        "corrected_edges": 0,
        "corrected_two_hops": 0,
        "between_bounds": 0.5,
        "offset_error": 0.0,
        "correction_error": 0.0,
        "bound": 0.0,
    }
    offset, correction = np.zeros(n), None
    if not spec.complete:
        points = np.sort(rng.choice(n, size=min(n, SAMPLED_POINTS), replace=False))
        K, residual = _exact_columns(A, spec, points, steps, summed)
        own = K[np.arange(len(points)), points]
        offset, correction = _remainder(A, spec, coordinates[:, moving], steps, summed, points, own, rng, facts)
    if len(parts) > 1:
        facts["component_sizes"] = parts.sizes.tolist()
        apart = spec.vectors[:, spec.trivial]
        if not summed:
            apart = apart * (np.sqrt(spec.volume) / np.sqrt(spec.degrees)[:, None])
        else:
            # Every within-component pair is at most the squared diameter of a ball around 0 and two offsets.
            radius = np.sqrt((coordinates**2).sum(axis=1).max())
            apart = (apart != 0) * np.sqrt(4 * radius**2 + 2 * offset.max())
        coordinates[:, spec.trivial] = apart
    else:
        coordinates = coordinates[:, moving]
    implicit = ImplicitDistances(np.ascontiguousarray(coordinates), offset, correction, root, facts)
    if not spec.complete:
        among = spec.labels[points][:, None] == spec.labels if summed else np.ones((len(points), n), dtype=bool)
        facts["error"] = {"residual": residual} | _measured(A, implicit, points, K, among)
    return implicit


def _remainder(
    A: Graph,
    spec: Spectrum,
    coordinates: FloatArray,
    steps: int,
    summed: bool,
    points: IntArray,
    own: FloatArray,
    rng: np.random.Generator,
    facts: Settings,
) -> tuple[FloatArray, Graph | None]:
    """Offsets and corrections of what was cut off, `own` the exact offsets of `points`; fills in the facts about them."""
    from spectral_ph.distances import _implicit

    n = len(spec.degrees)
    S = normalized_adjacency(A)
    d, U = spec.degrees, spec.vectors
    pattern = (S.indptr.astype(np.int64), S.indices.astype(np.int64), S.data)
    values = 1 - spec.values
    high = 1 - float(spec.values.max()) + spec.residual
    low = min(_lowest(S), high)
    scale = 1.0 if summed else spec.volume
    integral = _implicit.Integral(low, high, steps, summed)
    moments = np.empty((n, 5))
    _implicit.return_moments(*pattern, moments)
    moments -= U**2 @ np.vander(values, 5, increasing=True)
    ends = np.empty((n, 2))
    _implicit.offset_bounds(moments, integral, ends)
    ends *= scale / d[:, None]
    lower, width = ends[:, 0], ends[:, 1] - ends[:, 0]
    # Where between its bounds an integral lies differs little from point to point, so a few exact ones tell.
    share = 0.5
    if width[points].sum() > 0:
        share = float(np.clip((own - lower[points]).sum() / width[points].sum(), 0.0, 1.0))
    farther = max(share, 1 - share)
    offset = lower + share * width
    facts["between_bounds"] = share
    facts["offset_error"] = gap = float(farther * width.max())
    off_diagonal = float(2 * np.sqrt(np.sort(ends[:, 1])[-2:].prod()))
    facts["bound"] = off_diagonal + 2 * gap
    i, j = rng.integers(n, size=(2, TYPICAL_PAIRS))
    typical = float(np.median(((coordinates[i] - coordinates[j]) ** 2).sum(axis=1) + offset[i] + offset[j]))
    if off_diagonal <= NEGLIGIBLE * typical:
        return offset, None

    neighbors = np.diff(pattern[0])
    # At most this many points are within two hops of each (no row is empty); as many pairs are set aside for it.
    room_of = np.minimum(np.add.reduceat(neighbors[pattern[1]], pattern[0][:-1]) + neighbors, n)
    sampled = np.sort(rng.choice(n, size=min(n, THRESHOLD_ROWS), replace=False))
    strength = np.zeros(room_of[sampled].sum())
    _implicit.links(*pattern, d, sampled, np.cumsum(room_of[sampled]) - room_of[sampled], strength)
    strength = np.sort(strength[strength > 0])[::-1]
    quota = len(sampled) * CORRECTIONS_A_POINT // 2  # a pair is met once, and serves two points
    threshold = float(strength[quota]) if quota < len(strength) else 0.0
    walk, known = _implicit.Walk(*pattern, d), _implicit.Known(U, values, moments)
    found = []
    for block in np.split(np.arange(n), np.flatnonzero(np.diff(np.cumsum(room_of) // PAIRS_A_BLOCK)) + 1):
        room = room_of[block]
        begin, size = np.cumsum(room) - room, room.sum()
        out = _implicit.Corrections(
            columns=np.empty(size, np.int64),
            values=np.empty(size),
            widths=np.empty(size),
            is_edge=np.empty(size, np.bool_),
            counts=np.zeros(len(block), np.int64),
        )
        _implicit.near_corrections(walk, known, integral, offset, scale, share, threshold, block, begin, out)
        counts = out.counts
        filled = np.repeat(begin - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        found.append((np.repeat(block, counts), *(array[filled] for array in out[:4])))
    i, j, taken, widths, edge = (np.concatenate(part) for part in zip(*found, strict=True))
    correction = sp.csr_array(
        (np.concatenate([taken, taken]), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=S.shape
    )
    correction.sort_indices()
    facts["corrected_edges"] = int(edge.sum())
    facts["corrected_two_hops"] = int((~edge).sum())
    facts["correction_error"] = float(farther * widths.max(initial=0.0))
    return offset, correction


def _lowest(S: Graph) -> float:
    """Return a value just below the smallest eigenvalue of S, as far as Lanczos can tell, and at least -1."""
    if S.shape[0] < 20:
        return max(float(np.linalg.eigvalsh(S.toarray())[0]) - LOWEST_TOLERANCE, -1.0)
    start = np.cos(np.arange(S.shape[0]))  # any vector that is the same every time
    lowest = scipy.sparse.linalg.eigsh(
        S, k=1, which="SA", v0=start, tol=LOWEST_TOLERANCE / 2, return_eigenvectors=False
    )[0]
    return max(float(lowest) - LOWEST_TOLERANCE, -1.0)


def _measured(A: Graph, implicit: ImplicitDistances, points: IntArray, K: FloatArray, among: BoolArray) -> Settings:
    """Compare the rows of some points with exact ones, from the exact rows K; `among` (b, n) are the pairs that count."""
    n, diagonal = len(implicit), (np.arange(len(points)), points)
    exact = rows(ImplicitDistances(implicit.coordinates, np.zeros(n)), points)
    ends = implicit.offset.copy()
    ends[points] = K[diagonal]
    exact += ends[points][:, None] + ends - 2 * K
    np.maximum(exact, 0.0, out=exact)
    if implicit.root:
        np.sqrt(exact, out=exact)
    given = rows(implicit, points)
    error = given - exact
    among[diagonal] = False
    given[~among] = np.inf
    near = np.zeros_like(among)
    k = min(NEAR, n - 1)
    np.put_along_axis(near, np.argpartition(given, k - 1, axis=1)[:, :k], True, axis=1)
    groups = {"all": among, "edges": among & (A[points].toarray() > 0), "near": among & near}
    facts: Settings = {"points": len(points), "median": float(np.median(exact[among])) if among.any() else 0.0}
    for name, group in groups.items():
        errors = error[group]
        mean = float(errors.mean()) if len(errors) else 0.0
        facts[name] = {"pairs": len(errors), "mean": mean, "max": float(np.abs(errors).max(initial=0.0))}
    return facts


def _exact_columns(A: Graph, spec: Spectrum, points: IntArray, steps: int, summed: bool) -> tuple[FloatArray, float]:
    """Return the columns of K at some points as rows, (b, n), and the largest relative residual of the solves."""
    n, U = len(spec.degrees), spec.vectors
    S = normalized_adjacency(A)
    root = np.sqrt(spec.degrees)
    K = np.empty((len(points), n))
    residual = 0.0

    def cut_off(Z: FloatArray) -> FloatArray:
        return np.asarray(Z - U @ (U.T @ Z))

    for begin in range(0, len(points), SOLVE_BLOCK):
        block = points[begin : begin + SOLVE_BLOCK]
        Z = np.zeros((n, len(block)))
        Z[block, np.arange(len(block))] = 1 / root[block]
        Z = cut_off(Z)
        # Rounding along the known eigenvectors would not fall with the steps as the rest does.
        for _ in range(steps):
            Z = cut_off(S @ Z)
        if summed:
            Z, left = _solve(S, Z, cut_off)
            residual = max(residual, left)
        for _ in range(steps):
            Z = cut_off(S @ Z)
        if not summed:
            Z *= spec.volume
        K[begin : begin + len(block)] = (Z / root[:, None]).T
    return K, residual


def _solve(S: Graph, right: FloatArray, cut_off: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, float]:
    """Solve (I - S) x = right for every column by conjugate gradients, in the complement of the known eigenvectors.

    There the eigenvalues of I - S stay away from 0, so that some twenty steps do at any n; without, hundreds are needed.
    """
    x, r = np.zeros_like(right), right.copy()
    p, square = r.copy(), (right**2).sum(axis=0)
    # Relative to the largest: a column that the known eigenvectors carry whole is nothing but rounding.
    goal = SOLVE_TOLERANCE**2 * square.max()
    for _ in range(SOLVE_STEPS):
        if (square <= goal).all():
            break
        q = p - S @ p
        going = square > goal
        step = np.where(going, square / np.where(going, (p * q).sum(axis=0), 1.0), 0.0)
        x += step * p
        r -= step * q
        before, square = square, (r**2).sum(axis=0)
        p *= np.where(going, square / np.where(going, before, 1.0), 0.0)
        p += r
    x = cut_off(x)
    left = float(np.sqrt(((right - x + S @ x) ** 2).sum(axis=0).max() / max((right**2).sum(axis=0).max(), 1e-300)))
    if left > 1e3 * SOLVE_TOLERANCE:
        raise _check.InputError(
            f"conjugate gradients left a residual of {left:.1e} when the error of the distances was measured: the "
            "conductances span too many orders of magnitude. Pass ",
            Argument("weighted", False),
            ".",
        )
    return x, left
