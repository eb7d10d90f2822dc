"""The stochastic kernels: their mean step descends the loss, they equal their slow twins, and threads change no bit."""

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph.embedding import _gather, umap_loss
from tests.embedding import contrastive_twins as twins

KINDS = {"cauchy": _gather.CAUCHY, "power": _gather.POWER, "cosine": _gather.COSINE}
PERIOD = 4  # all weights are multiples of 1 / 4, so that in 4 epochs every edge is drawn in proportion


def weighted_graph(n, rng, density=0.6):
    A = np.triu(rng.choice([0.25, 0.5, 0.75, 1.0], (n, n)) * (rng.random((n, n)) < density), 1)
    path = np.arange(n - 1)
    A[path, path + 1] = 0.5  # nobody is left without an edge
    A[0, 1] = 1.0
    return A + A.T


def rows_of(A):
    if isinstance(A, _gather.Rows):
        return A
    S = sp.csr_array(A)
    heads = np.repeat(np.arange(len(A)), np.diff(S.indptr))
    return _gather.Rows(S.indptr.astype(np.int64), S.indices.astype(np.int64), S.data, heads)


def kernel_of(kind, a=1.0, b=1.0, floor=0.0, eps=1.0, temperature=0.5):
    return _gather.Kernel(KINDS[kind], a, b, floor, eps, temperature)


def plan_of(A, m, *, tail=True, choice=False, learns=False, rho=1.0, joint=False, blocks=8):
    n, total = len(A), A.sum()
    rate = -1.0 if not tail else total / n if choice else m * total / (n - 1)
    return _gather.Plan(m, rate, 2.0 if tail else 1.0, learns, rho, joint, np.count_nonzero(A) / total, blocks)


def points(n, d, rng, kind):
    Y = rng.standard_normal((n, d))
    return Y / np.linalg.norm(Y, axis=1, keepdims=True) if kind == "cosine" else Y


def pair_epoch(Y, A, kernel, plan, c, step, seed, epoch):
    Y, slopes, noise = Y.copy(), np.zeros((len(Y), 2)), np.array([c])
    _gather.epoch_of_pairs(Y, Y.copy(), rows_of(A), kernel, plan, noise, step, np.uint64(seed), epoch, slopes)
    return Y, noise[0], slopes


def choice_epoch(Y, A, kernel, plan, step, seed, epoch):
    Y = Y.copy()
    _gather.epoch_of_choices(Y, Y.copy(), rows_of(A), kernel, plan, step, np.uint64(seed), epoch)
    return Y


STEP = 1e-4
SAMPLES = 2_000


def mean_step(run, plan):
    """Return the mean over epochs of the step divided by STEP, and its standard error."""
    if plan.rate >= 0:  # heads meet others in proportion over the period too
        assert sum(twins.times(plan.rate, epoch) for epoch in range(PERIOD)) == pytest.approx(
            PERIOD * plan.rate, abs=1e-9
        )
    drawn = np.array([run(seed) for seed in range(SAMPLES)]) / STEP
    return drawn.mean(axis=0), drawn.std(axis=0) / np.sqrt(SAMPLES)


def assert_means(found, expected):
    mean, error = found
    assert (np.abs(mean - expected) <= 5 * error).all()
    assert np.abs(mean).max() > 10 * error.max()  # so that the test could tell


@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("kind", ["cauchy", "cosine"])
def test_the_mean_step_descends_the_loss_of_pairs(kind, learns):
    rng = np.random.default_rng(0)
    A, Y, m, c = weighted_graph(5, rng), points(5, 2, rng, kind), 2, 0.4
    plan, rows = plan_of(A, m, learns=learns), rows_of(A)
    found = mean_step(
        lambda seed: pair_epoch(Y, rows, kernel_of(kind), plan, c, STEP, seed, seed % PERIOD)[0] - Y, plan
    )
    slope = twins.central_differences(lambda Y: twins.pair_loss(A / A.sum(), Y, c, m, kernel=kind), Y)
    assert_means(found, -A.sum() * slope)


def test_the_mean_slope_is_that_of_the_noise():
    rng = np.random.default_rng(1)
    A, Y, m, c = weighted_graph(5, rng), rng.standard_normal((5, 2)), 2, 0.4
    plan, rows, kernel = plan_of(A, m, learns=True), rows_of(A), kernel_of("cauchy")
    drawn = np.array(
        [pair_epoch(Y, rows, kernel, plan, c, 1e-9, seed, seed % PERIOD)[2].sum(axis=0) for seed in range(SAMPLES)]
    )

    def loss(z):
        return twins.pair_loss(A / A.sum(), Y, c * np.exp(z), m)

    h = 1e-4
    slope, curvature = (loss(h) - loss(-h)) / (2 * h), (loss(h) - 2 * loss(0) + loss(-h)) / h**2
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - A.sum() * np.array([slope, curvature])) <= 5 * error).all()


@pytest.mark.parametrize("curve", [(1.0, 1.0, "cauchy"), (1.577, 0.895, "power")])
def test_the_mean_step_of_umap_is_the_expected_update_without_pushing_the_tail(curve):
    a, b, kind = curve
    rng = np.random.default_rng(2)
    A = weighted_graph(8, rng)
    Y = np.stack(np.meshgrid(np.arange(4.0), np.arange(2.0)), axis=-1).reshape(-1, 2) + rng.uniform(-0.2, 0.2, (8, 2))
    kernel = kernel_of(kind, a=a, b=b, floor=0.001, eps=0.0)
    plan, rows = plan_of(A, 3, tail=False), rows_of(A)
    found = mean_step(lambda seed: pair_epoch(Y, rows, kernel, plan, a, STEP, seed, seed % PERIOD)[0] - Y, plan)
    assert_means(found, umap_loss(sp.csr_array(A), Y, a=a, b=b, n_negatives=3).update)


