"""The other programs for persistent homology: which are there, how each wants its matrix, how it is called.

    call = prepare("gudhi", D, degree=1, threads=2)     # the matrix in the layout the program asks for
    diagrams = call()                                   # what is timed: a list over the degree of (m, 2) float64

`prepare("ours", ...)` gives our own engine in the same way. gudhi collapses edges by its own rule, as its users get it.
ripser.py and giotto-ph compute in float32, which holds no numbers as small as some resistances: they are given the matrix
over its largest entry, and the diagrams are scaled back. giotto-ph and holos-tda are optional.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import squareform


@dataclass(frozen=True)
class Peer:
    """A program: what it is called in print, the package that brings it, the module to import, and `prepare`.

    prepare(D, degree, threads) returns the call without arguments. D : (n, n) float64. degree : the largest to compute.
    """

    title: str
    package: str
    module: str
    prepare: Callable

    @property
    def installed(self):
        return importlib.util.find_spec(self.module) is not None


def _ours(D, degree, threads):
    from spectral_ph.homology.rips_h1 import rips_h1
    from spectral_ph.homology.rips_h2 import rips_h2

    def degree_one():
        found = rips_h1(D, n_threads=threads)
        return [found.h0, found.h1]

    return degree_one if degree == 1 else lambda: rips_h2(D).diagrams


def _gudhi(D, degree, threads):
    from gudhi.sklearn import RipsPersistence

    degrees = list(range(degree + 1))
    rips = RipsPersistence(degrees, input_type="full distance matrix", homology_coeff_field=2)
    return lambda: rips.fit_transform([D])[0]


def _ripser(D, degree, threads):
    from ripser import ripser

    scaled, largest = _in_float32(D)
    return lambda: _scaled_back(ripser(scaled, maxdim=degree, distance_matrix=True)["dgms"], largest)


def _giotto(D, degree, threads):
    from gph import ripser_parallel

    scaled, largest = _in_float32(D)
    settings = {"maxdim": degree, "metric": "precomputed", "n_threads": threads}
    return lambda: _scaled_back(ripser_parallel(scaled, **settings)["dgms"], largest)


def _holos(D, degree, threads):
    import holos_tda

    if degree > 1:
        raise ValueError("holos-tda computes degree 0 and 1 only.")
    condensed = squareform(D)

    def call():
        bars = holos_tda.rips_condensed(condensed, threads=threads)
        return [np.array([(birth, death) for d, birth, death in bars if d == k]).reshape(-1, 2) for k in (0, 1)]

    return call


def _in_float32(D):
    largest = D.max()
    return (D / largest).astype(np.float32), largest


def _scaled_back(diagrams, largest):
    return [diagram * largest for diagram in diagrams]


PEERS = {
    "gudhi": Peer("gudhi", "gudhi", "gudhi", _gudhi),
    "ripser": Peer("ripser.py", "ripser", "ripser", _ripser),
    "giotto": Peer("giotto-ph", "giotto-ph", "gph", _giotto),
    "holos": Peer("holos-tda", "holos-tda", "holos_tda", _holos),
}


def prepare(name, D, degree=1, threads=2):
    """Return a call without arguments that computes the diagrams of a (n, n) matrix up to a degree; see the head."""
    return (_ours if name == "ours" else PEERS[name].prepare)(D, degree, threads)


def diagrams(name, D, degree=1, threads=2):
    """Return the diagrams, from the matrix as it is: what a user of the program waits for."""
    return prepare(name, D, degree, threads)()


def installed(names):
    """Return those of the names ("ours" among them) that can be called here, and say which cannot."""
    names = list(names)
    absent = [name for name in names if name != "ours" and not PEERS[name].installed]
    for name in absent:
        print(f"{PEERS[name].title} is not installed, so it is left out")
    return [name for name in names if name not in absent]
