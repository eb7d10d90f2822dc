import re

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph._check import InputError, SpectralWarning, TooLargeError
from spectral_ph.cells.preprocess import preprocess


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    return rng.poisson(rng.lognormal(size=(1, 40)) * rng.lognormal(size=(60, 1)) + 0.2)


def naive(counts, kind, n_top_genes, n_components):
    """The definition, densely, by a singular value decomposition."""
    X = counts.astype(float)
    if kind == "counts":
        totals = X.sum(axis=1, keepdims=True)
        X = np.log1p(X / totals * np.median(totals))
    genes = np.sort(np.argsort(-X.var(axis=0), kind="stable")[:n_top_genes])
    X = X[:, genes] - X[:, genes].mean(axis=0)
    u, s, vt = np.linalg.svd(X, full_matrices=False)
    signs = np.sign(vt[np.arange(len(vt)), np.abs(vt).argmax(axis=1)])
    return (u * s * signs)[:, :n_components], genes, (s**2 / (s**2).sum())[:n_components]


@pytest.mark.parametrize("kind", ["counts", "log"])
@pytest.mark.parametrize("n_top_genes", [25, 1500])
@pytest.mark.parametrize("n", [20, 60])
def test_result_is_the_definition(counts, kind, n_top_genes, n):
    counts = counts[:n]
    result = preprocess(counts, kind, n_top_genes, 5)
    X, genes, ratio = naive(counts, kind, n_top_genes, 5)
    np.testing.assert_allclose(result.X, X, atol=1e-10)
    np.testing.assert_array_equal(result.genes, genes)
    np.testing.assert_allclose(result.explained_variance_ratio, ratio, atol=1e-12)
    np.testing.assert_array_equal(result.kept_cells, np.arange(n))
    assert result.X.dtype == np.float64
    assert result.X.flags.c_contiguous
    assert result.genes.dtype == result.kept_cells.dtype == np.int64


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix, sp.lil_array])
def test_sparse_and_dense_input_give_the_same_bits(counts, form):
    dense, sparse = preprocess(counts, n_components=5), preprocess(form(counts), n_components=5)
    np.testing.assert_array_equal(sparse.X, dense.X)
    np.testing.assert_array_equal(sparse.genes, dense.genes)
    assert sparse.steps == dense.steps


@pytest.mark.parametrize("form", [np.array, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.uint16])
def test_input_is_left_untouched(counts, form, dtype):
    given = form(counts.astype(dtype))
    preprocess(given, n_components=3)
    np.testing.assert_array_equal(given.toarray() if sp.issparse(given) else given, counts)


def test_duplicate_entries_of_a_sparse_matrix_are_added(counts):
    matrix = sp.coo_array(counts)
    twice = sp.csr_array(
        (np.repeat(matrix.data / 2, 2), np.repeat(matrix.col, 2), 2 * sp.csr_array(counts).indptr), shape=counts.shape
    )
    np.testing.assert_array_equal(preprocess(twice, n_components=3).X, preprocess(counts, n_components=3).X)
    assert twice.nnz == 2 * matrix.nnz


def test_permuting_the_cells_permutes_the_result(counts):
    order = np.random.default_rng(1).permutation(60)
    plain, permuted = preprocess(counts, n_components=5), preprocess(counts[order], n_components=5)
    np.testing.assert_allclose(permuted.X, plain.X[order], atol=1e-10)
    np.testing.assert_array_equal(permuted.genes, plain.genes)


def test_permuting_the_genes_changes_nothing(counts):
    order = np.random.default_rng(1).permutation(40)
    plain, permuted = preprocess(counts, n_top_genes=20, n_components=5), preprocess(counts[:, order], "counts", 20, 5)
    np.testing.assert_allclose(permuted.X, plain.X, atol=1e-10)
    np.testing.assert_array_equal(np.sort(order[permuted.genes]), plain.genes)


def test_depth_of_a_cell_does_not_matter(counts):
    deeper = counts.copy()
    deeper[::2] *= 3
    scale = np.median(deeper.sum(axis=1)) / np.median(counts.sum(axis=1))
    totals = counts.sum(axis=1, keepdims=True)
    by_hand = np.log1p(counts / totals * np.median(totals) * scale)
    np.testing.assert_allclose(
        preprocess(deeper, n_components=4).X, preprocess(by_hand, kind="log", n_components=4).X, atol=1e-10
    )


def test_components_are_centred_uncorrelated_and_sorted(counts):
    result = preprocess(counts, n_components=10)
    covariance = np.cov(result.X.T)
    np.testing.assert_allclose(result.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-10)
    assert (np.diff(np.diag(covariance)) <= 0).all()
    assert (np.diff(result.explained_variance_ratio) <= 0).all()