@pytest.mark.parametrize("rho", [1.0, 4.0])
@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("kind", ["cauchy", "cosine"])
def test_the_mean_step_descends_the_loss_of_choices(kind, joint, rho):
    """The loss is the mean over all negatives that can be drawn."""
    rng = np.random.default_rng(3)
    A, Y, m = weighted_graph(4, rng, density=0.8), points(4, 2, rng, kind), 2
    plan, rows = plan_of(A, m, choice=True, rho=rho, joint=joint), rows_of(A)
    found = mean_step(lambda seed: choice_epoch(Y, rows, kernel_of(kind), plan, STEP, seed, seed % PERIOD) - Y, plan)

    def loss(Y):
        return twins.choice_loss_of_samples(A / A.sum(), Y, rho, joint, m, kernel=kind)

    assert_means(found, -A.sum() * twins.central_differences(loss, Y))


TWINS = [
    # kind, tail, learns, m, blocks, d
    ("cauchy", True, False, 5, 8, 2),
    ("cauchy", True, True, 5, 3, 2),
    ("cauchy", True, False, 2, 1, 7),
    ("cosine", True, True, 5, 8, 3),
    ("cauchy", False, False, 5, 8, 2),
    ("power", False, False, 5, 8, 2),
    ("power", False, False, 1, 4, 1),
]


@pytest.mark.parametrize(("kind", "tail", "learns", "m", "blocks", "d"), TWINS)
def test_an_epoch_of_pairs_equals_its_slow_twin(kind, tail, learns, m, blocks, d):
    rng = np.random.default_rng(4)
    A, Y, c = weighted_graph(15, rng, 0.3), points(15, d, rng, kind), 0.7
    A[4] = A[:, 4] = 0  # a vertex without an edge
    curve = {"a": 1.577, "b": 0.895, "floor": 0.001} if kind == "power" else {}
    plan = plan_of(A, m, tail=tail, learns=learns, blocks=blocks)
    rate, repulsion = (plan.rate, 2) if tail else (None, 1)
    for epoch in range(5):
        expected, noise = twins.epoch_of_pairs(
            Y, A, twins.Forces(kind, **curve), c, m, rate, repulsion, 0.5, 2**63 + 11, epoch, blocks, learns
        )
        Y, c, _ = pair_epoch(Y, A, kernel_of(kind, **curve), plan, c, 0.5, 2**63 + 11, epoch)
        np.testing.assert_allclose(Y, expected, rtol=1e-9, atol=1e-12)
        assert c == pytest.approx(noise, rel=1e-12)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(("kind", "m", "d"), [("cauchy", 5, 2), ("cosine", 3, 4), ("cauchy", 1, 1)])
def test_an_epoch_of_choices_equals_its_slow_twin(kind, m, d, joint):
    rng = np.random.default_rng(5)
    A, Y = weighted_graph(15, rng, 0.3), points(15, d, rng, kind)
    A[4] = A[:, 4] = 0
    plan = plan_of(A, m, choice=True, rho=2.0, joint=joint)
    for epoch in range(4):
        expected = twins.epoch_of_choices(Y, A, twins.Forces(kind), m, 2.0, joint, 0.3, 7, epoch, 8)
        Y = choice_epoch(Y, A, kernel_of(kind), plan, 0.3, 7, epoch)
        np.testing.assert_allclose(Y, expected, rtol=1e-9, atol=1e-12)


def test_umap_of_the_cauchy_kernel_is_negative_sampling_with_unit_noise_bit_for_bit():
    """a = b = 1 without umap-learn's 0.001 is c = 1, eps = 0."""
    rng = np.random.default_rng(6)
    A, Y = weighted_graph(40, rng, 0.2), rng.standard_normal((40, 2))
    plan = plan_of(A, 5)
    umap, neg = kernel_of("power", a=1.0, b=1.0), kernel_of("cauchy", eps=0.0)
    for epoch in range(20):
        one = pair_epoch(Y, A, umap, plan, 1.0, 0.5, 3, epoch)[0]
        np.testing.assert_array_equal(one, pair_epoch(Y, A, neg, plan, 1.0, 0.5, 3, epoch)[0])
        Y = one


def test_points_on_top_of_each_other_do_not_fly_apart():
    A = np.ones((4, 4)) - np.eye(4)
    Y = np.zeros((4, 2))
    for kind in ("cauchy", "power"):
        kernel = kernel_of(kind, a=1.577, b=0.895, eps=0.0)
        np.testing.assert_array_equal(pair_epoch(Y, A, kernel, plan_of(A, 5), 1.0, 1.0, 0, 0)[0], 0)


def test_an_edge_is_drawn_in_proportion_to_its_weight():
    for w in (0.013, 0.3, 0.5, 1.0):
        assert sum(twins.times(w, e) for e in range(1000)) == pytest.approx(1000 * w, abs=1)


def test_draws_are_uniform_and_differ_between_heads_epochs_and_seeds():
    n = 7
    first = np.array([[twins.Draws(s, e, h).below(n) for h in range(50)] for e in range(20) for s in range(5)])
    counts = np.bincount(first.ravel(), minlength=n)
    assert (np.abs(counts - first.size / n) < 5 * np.sqrt(first.size / n)).all()
    states = {twins.Draws(s, e, h).state for h in range(50) for e in range(20) for s in range(5)}
    assert len(states) == 5000
