"""What hypothesis draws: points and distance matrices, ties, duplicates and clusters among them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


@st.composite
def point_sets(draw, least=6, most=24, dimensions=(1, 4)):
    """(n, d) points: Gaussian, on a small integer grid (ties and duplicates), or in clusters; never all the same."""
    n, d = draw(st.integers(least, most)), draw(st.integers(*dimensions))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["gaussian", "grid", "duplicated", "clustered"]))
    X = rng.standard_normal((n, d))
    if kind == "grid":
        X = rng.integers(0, 4, (n, d)).astype(float)
    elif kind == "duplicated":
        X = X[rng.integers(0, max(2, n // 2), n)]
    elif kind == "clustered":
        X = X + 20 * rng.integers(0, 3, (n, 1))
    X[0] += 0.5
    return X


@st.composite
def distance_matrices(draw, least=2, most=12):
    """(n, n) symmetric matrices that need not be metric: floats, small integers (ties), zeros off the diagonal."""
    n = draw(st.integers(least, most))
    elements = draw(
        st.sampled_from(
            [
                st.floats(0, 1, allow_subnormal=False),
                st.integers(0, 3).map(float),
                st.integers(1, 30).map(lambda v: v / 8),
            ]
        )
    )
    upper = draw(hnp.arrays(np.float64, n * (n - 1) // 2, elements=elements))
    D = np.zeros((n, n))
    D[np.triu_indices(n, 1)] = upper
    return D + D.T


seeds = st.integers(0, 2**32 - 1)
