"""Contrastive embeddings: gradients of the losses, where the layouts settle, and the contract of an estimator."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

import spectral_ph as sph
from spectral_ph.embedding import UMAP, ContrastiveEmbedding, critical_values, sweep
from spectral_ph.embedding.contrastive import tsne_partition, umap_partition
from spectral_ph.embedding.losses import Similarity, choice_loss, pair_loss, partition
from tests.embedding import contrastive_twins as twins


def dense_graph(n, rng):
    A = np.triu(rng.random((n, n)) * (rng.random((n, n)) < 0.5), 1)
    A[0, 1] = 1.0
    return (A + A.T) / (A + A.T).sum()


def ring(n):
    """The cycle with edges to the two next vertices on either side."""
    i = np.arange(n)
    A = np.zeros((n, n))
    for step in (1, 2):
        A[i, (i + step) % n] = A[(i + step) % n, i] = 1.0
    return A


# Losses and gradients

KERNELS = [{"kernel": "cauchy"}, {"kernel": "cauchy", "eps": 0.001}, {"kernel": "cosine", "temperature": 0.3}]


def similarity(kernel):
    return Similarity(**({"name" if key == "kernel" else key: value for key, value in kernel.items()}))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_loss_of_pairs_and_its_gradient(kernel, d):
    rng = np.random.default_rng(0)
    P, Y, c, m = dense_graph(8, rng), rng.standard_normal((8, d)) + 0.1, 0.3, 4
    found = pair_loss(sp.csr_array(P), Y, c, m, similarity(kernel))
    assert found.loss == pytest.approx(twins.pair_loss(P, Y, c, m, **kernel), rel=1e-12)
    slope = twins.central_differences(lambda Y: twins.pair_loss(P, Y, c, m, **kernel), Y)
    np.testing.assert_allclose(found.gradient, slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_noise_has_a_slope_and_a_curvature(kernel):
    rng = np.random.default_rng(1)
    P, Y, m, h = dense_graph(8, rng), rng.standard_normal((8, 2)), 4, 1e-4
    found = pair_loss(sp.csr_array(P), Y, 0.3, m, similarity(kernel))
    low, middle, high = (twins.pair_loss(P, Y, 0.3 * np.exp(z), m, **kernel) for z in (-h, 0, h))
    assert found.slope == pytest.approx((high - low) / (2 * h), abs=1e-6)
    assert found.curvature == pytest.approx((high - 2 * middle + low) / h**2, abs=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("denominators", ["head", "joint"])
@pytest.mark.parametrize("rho", [1.0, 4.0])
def test_the_loss_of_choices_and_its_gradient(kernel, denominators, rho):
    rng = np.random.default_rng(2)
    P, Y, joint = dense_graph(8, rng), rng.standard_normal((8, 2)), denominators == "joint"
    found = choice_loss(sp.csr_array(P), Y, exaggeration=rho, denominators=denominators, similarity=similarity(kernel))
    assert found.loss == pytest.approx(twins.choice_loss(P, Y, rho, joint, **kernel), rel=1e-12)
    slope = twins.central_differences(lambda Y: twins.choice_loss(P, Y, rho, joint, **kernel), Y)
    np.testing.assert_allclose(found.gradient, slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rho", [1.0, 4.0])
def test_choices_with_all_negatives_and_joint_denominators_have_the_gradient_of_tsne(rho):
    rng = np.random.default_rng(3)
    P, Y = dense_graph(9, rng), rng.standard_normal((9, 2))
    Q = twins.similarities(Y)
    pairs = rho * P * Q - Q**2 / Q.sum()
    tsne = 4 * (pairs.sum(axis=1)[:, None] * Y - pairs @ Y)
    found = choice_loss(sp.csr_array(P), Y, exaggeration=rho, denominators="joint")
    np.testing.assert_allclose(rho * found.gradient, tsne, atol=1e-14)


def test_the_loss_of_umap_with_a_cauchy_kernel_is_that_of_pairs_with_unit_noise():
    """c = 1 and eps = 0, bit for bit but for the order of the sums."""
    rng = np.random.default_rng(4)
    A, Y, m = dense_graph(10, rng), 3 * rng.standard_normal((10, 2)), 5
    X = ((Y[:, None] - Y[None]) ** 2).sum(axis=2) + np.eye(10)
    n = len(A)
    umap = (A * np.log(1 + X)).sum() - m / (n * (n - 1)) * (np.log(X / (1 + X)) * (1 - np.eye(n))).sum()
    assert pair_loss(sp.csr_array(A), Y, 1.0, m, Similarity(eps=0.0)).loss == pytest.approx(umap, rel=1e-14)


def test_points_on_top_of_each_other_cost_infinity_where_the_similarity_is_infinite():
    P, Y = sp.csr_array(dense_graph(4, np.random.default_rng(0))), np.zeros((4, 2))
    assert pair_loss(P, Y, 1.0, 3, Similarity(eps=0.0)).loss == np.inf
    assert np.isfinite(pair_loss(P, Y, 1.0, 3).loss)
    for eps in (0.0, 1.0):
        np.testing.assert_array_equal(pair_loss(P, Y, 1.0, 3, Similarity(eps=eps)).gradient, 0)


def test_a_cosine_layout_may_have_rows_of_any_length():
    rng = np.random.default_rng(5)
    P, Y, cosine = sp.csr_array(dense_graph(8, rng)), rng.standard_normal((8, 3)), Similarity("cosine")
    longer = Y * rng.uniform(0.1, 10, (8, 1))
    for loss in (lambda Y: pair_loss(P, Y, 0.5, 3, cosine), lambda Y: choice_loss(P, Y, similarity=cosine)):
        assert loss(longer).loss == pytest.approx(loss(Y).loss, rel=1e-12)
        assert np.abs((loss(Y).gradient * Y).sum(axis=1)).max() < 1e-14
    assert partition(longer, cosine) == pytest.approx(partition(Y, cosine), rel=1e-12)


def test_the_partition_is_the_sum_of_all_similarities():
    Y = np.random.default_rng(6).standard_normal((50, 3))
    assert partition(Y) == pytest.approx(twins.similarities(Y).sum(), rel=1e-12)


# Where layouts settle


@pytest.mark.filterwarnings("ignore:.*beyond which the layout is a point")
@pytest.mark.parametrize("Z_bar", [0.5, 2.0, 5.0, 6.0, 8.0, 20.0])
def test_a_triangle_has_the_partition_that_was_asked_for(Z_bar):
    """Up to 6, where all three points are one."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model = ContrastiveEmbedding(Z_bar=Z_bar, n_negatives="all", affinity="graph", n_epochs=1500, init=corners)
    assert model.fit(np.ones((3, 3)) - np.eye(3)).partition_ == pytest.approx(min(Z_bar, 6), abs=1e-3)


