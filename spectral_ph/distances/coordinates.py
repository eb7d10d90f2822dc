"""Coordinates of all vertices of a large graph from its first eigenpairs, for distances between a few of them.

The graph averages the noise, and homology needs few points: so the graph and its spectrum are those of all points, and the
distances those of a draw. The rows e_i of `spectral_ph.distances.spectral` are cut after the first eigenpairs, and nothing
takes the place of the rest. It is most of the length of every distance and next to nothing of its differences, so births and
deaths both lose about the same: this is for comparing shapes, and no approximation of the exact distances
(`spectral_ph.distances.implicit` is one).
"""

from __future__ import annotations

from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import Graph, RandomState, Settings
from spectral_ph.distances.passes import graph_under_implicit
from spectral_ph.distances.registry import DISTANCES
from spectral_ph.distances.spectral import components_or_raise
from spectral_ph.graph.components import connected_components
from spectral_ph.spectrum.decomposition import Spectrum, spectrum

EIGENPAIRS = 60
"""Coordinates of a vertex. On noisy circles the last weighs a fiftieth of the first."""


def coordinates(
    A: Graph,
    distance: str,
    wanted: list[Settings],
    n_neighbors: int | None = None,
    *,
    n_components: int = EIGENPAIRS,
    random_state: RandomState = 0,
    known: Spectrum | None = None,
) -> list[ImplicitDistances]:
    """Return a distance of all vertices of a graph from its first eigenpairs, for several settings of its parameters.

    Settings share a spectrum where they can, and later stages (the passes of effective resistance) come from the coordinates of
    the stage before.

    Parameters
    ----------
    A : (n, n) graph.
    distance : name of a row that has coordinates.
    wanted : parameters of the distance by name, one dict for each result.
    n_neighbors : in the graphs of later stages, unless the parameters say; None where there is no later stage.
    n_components : eigenpairs, the first trivial one counted; a graph in several components has one more for each.
    random_state : seed of the eigensolver.
    known : what `eigenpairs` returns of A, where another distance needed it before.

    Returns
    -------
    list of ImplicitDistances, one for each of `wanted`. Between components the squared form is at least four times the square
    of the largest coordinate vector, which is beyond everything within one.

    Raises
    ------
    InputError : for a vertex without edges, or a disconnected graph where that is not allowed.
    """
    row = DISTANCES[distance]
    assert row.coordinates is not None
    found: dict[int, ImplicitDistances] = {}
    stages = [int(params.get(row.stage, 1)) if row.stage else 1 for params in wanted]
    graphs: dict[object, Graph] = {None: A}
    for stage in range(1, max(stages) + 1):
        later: dict[object, Graph] = {}
        for way, graph in graphs.items():
            # Settings that have come along the same graphs: all in the first stage, later those alike but for the stage.
            here = [i for i in range(len(wanted)) if stages[i] >= stage and way in (None, _way(wanted[i], row.stage))]
            if "disconnected" in wanted[0]:
                components_or_raise(graph, f"distance {distance!r}", wanted[0]["disconnected"])
            first = known if graph is A else None
            spec = first or eigenpairs(graph, n_components, random_state=random_state)
            for i in here:
                made = row.coordinates(spec, **wanted[i])
                if stages[i] == stage:
                    found[i] = made
                elif _way(wanted[i], row.stage) not in later:
                    k = wanted[i].get("pass_neighbors") or n_neighbors
                    assert k is not None
                    later[_way(wanted[i], row.stage)] = graph_under_implicit(made, k)
        graphs = later
    return [found[i] for i in range(len(wanted))]


def eigenpairs(A: Graph, n_components: int = EIGENPAIRS, *, random_state: RandomState = 0) -> Spectrum:
    """Return the first eigenpairs of a graph that `coordinates` takes.

    Parameters
    ----------
    A : (n, n) graph.
    n_components : the first trivial one counted; a graph in several components has one more for each.
    random_state : seed of the eigensolver.

    Returns
    -------
    Spectrum
    """
    most = n_components + len(connected_components(A)) - 1
    return spectrum(A, min(A.shape[0], most), random_state=random_state)


def _way(params: Settings, stage: str) -> str:
    return str(sorted((key, value) for key, value in params.items() if key != stage))
