"""Shapes without a loop: `SHAPES` maps a name to sample(n, rng), which gives the clean points (n, d).

Points are uniform in length, area or volume where nothing else is said. `cases` embeds them, adds the noise and puts the
kinds into families.
"""

import numpy as np
from scipy.signal import lfilter
from scipy.special import expit

import spectral_ph as sph
from benchmarks.samples import disc, of_package, ring


# ------------------------------------------------------------------------------------------- filled regions and solids
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


def _half_disc(n, rng):
    """The upper half of the unit disc."""
    points = disc(n, rng)
    return np.column_stack([points[:, 0], np.abs(points[:, 1])])


def _triangle(n, rng):
    """An equilateral triangle with sides of length 2."""
    u = rng.uniform(size=(n, 2))
    u = np.where(u.sum(axis=1, keepdims=True) > 1, 1 - u, u)
    return u @ np.array([[2.0, 0.0], [1.0, np.sqrt(3)]])


def _l_shape(n, rng):
    """Three quarters of a square with sides of length 2: the upper right one is missing."""
    corner = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return corner[rng.integers(3, size=n)] + rng.uniform(size=(n, 2))


def _cross(n, rng):
    """Two bars of 4 by .5 that cross in their middles at right angles; the crossing is as dense as the rest."""
    along, across = rng.uniform(-2, 2, n), rng.uniform(-0.25, 0.25, n)
    arm = rng.uniform(0.25, 2, n) * np.where(rng.uniform(size=n) < 0.5, -1.0, 1.0)
    flat = rng.uniform(size=n) < 4 / (4 + 3.5)
    return np.where(flat[:, None], np.column_stack([along, across]), np.column_stack([across, arm]))


# -------------------------------------------------------------------------------------------------------- thin middles
def _rim(times):
    """The unit disc, m = `times` as dense at the rim as in the centre: density proportional to 1 + (m - 1) r^2.

    (7 + m) / (16 (1 + m)) of the points lie within half the radius: 25 % at m = 1, 19 % at 2, 16 % at 3, 10 % at 10.
    """

    def sample(n, rng):
        angle, mass = rng.uniform(0, 2 * np.pi, n), rng.uniform(size=n)
        # The share of points within r is ((m - 1) u^2 + 2 u) / (m + 1) with u = r^2.
        square = (np.sqrt(1 + (times**2 - 1) * mass) - 1) / (times - 1)
        return ring(angle, np.sqrt(square))

    return sample


def _squared_disc(n, rng):
    """The unit disc with density proportional to r^2: 6 % of the points lie within half the radius."""
    return ring(rng.uniform(0, 2 * np.pi, n), rng.uniform(size=n) ** 0.25)


def _shadow(n, rng):
    """The unit sphere, projected to a plane: 13 % of the points lie within half the radius."""
    return _sphere(2)(n, rng)[:, :2]


# ---------------------------------------------------------------------------------------------- curves, trees, lattices
SPIRAL = (0.5, 4.0, 1.25)
"""Inner radius, gap and turns of `spiral` and `roll_loose`.

Short of turns and wide of gap: with 15 neighbours, no edge of the graph crosses the gap from 100 points on, at sigma <= .1.
"""


def spiral_radius(turns):
    inner, gap, _ = SPIRAL
    return inner + gap * np.asarray(turns)


