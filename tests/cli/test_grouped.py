"""`loops --groupby`: what can be refused is refused before any group is looked at, and what was warned of is shown."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

import spectral_ph as sph
from spectral_ph.cli import app

anndata = pytest.importorskip("anndata")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("grouped")
    X = sph.datasets.circle(212, ambient_dim=6, sigma=0.1, random_state=0)
    groups = np.array([HOSTILE] * 200 + ["a dozen cells"] * 12)
    anndata.AnnData(obs={"type": groups}, obsm={"X_pca": X}).write_h5ad(path / "cells.h5ad")
    whole = (path / "cells.h5ad").read_bytes()
    (path / "cut.h5ad").write_bytes(whole[: len(whole) // 2])
    (path / "taken").mkdir()
    (path / "taken" / "mine.txt").write_text("mine")
    return path


def run(folder, *options, file="cells.h5ad"):
    return CliRunner().invoke(app, ["loops", str(folder / file), *map(str, options)])


@pytest.mark.parametrize(
    ("options", "file", "sentence"),
    [
        (["--groupby", "type", "-o", "{}/out", "--report", "--basis", "X_umpa"], "cells.h5ad", "obsm has no layout 'X_umpa'"),
        (["--groupby", "type", "-o", "{}/taken"], "cells.h5ad", "the folder {}/taken is not empty."),
        (["-o", "{}/taken"], "cells.h5ad", "the folder {}/taken is not empty."),
        (["--groupby", "type"], "cut.h5ad", "{}/cut.h5ad could not be read as an .h5ad file"),
        (["--min-cells", "7"], "cells.h5ad", "--min-cells is about groups of cells. Pass --groupby COLUMN too, or leave it out."),
    ],
)  # fmt: skip
def test_refused_before_anything_is_computed(folder, monkeypatch, options, file, sentence):
    def computed(*arguments, **more):
        raise AssertionError("something was computed")

    monkeypatch.setattr(sph, "find_loops", computed)
    monkeypatch.setattr(sph.tl, "loops", computed)
    done = run(folder, *(one.format(folder) for one in options), file=file)
    assert sentence.format(folder) in str(done.exception)
    assert sorted(path.name for path in folder.iterdir()) == ["cells.h5ad", "cut.h5ad", "taken"]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_warnings_of_groups_and_settings_are_shown_and_names_are_never_run(folder, tmp_path):
    options = ["--groupby", "type", "--min-cells", 12, "--splits", 3, "-o", tmp_path / "out", "--report"]
    done = run(folder, *options)
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["settings"]["splits"] == 3
    told = record["warnings"]["a dozen cells"]
    assert told
    for text in told:
        assert f"a dozen cells: {text}" in done.output
    page = (tmp_path / "out" / "report.html").read_text()
    assert HOSTILE not in page
    assert re.search(r'<li><a href="#group-1">&lt;script&gt;', page)


def test_labels_are_for_the_page_of_one_group(folder, tmp_path):
    adata = anndata.read_h5ad(folder / "cells.h5ad")
    sph.tl.loops(adata, groupby="type", splits=1, genes=False)
    sentence = "labels are for the page about one group. Pass its name as group, or leave them out."
    with pytest.raises(sph.InputError, match=f"^{re.escape(sentence)}$"):
        sph.report.from_anndata(adata, tmp_path / "page.html", labels=["type"])
