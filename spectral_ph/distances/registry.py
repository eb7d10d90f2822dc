"""The table of distances: one row each.

A row has five readers: the table in docs/theory.md, the command line, the contract tests, the benchmarks and the guide to
choosing. A new distance is a function that returns (D, facts) and a row here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from spectral_ph._implicit import ImplicitDistances
from spectral_ph._types import (
    FloatArray,
    Settings,
)
from spectral_ph.distances import affinity, ambient, density, diffusion, eigenpairs, layout, passes, path, resistance
from spectral_ph.distances.implicit import diffusion_implicit, eff_res_implicit


@dataclass(frozen=True)
class Range:
    """The values that a parameter may have; `value in range` and `str(range)` are what it is for.

    Attributes
    ----------
    kind : "whole" numbers, "real" numbers, "choice" among `values`, or "seed" (a whole number, a Generator or None).
    least, most : ends of the interval, both included, infinity only if in `values`.
    limit : what else bounds it from above, in words, such as "n - 1".
    values : what is allowed beside numbers; all there is for "choice".
    open : `least` itself is not allowed.
    """

    kind: Literal["whole", "real", "choice", "seed"]
    least: float = -np.inf
    most: float = np.inf
    limit: str = ""
    values: tuple[Any, ...] = ()
    open: bool = False

    def __contains__(self, value: object) -> bool:
        if any(isinstance(value, bool) == isinstance(v, bool) and value == v for v in self.values):
            return True
        if self.kind == "choice":
            return False
        if self.kind == "seed" and (value is None or isinstance(value, np.random.Generator)):
            return True
        whole = isinstance(value, (int, np.integer))
        if isinstance(value, bool) or not (whole or (self.kind == "real" and isinstance(value, (float, np.floating)))):
            return False
        number = float(value)  # type: ignore[arg-type]
        return bool(
            abs(number) < np.inf and self.least <= number <= self.most and not (self.open and number == self.least)
        )

    def __str__(self) -> str:
        others = [str(v) for v in self.values]
        if self.kind == "choice":
            return ", ".join(others[:-1]) + (" or " if others[:-1] else "") + others[-1]
        if self.kind == "seed":
            return "a whole number, a Generator or None"
        end = self.limit or ("" if self.most == np.inf else f"{self.most:g}")
        if end:
            span = f"{'above ' if self.open else ''}{self.least:g} to {end}"
        else:
            span = f"{'above' if self.open else 'from'} {self.least:g}"
        return " or ".join([f"{self.kind}, {span}", *others])


Form = Literal["exact", "truncated", "landmarks", "verdict"]
"""What a distance is computed as: a matrix; implicitly, for all points or a few; or a matrix for the verdict of `find_loops`."""


@dataclass(frozen=True, eq=False)
class Distance:
    """What the house knows about one distance.

    Attributes
    ----------
    name : how it is asked for.
    function : takes points or a graph and keyword parameters, returns (D, facts).
    needs : "points", "graph" or "distances": what the function takes.
    formula : in plain characters.
    source : where the formula is from.
    metric : whether the triangle inequality holds.
    implicit : takes a graph and returns `ImplicitDistances`, for more points than an (n, n) array can hold; or None.
    cost : flops and memory beside the result of 8 n^2 bytes and the neighbour graph; d coordinates, m edges.
    ranges : what each parameter may be.
    edges : whether the graph is to hold "conductances", or "lengths" with a stored zero for an edge of length 0.
    forms : what a form takes for parameters that were left open, where that is not the default of its function.
    settled : takes the parameters that were given, refuses some that are wrong before anything is computed, and returns them
        with one way to say the same thing.
    stage : the parameter that counts how often the distance is computed anew from itself; empty if it is not.
    stages : as `function`, and yields (D, facts) for every stage up to the last; None without stages.
    truncated_ranges : where the implicit form takes less than `ranges` say.
    coordinates : takes a `Spectrum` and keyword parameters, returns the `ImplicitDistances` of its eigenpairs alone; or None.
    """

    name: str
    function: Callable[..., tuple[FloatArray, Settings]]
    needs: Literal["points", "graph", "distances"]
    formula: str
    source: str
    metric: bool
    implicit: Callable[..., ImplicitDistances] | None = None
    cost: str = ""
    ranges: dict[str, Range] = field(default_factory=dict)
    edges: Literal["conductances", "lengths"] = "conductances"
    forms: dict[Form, Settings] = field(default_factory=dict)
    settled: Callable[[Settings], Settings] = dict
    stage: str = ""
    stages: Callable[..., Iterator[tuple[FloatArray, Settings]]] | None = None
    truncated_ranges: dict[str, Range] = field(default_factory=dict)
    coordinates: Callable[..., ImplicitDistances] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the keyword parameters with their defaults."""
        return keywords(self.function)

    def filled(self, form: Form, given: Settings) -> Settings:
        """Return the parameters that were given, and after them what the form takes for those left open.

        Parameters
        ----------
        form : what the distance is computed as.
        given : parameters by name; None leaves one open that the form has a value for.

        Returns
        -------
        dict
        """
        usual = self.forms.get(form, {})
        kept = {name: value for name, value in given.items() if value is not None or name not in usual}
        return kept | {name: value for name, value in usual.items() if name not in kept}

    def truncates(self, given: Settings) -> bool:
        """Return whether the implicit form computes what was asked for.

        Parameters
        ----------
        given : parameters of the distance by name.

        Returns
        -------
        bool
        """
        if self.implicit is None:
            return False
        takes = keywords(self.implicit)
        return all(
            name in takes and (name not in self.truncated_ranges or value in self.truncated_ranges[name])
            for name, value in given.items()
        )


