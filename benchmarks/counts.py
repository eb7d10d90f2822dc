"""Counts of simulated cells, with and without a cycle: what `cases` puts through `sph.preprocess`.

Every function takes the number of cells n, the median depth of a cell in molecules and a stream, and returns the counts
(n, g), sparse, and the phases (n,) in radians, or None where there is no cycle.
"""

import numpy as np
import scipy.sparse as sp

import spectral_ph as sph


def cycle(n, depth, rng, **settings):
    """Return cells of `sph.datasets.cells.cell_cycle`: 2,000 genes, 300 of which follow the cycle."""
    cells = sph.datasets.cells.cell_cycle(n, depth=depth, random_state=rng, **settings)
    return cells.counts, cells.phase if settings.get("cycling_share", 1.0) else None


def drawn(log_fold, depth, rng, dispersion=0.3, dropout=0.1, depth_spread=0.4):
    """Counts (n, g) with the log fold changes (n, g): negative binomial, a tenth lost, as for the cycling cells."""
    n, g = log_fold.shape
    mean = rng.lognormal(sigma=1.0, size=g) * np.exp(log_fold)
    mean *= (depth * rng.lognormal(sigma=depth_spread, size=n) / mean.sum(axis=1))[:, None]
    drawn = rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, size=mean.shape))
    drawn[rng.uniform(size=drawn.shape) < dropout] = 0
    return sp.csr_array(drawn.astype(np.int64))


def _programmes(rng, how_many, g, share):
    """Log fold changes (how_many, g): standard normal in a random `share` of the genes, 0 in the others."""
    return rng.standard_normal((how_many, g)) * (rng.uniform(size=(how_many, g)) < share)


def _shifts(rng, how_many, g):
    """Log fold changes (how_many, g) of batches: every gene is shifted, with a standard deviation of .3."""
    return 0.3 * rng.standard_normal((how_many, g))


def _differentiation(n, rng, g):
    """Log fold changes (n, g) along a stem that branches in two half way; genes go up or down along each piece."""
    time, right = rng.uniform(0, 2, n), rng.uniform(size=n) < 0.5
    stem, left_arm, right_arm = _programmes(rng, 3, g, 0.15)
    late = np.maximum(time - 1, 0)[:, None]
    return 1.5 * (np.minimum(time, 1)[:, None] * stem + late * np.where(right[:, None], right_arm, left_arm))


def _clusters(n, depth, rng, g=2000, types=6):
    """Six types of cells of unequal size; each raises or lowers a tenth of the genes."""
    profile = _programmes(rng, types, g, 0.1)
    share = np.arange(1, types + 1) / (types * (types + 1) / 2)
    return drawn(profile[rng.choice(types, size=n, p=share)], depth, rng), None


def _trajectory(n, depth, rng, g=2000):
    """A differentiation: a stem that branches in two half way."""
    return drawn(_differentiation(n, rng, g), depth, rng), None


def _donors(n, depth, rng, g=2000, types=4, donors=4):
    """Four types of cells in four donors; every donor has shares of the types and a shift of the genes of its own."""
    profile, shift = _programmes(rng, types, g, 0.1), _shifts(rng, donors, g)
    shares = rng.dirichlet(np.full(types, 3.0), size=donors)
    donor = rng.choice(donors, size=n, p=[0.4, 0.3, 0.2, 0.1])
    kind = (rng.uniform(size=(n, 1)) > np.cumsum(shares, axis=1)[donor, :-1]).sum(axis=1)
    return drawn(profile[kind] + shift[donor], depth, rng), None


def _batches(n, depth, rng, g=2000):
    """The differentiation of `_trajectory` in two batches of equal size."""
    fold = _differentiation(n, rng, g)
    return drawn(fold + _shifts(rng, 2, g)[rng.integers(2, size=n)], depth, rng), None


def _two_programmes(n, depth, rng, g=2000):
    """Two independent programmes of genes, uniform in [-1, 1] in each cell: expression fills a square sheet."""
    return drawn(1.5 * rng.uniform(-1, 1, (n, 2)) @ _programmes(rng, 2, g, 0.15), depth, rng), None


def _depth_only(n, depth, rng, g=2000):
    """Every cell has the same expression; the log depth has a standard deviation of .8, twice that of the other kinds."""
    return drawn(np.zeros((n, g)), depth, rng, depth_spread=0.8), None


LOOPS = {
    "cells_cycle": cycle,
    "cells_cycle_uneven": lambda n, depth, rng: cycle(n, depth, rng, speed_unevenness=0.8),
}
"""Kinds with a cycle."""

LOOP_FREE = {
    "cells_quiescent": lambda n, depth, rng: cycle(n, depth, rng, cycling_share=0.0),
    "cells_clusters": _clusters,
    "cells_trajectory": _trajectory,
    "cells_donors": _donors,
    "cells_batches": _batches,
    "cells_two_programmes": _two_programmes,
    "cells_depth": _depth_only,
}
"""Kinds without one."""
