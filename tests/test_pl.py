"""What the pictures of an AnnData show is what tl.loops stored in it."""

import anndata
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from spectral_ph import pl
from spectral_ph._check import InputError

N = 60


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def adata():
    """Cells on a circle with what `tl.loops` writes: two loops, the second of which was not called and is not in obs."""
    phase = np.linspace(0, 2 * np.pi, N, endpoint=False)
    obs = pd.DataFrame(
        {
            "spectral_ph_phase": phase,
            "spectral_ph_distance": np.full(N, 0.05),
            "spectral_ph_in_domain": np.arange(N) < 50,
            "spectral_ph_cycle": np.where(np.arange(N) % 10 == 0, np.arange(N) // 10, -1),
        },
        index=[f"c{k}" for k in range(N)],
    )
    table = pd.DataFrame(
        {
            "verdict": ["loop", "no loop"],
            "reason": ["why.", "why not."],
            "p_value": [0.01, np.nan],
            "agreement": [0.9, np.nan],
            "birth": [0.1, 0.2],
            "death": [1.0, 0.3],
            "persistence": [0.9, 0.1],
            "score": [0.8, 0.0],
            "scale": [0.9, 0.29],
            "in_obs": [True, False],
        },
        index=["1", "2"],
    )
    peaks = np.array([5.0, 1.0, 3.0])
    middle = (np.arange(36) + 0.5) * 2 * np.pi / 36
    profiles = pd.DataFrame(2 + np.cos(middle - peaks[:, None]), index=["late", "early", "mid"])
    genes = pd.DataFrame(
        {"peak": [*peaks, 2.0], "q_value": [0.001, 0.002, 0.003, 0.9]}, index=["late", "early", "mid", "no"]
    )
    uns = {
        "verdict": "loop",
        "reason": "why.",
        "engine": "h1",
        "loops": table,
        "diagrams": {"H0": np.array([[0.0, np.inf]]), "H1": np.array([[0.1, 1.0], [0.2, 0.3]])},
        "obs_columns": np.array(list(obs), dtype=object),
        "genes": genes,
        "profiles": profiles,
        "profile_phases": middle,
    }
    place = np.column_stack([np.cos(phase), np.sin(phase), phase])
    return anndata.AnnData(np.ones((N, 1)), obs, uns={"spectral_ph": uns}, obsm={"X_umap": place, "X_pca": -place})


def points(ax):
    return [c for c in ax.collections if len(c.get_offsets())]


def test_loops_draws_the_cells_on_the_layout_by_their_phase(adata):
    ax = pl.loops(adata, line="cycle")
    hollow, filled = points(ax)
    np.testing.assert_allclose(filled.get_offsets(), adata.obsm["X_umap"][:50, :2])
    np.testing.assert_allclose(filled.get_array(), adata.obs["spectral_ph_phase"][:50])
    np.testing.assert_allclose(hollow.get_offsets(), adata.obsm["X_umap"][50:, :2])
    np.testing.assert_allclose(ax.lines[0].get_xydata()[:-1], adata.obsm["X_umap"][::10, :2])
    assert ax.get_title() == "loop 1: loop (agreement 0.9, p 0.01)"
    for basis in ("pca", "X_pca"):
        np.testing.assert_allclose(points(pl.loops(adata, basis=basis))[1].get_offsets(), adata.obsm["X_pca"][:50, :2])


def test_cells_may_be_left_out_or_reordered_afterwards(adata):
    order = np.r_[np.arange(N)[::-1][:45], 3]
    ax = pl.loops(adata[order].copy(), line="cycle")
    kept = [k for k in range(0, N, 10) if k in order]
    np.testing.assert_allclose(ax.lines[0].get_xydata()[:-1], adata.obsm["X_umap"][kept, :2])


def test_axes_that_came_are_drawn_on(adata):
    figure = Figure()
    given = figure.subplots(2, 2).ravel()
    for ax, draw in zip(given, (pl.loops, pl.phase, pl.diagram, pl.genes), strict=True):
        assert draw(adata, ax=ax) is ax
    assert plt.get_fignums() == []


def test_phase_counts_the_cells_of_the_domain(adata):
    ax = pl.phase(adata, bins=6, ax=Figure().add_subplot())
    assert sum(bar.get_height() for bar in ax.patches) == 50
    assert pl.phase(adata).name == "polar"


def test_diagram_shows_the_stored_features(adata):
    ax = pl.diagram(adata, dimensions=[1])
    np.testing.assert_allclose(points(ax)[0].get_offsets(), [[0.1, 1.0], [0.2, 0.3]])


def test_genes_stand_in_the_order_of_their_peaks(adata):
    ax = pl.genes(adata)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["early", "mid", "late"]
    image = ax.images[0].get_array()
    assert image.shape == (3, 36)
    np.testing.assert_allclose(image.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(image.std(axis=1), 1)
    # The peaks at 1, 3 and 5 radians, in intervals of ten degrees.
    np.testing.assert_array_equal(image.argmax(axis=1), [5, 17, 28])
    assert ax.get_title() == "3 of 3 genes that follow the loop (FDR 0.05)"
    assert [t.get_text() for t in pl.genes(adata, n_genes=2).get_yticklabels()] == ["early", "late"]
    assert [t.get_text() for t in pl.genes(adata, names=["mid"]).get_yticklabels()] == ["mid"]


def test_no_gene_is_said_in_words(adata):
    stored = adata.uns["spectral_ph"]
    stored["profiles"] = stored["profiles"].iloc[:0]
    ax = pl.genes(adata)
    assert [text.get_text() for text in ax.texts] == ["no gene follows the loop at a false-discovery rate of 0.05"]


def remove(name):
    return lambda adata: adata.uns["spectral_ph"].pop(name)


def nothing(adata):
    pass


@pytest.mark.parametrize(
    ("change", "draw", "options", "sentence"),
    [
        (
            nothing,
            pl.loops,
            {"basis": "tsne"},
            "obsm has no layout 'tsne'. It has 'X_pca', 'X_umap'.",
        ),
        (
            lambda adata: [adata.obsm.pop(key) for key in list(adata.obsm)],
            pl.loops,
            {},
            (
                "obsm has none of X_umap, X_tsne, X_draw_graph_fa, X_phate, X_pca to draw the cells on. Make a "
                "layout first."
            ),
        ),
        (
            lambda adata: adata.obsm.__setitem__("X_umap", np.ones((N, 1))),
            pl.loops,
            {},
            ("obsm['X_umap'] has the shape (60, 1), but two columns are needed to draw the cells. Name another basis."),
        ),
        (
            nothing,
            pl.diagram,
            {"key": "other"},
            (
                "uns['other'] holds no result of spectral_ph.tl.loops (there is 'spectral_ph'). Run it first, "
                "or pass another key."
            ),
        ),
        (
            nothing,
            pl.phase,
            {"which": 1},
            "which=1 was asked for, but the result holds 1 loop(s), counted from 0. Pass which=0 or less.",
        ),
        (
            lambda adata: adata.obs.pop("spectral_ph_phase"),
            pl.phase,
            {},
            "obs has no column 'spectral_ph_phase', which spectral_ph.tl.loops wrote. Run it again.",
        ),
        (
            lambda adata: adata.obs.__setitem__("spectral_ph_cycle", -1),
            pl.loops,
            {},
            ("loop 1 passes none of the 60 cells, so it cannot be drawn. Run spectral_ph.tl.loops on these cells."),
        ),
        (
            remove("profiles"),
            pl.genes,
            {},
            (
                "no genes were tested for uns['spectral_ph']. Call spectral_ph.tl.loops with genes=True and "
                "expression in X or a layer."
            ),
        ),
        (
            nothing,
            pl.genes,
            {"names": ["PCNA"]},
            "no profile of 'PCNA' is stored. Those of 3 genes that follow the loop are: late, early, mid.",
        ),
    ],
)
def test_what_is_missing_is_named(adata, change, draw, options, sentence):
    change(adata)
    with pytest.raises(InputError) as error:
        draw(adata, **options)
    assert str(error.value) == sentence


# The arguments of scanpy


def described(ax):
    return [
        text.get_text() for text in ax.figure.axes[-1].get_children() if hasattr(text, "get_text") and text.get_text()
    ]


@pytest.fixture
def expressed(adata):
    """The cells with three genes, two categories and a number with gaps."""
    phase = adata.obs["spectral_ph_phase"].to_numpy()
    X = np.column_stack([2 + np.cos(phase - 1), 3 + np.sin(2 * phase), np.ones(N) + 0.5])
    out = anndata.AnnData(
        X, adata.obs.copy(), pd.DataFrame(index=["TOP2A", "PCNA", "FLAT"]), uns=adata.uns, obsm=adata.obsm
    )
    out.obs["batch"] = pd.Categorical([None if k % 10 == 0 else "ab"[k % 2] for k in range(N)])
    out.obs["depth"] = np.where(np.arange(N) % 10 == 0, np.nan, np.arange(N))
    return out


def test_cells_are_coloured_by_a_number_a_category_or_a_gene(expressed):
    ax = pl.loops(expressed, color="depth", size=7, cmap="magma")
    grey, filled = points(ax)[:2]
    assert len(grey.get_offsets()) == 6
    known = np.arange(N) % 10 > 0
    np.testing.assert_array_equal(filled.get_array(), np.arange(N)[known])
    assert filled.get_cmap().name == "magma"
    assert set(filled.get_sizes()) == {7}
    assert len(ax.lines) == 1
    assert len(ax.figure.axes) == 2  # one bar, that of the depth
    ax = pl.loops(expressed, color="TOP2A", line="none")
    np.testing.assert_allclose(points(ax)[0].get_array(), expressed.X[:, 0])
    assert len(ax.lines) == 0
    ax = pl.loops(expressed, color="batch")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.get_legend().get_title().get_text() == "batch"
    assert [len(c.get_offsets()) for c in points(ax)] == [6, 24, 30]


def test_every_phase_has_the_cyclic_colours(expressed):
    for ax in (pl.loops(expressed), pl.loops(expressed, color="spectral_ph_phase")):
        drawn = points(ax)[-1]
        assert drawn.get_cmap().name == "spectral_ph_phase"
        assert drawn.get_clim() == (0, 2 * np.pi)
    assert points(pl.loops(expressed, cmap="hsv", size=3))[-1].get_cmap().name == "hsv"
    assert points(pl.gene(expressed, "PCNA"))[0].get_cmap().name == "spectral_ph_phase"


def test_several_colours_and_several_genes_are_a_picture_each(expressed):
    drawn = pl.loops(expressed, color=["batch", "PCNA"], title=["one", "two"])
    assert [ax.get_title() for ax in drawn] == ["one", "two"]
    drawn = pl.gene(expressed, ["PCNA", "TOP2A"])
    assert [ax.get_title() for ax in drawn] == ["PCNA", "TOP2A"]
    assert len({ax.figure for ax in drawn}) == 1


def test_a_gene_is_drawn_with_its_fit_and_the_band_about_it(expressed):
    ax = pl.gene(expressed, "TOP2A")
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(y, 2 + np.cos(x - 1), atol=1e-9)
    np.testing.assert_allclose(points(ax)[0].get_offsets()[:, 1], expressed.X[:50, 0])  # cells of the domain
    noise = expressed.copy()
    noise.X = noise.X + np.random.default_rng(0).normal(0, 0.3, noise.X.shape)
    ax = pl.gene(noise, "TOP2A", n_harmonics=1)
    band = next(c for c in ax.collections if type(c).__name__ in ("PolyCollection", "FillBetweenPolyCollection"))
    low, high = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    assert low < ax.lines[0].get_ydata().min()
    assert high > ax.lines[0].get_ydata().max()


def test_all_genes_of_a_name_are_drawn(adata):
    stored = adata.uns["spectral_ph"]
    stored["profiles"].index = ["late", "twice", "twice"]
    assert [t.get_text() for t in pl.genes(adata, names=["twice"]).get_yticklabels()] == ["twice", "twice"]


DRAW = [
    (pl.loops, {}),
    (pl.phase, {}),
    (pl.diagram, {}),
    (pl.genes, {}),
    (pl.gene, {"names": "PCNA"}),
]


@pytest.mark.parametrize(("draw", "options"), DRAW, ids=lambda part: getattr(part, "__name__", ""))
def test_every_picture_takes_the_arguments_of_scanpy(expressed, tmp_path, monkeypatch, draw, options):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    for suffix in ("png", "pdf", "svg"):
        figure = draw(expressed, **options, title="a title", save=tmp_path / f"drawn.{suffix}", return_fig=True)
        assert isinstance(figure, Figure)
        assert figure.axes[0].get_title() == "a title"
        assert (tmp_path / f"drawn.{suffix}").stat().st_size > 1000
    assert draw(expressed, **options).get_title() != "a title"
    assert shown == []
    assert draw(expressed, **options, show=True) is None
    assert shown == [True]
    with plt.rc_context({"text.usetex": True}):
        draw(expressed, **options, save=tmp_path / "tex.png")


@pytest.mark.parametrize(("draw", "options"), DRAW, ids=lambda part: getattr(part, "__name__", ""))
def test_a_file_that_cannot_be_written_is_refused_and_nothing_is_left(expressed, tmp_path, monkeypatch, draw, options):
    for save, sentence in (
        (True, "save takes the file to write, not True or False. Pass save='loop.png'."),
        ("drawn.gif3", "save='drawn.gif3' names no format that a picture can be written in. Known endings are: "),
        (
            tmp_path / "gone" / "a.png",
            f"{tmp_path / 'gone' / 'a.png'} could not be written (No such file or directory). ",
        ),
    ):
        with pytest.raises(InputError) as error:
            draw(expressed, **options, save=save)
        assert str(error.value).startswith(sentence)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(InputError) as error:
        draw(expressed, **options, save=tmp_path / "drawn.png")
    assert str(error.value) == (
        f"{tmp_path / 'drawn.png'} could not be written (No space left on device). Make room there, or name a file elsewhere."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("draw", "options", "sentence"),
    [
        (
            pl.loops,
            {"color": "bach"},
            "this AnnData has no column or gene 'bach' in obs or var_names, only ",
        ),
        (pl.loops, {"color": []}, "color names nothing. Pass a column of obs or a gene."),
        (pl.loops, {"color": [3]}, "color must be a column of obs or a gene, not 3."),
        (
            pl.gene,
            {"names": "PCNB"},
            "this AnnData has no gene 'PCNB' in var_names, only 'FLAT', 'PCNA', 'TOP2A'; did you mean 'PCNA'?",
        ),
        (pl.gene, {"names": []}, "names names no gene. Pass one, or several in a list."),
        (pl.gene, {"names": "PCNA", "layer": "raw"}, "this AnnData has no layer 'raw' in layers, nor any other."),
        (
            pl.gene,
            {"names": ["PCNA", "FLAT"], "ax": 1},
            "ax is one picture, but 2 genes were asked for. Leave ax out.",
        ),
        (pl.gene, {"names": ["PCNA", "FLAT"], "title": "x"}, "title has 1 texts for 2 picture(s). Pass one for each."),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(expressed, draw, options, sentence):
    with pytest.raises(InputError) as error:
        draw(expressed, **options)
    assert str(error.value).startswith(sentence)


def test_genes_of_one_name_must_be_told_apart(expressed):
    expressed.var_names = ["PCNA", "PCNA", "FLAT"]
    with pytest.raises(InputError) as error:
        pl.gene(expressed, "PCNA")
    assert str(error.value) == (
        "2 genes have the name 'PCNA'. Name them apart first, by adata.var_names_make_unique()."
    )


def test_the_colours_are_known_by_name_once_pl_is_there():
    assert "spectral_ph_phase" in matplotlib.colormaps
