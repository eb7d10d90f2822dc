"""What every embedding has: scikit-learn's contract, hard inputs, the same bits at any number of threads, new points."""

import inspect
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks

import spectral_ph as sph
from spectral_ph import embedding as E
from spectral_ph._numba import thread_limit
from spectral_ph.embedding.registry import EMBEDDINGS

DIGITS = load_digits().data[:300]
SHORT = {
    "tsne": {"early_steps": 20, "n_steps": 40},
    "umap": {"n_epochs": 20},
    "contrastive": {"n_epochs": 20},
    "eigenmaps": {},
    "forceatlas2": {"n_steps": 40},
    "mds": {"n_steps": 40},
}
"""What makes each embedding short, by its name in the registry; one without an entry fails here."""
MODELS = [kind(**SHORT[name]) for name, kind in EMBEDDINGS.items()]
AFFINE = [model for model in MODELS if not isinstance(model, E.MDS)]
"""Those that have affinities."""


def named(model):
    return type(model).__name__


def matching(sentence):
    return f"^{re.escape(sentence)}$"


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")  # few points: the default perplexity is lowered
@parametrize_with_checks(MODELS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_embedding_has_the_same_common_arguments_and_what_is_fitted(model):
    common = {
        "n_components": 2,
        "affinity": "perplexity",
        "perplexity": 30,
        "n_neighbors": 15,
        "affinity_params": None,
        "init": "spectral",
        "n_jobs": None,
        "random_state": 0,
        "callback": None,
        "callback_every": 50,
        "record_loss": False,
    }
    assert common.items() <= type(model)().get_params().items()
    fitted = clone(model).fit(DIGITS)
    assert fitted.embedding_.shape == (300, 2)
    assert fitted.loss_history_.shape == (0, 2)
    for name in ("affinities_", "partition_", "critical_", "settings_"):
        assert hasattr(fitted, name)
    np.testing.assert_array_equal(fitted.get_feature_names_out()[0], f"{named(model).lower()}0")


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_every_argument_is_in_the_signature_and_in_the_docstring(model):
    parameters = inspect.signature(type(model)).parameters
    assert all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters.values())
    described = inspect.getdoc(type(model)).partition("Parameters\n")[2].partition("\n\n")[0]
    names = [name for line in re.findall(r"^(\w+(?:, \w+)*) :", described, flags=re.M) for name in line.split(", ")]
    assert sorted(names) == sorted(parameters)


def test_an_unknown_argument_is_no_argument():
    with pytest.raises(TypeError, match="unexpected keyword argument 'perplexty'"):
        E.TSNE(perplexty=3)


@pytest.mark.slow
def test_same_bits_at_one_two_and_four_threads():
    """Of more points than `_numba.SMALL`, and the last block of 64 heads is not full; four threads, however many cores."""
    code = """
import hashlib
import sys
import numpy as np
from spectral_ph.embedding.registry import EMBEDDINGS
X = np.random.default_rng(0).standard_normal((1030, 5))
for name, params in eval(sys.argv[1]):
    models = [EMBEDDINGS[name](n_jobs=j, affinity="knn", **params).fit(X) for j in (1, 2, 4)]
    print(*(hashlib.sha256(model.embedding_).hexdigest() + repr(model.partition_) for model in models))
"""
    asked = [(name, dict.fromkeys(short, 4)) for name, short in SHORT.items()]
    asked += [
        ("contrastive", {"n_epochs": 4} | own) for own in ({"loss": "nce"}, {"loss": "infonce"}, {"n_negatives": "all"})
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, repr(asked)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "4", "OMP_WAIT_POLICY": "passive"},
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [len(bits) for bits in lines] == [3] * len(asked)
    assert [len(set(bits)) for bits in lines] == [1] * len(asked)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_n_jobs_leaves_the_threads_of_the_caller_alone(model):
    import numba

    with thread_limit(1):
        clone(model).set_params(n_jobs=2).fit(DIGITS[:100])
        assert numba.get_num_threads() == 1


# Hard inputs