def test_steps_say_what_was_done_with_numbers(counts):
    median = np.median(counts.sum(axis=1))
    result = preprocess(counts, n_top_genes=25, n_components=5)
    assert result.steps == (
        f"Scaled each of the 60 cells to {median:g} counts, the median of their totals.",
        "Took log(1 + x).",
        "Kept the 25 most variable of 40 genes.",
        "Computed 5 principal components, which carry "
        f"{result.explained_variance_ratio.sum():.1%} of the kept genes' variance.",
    )
    assert preprocess(counts, kind="log", n_components=5).steps[0] == "Kept all 40 genes (1500 were asked for)."
    share = f"{result.explained_variance_ratio.sum():.0%}"
    assert repr(result) == f"Preprocessed(60 cells, 25 genes, 5 components with {share} of the variance)"


@pytest.mark.parametrize("form", [np.array, sp.csr_array])
def test_empty_cells_are_refused_or_dropped_on_request(counts, form):
    counts[[3, 7]] = 0
    message = "2 of the 60 cells have no counts at all (first: row 3). Remove them, or pass drop_empty=True to leave"
    with pytest.raises(InputError, match=f"^{re.escape(message)} them out\\.$"):
        preprocess(form(counts))
    result = preprocess(form(counts), n_components=5, drop_empty=True)
    kept = np.delete(np.arange(60), [3, 7])
    np.testing.assert_array_equal(result.kept_cells, kept)
    np.testing.assert_array_equal(result.X, preprocess(counts[kept], n_components=5).X)
    assert result.steps[0] == "Left out 2 of 60 cells, which had no counts at all."


def test_a_stored_zero_is_no_count(counts):
    counts[3] = 0
    matrix = sp.csr_array(counts + 1)
    matrix.data -= 1
    with pytest.raises(InputError, match=re.escape("1 of the 60 cells have no counts at all (first: row 3)")):
        preprocess(matrix)


def test_fewer_genes_or_cells_than_components(counts):
    for given, n, g, most in ((counts[:, :8], 60, 8, 8), (counts[:6], 6, 40, 5)):
        sentence = (
            f"{n} cells and {g} genes have at most {most} principal components, so {most} were computed instead of 30"
        )
        with pytest.warns(
            SpectralWarning,
            match=f"^{re.escape(f'{sentence}. To avoid this warning, pass n_components={most} or fewer to spectral_ph.preprocess.')}$",
        ):
            result = preprocess(given, drop_empty=True)
        assert result.X.shape == (n, most)
        assert f"{sentence}." in result.steps


def test_fractions_among_counts_are_warned_about(counts):
    message = (
        f"{np.count_nonzero(counts)} of the {np.count_nonzero(counts)} non-zero counts are not whole numbers, so the "
        "table looks already normalised. Pass kind='log' if it is on a log scale."
    )
    with pytest.warns(SpectralWarning, match=f"^{re.escape(message)}$") as caught:
        result = preprocess(counts * 0.3 + 0.01 * (counts > 0), n_components=3)
    assert result.steps[0].endswith("non-zero counts are not whole numbers, and they were used as they are.")
    assert caught[0].filename == __file__


def test_negative_counts_are_refused_and_negative_logs_are_not(counts):
    counts[0, 0] = -2
    message = (
        "counts holds negative values (smallest -2), but a count is never negative. Pass the raw counts, or "
        "kind='log' if the values are already normalised and on a log scale."
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        preprocess(counts)
    assert preprocess(counts, kind="log", n_components=3).X.shape == (60, 3)


@pytest.mark.parametrize("kind", ["counts", "log"])
def test_nan_is_refused(counts, kind):
    bad = counts.astype(float)
    bad[4, 2] = np.nan
    sentence = "counts contains NaN in 1 of its 2400 entries (first in row 4). Drop those rows or fill the gaps first."
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        preprocess(bad, kind)
    sentence = (
        "counts contains NaN or infinity in 1 of its entries (first in row 4). Drop those cells or genes, or "
        "fill the gaps first."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        preprocess(sp.csr_array(bad), kind)


@pytest.mark.parametrize("value", [1.0, 0.1, 1e6])
def test_genes_that_never_vary_are_refused(value):
    message = "none of the 5 genes varies between the 10 cells, so there is no shape to find. Check the input."
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        preprocess(np.full((10, 5), value), kind="log")


def test_other_arguments_out_of_range_are_refused(counts):
    with pytest.raises(InputError, match=r"^kind='raw' is not a known kind of values\. Known are: counts, log\.$"):
        preprocess(counts, kind="raw")
    with pytest.raises(InputError, match=re.escape("n_top_genes must be a whole number of at least 1, not 0.")):
        preprocess(counts, n_top_genes=0)
    with pytest.raises(InputError, match=re.escape("n_components must be a whole number of at least 1, not 0.")):
        preprocess(counts, n_components=0)
    sentence = "Complex data not supported: counts must hold real numbers. Pass its real part or its modulus."
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        preprocess(sp.csr_array(counts + 1j))
    one = sp.csr_array(counts[:1])
    with pytest.raises(InputError, match=re.escape("principal components need at least 2 cells, not 1.")):
        preprocess(one)


def test_too_large_is_said_before_anything_is_allocated(counts, monkeypatch):
    monkeypatch.setattr("spectral_ph._check.available_memory", lambda: 1000)
    with pytest.raises(TooLargeError, match=re.escape("Pass a smaller n_top_genes to spectral_ph.preprocess.")):
        preprocess(counts, n_components=3)
