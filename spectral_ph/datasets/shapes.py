"""Shapes whose homology is known, seen through noise.

Every shape is called in the same way, so its arguments are described once, here:

n : number of points on the shape, default 1000.
ambient_dim : dimension D of the space that the shape is put into by a random orthonormal basis, default 50; an
    `InputError` if the shape itself has more coordinates.
sigma : standard deviation of the Gaussian noise in every one of the D coordinates, in the unit of the shape, default
    0.25. The noise moves a point by about sigma * sqrt(D).
outliers : number of points uniform in the bounding cube of the embedded clean points, appended as the last rows,
    default 0.
random_state : int, numpy Generator or None, default 0. Shape, basis, noise and outliers draw from a stream each.
return_latent : if True the result is a pair (X, latent), default False.

X is (n + outliers, D) float64; latent is the clean shape in its own coordinates, (n, d) float64, row by row as in X.

Source of circle, eyeglasses, linked_circles, sphere and torus: Damrich, Berens, Kobak, Persistent homology for
high-dimensional data based on spectral methods, NeurIPS 2024 (arXiv 2311.03087); unlike in the code released with that
paper, basis and noise do not share a seed here.

Long because every shape says what comes back, what is refused, and shows a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, cast, overload

import numpy as np

from spectral_ph import _check
from spectral_ph._types import FloatArray, RandomState
from spectral_ph.datasets.noise import observe

Observed: TypeAlias = FloatArray | tuple[FloatArray, FloatArray]


class Shape(Protocol):
    """What a type checker knows of a shape: whether a pair comes back is told by `return_latent`."""

    @overload
    def __call__(
        self,
        n: int = ...,
        ambient_dim: int = ...,
        sigma: float = ...,
        *,
        outliers: int = ...,
        random_state: RandomState = ...,
        return_latent: Literal[False] = ...,
    ) -> FloatArray: ...

    @overload
    def __call__(
        self,
        n: int = ...,
        ambient_dim: int = ...,
        sigma: float = ...,
        *,
        outliers: int = ...,
        random_state: RandomState = ...,
        return_latent: Literal[True],
    ) -> tuple[FloatArray, FloatArray]: ...


class Blob(Protocol):
    """As `Shape`, with the one argument more that `blob` takes."""

    @overload
    def __call__(
        self,
        n: int = ...,
        ambient_dim: int = ...,
        sigma: float = ...,
        *,
        intrinsic_dim: int | None = ...,
        outliers: int = ...,
        random_state: RandomState = ...,
        return_latent: Literal[False] = ...,
    ) -> FloatArray: ...

    @overload
    def __call__(
        self,
        n: int = ...,
        ambient_dim: int = ...,
        sigma: float = ...,
        *,
        intrinsic_dim: int | None = ...,
        outliers: int = ...,
        random_state: RandomState = ...,
        return_latent: Literal[True],
    ) -> tuple[FloatArray, FloatArray]: ...


def _shape(function: Callable[..., Observed]) -> Shape:
    return cast(Shape, function)


def _blob(function: Callable[..., Observed]) -> Blob:
    return cast(Blob, function)


@_shape
def circle(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Circle of radius 1, points at equal angles: one loop.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 2), point i at the angle 2 pi i / n.

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    eyeglasses, linked_circles, spectral_ph.find_loops

    Examples
    --------
    >>> circle(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(lambda n, rng: _circle(n), n, ambient_dim, sigma, outliers, random_state, return_latent)


@_shape
def eyeglasses(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Two circles opened towards each other and joined by a narrow bridge: one loop with a bottleneck.

    Unit arcs around (-1.5, 0) and (1.5, 0), open where |y| < 0.35, carry 42.5 % of the points each; the segments
    y = 0.35 and y = -0.35, |x| <= 0.53, share the rest. Points are equidistant on each of the four pieces.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 2): right arc, left arc, upper and lower segment.

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    linked_circles, sphere, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.eyeglasses(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(lambda n, rng: _eyeglasses(n), n, ambient_dim, sigma, outliers, random_state, return_latent)


@_shape
def linked_circles(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Two unit circles in orthogonal planes, each through the centre of the other: two loops.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 3): n // 2 points at equal angles in the plane z = 0 around the origin, then the others in
        the plane y = 0 around (1, 0, 0).

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    sphere, swiss_roll, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.linked_circles(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(lambda n, rng: _linked_circles(n), n, ambient_dim, sigma, outliers, random_state, return_latent)


@_shape
def sphere(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Sphere of radius 1 around the origin of 3-space, points uniform in area: no loop, one void.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 3).

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    swiss_roll, torus, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.sphere(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(_sphere, n, ambient_dim, sigma, outliers, random_state, return_latent)


@_shape
def torus(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Torus of revolution with radii R = 2 and r = 1 in 3-space, points uniform in area: two loops, one void.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 3), the axis of revolution is z.

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    tree, blob, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.torus(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(_torus, n, ambient_dim, sigma, outliers, random_state, return_latent)


@_blob
def blob(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    intrinsic_dim: int | None = None,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Points of a standard Gaussian distribution: nothing at all.

    Parameters
    ----------
    n, ambient_dim, sigma, outliers, random_state, return_latent : see `spectral_ph.datasets.shapes`.
    intrinsic_dim : dimension of the Gaussian before the noise, at most `ambient_dim`, which is the default. Low ones
        are the hard ones for a detector of loops: they leave holes.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64, or (X, latent) with latent (n, intrinsic_dim).

    Raises
    ------
    InputError : on an argument outside its range.

    See Also
    --------
    circle, eyeglasses, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.blob(100, ambient_dim=10).shape
    (100, 10)
    """
    dim = ambient_dim if intrinsic_dim is None else _check.positive_int(intrinsic_dim, "intrinsic_dim")
    return observe(
        lambda n, rng: rng.standard_normal((n, dim)), n, ambient_dim, sigma, outliers, random_state, return_latent
    )