def two_components():
    """Return a ring of 12, one of 8, and two vertices without an edge."""
    A = np.zeros((22, 22))
    for first, size in ((0, 12), (12, 8)):
        for i in range(size):
            for s in (1, 2):
                j = first + (i + s) % size
                A[first + i, j] = A[j, first + i] = 1
    return A


APART = (
    "the graph of affinities has 4 connected components (sizes 12, 8, 1, 1), 2 of them vertices without an edge. Nothing holds "
    "them together, so how they lie to each other says nothing about the data. With a spectral start each is laid out by "
    "itself, side by side. Raise n_neighbors or perplexity to join them."
)


@pytest.mark.parametrize("model", AFFINE, ids=named)
def test_components_and_isolated_vertices_get_a_layout_and_a_sentence(model):
    fitted = clone(model).set_params(affinity="graph")
    with pytest.warns(sph.SpectralWarning, match=matching(APART)):
        Y = fitted.fit_transform(two_components())
    assert np.isfinite(Y).all()
    assert fitted.settings_["warnings"] == [APART]
    assert len(np.unique(Y, axis=0)) == 22


def test_mds_refuses_an_infinite_distance():
    D = sph.distance_matrix(DIGITS[:30], "euclidean")
    D[:10, 10:] = D[10:, :10] = np.inf
    sentence = "200 pairs of points are at an infinite distance, which no layout has. Pass a finite distance, or lay out each component by itself."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.MDS(affinity="precomputed_distance").fit(D)


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_duplicates_have_a_finite_layout(model):
    X = np.repeat(DIGITS[:50], 3, axis=0)
    assert np.isfinite(clone(model).fit_transform(X)).all()


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_points_that_all_coincide_are_refused(model):
    sentence = "all 100 points of X are the same point, so there is no shape to find. Check the input."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        clone(model).fit(np.ones((100, 3)))


@pytest.mark.parametrize("n", [5, 7, 19])
@pytest.mark.parametrize("model", AFFINE, ids=named)
@pytest.mark.parametrize("affinity", ["perplexity", "knn", "umap", "eff_res", "diffusion"])
def test_few_points_have_a_finite_layout_and_a_sentence(model, affinity, n):
    fitted = clone(model).set_params(affinity=affinity)
    if affinity == "perplexity":
        sentence = f"The default of 30 for perplexity needs 91 points, but there are {n}, so it was lowered to {(n - 1) / 3:.4g}."
    elif n <= 15:
        sentence = (
            f"The default of 15 for n_neighbors needs 16 points, but there are {n}, so it was lowered to {n - 1}."
        )
    else:
        assert np.isfinite(fitted.fit_transform(DIGITS[:n])).all()
        return
    with pytest.warns(sph.SpectralWarning, match=matching(sentence)):
        assert np.isfinite(fitted.fit_transform(DIGITS[:n])).all()


@pytest.mark.parametrize("n", [2, 3, 5, 19])
def test_mds_needs_no_neighbours(n):
    assert np.isfinite(E.MDS(n_steps=40).fit_transform(DIGITS[:n])).all()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_too_few_points_for_any_perplexity(n):
    sentence = f"perplexity=30 needs at least 91 points (3 x perplexity neighbours of each), but n_samples={n}. Pass more points."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.TSNE().fit(DIGITS[:n])


def test_a_perplexity_that_was_given_is_not_lowered():
    sentence = "perplexity=20 needs at least 61 points (3 x perplexity neighbours of each), but n_samples=40. Pass perplexity=13 or less."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.TSNE(perplexity=20).fit(DIGITS[:40])


