"""Point sets with a known answer: the shapes of the paper, harder loops, and everything that is no loop.

    case = CASES["circle"](n=1000, ambient_dim=50, sigma=0.25, outliers=0, seed=0)

`CASES` maps a name to a builder, `LOOPS` and `LOOP_FREE` are the names with and without a planted loop (`VOIDS`: with a
planted void). A builder takes n points of the shape, the dimension of the space, the standard deviation of the Gaussian
noise in every coordinate, the number of outliers (the last rows) and a seed.

Shape, basis, noise and outliers draw from a stream each. `shared_seed=True` repeats what the code released with the paper
does instead: basis, noise and outliers come from numpy's old generator, basis and noise both from the same seed, so that
the noise of the first points is, up to orthogonalisation, the basis itself: it lies in the plane of the signal.

Cells are counts that go through `sph.preprocess`: there `ambient_dim` is the number of principal components, `sigma` sets
the depth (20,000 molecules a cell at 0, a quarter of that for every 0.1 more: 5,000, 1,250, 310 at .1, .2, .3), and
outliers are doublets, the sum of two cells.

Source of circle, linked_circles, eyeglasses, sphere and torus: Damrich, Berens, Kobak, NeurIPS 2024 (arXiv 2311.03087),
section 5 and appendix; the seeds of their code: github.com/berenslab/eff-ph, utils/toydata_utils.py.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph.datasets import noise


@dataclass(frozen=True)
class Case:
    """Points and what is planted in them.

    X : (n + outliers, D) float64.
    n_loops, n_voids : how many of each are planted.
    angles : (n + outliers, m) float64 or None; column k is the angle of every point along planted loop k, in radians, NaN
        for points that are not on it.
    kind : "loop" or "none".
    """

    X: np.ndarray
    n_loops: int
    n_voids: int
    angles: np.ndarray | None
    kind: Literal["loop", "none"]


Builder = Callable[..., Case]
CASES: dict[str, Builder] = {}


# ---------------------------------------------------------------------------------------------- from shape to points
def _shape(name, sample, angles=None, n_voids=0):
    """Register a shape: sample(n, rng) gives the clean points (n, d), angles(latent) the angles (n, m) of its loops."""

    def build(n=1000, ambient_dim=50, sigma=0.25, outliers=0, seed=0, shared_seed=False):
        points = _reused if shared_seed else noise.observe
        X, latent = points(sample, n, ambient_dim, sigma, outliers, seed, True)
        return _case(X, None if angles is None else angles(latent), n_voids)

    CASES[name] = build


def _case(X, angles, n_voids=0):
    if angles is not None:
        angles = np.concatenate([angles, np.full((len(X) - len(angles), angles.shape[1]), np.nan)])
    m = 0 if angles is None else angles.shape[1]
    return Case(X, m, n_voids, angles, "loop" if m else "none")


def _of_package(function):
    """Return sample(n, rng) of a shape of `sph.datasets`, whose own stream for the shape is the first of four."""

    def sample(n, rng):
        # A generator whose first child is the stream we were given, so that the bits are those of the package's shape.
        return function(n, 5, 0.0, random_state=_Parent(rng), return_latent=True)[1]

    return sample


class _Parent(np.random.Generator):
    """A generator that hands on a ready stream as its first child."""

    def __init__(self, first):
        super().__init__(np.random.PCG64(0))
        self.first = first

    def spawn(self, n_children):
        return [self.first, *super().spawn(n_children - 1)]


def _reused(sample, n, ambient_dim, sigma, outliers, seed, return_latent):
    """As `noise.observe`, with the paper's seeds: s for basis and noise, s + 1 for the shape, s + 2 for outliers.

    The shapes are ours (theirs differ in small things: the circle's first point comes twice). Outliers are uniform in the
    box of the noisy points, axis by axis.
    """
    latent = sample(n, np.random.default_rng(seed + 1))
    d = latent.shape[1]
    if ambient_dim < d:
        raise sph.InputError(f"ambient_dim={ambient_dim} is too small for a shape of {d} coordinates.")
    # Gram-Schmidt over rows, as theirs: QR with positive diagonal.
    q, r = np.linalg.qr(np.random.RandomState(seed).standard_normal((d, ambient_dim)).T)
    X = latent @ (q * np.sign(np.diagonal(r))).T
    X = X + sigma * np.random.RandomState(seed).standard_normal(X.shape)
    box = np.random.RandomState(seed + 2).uniform(X.min(axis=0), X.max(axis=0), size=(outliers, ambient_dim))
    return np.concatenate([X, box]), latent


# ------------------------------------------------------------------------------------------------------------- loops
def _turn(latent, centre=(0.0, 0.0)):
    return np.arctan2(latent[:, 1] - centre[1], latent[:, 0] - centre[0])


def _on_circle(latent, radius=1.0, centre=(0.0, 0.0)):
    """Angles of the points that are on a circle in the first two coordinates, (n, 1); NaN elsewhere."""
    off = np.hypot(latent[:, 0] - centre[0], latent[:, 1] - centre[1]) - radius
    on = (np.abs(off) < 1e-9) & (np.abs(latent[:, 2:]).max(axis=1, initial=0.0) < 1e-9)
    return np.where(on, _turn(latent, centre), np.nan)[:, None]


def _ring(angle, radius=1.0):
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def _linked_angles(latent):
    first = np.arange(len(latent)) < len(latent) // 2
    second = np.arctan2(latent[:, 2], latent[:, 0] - 1)
    return np.column_stack([np.where(first, _turn(latent), np.nan), np.where(first, np.nan, second)])


def _torus_angles(latent):
    from_axis = np.hypot(latent[:, 0], latent[:, 1])
    return np.column_stack([_turn(latent), np.arctan2(latent[:, 2], from_axis - 2)])


def _eyeglasses_angles(latent):
    """Share of the way round, from the lower end of the right arc upwards; the package lists right, left, upper, lower."""
    n = len(latent)
    arc = round(0.425 * n)
    upper = (n - 2 * arc + 1) // 2
    right, left = np.arange(arc), np.arange(arc, 2 * arc)
    above, below = np.arange(2 * arc, 2 * arc + upper), np.arange(2 * arc + upper, n)
    way = np.concatenate([right, above[::-1], left, below])
    steps = np.linalg.norm(latent[way] - latent[np.roll(way, 1)], axis=1)
    angle = np.empty(n)
    angle[way] = 2 * np.pi * np.cumsum(steps) / steps.sum()
    return angle[:, None]


def _uneven_circle(n, rng):
    """Density proportional to 1 + .8 cos(theta): nine times as many points on one side as on the other."""
    grid = np.linspace(0, 2 * np.pi, 10_001)
    return _ring(np.interp(rng.uniform(0, 2 * np.pi, n), grid + 0.8 * np.sin(grid), grid))


def _gap_circle(n, rng):
    """An arc of 60 degrees has a tenth of the density of the rest."""
    share = 0.1 * 60 / (0.1 * 60 + 300)
    few = rng.uniform(size=n) < share
    return _ring(np.where(few, rng.uniform(0, np.pi / 3, n), rng.uniform(np.pi / 3, 2 * np.pi, n)))


def _tail_circle(n, rng):
    """Three quarters of the points on the circle, the others on a straight tail of length 2 away from it."""
    tail = rng.uniform(size=n) < 0.25
    points = _ring(rng.uniform(0, 2 * np.pi, n))
    points[tail] = np.column_stack([rng.uniform(1, 3, tail.sum()), np.zeros(tail.sum())])
    return points


def _loop_and_clusters(n, rng):
    """Three fifths on a circle, a fifth each in two Gaussian clusters of standard deviation .15 beside it."""
    which = rng.choice(3, size=n, p=[0.6, 0.2, 0.2])
    points = np.column_stack([_ring(rng.uniform(0, 2 * np.pi, n)), np.zeros((n, 2))])
    blob = 0.15 * rng.standard_normal((n, 4))
    points[which == 1] = (np.array([1.6, 0.0, 0.4, 0.0]) + blob)[which == 1]
    points[which == 2] = (np.array([-1.2, 1.2, 0.0, 0.4]) + blob)[which == 2]
    return points


def _unequal_loops(n, rng):
    """Circles of radius 1 and 1/2 that touch in one point, points uniform in length."""
    angle = rng.uniform(0, 2 * np.pi, n)
    small = rng.uniform(size=n) < 1 / 3
    return np.where(small[:, None], _ring(angle, 0.5) + np.array([1.5, 0.0]), _ring(angle))


def _unequal_angles(latent):
    return np.column_stack([_on_circle(latent), _on_circle(latent, 0.5, (1.5, 0.0))])


def _annulus(n, rng):
    """Between the radii .7 and 1.3, uniform in area."""
    return _ring(rng.uniform(0, 2 * np.pi, n)) * np.sqrt(rng.uniform(0.7**2, 1.3**2, n))[:, None]


def _ellipse(n, rng):
    """Half axes 1.5 and .5, points uniform in length."""
    grid = np.linspace(0, 2 * np.pi, 10_001)
    speed = np.hypot(1.5 * np.sin(grid), 0.5 * np.cos(grid))
    length = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return _ring(np.interp(rng.uniform(0, length[-1], n), length, grid)) * [1.5, 0.5]


_shape("circle", _of_package(sph.datasets.circle), _on_circle)
_shape("linked_circles", _of_package(sph.datasets.linked_circles), _linked_angles)
_shape("eyeglasses", _of_package(sph.datasets.eyeglasses), _eyeglasses_angles)
_shape("torus", _of_package(sph.datasets.torus), _torus_angles, n_voids=1)
_shape("uneven_circle", _uneven_circle, _on_circle)
_shape("gap_circle", _gap_circle, _on_circle)
_shape("tail_circle", _tail_circle, _on_circle)
_shape("loop_and_clusters", _loop_and_clusters, _on_circle)
_shape("unequal_loops", _unequal_loops, _unequal_angles)
_shape("annulus", _annulus, lambda latent: _turn(latent)[:, None])
_shape("ellipse", _ellipse, lambda latent: np.arctan2(latent[:, 1] / 0.5, latent[:, 0] / 1.5)[:, None])


# ------------------------------------------------------------------------------------------------------------- cells
def _cells(name, simulate):
    """Register cells: simulate(n, depth, seed) gives counts (n, g) and the phases (n,), or None where there is no cycle."""

    def build(n=1000, ambient_dim=30, sigma=0.1, outliers=0, seed=0, shared_seed=False):
        if shared_seed:
            raise sph.InputError("shared_seed is about embedded shapes, and cells are simulated; leave it out.")
        cell_rng, pair_rng = np.random.default_rng(seed).spawn(2)
        counts, phase = simulate(n, 20_000 / 4 ** (10 * sigma), cell_rng)
        a, b = pair_rng.integers(n, size=(2, outliers))
        counts = sp.csr_array(sp.vstack([counts, counts[a] + counts[b]]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a case must not be repaired on the way
            X = sph.preprocess(counts, n_components=ambient_dim).X
        return _case(X, None if phase is None else phase[:, None])

    CASES[name] = build


def _cycle(n, depth, rng, **settings):
    cells = sph.datasets.cells.cell_cycle(n, depth=depth, random_state=rng, **settings)
    return cells.counts, cells.phase if settings.get("cycling_share", 1.0) else None


def _drawn(log_fold, depth, rng, dispersion=0.3, dropout=0.1):
    """Counts (n, g) with the log fold changes (n, g): negative binomial, a tenth lost, as for the cycling cells."""
    n, g = log_fold.shape
    mean = rng.lognormal(sigma=1.0, size=g) * np.exp(log_fold)
    mean *= (depth * rng.lognormal(sigma=0.4, size=n) / mean.sum(axis=1))[:, None]
    drawn = rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, size=mean.shape))
    drawn[rng.uniform(size=drawn.shape) < dropout] = 0
    return sp.csr_array(drawn.astype(np.int64))


def _clusters(n, depth, rng, g=2000, types=6):
    """Six types of cells of unequal size; each raises or lowers a tenth of the genes."""
    profile = rng.standard_normal((types, g)) * (rng.uniform(size=(types, g)) < 0.1)
    share = np.arange(1, types + 1) / (types * (types + 1) / 2)
    return _drawn(profile[rng.choice(types, size=n, p=share)], depth, rng), None


def _trajectory(n, depth, rng, g=2000):
    """A differentiation: a stem that branches in two half way; genes go up or down along each of the three pieces."""
    time, right = rng.uniform(0, 2, n), rng.uniform(size=n) < 0.5
    stem, left_arm, right_arm = rng.standard_normal((3, g)) * (rng.uniform(size=(3, g)) < 0.15)
    late = np.maximum(time - 1, 0)[:, None]
    fold = np.minimum(time, 1)[:, None] * stem + late * np.where(right[:, None], right_arm, left_arm)
    return _drawn(1.5 * fold, depth, rng), None


_cells("cells_cycle", _cycle)
_cells("cells_cycle_uneven", lambda n, depth, rng: _cycle(n, depth, rng, speed_unevenness=0.8))
_cells("cells_quiescent", lambda n, depth, rng: _cycle(n, depth, rng, cycling_share=0.0))
_cells("cells_clusters", _clusters)
_cells("cells_trajectory", _trajectory)


# ---------------------------------------------------------------------------------------------------------- no loops
def _ball(dim):
    def sample(n, rng):
        direction = rng.standard_normal((n, dim))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        return direction * rng.uniform(size=(n, 1)) ** (1 / dim)

    return sample


def _sphere(dim):
    def sample(n, rng):
        direction = rng.standard_normal((n, dim + 1))
        return direction / np.linalg.norm(direction, axis=1, keepdims=True)

    return sample


def _box(*sides):
    return lambda n, rng: rng.uniform(-0.5, 0.5, size=(n, len(sides))) * sides


def _branching_tree(n, rng):
    """A trunk of length 1 that forks, and both branches fork again: seven edges of length 1, .7 and .5 in the plane."""
    edges, ends = [], [(np.zeros(2), np.pi / 2)]
    for length, spread in ((1.0, 0.0), (0.7, 0.6), (0.5, 0.35)):
        grown = []
        for start, direction in ends:
            for turn in (-spread, spread) if spread else (0.0,):
                stop = start + length * np.array([np.cos(direction + turn), np.sin(direction + turn)])
                edges.append((start, stop))
                grown.append((stop, direction + turn))
        ends = grown
    starts, stops = np.array(edges).transpose(1, 0, 2)
    length = np.linalg.norm(stops - starts, axis=1)
    which = rng.choice(len(edges), size=n, p=length / length.sum())
    return starts[which] + rng.uniform(size=(n, 1)) * (stops - starts)[which]


def _gaussians(centres, spreads, shares):
    """Mixture of Gaussians: `centres` (m, d), one standard deviation and one share each."""
    centres, spreads = np.array(centres, dtype=float), np.array(spreads)

    def sample(n, rng):
        which = rng.choice(len(centres), size=n, p=shares)
        return centres[which] + spreads[which, None] * rng.standard_normal((n, centres.shape[1]))

    return sample


def _heavy_tails(n, rng, dim=5):
    """Student's t with three degrees of freedom in five dimensions: a dense middle and a thin far outside."""
    return rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(3, size=(n, 1)) / 3)


