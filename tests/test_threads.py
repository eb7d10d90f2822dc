"""Threads: few for small work, the same result with any number, and all of them back afterwards."""

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph._numba import SMALL, thread_limit, threads_for

nb = pytest.importorskip("numba")


def blas_threads():
    from threadpoolctl import threadpool_info

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_small_work_takes_one_thread_and_large_work_what_there_is():
    before = nb.get_num_threads(), blas_threads()
    with threads_for(SMALL):
        assert nb.get_num_threads() == 1
        assert set(blas_threads()) == {1}
    with threads_for(SMALL + 1):
        assert (nb.get_num_threads(), blas_threads()) == before
    assert (nb.get_num_threads(), blas_threads()) == before


def test_loops_of_few_points_do_not_depend_on_the_number_of_threads():
    X = sph.datasets.circle(200, ambient_dim=10, sigma=0.2, random_state=0)
    found = []
    for threads in (1, None):
        with thread_limit(threads):
            found.append(sph.find_loops(X, splits=1))
    assert found[0].tried == found[1].tried
    for one, other in zip(found[0].loops, found[1].loops, strict=True):
        np.testing.assert_array_equal(one.phase, other.phase)