# Arguments


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"affinity": "perplexty"}, "affinity='perplexty' is not a known affinity; did you mean 'perplexity'? Known are: perplexity, knn, umap, eff_res, diffusion, graph, precomputed_distance."),
        ({"init": "spectrum"}, "init='spectrum' is not a known start; did you mean 'spectral'? Known are: spectral, pca, random."),
        ({"n_components": 0}, "n_components must be a whole number of at least 1, not 0."),
        ({"n_jobs": 0}, "n_jobs must be a whole number of at least 1, not 0."),
        ({"callback": 3}, "callback must be a function of (step, loss, layout) or None, not 3."),
        ({"callback_every": 0}, "callback_every must be a whole number of at least 1, not 0."),
        ({"record_loss": 1}, "record_loss must be True or False, not 1."),
        ({"affinity_params": 3}, "affinity_params must be a dict of parameters by name or None, not 3."),
        ({"rho": 0}, "rho must be a finite number above 0, not 0."),
        ({"early_exaggeration": -1}, "early_exaggeration must be a finite number above 0, not -1."),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0, not 0.0."),
        ({"n_steps": -1}, "n_steps must be a whole number of at least 0, not -1."),
        ({"solver": "bh"}, "solver='bh' is not a known solver of t-SNE. Known are: auto, exact, opentsne."),
        ({"solver": "opentsne", "n_components": 4}, "solver='opentsne' takes at most 3 dimensions, not 4. Pass solver='exact'."),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.TSNE(**arguments).fit(DIGITS)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("n", "columns"), [(50, 2), (60, 3)])
def test_a_layout_of_other_points_or_dimensions_is_no_start(same, n, columns):
    before = E.LaplacianEigenmaps(affinity="knn").fit(DIGITS[:60])
    sentence = (
        f"before has a layout of the shape (60, 2), but this one is to be of the shape {(n, columns)}. Pass an embedding of the "
        "same points in as many dimensions."
    )
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.TSNE(columns).fit_after(before, DIGITS[:n], same_affinities=same)


def test_laplacian_eigenmaps_have_no_other_start():
    sentence = "Laplacian eigenmaps are the spectral start itself, so nothing is left of another one. Leave init out."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.LaplacianEigenmaps(init="pca").fit(DIGITS)


@pytest.mark.parametrize(
    "model", [E.TSNE(early_steps=20, n_steps=40), E.ForceAtlas2(n_steps=60), E.MDS(n_steps=60)], ids=named
)
def test_the_callback_sees_steps_losses_and_copies_and_can_stop(model):
    seen = []

    def callback(step, loss, layout):
        seen.append((step, loss, layout.copy()))
        layout[:] = np.nan
        return step == 30

    fitted = clone(model).set_params(callback=callback, callback_every=10, record_loss=True, init="random").fit(DIGITS)
    assert [step for step, _, _ in seen] == [10, 20, 30]
    np.testing.assert_array_equal(fitted.loss_history_, [(step, loss) for step, loss, _ in seen])
    assert fitted.settings_["stopped_at"] == 30
    assert np.isfinite(fitted.embedding_).all()
    losses = fitted.loss_history_[:, 1]
    assert losses[-1] < losses[0]
    unwatched = clone(model).set_params(
        init="random", callback_every=10, callback=lambda step, loss, layout: seen.append(loss)
    )
    unwatched.fit(DIGITS)
    assert seen[-1] is None


def test_a_seed_gives_the_same_bits_and_another_one_another_start():
    layouts = [
        E.TSNE(init="random", n_steps=10, early_steps=0, random_state=s).fit_transform(DIGITS) for s in (0, 0, 1)
    ]
    np.testing.assert_array_equal(layouts[0], layouts[1])
    assert (layouts[0] != layouts[2]).any()


# New points


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_a_new_point_has_the_same_place_alone_and_in_a_batch(model):
    X, new = DIGITS[:200], DIGITS[200:]
    fitted = clone(model).fit(X)
    batch = fitted.transform(new)
    np.testing.assert_array_equal(batch, np.vstack([fitted.transform(x[None]) for x in new]))
    np.testing.assert_array_equal(batch[::-1], fitted.transform(new[::-1]))


def test_a_copy_of_an_old_point_lands_on_it_and_copies_of_several_at_their_mean():
    X = np.vstack([DIGITS[:100], DIGITS[:1]])
    fitted = E.TSNE(n_steps=20).fit(X)
    placed = fitted.transform(DIGITS[:100])
    np.testing.assert_array_equal(placed[1:], fitted.embedding_[1:100])
    np.testing.assert_allclose(placed[0], fitted.embedding_[[0, 100]].mean(axis=0))