for _dim in (2, 3, 5, 10, 20, 50):
    _shape(f"blob_{_dim}", lambda n, rng, dim=_dim: rng.standard_normal((n, dim)))
_shape("ball_2", _ball(2))
_shape("ball_3", _ball(3))
_shape("square", _box(2.0, 2.0))
_shape("rectangle", _box(4.0, 1.0))
_shape("cube", _box(2.0, 2.0, 2.0))
_shape("sphere", _of_package(sph.datasets.sphere), n_voids=1)
_shape("sphere_3", _sphere(3))
_shape("sphere_4", _sphere(4))
_shape("line", lambda n, rng: rng.uniform(-2, 2, size=(n, 1)))
_shape("arc", lambda n, rng: _ring(rng.uniform(0, np.pi, n)))
_shape("star_tree", _of_package(sph.datasets.tree))
_shape("branching_tree", _branching_tree)
_CORNERS = np.eye(4) * 2.5
_shape("clusters_apart", _gaussians(_CORNERS, [0.3] * 4, [0.4, 0.3, 0.2, 0.1]))
_shape("clusters_joined", _gaussians(_CORNERS, [0.9] * 4, [0.4, 0.3, 0.2, 0.1]))
_shape("unequal_spread", _gaussians([[0, 0, 0], [2, 0, 0]], [0.2, 1.0], [0.5, 0.5]))
_shape("heavy_tails", _heavy_tails)
_shape("swiss_roll", _of_package(sph.datasets.swiss_roll))

LOOPS = [
    "circle", "linked_circles", "eyeglasses", "torus", "uneven_circle", "gap_circle", "tail_circle", "loop_and_clusters",
    "unequal_loops", "annulus", "ellipse", "cells_cycle", "cells_cycle_uneven",
]  # fmt: skip
LOOP_FREE = [name for name in CASES if name not in LOOPS]
VOIDS = ["sphere", "torus"]
