import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

import spectral_ph as sph
from benchmarks import peers, record

HERE = [name for name, peer in peers.PEERS.items() if peer.installed]


@pytest.fixture(scope="module")
def D():
    X = np.random.default_rng(0).standard_normal((40, 3))
    return 1e-9 * squareform(pdist(X))  # as small as resistances: float32 needs the rescaling


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("name", HERE)
def test_every_peer_gives_our_diagrams(name, degree, D):
    if name == "holos" and degree == 2:
        pytest.skip("holos-tda computes degree 0 and 1 only")
    ours, theirs = (peers.prepare(who, D, degree, 1)() for who in ("ours", name))
    assert len(ours) == len(theirs) == degree + 1
    for a, b in zip(ours, theirs, strict=True):
        assert sph.diagram_distance(a, b) < 1e-6 * D.max()


def test_a_call_can_be_repeated(D):
    call = peers.prepare("gudhi", D)
    np.testing.assert_array_equal(call()[1], call()[1])


def test_who_is_not_installed_is_left_out_with_a_sentence(monkeypatch, capsys):
    absent = peers.Peer("nobody-ph", "nobody-ph", "no_such_module", None)
    monkeypatch.setitem(peers.PEERS, "nobody", absent)
    assert peers.installed(["ours", "gudhi", "nobody"]) == ["ours", "gudhi"]
    assert capsys.readouterr().out == "nobody-ph is not installed, so it is left out\n"
    assert "nobody-ph" not in record.versions()
    assert {"gudhi", "ripser", "numpy"} <= set(record.versions())