def test_a_new_point_lies_at_the_mean_of_its_nearest_weighted_by_one_over_the_distance():
    X = np.arange(40.0)[:, None]
    fitted = E.LaplacianEigenmaps(affinity="knn", n_neighbors=3).fit(X)
    x = np.array([[10.25]])
    d = np.abs(X - x).ravel()
    near = np.argsort(d)[:15]
    expected = (fitted.embedding_[near] / d[near, None]).sum(axis=0) / (1 / d[near]).sum()
    np.testing.assert_allclose(fitted.transform(x)[0], expected)


def test_distances_to_the_old_points_place_new_ones_as_points_do():
    X, new = DIGITS[:200], DIGITS[200:]
    D = sph.distance_matrix(DIGITS, "euclidean")
    points = E.TSNE(n_steps=20, affinity="knn").fit(X)
    distances = E.TSNE(n_steps=20, affinity="precomputed_distance").fit(D[:200, :200])
    np.testing.assert_array_equal(points.embedding_, distances.embedding_)
    np.testing.assert_allclose(distances.transform(D[200:, :200]), points.transform(new))


def test_edges_to_the_old_points_place_new_ones():
    A = sph.neighbor_graph(DIGITS[:100])
    fitted = E.LaplacianEigenmaps(affinity="graph").fit(A)
    W = sp.csr_array(([1.0, 3.0, 2.0], ([0, 0, 1], [4, 7, 9])), shape=(2, 100))
    Y = fitted.embedding_
    np.testing.assert_allclose(fitted.transform(W), [(Y[4] + 3 * Y[7]) / 4, Y[9]])
    np.testing.assert_array_equal(fitted.transform(W)[:1], fitted.transform(W[:1]))
    sentence = "1 new points have no edge to an old one (first in row 1), so they have no place. Drop those rows."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        fitted.transform(sp.csr_array(([1.0], ([0], [4])), shape=(2, 100)))
    sentence = "X must be (m, 100) weights of edges from new points to the 100 old ones, not (1, 7)."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        fitted.transform(np.ones((1, 7)))


# Sweeps


def test_a_sweep_starts_each_layout_where_the_one_before_ended():
    model = E.TSNE(n_steps=0, early_steps=50, affinity="knn")
    layouts = E.sweep(model, "rho", (1, 4, 16), DIGITS)
    assert [m.rho for m in layouts] == [1, 4, 16]
    for m in layouts[1:]:
        np.testing.assert_array_equal(m.embedding_, layouts[0].embedding_)  # no step: nothing moves
        assert m.settings_["start"] == {"init": "the layout before"}
        assert m.affinities_ is layouts[0].affinities_
    assert not hasattr(model, "embedding_")


def test_a_sweep_of_the_affinities_computes_them_anew():
    first, second = E.sweep(E.TSNE(n_steps=5, early_steps=5, affinity="knn"), "n_neighbors", (10, 20), DIGITS[:100])
    assert first.affinities_.nnz < second.affinities_.nnz
    np.testing.assert_array_equal(
        second.affinities_.data, E.TSNE(n_steps=0, affinity="knn", n_neighbors=20).fit(DIGITS[:100]).affinities_.data
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((3, "rho", (1,)), "model must be an embedding such as TSNE(), not 3."),
        ((E.TSNE(), "rh", (1,)), "parameter='rh' is not a known parameter of TSNE; did you mean 'rho'? Known are: affinity, affinity_params, callback, callback_every, early_exaggeration, early_steps, init, learning_rate, n_components, n_jobs, n_neighbors, n_steps, perplexity, random_state, record_loss, rho, solver."),
        ((E.TSNE(), "init", ("pca",)), "'init' cannot be swept: each embedding starts at the layout of the one before. Fit one for each value."),
        ((E.TSNE(), "rho", ()), "values holds no value. Pass at least one."),
    ],
)  # fmt: skip
def test_a_sweep_refuses_with_a_sentence(arguments, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        E.sweep(*arguments, DIGITS)
