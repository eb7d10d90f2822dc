"""t-SNE: gradients, what happens at the critical values, exact and approximate against each other, and the watch over steps."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph.embedding import _exact
from spectral_ph.embedding.affinities import affinities, edge_arrays
from spectral_ph.embedding.tsne import gradient, loss, partition
from tests import naive

DIGITS = load_digits().data


@pytest.fixture(scope="module")
def some():
    """Return affinities of 80 points; more than a block of heads."""
    return affinities(DIGITS[:80], "perplexity", perplexity=10)[0]


def numeric(function, Y, h=1e-5):
    """Return the gradient of a function by central differences of fourth order."""
    out = np.zeros_like(Y)
    for index in np.ndindex(Y.shape):
        moved = Y.copy()
        values = []
        for step in (-2 * h, -h, h, 2 * h):
            moved[index] = Y[index] + step
            values.append(function(moved))
        out[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return out


def layout(n, d, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


# Gradients


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("rho", [1.0, 4.0])
def test_the_gradient_is_that_of_the_loss(some, d, rho):
    Y = layout(80, d, scale=2.0)
    exact, measured = gradient(some, Y, rho), numeric(lambda Z: loss(some, Z, rho), Y)
    assert np.abs(exact - measured).max() < 1e-6 * np.abs(exact).max()


def test_the_gradient_is_four_times_that_of_opentsne(some):
    """OpenTSNE leaves the factor 4 to the learning rate; theta = 0 is without approximation."""
    from openTSNE.tsne import kl_divergence_bh

    Y = layout(80, 2, scale=3.0)
    divergence, theirs = kl_divergence_bh(Y.copy(), sp.csr_matrix(some), 1, {"theta": 0.0}, should_eval_error=True)
    np.testing.assert_allclose(gradient(some, Y), 4 * theirs, rtol=1e-9, atol=1e-12)
    entropy = (some.data * np.log(some.data)).sum()
    np.testing.assert_allclose(loss(some, Y) + entropy, divergence, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_kernels_equal_their_slow_twins(some, d):
    Y = layout(80, d)
    T = np.ascontiguousarray(Y.T)
    pull, push, mass, logs = np.empty_like(T), np.empty_like(T), np.empty(80), np.empty(80)
    _exact.attraction(*edge_arrays(some), T, pull)
    _exact.repulsion(T, push, mass)
    _exact.log_kernels(*edge_arrays(some), T, logs)
    attraction, repulsion, total = naive.tsne_forces(some.toarray(), Y)
    np.testing.assert_allclose(pull.T, attraction, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(push.T, repulsion, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(mass, total, rtol=1e-12)
    squares = ((Y[:, None] - Y) ** 2).sum(axis=2)
    np.testing.assert_allclose(logs, -(some.toarray() * np.log1p(squares)).sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_step_equals_its_slow_twin(d):
    rng = np.random.default_rng(1)
    Y, update, slope = (rng.standard_normal((30, d)) for _ in range(3))
    gains = rng.uniform(0.1, 3, (30, d))
    expected = naive.momentum_step(slope, Y, update, gains, 2.0, 0.8, 3.0)
    arrays = [np.ascontiguousarray(x.T) for x in (slope, Y, update, gains)]
    _exact.momentum_step(*arrays, 2.0, 0.8, 3.0)
    for found, wanted in zip(arrays[1:], expected, strict=True):
        np.testing.assert_allclose(found.T, wanted, rtol=1e-12, atol=1e-14)


def test_partition_is_the_sum_over_ordered_pairs():
    Y = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    assert partition(Y) == pytest.approx(2 * (1 / 2 + 1 / 10 + 1 / 11), rel=1e-14)


# Critical values


def ring(n=60, reach=2):
    """Return the graph in which each of n points on a ring is joined to the next `reach` on both sides."""
    A, i = np.zeros((n, n)), np.arange(n)
    for s in range(1, reach + 1):
        A[i, (i + s) % n] = A[(i + s) % n, i] = 1
    return A


def eigenvectors(P, count=2):
    """Return eigenvectors 2, 3, ... of L_P."""
    return np.linalg.eigh(np.diag(np.asarray(P.sum(axis=1)).ravel()) - P.toarray())[1][:, 1 : 1 + count]


def cosines(Y, V):
    """Return the cosines of the principal angles of the spans of the centred columns."""
    Q = np.linalg.qr(Y - Y.mean(axis=0))[0]
    return np.linalg.svd(Q.T @ V)[1]


def test_a_ring_is_a_point_above_rho_1_and_the_eigenmap_below():
    rho_1 = E.critical_values(ring()).rho[0]
    above, below = E.TSNE(rho=1.1 * rho_1, affinity="graph"), E.TSNE(rho=0.9 * rho_1, affinity="graph")
    with pytest.warns(
        sph.SpectralWarning, match=r"^rho=81\.86\d* is above 74\.42, beyond which the layout is a point: what is left"
    ):
        Y = above.fit_transform(ring())
    assert Y.std(axis=0).max() < 1e-6
    assert above.settings_["growing_modes"] == 0
    Y = below.fit_transform(ring())
    assert Y.std(axis=0).min() > 0.1
    assert cosines(Y, eigenvectors(below.affinities_)).min() > 0.999


def test_digits_are_a_line_between_rho_2_and_rho_1_and_the_eigenmap_below():
    X = DIGITS[:300]
    P = affinities(X, "perplexity")[0]
    rho = E.critical_values(P).rho
    assert rho[0] > 1.05 * rho[1] > 1.1 * rho[2]
    model = E.TSNE(rho=(rho[0] + rho[1]) / 2).fit(X)
    values = np.linalg.svd(model.embedding_ - model.embedding_.mean(axis=0))[1]
    assert values[1] < 1e-3 * values[0]
    assert values[0] > 1
    assert model.settings_["growing_modes"] == 1
    model = E.TSNE(rho=(rho[1] + rho[2]) / 2).fit(X)
    assert cosines(model.embedding_, eigenvectors(P)).min() > 0.95
    assert model.settings_["growing_modes"] == 2


@pytest.mark.parametrize("n", [100, 300])
def test_early_exaggeration_of_data_without_structure_is_half_of_rho_1(n):
    X = np.random.default_rng(0).standard_normal((n, 10))
    model = E.TSNE(n_steps=0).fit(X)
    first = model.settings_["phases"][0]["exaggeration"]
    assert first == model.critical_.rho[0] / 2 < 2
    assert model.embedding_.std(axis=0).min() > 0.1  # the usual 12 leaves 1e-11
    sentence = rf"^early_exaggeration=12\.0 is above {model.critical_.rho[0]:.4g}, beyond which the layout shrinks to a point, so it forgets its start\. Pass early_exaggeration='auto'\.$"
    with pytest.warns(sph.SpectralWarning, match=sentence):
        collapsed = E.TSNE(n_steps=0, early_steps=1000, early_exaggeration=12.0).fit_transform(X)
    assert collapsed.std(axis=0).max() < 1e-8


@pytest.mark.parametrize(("rho", "expected"), [(0.5, 12.0), (1.0, 12.0), (13.0, 13.0)])
def test_early_exaggeration_of_data_with_structure_is_twelve_and_at_least_rho(rho, expected):
    model = E.TSNE(rho=rho, affinity="knn", n_steps=0, early_steps=0).fit(DIGITS[:300, ::2])
    assert model.critical_.rho[0] > 26
    assert model.settings_["phases"][0]["exaggeration"] == expected


def test_a_component_by_itself_has_the_critical_value_that_is_warned_of():
    """Two rings apart: neither collapses below n_c / (Z l_2), both do above."""
    A = np.zeros((80, 80))
    A[:40, :40] = A[40:, 40:] = ring(40)
    Z = 2 * 40 * 39
    P = affinities(A, "graph")[0]
    limit = 40 / (Z * np.linalg.eigvalsh(np.diag(P.sum(axis=0)) - P.toarray())[2])
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        below = E.TSNE(rho=0.8 * limit, affinity="graph", n_steps=2000).fit(A)
        above = E.TSNE(rho=1.3 * limit, affinity="graph", n_steps=2000).fit(A)
    spoken = [str(w.message) for w in heard]
    assert sum(f"is above {limit:.4g}, beyond which the layout is a point" in text for text in spoken) == 1
    assert below.embedding_[:40].std(axis=0).min() > 0.05
    assert above.embedding_[:40].std(axis=0).max() < 1e-3
    assert np.isinf(above.critical_.rho[0])


# Exact and approximate


@pytest.mark.parametrize("d", [1, 2, 3])
def test_openTSNE_and_the_exact_solver_reach_the_same_divergence(d):
    X = DIGITS[:300]
    exact, approximate = (E.TSNE(d, affinity="knn", solver=s, n_neighbors=10, n_jobs=1) for s in ("exact", "opentsne"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # components
        exact.fit(X)
        approximate.fit(X)
    assert exact.settings_["solver"] == "exact"
    assert approximate.settings_["solver"] == "opentsne"
    assert exact.settings_["kl_divergence"] == pytest.approx(approximate.settings_["kl_divergence"], abs=0.1)
    assert exact.settings_["phases"] == approximate.settings_["phases"]
    assert approximate.partition_ == partition(approximate.embedding_)


def test_openTSNE_steps_as_the_exact_solver_does():
    """In one dimension with 30 points the tree is never coarse enough to matter much; a few steps stay close."""
    X = DIGITS[:120]
    a, b = (E.TSNE(solver=s, early_steps=10, n_steps=0, init="pca").fit_transform(X) for s in ("exact", "opentsne"))
    np.testing.assert_allclose(a, b, rtol=0.02, atol=0.02 * np.abs(a).max())


def test_auto_is_exact_up_to_two_thousand_points_and_above_three_dimensions():
    X = np.random.default_rng(0).standard_normal((2001, 3))
    fast = {
        "early_steps": 1,
        "n_steps": 1,
        "affinity": "knn",
        "n_neighbors": 5,
        "init": "pca",
        "early_exaggeration": 1.0,
    }
    assert E.TSNE(**fast).fit(X[:2000]).settings_["solver"] == "exact"
    assert E.TSNE(**fast).fit(X).settings_["solver"] == "opentsne"
    assert E.TSNE(4, **{**fast, "init": "random"}).fit(X).settings_["solver"] == "exact"


def test_the_callback_of_openTSNE_counts_over_both_phases_and_can_stop():
    seen = []

    def callback(step, loss, layout):
        seen.append((step, loss))
        layout[:] = np.nan
        return step == 40

    model = E.TSNE(
        solver="opentsne", early_steps=25, n_steps=25, callback=callback, callback_every=10, record_loss=True
    )
    model.fit(DIGITS[:120])
    assert [step for step, _ in seen] == [10, 20, 30, 40]
    np.testing.assert_array_equal(model.loss_history_, seen)
    assert model.settings_["stopped_at"] == 40
    assert np.isfinite(model.embedding_).all()


def test_openTSNE_gives_the_same_bits_at_one_and_two_threads():
    one, two = (
        E.TSNE(solver="opentsne", early_steps=20, n_steps=20, n_jobs=j).fit_transform(DIGITS[:300]) for j in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_a_layout_of_digits_keeps_neighbours():
    """Of the fifteen nearest of a point more than half are nearest in the layout too."""
    X = DIGITS[:500]
    Y = E.TSNE().fit_transform(X)
    near = [sph.neighbor_graph(Z, mode="union") for Z in (X, Y)]
    assert near[0].multiply(near[1]).nnz > 0.55 * near[0].nnz


def test_settings_say_what_was_done():
    model = E.TSNE(affinity="knn", rho=2, n_steps=10, early_steps=5).fit(DIGITS[:300, ::2])
    assert model.settings_["rho"] == 2
    assert model.settings_["affinity"]["n_neighbors"] == 15
    assert model.settings_["start"] == {"init": "spectral"}
    assert [phase["steps"] for phase in model.settings_["phases"]] == [5, 10]
    entropy = (model.affinities_.data * np.log(model.affinities_.data)).sum()
    assert model.settings_["kl_divergence"] == pytest.approx(entropy + loss(model.affinities_, model.embedding_))
    assert re.fullmatch(r"CriticalValues\(rho [\d., ]+\)", repr(model.critical_))
