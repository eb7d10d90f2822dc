"""Point sets with a known answer: the shapes of the paper, harder loops, and everything that is no loop.

    case = CASES["circle"](n=1000, ambient_dim=50, sigma=0.25, outliers=0, seed=0)

`CASES` maps a name to a builder, `LOOPS` and `LOOP_FREE` are the names with and without a planted loop (`VOIDS`: with a
planted void), `FAMILIES` maps a name to its family. A builder takes n points of the shape, the dimension of the space, the
standard deviation of the Gaussian noise in every coordinate, the number of outliers (the last rows) and a seed. The shapes
with a loop are here, those without in `loop_free`, the simulated cells in `counts`.

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
from benchmarks import counts, loop_free
from benchmarks.samples import disc, of_package, ring
from spectral_ph.datasets import noise


@dataclass(frozen=True)
class Case:
    """Points and what is planted in them.

    X : (n + outliers, D) float64.
    n_loops, n_voids : how many of each are planted.
    angles : (n + outliers, m) float64 or None; column k is the angle of every point along planted loop k, in radians, NaN
        for points that are not on it.
    kind : "loop" or "none".
    inside : share of the n points, without noise, that lie within half the outer radius of a disc with a thin middle or of
        the one planted circle or annulus in a plane; None for all other kinds. A thin middle and an empty one overlap here:
        an annulus whose hole has .3 of its radius holds 18 %, a disc whose rim is three times as dense as its centre 16 %.
    """

    X: np.ndarray
    n_loops: int
    n_voids: int
    angles: np.ndarray | None
    kind: Literal["loop", "none"]
    inside: float | None = None


Builder = Callable[..., Case]
CASES: dict[str, Builder] = {}


# ---------------------------------------------------------------------------------------------- from shape to points
def _shape(name, sample, angles=None, n_voids=0, radius=None, of_space=False):
    """Register a shape.

    sample(n, rng) gives the clean points (n, d), angles(latent) the angles (n, m) of its loops; `radius` is the outer one of
    a disc or ring around the origin, where its points inside are to be counted. With `of_space`, `sample` is given the
    dimension of the space and returns that function.
    """

    def build(n=1000, ambient_dim=50, sigma=0.25, outliers=0, seed=0, shared_seed=False):
        points = _reused if shared_seed else noise.observe
        clean = sample(ambient_dim) if of_space else sample
        X, latent = points(clean, n, ambient_dim, sigma, outliers, seed, True)
        inside = None if radius is None else float(np.mean(np.linalg.norm(latent, axis=1) < radius / 2))
        return _case(X, None if angles is None else angles(latent), n_voids, inside)

    CASES[name] = build


def _case(X, angles, n_voids=0, inside=None):
    if angles is not None:
        angles = np.concatenate([angles, np.full((len(X) - len(angles), angles.shape[1]), np.nan)])
    m = 0 if angles is None else angles.shape[1]
    return Case(X, m, n_voids, angles, "loop" if m else "none", inside)


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
    return ring(np.interp(rng.uniform(0, 2 * np.pi, n), grid + 0.8 * np.sin(grid), grid))


def _gap_circle(n, rng):
    """An arc of 60 degrees has a tenth of the density of the rest."""
    share = 0.1 * 60 / (0.1 * 60 + 300)
    few = rng.uniform(size=n) < share
    return ring(np.where(few, rng.uniform(0, np.pi / 3, n), rng.uniform(np.pi / 3, 2 * np.pi, n)))


def _tail_circle(n, rng):
    """Three quarters of the points on the circle, the others on a straight tail of length 2 away from it."""
    tail = rng.uniform(size=n) < 0.25
    points = ring(rng.uniform(0, 2 * np.pi, n))
    points[tail] = np.column_stack([rng.uniform(1, 3, tail.sum()), np.zeros(tail.sum())])
    return points


def _loop_and_clusters(n, rng):
    """Three fifths on a circle, a fifth each in two Gaussian clusters of standard deviation .15 beside it."""
    which = rng.choice(3, size=n, p=[0.6, 0.2, 0.2])
    points = np.column_stack([ring(rng.uniform(0, 2 * np.pi, n)), np.zeros((n, 2))])
    blob = 0.15 * rng.standard_normal((n, 4))
    points[which == 1] = (np.array([1.6, 0.0, 0.4, 0.0]) + blob)[which == 1]
    points[which == 2] = (np.array([-1.2, 1.2, 0.0, 0.4]) + blob)[which == 2]
    return points


def _unequal_loops(n, rng):
    """Circles of radius 1 and 1/2 that touch in one point, points uniform in length."""
    angle = rng.uniform(0, 2 * np.pi, n)
    small = rng.uniform(size=n) < 1 / 3
    return np.where(small[:, None], ring(angle, 0.5) + np.array([1.5, 0.0]), ring(angle))


def _unequal_angles(latent):
    return np.column_stack([_on_circle(latent), _on_circle(latent, 0.5, (1.5, 0.0))])


def _missing_arc(degrees):
    """A circle without an arc of so many degrees."""
    return lambda n, rng: ring(rng.uniform(np.radians(degrees), 2 * np.pi, n))


def _noisy_circle(n, rng):
    """A circle, and a tenth of the points uniform in the square around it: 2 % lie within half the radius."""
    stray = rng.uniform(size=(n, 1)) < 0.1
    return np.where(stray, rng.uniform(-1, 1, (n, 2)), ring(rng.uniform(0, 2 * np.pi, n)))


def _annulus(outer, inner):
    return lambda n, rng: disc(n, rng, outer, inner)


def _cylinder(height):
    """The side of a cylinder of radius 1, without its ends."""
    return lambda n, rng: np.column_stack([ring(rng.uniform(0, 2 * np.pi, n)), height * rng.uniform(-0.5, 0.5, n)])


def _ellipse(n, rng):
    """Half axes 1.5 and .5, points uniform in length."""
    grid = np.linspace(0, 2 * np.pi, 10_001)
    speed = np.hypot(1.5 * np.sin(grid), 0.5 * np.cos(grid))
    length = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    return ring(np.interp(rng.uniform(0, length[-1], n), length, grid)) * [1.5, 0.5]


def _turned(latent):
    return _turn(latent)[:, None]


_shape("circle", of_package(sph.datasets.circle), _on_circle, radius=1.0)
_shape("linked_circles", of_package(sph.datasets.linked_circles), _linked_angles)
_shape("eyeglasses", of_package(sph.datasets.eyeglasses), _eyeglasses_angles)
_shape("torus", of_package(sph.datasets.torus), _torus_angles, n_voids=1)
_shape("uneven_circle", _uneven_circle, _on_circle, radius=1.0)
_shape("gap_circle", _gap_circle, _on_circle, radius=1.0)
_shape("tail_circle", _tail_circle, _on_circle, radius=1.0)
_shape("loop_and_clusters", _loop_and_clusters, _on_circle, radius=1.0)
_shape("unequal_loops", _unequal_loops, _unequal_angles)
_shape("annulus", _annulus(1.3, 0.7), _turned, radius=1.3)
_shape("ellipse", _ellipse, lambda latent: np.arctan2(latent[:, 1] / 0.5, latent[:, 0] / 1.5)[:, None])
for _degrees in (20, 30, 54, 90):
    _shape(f"gap_{_degrees}", _missing_arc(_degrees), _on_circle, radius=1.0)
_shape("circle_noise_10", _noisy_circle, _on_circle, radius=1.0)
_shape("annulus_5", _annulus(1.0, 0.5), _turned, radius=1.0)
_shape("annulus_3", _annulus(1.0, 0.3), _turned, radius=1.0)
_shape("cylinder_3", _cylinder(3.0), _turned)
_shape("cylinder_6", _cylinder(6.0), _turned)


# ------------------------------------------------------------------------------------------------------------- cells
def _cells(name, simulate):
    """Register cells: simulate(n, depth, seed) gives counts (n, g) and the phases (n,), or None where there is no cycle."""

    def build(n=1000, ambient_dim=30, sigma=0.1, outliers=0, seed=0, shared_seed=False):
        if shared_seed:
            raise sph.InputError("shared_seed is about embedded shapes, and cells are simulated; leave it out.")
        cell_rng, pair_rng = np.random.default_rng(seed).spawn(2)
        molecules, phase = simulate(n, 20_000 / 4 ** (10 * sigma), cell_rng)
        a, b = pair_rng.integers(n, size=(2, outliers))
        molecules = sp.csr_array(sp.vstack([molecules, molecules[a] + molecules[b]]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a case must not be repaired on the way
            X = sph.preprocess(molecules, n_components=ambient_dim).X
        return _case(X, None if phase is None else phase[:, None])

    CASES[name] = build


for _name, _simulate in (counts.LOOPS | counts.LOOP_FREE).items():
    _cells(_name, _simulate)

# ---------------------------------------------------------------------------------------------------------- no loops
for _name, _sample in loop_free.SHAPES.items():
    _radius = 1.0 if _name in loop_free.THIN_MIDDLES else None
    _shape(_name, _sample, n_voids=int(_name in loop_free.VOIDS), radius=_radius)
for _name, _of_space in loop_free.OF_SPACE.items():
    _shape(_name, _of_space, of_space=True)

LOOPS = [
    "circle", "linked_circles", "eyeglasses", "torus", "uneven_circle", "gap_circle", "tail_circle", "loop_and_clusters",
    "unequal_loops", "annulus", "ellipse", "cells_cycle", "cells_cycle_uneven", "gap_20", "gap_30", "gap_54", "gap_90",
    "circle_noise_10", "annulus_5", "annulus_3", "cylinder_3", "cylinder_6",
]  # fmt: skip
LOOP_FREE = [name for name in CASES if name not in LOOPS]
VOIDS = ["sphere", "torus"]

_FAMILIES = {
    "circles": "circle uneven_circle gap_circle tail_circle loop_and_clusters circle_noise_10 ellipse",
    "circles with a gap": "gap_20 gap_30 gap_54 gap_90",
    "bands": "annulus annulus_5 annulus_3 cylinder_3 cylinder_6",
    "several loops": "linked_circles eyeglasses unequal_loops torus",
    "counts with a cycle": "cells_cycle cells_cycle_uneven",
    "Gaussians": "blob_2 blob_3 blob_5 blob_10 blob_20 blob_50 gaussian_2_stretched gaussian_flat heavy_tails",
    "plane regions": "ball_2 square rectangle ellipse_filled half_disc triangle l_shape cross",
    "thin middles": "rim_2 rim_3 rim_10 disc_r2 sphere_shadow",
    "solids": "ball_3 ball_5 cube",
    "spheres": "sphere sphere_3 sphere_4",
    "curved sheets": "swiss_roll roll_loose curled_sheet saddle hemisphere",
    "curves": "line arc spiral helix_open",
    "trees": "star_tree branching_tree",
    "lattices": "lattice_2 lattice_3",
    "time series": "walk_delay ar_delay trend_delay",
    "mixtures": "clusters_apart clusters_joined unequal_spread two_discs disc_and_line",
    "counts of types": "cells_clusters cells_donors",
    "counts of programmes": "cells_trajectory cells_batches cells_two_programmes",
    "counts of one state": "cells_quiescent cells_depth",
}
FAMILIES = {kind: family for family, kinds in _FAMILIES.items() for kind in kinds.split()}
"""Kind -> family: kinds that are kept back from a null should be of other families than those in it."""
