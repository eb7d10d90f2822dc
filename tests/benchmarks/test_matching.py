import itertools

import numpy as np
import pytest

import spectral_ph as sph
from benchmarks import matching
from spectral_ph.homology.rips_h1 import rips_h1


def distances(*clouds):
    return sph.distance_matrix(np.concatenate(clouds), "euclidean")


def circle(n, turn=0.0, radius=1.0, centre=(0.0, 0.0)):
    angle = 2 * np.pi * np.arange(n) / n + turn
    return radius * np.column_stack([np.cos(angle), np.sin(angle)]) + centre


def rank(rows):
    return sum(matching.independent(rows))


def slow_end(D, n, cycle, birth_edge):
    """The first length of the union at which the cycle is a boundary plus cycles of X made of earlier edges; None: at once."""
    N = len(D)
    number = {e: k for k, e in enumerate(itertools.combinations(range(N), 2))}

    def bits(edges):
        total = 0
        for i, j in edges:
            total ^= 1 << number[min(i, j), max(i, j)]
        return total

    birth = D[birth_edge]
    older = [e for e in itertools.combinations(range(n), 2) if D[e] < birth]
    # Cycles of a graph are spanned by one for each edge outside a spanning tree: paths by breadth first search.
    tree, parent = set(), list(range(n))

    def root(v):
        while parent[v] != v:
            v = parent[v]
        return v

    neighbours = {v: [] for v in range(n)}
    chords = []
    for i, j in older:
        if root(i) != root(j):
            parent[root(i)] = root(j)
            tree.add((i, j))
            neighbours[i].append(j)
            neighbours[j].append(i)
        else:
            chords.append((i, j))

    def path(i, j):
        ways = [[i]]
        while ways[0][-1] != j:
            way = ways.pop(0)
            ways += [[*way, v] for v in neighbours[way[-1]] if v not in way]
        return list(itertools.pairwise(ways[0]))

    cycles = [bits([(i, j), *path(i, j)]) for i, j in chords]
    target = bits(zip(cycle, np.roll(cycle, -1), strict=True))
    triangles = [
        (max(D[a, b], D[a, c], D[b, c]), bits([(a, b), (a, c), (b, c)]))
        for a, b, c in itertools.combinations(range(N), 3)
    ]
    for length in sorted({birth, *(t for t, _ in triangles if t > birth)}):
        spanned = cycles + [t for when, t in triangles if when <= length]
        if rank([*spanned, target]) == rank(spanned):
            return None if length == birth else length
    raise AssertionError("the cycle never dies")


@pytest.mark.parametrize("seed", range(6))
def test_image_bars_end_where_the_definition_says(seed):
    rng = np.random.default_rng(seed)
    X, Y = (circle(7) + 0.2 * rng.standard_normal((7, 2)) for _ in range(2))
    D = distances(X, Y)
    sample = matching.Sample(D, np.arange(7), rips_h1(D, classes=True).classes)
    assert len(sample.bars) > 0
    for k, cycle in enumerate(sample.cycles):
        assert sample.image_end(k) == slow_end(D, 7, cycle, (cycle[0], cycle[-1]))


def test_independent_is_the_elimination_by_hand():
    assert matching.independent([0b011, 0b110, 0b101, 0b000, 0b100]) == [True, True, False, False, True]


def test_overlap_of_intervals():
    assert matching.overlap((0, 2), (1, 3)) == pytest.approx(1 / 3)
    assert matching.overlap((0, 1), (2, 3)) == 0.0
    assert matching.overlap((0, 1), (0, 1)) == 1.0


def test_a_loop_matches_itself():
    X = circle(20) + 0.05 * np.random.default_rng(0).standard_normal((20, 2))
    found = matching.match(distances(X, X + 1e-9), 20)
    assert found["affinity"] == pytest.approx(1.0, abs=1e-6)
    assert found["matched"] == pytest.approx(found["bar"], abs=1e-7)


def test_two_samples_of_a_circle_match_and_the_image_is_what_both_share():
    found = matching.match(distances(circle(40), circle(40, turn=0.08)), 40)
    assert found["affinity"] > 0.9
    assert found["end"] <= min(found["bar"][1], found["matched"][1]) + 1e-12


def test_circles_that_are_apart_do_not_match():
    found = matching.match(distances(circle(20), circle(24, centre=(50.0, 0.0))), 20)
    assert found["affinity"] == 0.0
    assert found["matched"] is None


def test_a_sample_that_fills_the_loop_leaves_no_image():
    """Points all over the disk close the circle as soon as it is born: nothing of it is left in the union."""
    inside = np.random.default_rng(0).uniform(-1, 1, size=(400, 2))
    found = matching.match(distances(circle(12), inside[np.hypot(*inside.T) < 1]), 12)
    assert found["affinity"] < 0.1


def test_no_loop_has_no_match():
    assert matching.match(distances(np.eye(3), np.eye(3) + 9), 3)["bar"] is None


def test_coordinates_have_the_diffusion_distances():
    X = sph.datasets.circle(80, 5, 0.1)
    there = sph.distance_matrix(X, "diffusion", n_neighbors=10, t=8)
    here = sph.distance_matrix(matching.coordinates(X, 10, 8), "euclidean")
    np.testing.assert_allclose(here, there, atol=1e-8)


@pytest.mark.parametrize("samples", ["paper", "resample"])
def test_a_little_noise_keeps_the_loop(samples):
    task = {"samples": samples, "distance": "diffusion", "sigma": 0.05, "n": 80, "ambient_dim": 10, "resample": 1}
    assert matching.work(task)["affinity"] > 0.8


def test_every_task_is_named_once():
    wanted = list(matching.tasks(1000, matching.SIGMAS, 3))
    assert len({matching.sweep.key(t) for t in wanted}) == len(wanted) == 75
