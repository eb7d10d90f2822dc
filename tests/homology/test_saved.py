"""Diagrams come back from a file as they were, and what is no such file is refused with a sentence."""

import json
import re

import numpy as np
import pytest

import spectral_ph as sph
from spectral_ph.homology import Persistence, rips_persistence
from spectral_ph.homology.saved import FORMAT, HEADER
from tests.known import flat_torus, octahedron

X = sph.datasets.circle(60, ambient_dim=3, sigma=0.1)
RESULTS = {
    "points": lambda: sph.persistence(X),
    "cocycles": lambda: sph.persistence(X, "euclidean", cocycles=True),
    "cocycles over Z/3": lambda: rips_persistence(flat_torus(5), 2, coeff=3, cocycles=True),
    "no birth edges": lambda: rips_persistence(octahedron(), 2, "gudhi"),
    "nothing": lambda: rips_persistence(np.zeros((1, 1)), 2),
    "warnings": lambda: sph.persistence(X, method="landmarks", n_landmarks=30),
}


@pytest.mark.filterwarnings("ignore::spectral_ph.SpectralWarning")
@pytest.mark.parametrize("what", RESULTS)
def test_everything_comes_back(what, tmp_path):
    P = RESULTS[what]()
    P.save(tmp_path / "P.npz")
    Q = Persistence.load(tmp_path / "P.npz")
    assert (Q.n_points, Q.engine, Q.settings, Q.warnings) == (P.n_points, P.engine, P.settings, P.warnings)
    assert repr(Q) == repr(P)
    for name in ("diagrams", "birth_edges"):
        mine, theirs = getattr(P, name), getattr(Q, name)
        assert (mine is None) == (theirs is None)
        for a, b in zip(mine or [], theirs or [], strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    assert (P.cocycles is None) == (Q.cocycles is None)
    for mine, theirs in zip(P.cocycles or [], Q.cocycles or [], strict=True):
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert [file.name for file in tmp_path.iterdir()] == ["P.npz"]


def test_tuples_and_numbers_that_are_not_finite_come_back(tmp_path):
    P = Persistence([np.empty((0, 2))], 3, "h1", {"a": (1, (2.5, "x")), "b": np.float64(np.inf), "c": [None, True]})
    P.save(tmp_path / "P.npz")
    assert Persistence.load(tmp_path / "P.npz").settings == {"a": (1, (2.5, "x")), "b": np.inf, "c": [None, True]}


def test_of_a_function_the_name_is_kept_with_a_warning(tmp_path):
    P = Persistence([np.empty((0, 2))], 3, "h1", {"metric": np.linalg.norm})
    with pytest.warns(
        sph.SpectralWarning, match=r"^the settings hold a function \(norm\), of which only the name is kept"
    ):
        P.save(tmp_path / "P.npz")
    assert Persistence.load(tmp_path / "P.npz").settings == {"metric": "norm"}


def refused(call, sentence):
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}"):
        call()


def test_what_is_no_such_file_is_refused_with_a_sentence(tmp_path):
    path = tmp_path / "P.npz"
    refused(lambda: Persistence.load(path), f"{path} could not be read (No such file or directory). Pass a file that")
    foreign = f"{path} holds no diagrams of spectral_ph. Pass a file that Persistence.save wrote."
    for content in (b"", b"birth,death\n0,1\n"):
        path.write_bytes(content)
        refused(lambda: Persistence.load(path), foreign)
    np.savez(path, X=np.eye(3))
    refused(lambda: Persistence.load(path), foreign)


def test_a_file_of_a_newer_version_is_not_guessed_at(tmp_path):
    path = tmp_path / "P.npz"
    np.savez(path, **{HEADER: np.frombuffer(json.dumps({"format": FORMAT + 1}).encode(), np.uint8)})
    refused(
        lambda: Persistence.load(path),
        f"{path} was written by a newer version of spectral_ph (layout {FORMAT + 1}, this one reads up to {FORMAT}). Update",
    )


def test_a_file_that_was_cut_or_changed_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "P.npz"
    rips_persistence(octahedron(), 2).save(path)
    whole = path.read_bytes()
    for size in (5, len(whole) // 3, len(whole) - 10):
        path.write_bytes(whole[:size])
        refused(lambda: Persistence.load(path), f"{path} is damaged, or was cut short")
    at = whole.index(b"diagram_1.npy") + 40
    path.write_bytes(whole[:at] + bytes(20) + whole[at + 20 :])
    refused(lambda: Persistence.load(path), f"{path} is damaged, or was cut short")


def test_nothing_is_lost_or_half_written(tmp_path):
    path = tmp_path / "P.npz"
    P = rips_persistence(octahedron(), 2)
    P.save(path)
    before = path.read_bytes()
    bad = Persistence(P.diagrams, 6, "h2", {"what": {1, 2}})
    refused(
        lambda: bad.save(path), "the settings hold {1, 2} of type set, which no file of diagrams can hold. Take it out"
    )
    assert path.read_bytes() == before
    refused(
        lambda: P.save(tmp_path / "none" / "P.npz"), f"{tmp_path / 'none' / 'P.npz'} could not be written (No such file"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["P.npz"]