def test_a_layout_that_can_be_reached_is_reached_and_its_partition_is_learned():
    """P are the similarities of a regular polygon over their sum."""
    angle = 2 * np.pi * np.arange(20) / 20
    Q = twins.similarities(3 * np.column_stack([np.cos(angle), np.sin(angle)]))
    model = ContrastiveEmbedding(loss="nce", n_negatives="all", affinity="graph").fit(Q)
    assert model.settings_["Z_bar"] == pytest.approx(Q.sum(), rel=1e-6)
    np.testing.assert_allclose(twins.similarities(model.embedding_), Q, rtol=1e-5)


def test_the_learned_noise_is_the_partition_of_the_layout():
    """To 1 %, with 30 negatives and steps that are small."""
    angle = 2 * np.pi * np.arange(20) / 20
    Q = twins.similarities(3 * np.column_stack([np.cos(angle), np.sin(angle)]))
    model = ContrastiveEmbedding(loss="nce", n_negatives=30, affinity="graph", n_epochs=4000, learning_rate=0.02).fit(Q)
    assert model.settings_["Z_bar"] == pytest.approx(model.partition_, rel=0.01)


def test_below_its_first_critical_partition_a_ring_is_the_eigenmap():
    A = ring(60)
    P = A / A.sum()
    values, vectors = np.linalg.eigh(np.diag(P.sum(axis=1)) - P)
    model = ContrastiveEmbedding(Z_bar=0.9 * 60 / values[1], n_negatives="all", affinity="graph", n_epochs=2500)
    Y = model.fit(A).embedding_
    assert model.critical_.Z_bar[0] == pytest.approx(60 / values[1], rel=1e-9)
    cosines = np.linalg.svd(np.linalg.qr(Y - Y.mean(axis=0))[0].T @ vectors[:, 1:3])[1]
    assert Y.std() > 0.01
    assert cosines.min() > 0.999


def test_above_its_first_critical_partition_a_ring_is_a_point_and_the_user_is_told():
    A = ring(60)
    critical = critical_values(sp.csr_array(A)).Z_bar[0]
    model = ContrastiveEmbedding(Z_bar=1.1 * critical, n_negatives="all", affinity="graph", n_epochs=2500)
    with pytest.warns(sph.SpectralWarning) as heard:
        assert model.fit(A).embedding_.std() < 1e-6
    assert [str(w.message) for w in heard] == model.settings_["warnings"]
    assert model.settings_["warnings"] == [
        f"Z_bar={1.1 * critical!r} is above {critical:.4g}, beyond which the layout is a point: what is left of it is "
        "unfinished shrinking. Pass a smaller one."
    ]


