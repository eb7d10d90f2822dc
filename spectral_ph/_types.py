"""Array aliases and the names that options may take. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
Graph: TypeAlias = sp.csr_array
"""A symmetric (n, n) weighted adjacency matrix; entries are conductances, 1 when unweighted."""

Diagram: TypeAlias = FloatArray
"""(m, 2): birth and death of one feature a row, in the unit of the distances; inf marks an essential class."""

RandomState: TypeAlias = int | np.random.Generator | None
Settings: TypeAlias = dict[str, Any]

Metric: TypeAlias = str | Callable[[FloatArray, FloatArray], float]
"""The name of a metric, or a function of two rows."""

EngineName = Literal["auto", "h1", "h2", "ripser", "gudhi"]
GraphMode = Literal["union", "mutual"]
SearchName = Literal["auto", "exact", "nndescent"]
SolverName = Literal["auto", "dense", "lanczos", "lobpcg"]
Disconnected = Literal["raise", "max"]
Spacing = Literal["cells", "length", "edges"]
"""How a phase is spread along its loop: by points, by arc length, or by edges."""