def _spiral(n, rng):
    """r = .5 + 4 t over 1.25 turns t, uniform in length."""
    grid = np.linspace(0, SPIRAL[2], 10_001)
    steps = np.linalg.norm(np.diff(ring(2 * np.pi * grid, spiral_radius(grid)), axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    turns = np.interp(rng.uniform(0, length[-1], n), length, grid)
    return ring(2 * np.pi * turns, spiral_radius(turns))


def _helix(n, rng):
    """Two turns of radius 1 that rise by 3 each."""
    turns = rng.uniform(0, 2, n)
    return np.column_stack([ring(2 * np.pi * turns), 3 * turns])


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


def _lattice(dim):
    """The first n points of a square lattice with spacing 1, row by row, each moved by a Gaussian of deviation .1."""

    def sample(n, rng):
        side = next(m for m in range(1, n + 1) if m**dim >= n)
        nodes = np.stack(np.unravel_index(np.arange(n), (side,) * dim), axis=1)
        return nodes + 0.1 * rng.standard_normal((n, dim))

    return sample


# -------------------------------------------------------------------------------------------------------- curved sheets
def _hemisphere(n, rng):
    """The upper half of the unit sphere."""
    points = _sphere(2)(n, rng)
    points[:, 2] = np.abs(points[:, 2])
    return points


def _curled_sheet(n, rng):
    """Half of a cylinder of radius 1 and height 2: a sheet that is bent by 180 degrees."""
    return np.column_stack([ring(rng.uniform(0, np.pi, n)), rng.uniform(-1, 1, n)])


def _saddle(n, rng):
    """z = x^2 - y^2, with x and y uniform in [-1, 1]."""
    x, y = rng.uniform(-1, 1, (2, n))
    return np.column_stack([x, y, x**2 - y**2])


def _loose_roll(n, rng):
    """A strip of width 2 along the spiral of `_spiral`."""
    return np.column_stack([_spiral(n, rng), rng.uniform(-1, 1, n)])


# ---------------------------------------------------------------------------------------------------------- time series
WINDOW = 10
"""Values in a window of a series. Windows begin one step apart, so that neighbours share all their values but two."""


def _windows(series):
    return np.lib.stride_tricks.sliding_window_view(series, WINDOW).copy()


def _delayed_walk(n, rng):
    """Windows of a random walk with Gaussian steps, scaled so that the whole walk has a standard deviation of 1."""
    walk = np.cumsum(rng.standard_normal(n + WINDOW - 1))
    return _windows((walk - walk.mean()) / walk.std())


def _delayed_autoregression(n, rng):
    """Windows of x_t = .9 x_(t-1) + noise, in its stationary state and with a standard deviation of 1."""
    noise = rng.standard_normal(n + WINDOW - 1)
    noise[1:] *= np.sqrt(1 - 0.9**2)
    return _windows(lfilter([1.0], [1.0, -0.9], noise))


def _delayed_trend(n, rng):
    """Windows of a slow rise from 0 to 3 (logistic, from -5 to 5), with independent noise of deviation .1 in every value."""
    time = np.linspace(-5, 5, n + WINDOW - 1)
    return _windows(3 * expit(time) + 0.1 * rng.standard_normal(len(time)))


# ------------------------------------------------------------------------------------------------ Gaussians and mixtures
def _gaussian(*deviations):
    return lambda n, rng: rng.standard_normal((n, len(deviations))) * deviations


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


def _two_discs(n, rng):
    """Two thirds of the points in the unit disc, the others in a disc of half that radius, 2.5 away."""
    small = rng.uniform(size=(n, 1)) < 1 / 3
    points = disc(n, rng)
    return np.where(small, 0.5 * points + [2.5, 0.0], points)


def _disc_and_line(n, rng):
    """Seven tenths of the points in the unit disc, the others on a straight line of length 2 that starts at its rim."""
    line = rng.uniform(size=(n, 1)) < 0.3
    return np.where(line, np.column_stack([rng.uniform(1, 3, n), np.zeros(n)]), disc(n, rng))


_CORNERS = np.eye(4) * 2.5

SHAPES = {
    **{f"blob_{dim}": _gaussian(*[1.0] * dim) for dim in (2, 3, 5, 10, 20, 50)},
    "ball_2": _ball(2),
    "ball_3": _ball(3),
    "square": _box(2.0, 2.0),
    "rectangle": _box(4.0, 1.0),
    "cube": _box(2.0, 2.0, 2.0),
    "sphere": of_package(sph.datasets.sphere),
    "sphere_3": _sphere(3),
    "sphere_4": _sphere(4),
    "line": lambda n, rng: rng.uniform(-2, 2, size=(n, 1)),
    "arc": lambda n, rng: ring(rng.uniform(0, np.pi, n)),
    "star_tree": of_package(sph.datasets.tree),
    "branching_tree": _branching_tree,
    "clusters_apart": _gaussians(_CORNERS, [0.3] * 4, [0.4, 0.3, 0.2, 0.1]),
    "clusters_joined": _gaussians(_CORNERS, [0.9] * 4, [0.4, 0.3, 0.2, 0.1]),
    "unequal_spread": _gaussians([[0, 0, 0], [2, 0, 0]], [0.2, 1.0], [0.5, 0.5]),
    "heavy_tails": _heavy_tails,
    "swiss_roll": of_package(sph.datasets.swiss_roll),
    "rim_2": _rim(2),
    "rim_3": _rim(3),
    "rim_10": _rim(10),
    "disc_r2": _squared_disc,
    "sphere_shadow": _shadow,
    "ellipse_filled": lambda n, rng: disc(n, rng) * [2.0, 1.0],
    "half_disc": _half_disc,
    "triangle": _triangle,
    "l_shape": _l_shape,
    "cross": _cross,
    "ball_5": _ball(5),
    "spiral": _spiral,
    "helix_open": _helix,
    "lattice_2": _lattice(2),
    "lattice_3": _lattice(3),
    "hemisphere": _hemisphere,
    "curled_sheet": _curled_sheet,
    "saddle": _saddle,
    "roll_loose": _loose_roll,
    "walk_delay": _delayed_walk,
    "ar_delay": _delayed_autoregression,
    "trend_delay": _delayed_trend,
    "gaussian_2_stretched": _gaussian(3.0, 1.0),
    "two_discs": _two_discs,
    "disc_and_line": _disc_and_line,
}
"""Name -> sample."""

OF_SPACE = {"gaussian_flat": lambda dim: _gaussian(*np.append([3.0, 3.0], np.full(max(dim - 2, 0), 0.4)))}
"""Name -> the sample in a space of so many dimensions: kinds that fill their space."""

VOIDS = ("sphere",)
"""Which of them have a void."""

THIN_MIDDLES = ("rim_2", "rim_3", "rim_10", "disc_r2", "sphere_shadow")
"""Which of them are discs of radius 1 that are thinner in the middle."""