def test_the_slider_warns_of_a_collapse_too():
    A = np.ones((30, 30)) - np.eye(30)  # for which every layout of t-SNE is a point
    with pytest.warns(sph.SpectralWarning, match="^s=1.0 makes the exaggeration 4, which is above 1, beyond which"):
        ContrastiveEmbedding(loss="infonce", s=1.0, affinity="graph", n_epochs=5).fit(A)
    with pytest.warns(sph.SpectralWarning, match="^s=3.0 makes Zbar 963.5, which is above 870, "):
        ContrastiveEmbedding(s=3.0, affinity="graph", n_epochs=5).fit(A)


@pytest.mark.parametrize("loss", ["neg", "infonce"])
def test_the_slider_draws_points_together(loss):
    A = sph.neighbor_graph(sph.datasets.circle(150, ambient_dim=5, sigma=0.1), 10)
    wide, close = (
        ContrastiveEmbedding(loss=loss, s=s, affinity="graph", n_epochs=200).fit(A).partition_ for s in (0.0, 1.0)
    )
    assert close > 1.5 * wide


def test_the_slider_starts_at_tsne_and_ends_at_umap():
    model = ContrastiveEmbedding(affinity="knn", n_epochs=2)
    X = np.random.default_rng(7).standard_normal((100, 3))
    found = [clone(model).set_params(s=s).fit(X).settings_["Z_bar"] for s in (0.0, 0.5, 1.0)]
    ends = tsne_partition(100), umap_partition(100, 5)
    np.testing.assert_allclose(found, [ends[0], np.sqrt(ends[0] * ends[1]), ends[1]])


@pytest.mark.parametrize(
    "model",
    [
        ContrastiveEmbedding(affinity="knn"),
        ContrastiveEmbedding(affinity="knn", loss="nce"),
        ContrastiveEmbedding(affinity="knn", loss="infonce"),
        ContrastiveEmbedding(affinity="knn", loss="infonce", denominators="joint"),
        ContrastiveEmbedding(affinity="knn", n_negatives="all"),
        UMAP(affinity="umap"),
    ],
    ids=lambda model: f"{type(model).__name__}-{getattr(model, 'loss', '')}",
)
def test_a_circle_is_laid_out_as_one(model):
    """Neighbours in the layout are neighbours on the circle."""
    angle = np.sort(np.random.default_rng(8).uniform(0, 2 * np.pi, 200))
    Y = model.fit_transform(np.column_stack([np.cos(angle), np.sin(angle)]))
    near = np.argsort(((Y[:, None] - Y[None]) ** 2).sum(axis=2), axis=1)[:, 1:6]
    steps = np.abs(near - np.arange(200)[:, None])
    assert (np.minimum(steps, 200 - steps) <= 15).mean() > 0.95


@pytest.mark.parametrize("m", [5, "all"])
def test_node_embeddings_lie_on_a_sphere_and_keep_the_edges_of_a_graph(m):
    """Of a vertex of degree d, the d nearest others are its neighbours."""
    rng = np.random.default_rng(9)
    A = np.triu(rng.random((60, 60)) < 0.1, 1).astype(float) + np.diag(np.ones(59), 1)
    A = np.minimum(A + A.T, 1)
    model = ContrastiveEmbedding(
        32, loss="infonce", kernel="cosine", temperature=0.05, affinity="graph", n_negatives=m, n_epochs=200
    )
    U = model.fit_transform(A)
    np.testing.assert_allclose(np.linalg.norm(U, axis=1), 1, rtol=1e-12)
    C = U @ U.T
    np.fill_diagonal(C, -2)
    nearest = np.argsort(-C, axis=1)
    assert np.mean([A[i, nearest[i, : int(A[i].sum())]].mean() for i in range(60)]) > 0.95


def test_a_sweep_starts_each_layout_at_the_one_before():
    A = sph.neighbor_graph(sph.datasets.circle(100, ambient_dim=5, sigma=0.1), 10)
    first, second = sweep(ContrastiveEmbedding(affinity="graph", n_epochs=100), "s", (0.0, 0.1), A)
    cold = ContrastiveEmbedding(s=0.1, affinity="graph", n_epochs=100, random_state=1).fit(A)
    moved = np.linalg.norm(second.embedding_ - first.embedding_)
    assert moved < 0.7 * np.linalg.norm(cold.embedding_ - first.embedding_)


# The contract of an estimator, beside what tests/embedding/test_base.py asks of all


@pytest.fixture(scope="module")
def circle():
    return sph.datasets.circle(120, ambient_dim=5, sigma=0.1)


