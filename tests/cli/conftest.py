import sys

import numpy as np
import pytest
import scipy.sparse as sp

import spectral_ph as sph
from spectral_ph import cli


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["spectral-ph", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return call


@pytest.fixture
def circle():
    return sph.datasets.circle(150, ambient_dim=5, sigma=0.1)


@pytest.fixture
def points(tmp_path, circle):
    path = tmp_path / "points.npy"
    np.save(path, circle)
    return path


@pytest.fixture
def cycling(tmp_path):
    """Simulated cells with counts, components, and columns of obs, as a scanpy user keeps them."""
    anndata, pandas = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    cells = sph.datasets.cells.cell_cycle(200, 300, 150, cycling_share=0.9)
    adata = anndata.AnnData(sp.csr_matrix(cells.counts.astype(np.float32)))
    adata.obs_names, adata.var_names = cells.cell_names, cells.gene_names
    adata.obs["<b>stage"] = pandas.Categorical(np.where(cells.cycling, "cycling", "resting"))
    adata.obs["batch"] = np.tile(["a", "b"], 100)
    adata.obs["true phase"] = cells.phase
    adata.obsm["X_pca"] = sph.preprocess(cells.counts).X
    adata.write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad", cells
