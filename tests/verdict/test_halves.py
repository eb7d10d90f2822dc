"""What two halves see under one candidate does not depend on which others are looked at beside it."""

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.verdict.candidates import candidates
from spectral_ph.verdict.halves import split_points


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_what_candidates_share_changes_no_bit(metric):
    X = sph.datasets.circle(320, ambient_dim=10, sigma=0.2, random_state=0)
    choice = candidates("auto", {"metric": metric}, 300, makes_graph=True)
    alone = np.arange(len(X))

    def looked_at(few):
        return split_points(X, alone, few, 1, 0.9, metric, np.random.default_rng(0))[0]

    together = looked_at(choice)
    assert len(choice) == 6
    for c, candidate in enumerate(choice):
        by_itself = looked_at([candidate])
        np.testing.assert_array_equal(together.evidence[c], by_itself.evidence[0])
        for here, there in zip(together.seen, by_itself.seen, strict=True):
            np.testing.assert_array_equal(here[c].diagram, there[0].diagram)
            for one, other in zip(here[c].phases, there[0].phases, strict=True):
                np.testing.assert_array_equal(one, other)
