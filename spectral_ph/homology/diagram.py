"""Persistence: the diagrams of one filtration with everything that made them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_ph._types import BoolArray, Diagram, FloatArray, IntArray, Settings


@dataclass(frozen=True, eq=False, repr=False)
class Persistence:
    """Persistence diagrams of a Vietoris-Rips filtration.

    Attributes
    ----------
    diagrams : list over the dimension of (m, 2) float64
        Birth and death of each feature, in the unit of the distances; inf for essential classes. Sorted by decreasing
        persistence, then by birth. Features of zero persistence are never listed.
    n_points : number of points.
    engine : "h1", "h2", "ripser" or "gudhi": which one computed it.
    settings : all parameters that made the result, by whose they are: "homology", and from points also "distance", "graph" and
        "random_state".
    warnings : sentences that were warned about on the way.
    birth_edges : list over the dimension of (m, 2) int64, or None
        For each feature of `diagrams[dim]` the edge (i, j), i < j, whose length is the birth; (-1, -1) where the birth
        is no edge (all of H0). None when the engine does not tell.
    cocycles : list over the dimension of lists of (c, dimension + 2) int64, or None
        Rows of vertices and a value: the cocycle of each feature over Z/coeff, in the order of `diagrams`; asked for with
        `cocycles=True`. None of degree 0; of degree 2 and above from ripser.py only.

    See Also
    --------
    persistence, spectral_ph.plot.diagram, detection_score

    Examples
    --------
    >>> import spectral_ph as sph
    >>> P = sph.persistence(sph.datasets.circle(100, ambient_dim=10, sigma=0.1))
    >>> len(P), P[1].shape[1], P.engine
    (2, 2, 'h1')
    """

    diagrams: list[Diagram]
    n_points: int
    engine: str
    settings: Settings = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    birth_edges: list[IntArray] | None = None
    cocycles: list[list[IntArray]] | None = None

    def __getitem__(self, dimension: int) -> Diagram:
        return self.diagrams[dimension]

    def __len__(self) -> int:
        return len(self.diagrams)

    def __iter__(self) -> Iterator[Diagram]:
        return iter(self.diagrams)

    def __repr__(self) -> str:
        parts = [f"n={self.n_points}", *(f"H{k}: {len(d)}" for k, d in enumerate(self.diagrams))]
        for k, diagram in enumerate(self.diagrams[1:], start=1):
            if len(diagram):
                parts.append(f"longest H{k} {persistence_lengths(diagram)[0]:.3g}")
        if "distance" in self.settings:
            distance = self.settings["distance"]
            near = (self.settings.get("graph") or distance).get("n_neighbors")
            parts.append(distance["name"] + (f" k={near}" if near is not None else ""))
        return f"Persistence({', '.join(parts)}, engine {self.engine})"

    def renumbered(self, indices: IntArray, n: int) -> Persistence:
        """Return the same diagrams with indices among more points, for what was computed on some of them.

        Parameters
        ----------
        indices : (n_points,) int64, the place of each point among all.
        n : how many points there are in all.

        Returns
        -------
        Persistence
        """
        edges = self.birth_edges
        if edges is not None:
            edges = [np.where(e >= 0, np.sort(indices[e], axis=1), -1) for e in edges]
        cochains = self.cocycles
        if cochains is not None:
            cochains = [[np.column_stack([indices[c[:, :-1]], c[:, -1]]) for c in part] for part in cochains]
        return replace(self, n_points=n, birth_edges=edges, cocycles=cochains)

    def to_dict(self) -> Settings:
        """Return a summary with the settings and warnings; the features themselves are in `to_records`.

        Returns
        -------
        dict with "n_points", "engine", "features" (how many in each degree), "settings", "warnings".
        """
        return {
            "n_points": self.n_points,
            "engine": self.engine,
            "features": {f"H{k}": len(diagram) for k, diagram in enumerate(self.diagrams)},
            "settings": self.settings,
            "warnings": list(self.warnings),
        }

    def to_records(self) -> NDArray[np.void]:
        """Return all features as one structured array, ready for `pandas.DataFrame`.

        Returns
        -------
        (M,) structured array with the fields `dimension` (int64), `birth`, `death`, `persistence` (float64); the last
        is inf for essential classes.
        """
        fields: list[tuple[str, Any]] = [
            ("dimension", np.int64),
            ("birth", np.float64),
            ("death", np.float64),
            ("persistence", np.float64),
        ]
        out = np.empty(sum(map(len, self.diagrams)), dtype=fields)
        row = 0
        for k, diagram in enumerate(self.diagrams):
            part = out[row : row + len(diagram)]
            part["dimension"], part["birth"], part["death"] = k, diagram[:, 0], diagram[:, 1]
            part["persistence"] = diagram[:, 1] - diagram[:, 0]
            row += len(diagram)
        return out

    def to_giotto(self) -> FloatArray:
        """Return giotto-tda's layout: (1, M, 3) float64 with birth, death and dimension a row."""
        rows = [np.column_stack([d, np.full(len(d), float(k))]) for k, d in enumerate(self.diagrams)]
        return np.concatenate(rows)[None]

    def to_gudhi(self) -> list[tuple[int, tuple[float, float]]]:
        """Return gudhi's layout: a list of (dimension, (birth, death))."""
        return [(k, (float(b), float(d))) for k, diagram in enumerate(self.diagrams) for b, d in diagram]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to an .npz file, whole or not at all; nothing in it is pickled.

        Parameters
        ----------
        path : the file; one that was there is replaced.

        Raises
        ------
        InputError : if it cannot be written, or the settings hold what is neither number, text, list nor dict. Of a function,
            such as a metric, only the name is kept, with a warning.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> import spectral_ph as sph
        >>> P = sph.persistence(sph.datasets.circle(60, ambient_dim=3, sigma=0.1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     P.save(pathlib.Path(folder) / "circle.npz")
        ...     Q = sph.homology.Persistence.load(pathlib.Path(folder) / "circle.npz")
        >>> bool((P[1] == Q[1]).all()), P.settings == Q.settings
        (True, True)
        """
        from spectral_ph.homology import saved

        saved.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Persistence:
        """Read what `save` wrote; nothing is ever unpickled.

        Parameters
        ----------
        path : the file.

        Returns
        -------
        Persistence

        Raises
        ------
        InputError : for a file that is not there, was not written by `save`, is damaged or cut, or of a newer version.
        """
        from spectral_ph.homology import saved

        return saved.read(path)


def persistence_lengths(diagram: Diagram) -> FloatArray:
    """Return death - birth of each feature in decreasing order.

    Parameters
    ----------
    diagram : (m, 2), births and deaths.

    Returns
    -------
    (m,) float64; inf for essential classes.
    """
    return np.sort(np.asarray(diagram, dtype=np.float64).reshape(-1, 2) @ np.array([-1.0, 1.0]))[::-1]


def canonical_order(diagram: Diagram) -> IntArray:
    """Return the order of the features: by decreasing persistence, then by birth.

    Parameters
    ----------
    diagram : (m, 2), births and deaths.

    Returns
    -------
    (m,) int64 permutation without zero-persistence features (so possibly shorter than m).
    """
    births, deaths = diagram[:, 0], diagram[:, 1]
    order = np.lexsort((births, births - deaths))
    return np.asarray(order[deaths[order] > births[order]], dtype=np.int64)


def alive(diagram: Diagram, scale: float) -> BoolArray:
    """Return which features live at `scale`: birth <= scale < death.

    Parameters
    ----------
    diagram : (m, 2), births and deaths.
    scale : filtration value, in the unit of the distances.

    Returns
    -------
    (m,) bool.
    """
    return np.asarray((diagram[:, 0] <= scale) & (scale < diagram[:, 1]))