MODELS = [
    ContrastiveEmbedding(affinity="knn", n_epochs=30),
    ContrastiveEmbedding(affinity="knn", loss="nce", n_epochs=30),
    ContrastiveEmbedding(affinity="knn", loss="infonce", kernel="cosine", n_components=4, n_epochs=30),
    ContrastiveEmbedding(affinity="knn", n_negatives="all", n_epochs=30),
    UMAP(affinity="umap", n_epochs=30),
]


@pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))
def test_a_seed_decides_every_bit_and_a_clone_repeats_it(model, circle):
    one, two = clone(model).fit_transform(circle), clone(model).fit_transform(circle)
    np.testing.assert_array_equal(one, two)
    if model.get_params().get("n_negatives") != "all":
        assert np.abs(clone(model).set_params(random_state=1).fit_transform(circle) - one).max() > 1e-3


def test_new_points_of_a_spherical_layout_lie_on_the_sphere(circle):
    fitted = clone(MODELS[2]).fit(circle)
    new = fitted.transform(sph.datasets.circle(10, ambient_dim=5, sigma=0.1, random_state=1))
    np.testing.assert_allclose(np.linalg.norm(new, axis=1), 1)
    np.testing.assert_allclose(fitted.transform(circle[:5]), fitted.embedding_[:5], atol=1e-9)


@pytest.mark.parametrize("model", MODELS, ids=range(len(MODELS)))
def test_the_loss_falls_and_the_callback_sees_it(model, circle):
    seen = []
    watched = clone(model).set_params(
        n_epochs=120,
        record_loss=True,
        callback_every=20,
        callback=lambda step, loss, Y: seen.append((step, loss, Y.shape)),
    )
    watched.fit(circle)
    history = watched.loss_history_
    assert history[:, 0].tolist() == [20, 40, 60, 80, 100, 120]
    assert [(step, loss) for step, loss, _ in seen] == list(map(tuple, history.tolist()))
    assert {shape for _, _, shape in seen} == {watched.embedding_.shape}
    assert history[-1, 1] < history[0, 1]


def test_a_callback_can_stop(circle):
    for model in (MODELS[0], MODELS[3], MODELS[4]):
        stopped = clone(model).set_params(callback=lambda step, loss, Y: step == 10, callback_every=5).fit(circle)
        assert stopped.settings_["stopped_at"] == 10


def test_looking_on_changes_nothing(circle):
    for model in MODELS:
        watched = clone(model).set_params(record_loss=True, callback_every=7)
        np.testing.assert_array_equal(watched.fit_transform(circle), clone(model).fit_transform(circle))


def test_vertices_without_an_edge_and_components_get_a_place():
    A = np.zeros((12, 12))
    A[:5, :5] = A[5:10, 5:10] = 1
    np.fill_diagonal(A, 0)
    for model in (
        ContrastiveEmbedding(affinity="graph", n_epochs=50),
        ContrastiveEmbedding(affinity="graph", loss="infonce", n_epochs=50),
        ContrastiveEmbedding(affinity="graph", loss="infonce", n_negatives="all", n_epochs=50),
        ContrastiveEmbedding(affinity="graph", kernel="cosine", loss="infonce", n_epochs=50),
        UMAP(affinity="graph", n_epochs=50),
    ):
        with pytest.warns(sph.SpectralWarning, match="the graph of affinities has 4 connected components"):
            assert np.isfinite(model.fit_transform(A)).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"loss": "nec"}, "loss='nec' is not a known loss; did you mean 'neg'? Known are: neg, nce, infonce."),
        ({"loss": "nce", "s": 0.5}, "s=0.5 would change nothing with loss='nce'. Pass loss='neg' or leave s out."),
        (
            {"denominators": "joint"},
            "denominators='joint' would change nothing with loss='neg'. Pass loss='infonce' or leave denominators out.",
        ),
        (
            {"temperature": 0.05},
            "temperature=0.05 would change nothing with kernel='cauchy'. Pass kernel='cosine' or leave temperature out.",
        ),
        (
            {"loss": "infonce", "Z_bar": 3.0},
            "Z_bar=3.0 would change nothing with loss='infonce'. Pass loss='neg' or leave Z_bar out.",
        ),
        ({"s": 1.0, "Z_bar": 3.0}, "s and Z_bar both set the partition. Pass one of them."),
        ({"Z_bar": 0.0}, "Z_bar must be a finite number above 0, not 0.0."),
        ({"n_negatives": 0}, "n_negatives must be a whole number of at least 1, not 0."),
        ({"n_epochs": 0}, "n_epochs must be a whole number of at least 1, not 0."),
    ],
)
def test_bad_arguments(arguments, sentence, circle):
    with pytest.raises(sph.InputError) as error:
        ContrastiveEmbedding(**arguments).fit(circle)
    assert str(error.value) == sentence