@_shape
def tree(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Star of five branches of length 1 that leave the origin at right angles, points uniform in length: no loop.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 5), one coordinate a branch.

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    blob, circle, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.tree(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(_tree, n, ambient_dim, sigma, outliers, random_state, return_latent)


@_shape
def swiss_roll(
    n: int = 1000,
    ambient_dim: int = 50,
    sigma: float = 0.25,
    *,
    outliers: int = 0,
    random_state: RandomState = 0,
    return_latent: bool = False,
) -> Observed:
    """Rectangle rolled up by one and a half turns, points uniform in area: no loop as long as no edge jumps a turn.

    Radius 2 t / (3 pi) at the angle t from 1.5 pi to 4.5 pi, so from 1 to 3, with 4/3 between two turns; width 4. With
    noise or many neighbours the graph short-circuits the turns, and then it does have a loop.

    Parameters
    ----------
    n : number of points on the shape.
    ambient_dim : dimension of the space that a random orthonormal basis puts the shape into.
    sigma : standard deviation of the Gaussian noise in every coordinate, in the unit of the shape.
    outliers : points uniform in the bounding cube, appended as the last rows.
    random_state : int, numpy Generator or None.
    return_latent : also return the clean shape.

    Returns
    -------
    X : (n + outliers, ambient_dim) float64; with `return_latent` the pair (X, latent), row by row alike.
        The latent is (n, 3): x, y in the plane of the spiral and z along the width.

    Raises
    ------
    InputError : fewer dimensions than the shape has, or a number out of its range.

    See Also
    --------
    torus, tree, spectral_ph.find_loops

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sph.datasets.swiss_roll(100, ambient_dim=10).shape
    (100, 10)
    """
    return observe(_swiss_roll, n, ambient_dim, sigma, outliers, random_state, return_latent)


def _circle(n: int) -> FloatArray:
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _eyeglasses(n: int) -> FloatArray:
    on_arc = round(0.425 * n)
    upper = (n - 2 * on_arc + 1) // 2
    opening = np.arcsin(0.35)
    angle = np.linspace(-np.pi + opening, np.pi - opening, on_arc)
    right = np.column_stack([np.cos(angle) + 1.5, np.sin(angle)])
    above, below = (
        np.column_stack([np.linspace(-0.53, 0.53, m), np.full(m, y)])
        for m, y in ((upper, 0.35), (n - 2 * on_arc - upper, -0.35))
    )
    return np.concatenate([right, -right, above, below])


def _linked_circles(n: int) -> FloatArray:
    first, second = _circle(n // 2), _circle(n - n // 2)
    return np.concatenate(
        [
            np.column_stack([first, np.zeros(len(first))]),
            np.column_stack([second[:, 0] + 1, np.zeros(len(second)), second[:, 1]]),
        ]
    )


def _sphere(n: int, rng: np.random.Generator) -> FloatArray:
    normal = rng.standard_normal((n, 3))
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), dtype=np.float64)


def _torus(n: int, rng: np.random.Generator) -> FloatArray:
    R, r = 2.0, 1.0
    kept: list[FloatArray] = []
    while sum(map(len, kept)) < n:
        v = rng.uniform(0, 2 * np.pi, n)
        # The area element is proportional to the distance from the axis, R + r cos v.
        kept.append(v[rng.uniform(0, R + r, n) < R + r * np.cos(v)])
    v = np.concatenate(kept)[:n]
    u = rng.uniform(0, 2 * np.pi, n)
    from_axis = R + r * np.cos(v)
    return np.column_stack([from_axis * np.cos(u), from_axis * np.sin(u), r * np.sin(v)])


def _tree(n: int, rng: np.random.Generator) -> FloatArray:
    latent = np.zeros((n, 5))
    latent[np.arange(n), rng.integers(5, size=n)] = rng.uniform(0, 1, n)
    return latent


def _swiss_roll(n: int, rng: np.random.Generator) -> FloatArray:
    grid = np.linspace(1.5 * np.pi, 4.5 * np.pi, 10_001)
    length = 0.5 * (grid * np.sqrt(1 + grid**2) + np.arcsinh(grid))  # of the spiral r = t, up to t
    t = np.interp(rng.uniform(length[0], length[-1], n), length, grid)
    radius = 2 * t / (3 * np.pi)
    return np.column_stack([radius * np.cos(t), radius * np.sin(t), rng.uniform(0, 4, n)])