def keywords(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the keyword parameters of a function with their defaults.

    Parameters
    ----------
    function : any.

    Returns
    -------
    dict from name to default.
    """
    return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}


FLAG = Range("choice", values=(False, True))
SEED = Range("seed", least=0)
JOINED: dict[Form, Settings] = {"verdict": {"disconnected": "max"}}
"""Halves of the points fall apart more easily than the whole, and one that does must still be looked at."""

DISCONNECTED = Range("choice", values=("raise", "max"))
NEIGHBORS = Range("whole", 1, limit="n - 1")
PERPLEXITY = Range("real", 1, limit="(n - 1) / 3", open=True)
EFFPH = "Damrich, Berens, Kobak, NeurIPS 2024"

ROWS = (
    Distance(
        "eff_res",
        resistance.eff_res,
        "graph",
        "(p_i - p_j)' L+ (p_i - p_j), p_i = row i of P^steps; steps = 1: R_ij - 1/d_i - 1/d_j + 2 A_ij/(d_i d_j), "
        "R_ij = L+_ii + L+_jj - 2 L+_ij; w(mu) = |1 - mu|^steps/sqrt(mu), squared",
        f"von Luxburg, Radl, Hein, NeurIPS 2010; {EFFPH}",
        False,
        eff_res_implicit,
        cost="n^3 + 8 steps m n flops a pass, no second matrix",
        ranges={
            "passes": Range("whole", 1),
            "pass_neighbors": Range("whole", 1, limit="n - 1", values=(None,)),
            "steps": Range("whole", 0, passes.LARGEST_STEPS, values=(None,)),
            "corrected": FLAG,
            "sqrt": FLAG,
            "solver": Range("choice", values=("exact", "spectral")),
            "n_components": Range("whole", 1, limit="n", values=(None,)),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
        # Four steps lengthen the homology of all points a hundredfold, and the null of the verdict was made with one.
        forms={"truncated": {"steps": 1}, "verdict": {"disconnected": "max", "steps": 1}},
        settled=passes.settled,
        stage="passes",
        stages=resistance.by_pass,
        truncated_ranges={"steps": Range("whole", 1, passes.LARGEST_STEPS, values=(None,))},
        coordinates=eigenpairs.eff_res_coordinates,
    ),
    Distance(
        "diffusion",
        diffusion.diffusion,
        "graph",
        "sqrt(vol sum_k (P^t_ik - P^t_jk)^2 / d_k); w(mu) = sqrt(vol) |1 - mu|^t",
        "Coifman, Lafon, Appl. Comput. Harmon. Anal. 2006",
        True,
        diffusion_implicit,
        cost="(1 + log2 t) n^3 flops by powers, 40 n^2 bytes",
        ranges={
            "t": Range("real", 0, diffusion.LARGEST_T),
            "solver": Range("choice", values=("auto", "power", "spectral")),
            "n_components": Range("whole", 1, limit="n", values=(None,)),
            "random_state": SEED,
        },
        truncated_ranges={"t": Range("whole", 1)},
        coordinates=eigenpairs.diffusion_coordinates,
    ),
    Distance(
        "dpt",
        diffusion.dpt,
        "graph",
        "w(mu) = (1 - mu)/mu",
        "Haghverdi et al., Nature Methods 2016",
        True,
        cost="all eigenpairs, about 9 n^3 flops, 24 n^2 bytes",
        ranges={
            "variant": Range("choice", values=("sym", "symd", "rw")),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
        forms=JOINED,
    ),
    Distance(
        "eigenmaps",
        diffusion.eigenmaps,
        "graph",
        "w(mu) = 1 on the first m non-trivial eigenpairs",
        "Belkin, Niyogi, Neural Computation 2003",
        True,
        cost="m eigenpairs, then m n^2 flops",
        ranges={
            "n_components": Range("whole", 1, limit="n - 1"),
            "variant": Range("choice", values=("rw", "sym")),
            "disconnected": DISCONNECTED,
            "random_state": SEED,
        },
        forms=JOINED,
    ),
    Distance(
        "potential",
        diffusion.potential,
        "graph",
        "|| log(P^t_i + 1e-7) - log(P^t_j + 1e-7) ||",
        "Moon et al., Nature Biotechnology 2019",
        True,
        cost="(1 + log2 t) n^3 flops, 32 n^2 bytes",
        ranges={"t": Range("whole", 1)},
    ),
    Distance(
        "geodesic",
        path.geodesic,
        "graph",
        "length of the shortest path along edges of length || x_i - x_j ||",
        f"Tenenbaum, de Silva, Langford, Science 2000; {EFFPH}",
        True,
        cost="n (m + n) log n flops",
        ranges={"disconnected": DISCONNECTED},
        forms=JOINED,
        edges="lengths",
    ),
    Distance(
        "hops",
        path.hops,
        "graph",
        "smallest number of edges from i to j",
        EFFPH,
        True,
        cost="n (m + n) log n flops",
        ranges={"disconnected": DISCONNECTED},
        forms=JOINED,
    ),
    Distance("euclidean", ambient.euclidean, "points", "|| x_i - x_j ||", "-", True, cost="d n^2 flops"),
    Distance(
        "cosine",
        ambient.cosine,
        "points",
        "1 - <x_i, x_j> / (|x_i| |x_j|)",
        "-",
        False,
        cost="d n^2 flops, 8 n d bytes",
    ),
    Distance(
        "correlation",
        ambient.correlation,
        "points",
        "cosine of the centred rows",
        "-",
        False,
        cost="d n^2 flops, 8 n d bytes",
    ),
    Distance(
        "pca",
        ambient.pca,
        "points",
        "|| y_i - y_j ||, y the first principal components, each over its standard deviation if whitened",
        "Pearson, Philosophical Magazine 1901",
        True,
        cost="about 6 n d min(n, d) + n_components n^2 flops, 24 n d bytes",
        ranges={"n_components": Range("whole", 1, limit="min(n, d)"), "whiten": FLAG},
    ),
    Distance(
        "fermat",
        path.fermat,
        "points",
        "min over paths from i to j of the sum of || x_a - x_b ||^p",
        f"Groisman, Jonckheere, Sapienza, Bernoulli 2022; {EFFPH}",
        True,
        cost="n^3 flops, no second matrix",
        ranges={"p": Range("real", 1)},
    ),
    Distance(
        "dtm",
        density.dtm,
        "points",
        "first t with d_ij <= r_i + r_j, r = (t^xi - f^xi)^(1/xi), and t >= f; f = (mean of d^p to n_neighbors neighbours)^(1/p)",
        f"Anai et al., DTM-based filtrations, 2019; {EFFPH}",
        True,
        cost="d n^2 flops, 16 bytes a neighbour",
        ranges={
            "n_neighbors": NEIGHBORS,
            "p": Range("real", 1, values=(np.inf,)),
            "xi": Range("choice", values=(1, 2, np.inf)),
            "vertex_births": FLAG,
        },
    ),
    Distance(
        "core",
        density.core,
        "points",
        "max(|| x_i - x_j ||, c_i, c_j), c the distance to the last of n_neighbors neighbours",
        f"Campello, Moulavi, Zimek, Sander, ACM TKDD 2015; {EFFPH}",
        True,
        cost="d n^2 flops, 16 bytes a neighbour",
        ranges={"n_neighbors": NEIGHBORS},
    ),
    Distance(
        "tsne_graph",
        affinity.tsne_graph,
        "points",
        "c - log(p_j|i + p_i|j), p_j|i ~ exp(-beta_i d_ij^2) of the given perplexity; non-edges twice the largest",
        f"van der Maaten, Hinton, JMLR 2008; {EFFPH}",
        False,
        cost="d n^2 flops, about 200 n perplexity bytes",
        ranges={"perplexity": PERPLEXITY},
    ),
    Distance(
        "umap_graph",
        affinity.umap_graph,
        "points",
        "c - log(v_j|i + v_i|j - v_j|i v_i|j), v_j|i = exp(-(d_ij - rho_i)/sigma_i); non-edges twice the largest",
        f"McInnes, Healy, Melville, arXiv 1802.03426; {EFFPH}",
        False,
        cost="d n^2 flops, about 70 bytes a neighbour",
        ranges={"n_neighbors": NEIGHBORS},
    ),
    Distance(
        "tsne",
        layout.tsne,
        "points",
        "|| y_i - y_j ||, y the t-SNE embedding",
        f"van der Maaten, Hinton, JMLR 2008; {EFFPH}",
        True,
        cost="d n^2 + 750 (n log n + n perplexity) flops, about 200 n perplexity bytes",
        ranges={"perplexity": PERPLEXITY, "dims": Range("whole", 1, 3, limit="3 (and d)"), "random_state": SEED},
    ),
    Distance(
        "umap",
        layout.umap,
        "points",
        "|| y_i - y_j ||, y the UMAP embedding",
        f"McInnes, Healy, Melville, arXiv 1802.03426; {EFFPH}",
        True,
        cost="d n^2 + 750 n n_neighbors flops, about 100 bytes a neighbour",
        ranges={"n_neighbors": NEIGHBORS, "dims": Range("whole", 1, limit="n - 3"), "random_state": SEED},
    ),
    Distance("precomputed", ambient.precomputed, "distances", "D itself", "-", False, cost="n^2 comparisons"),
)
DISTANCES = {row.name: row for row in ROWS}
