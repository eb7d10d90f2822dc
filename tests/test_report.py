"""The page says what the record says, nothing else; whatever the data are called; and a browser shows it well."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral_ph import files, report
from spectral_ph._check import InputError
from spectral_ph.datasets.cells import cell_cycle
from spectral_ph.homology.diagram import Persistence
from spectral_ph.loops.result import Half, Loop, LoopResult

HOSTILE = "<script>alert('x')</script>\"' & $\\frac{ \x00\u202e\n%#"
BROWSER = shutil.which("chromium")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")


def loop(phase, **changes):
    n = len(phase)
    rng = np.random.default_rng(1)
    halves = []
    for _ in range(2):
        order = rng.permutation(n)
        halves += [
            Half(np.sort(points), np.mod(phase + rng.normal(0, 0.2, n), 2 * np.pi), 0.9)
            for points in (order[: n // 2], order[n // 2 :])
        ]
    values = {
        "birth": 0.25,
        "death": 1.75,
        "persistence": 1.5,
        "score": 0.875,
        "cycle": np.argsort(phase)[:: max(1, n // 20)],
        "phase": phase,
        "domain": np.arange(n) < n - 2,
        "scale": 1.5,
        "distance": np.linspace(0, 0.5, n),
        "verdict": "loop",
        "reason": "Halves agree.",
        "p_value": 0.004,
        "agreement": 0.93,
        "halves": tuple(halves),
    }
    return Loop(**(values | changes))


def result(n=120, verdict="loop", warnings=("A warning.",), **changes):
    """A result that is made up, with the layout of its points; two points are outside the loop's domain."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, n)
    loops = [loop(phase, verdict=verdict, **changes), loop(phase, verdict="no loop", p_value=0.5, persistence=0.125)]
    H0 = np.column_stack([np.zeros(n), np.append(np.inf, np.linspace(0.2, 0.1, n - 1))])
    P = Persistence([H0, np.array([[0.25, 1.75], [0.5, 0.625]])], n, "h1", {"distance": "eff_res"}, warnings)
    tried = tuple({"n_neighbors": k, "agreement": a, "chosen": k == 15} for k, a in ((15, 0.93), (30, 0.71)))
    layout = np.column_stack([np.cos(phase), np.sin(phase)])
    made = {"distance": "eff_res", "n_neighbors": 15, "random_state": 7, "threshold": None}
    return LoopResult(
        verdict, "Halves agree.", 0.004, 0.93, loops, P, made, warnings, tried
    ), layout  # fmt: skip


NOTHING = LoopResult(
    "no loop", "Nothing goes round.", None, None, [], Persistence([np.array([[0.0, 1.0]]), np.empty((0, 2))], 2, "h1")
)


def everything(n=120, name=str):
    """All that a report can hold; `name` makes text from text."""
    rng = np.random.default_rng(2)
    genes = [
        {"name": name(f"GENE{k}"), "effect": 0.5 + k, "peak": 1.0 + k / 10, "p": 1e-9, "q": 1e-8} for k in range(4)
    ]
    return {
        "things": "cells",
        "labels": {
            name("stage"): np.array([name(s) for s in rng.choice(["G1", "S", "G2M"], n)], dtype=object),
            name("depth"): np.append(rng.normal(5000, 300, n - 1), np.nan),
        },
        "genes": genes,
        "gene_heatmap": (rng.uniform(size=(4, 24)), [gene["name"] for gene in genes]),
        "confounders": [
            {"name": name("batch"), "share": 0.125, "p_value": 0.25, "warning": name("Look at the batch.")}
        ],
        "anchor": {"anchored": True, "reason": name("zero is at division."), "s_peak": 1.25},
        "input_facts": {"source": name("cells.h5ad"), "sha256": "ab" * 32, "shape": [n, 30]},
        "preparation": [name("Took log(1 + x).")],
        "more_warnings": [name("Another warning.")],
        "made_by": {"command": "loops", "seed": 7, "versions": {"spectral_ph": "0.1"}},
    }


class Page(HTMLParser):
    """The elements of a page in order, the text of each cell, and whether tags close in order."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append((self.open[-1], self.open[-2:-1], data))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self):
        return " ".join(data for _, _, data in self.texts)


def leaves(value):
    if isinstance(value, dict):
        yield from map(str, value)
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, (list, tuple, np.ndarray)):
        yield report._shown(value)
        for part in value:
            yield from leaves(part)
    else:
        yield report._shown(value)


@pytest.fixture(scope="module")
def plain():
    R, layout = result()
    return Page(report.html(R, layout=layout, **everything()))


# Laws


def test_every_cell_of_every_table_is_in_the_record(plain):
    known = set(leaves(report.record(result()[0], **everything()))) | {str(k) for k in range(1, report.BINS + 1)}
    cells = [data for tag, above, data in plain.texts if tag == "td" or (tag == "th" and above == ["tr"])]
    heads = {report._header(name) for name in known} | {"Loop", "Interval"}
    assert len(cells) > 100
    assert [cell for cell in cells if cell not in known and cell not in heads] == []


def test_the_record_is_what_the_result_says_and_has_a_json_form(tmp_path):
    R, _ = result()
    said = json.loads(files.to_json(report.record(R, **everything())))
    for name, value in json.loads(files.to_json(R.to_dict())).items():
        if name not in ("loops", "warnings"):
            assert said[name] == value
    assert said["warnings"] == ["A warning.", "Another warning.", "Look at the batch."]
    for shown, made in zip(said["loops"], R.loops, strict=True):
        assert shown["birth"] == made.birth
        assert shown["n_on_loop"] == int(made.on_loop.sum())
        assert shown["median_spread"] == float(np.median(made.spread))
    assert said["seed"] == 7
    assert report.record(R)["seed"] == 7  # of the settings


def test_the_same_result_gives_the_same_page():
    R, layout = result()
    assert report.html(R, layout=layout, **everything()) == report.html(R, layout=layout, **everything())


@pytest.mark.parametrize(
    "text", [HOSTILE, "</style><img src=x onerror=alert(1)>", "$$", "細胞 🧬", "\ud800", "a" * 500]
)
def test_text_from_data_is_shown_and_never_run(text, plain):
    R, layout = result(warnings=(text,))
    page = report.html(R, title=text, layout=layout, layout_name=text, **everything(name=lambda word: f"{word}{text}"))
    parsed = Page(page)
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in plain.elements]
    for _, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on")]
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    assert shown in parsed.words()


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_escaped_text_is_one_piece_of_text(text):
    page = Page(f"<p>{report._text(text)}</p>")
    assert [tag for tag, _ in page.elements] == ["p"]
    assert page.words() == "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def test_nothing_is_fetched_and_nothing_runs(plain):
    page = plain
    assert not {"script", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "url(" not in report.STYLE
    assert "@import" not in report.STYLE


def test_pictures_are_well_formed_have_words_and_sizes():
    R, layout = result()
    pictures = Page(report.html(R, layout=layout, **everything(name=lambda word: word + HOSTILE))).all("img")
    assert len(pictures) == 7
    for picture in pictures:
        assert len(picture["alt"]) > 20
        assert int(picture["width"]) > 300
        kind, data = picture["src"].split(",", 1)
        assert kind == "data:image/svg+xml"
        assert ElementTree.fromstring(unquote(data)).tag.endswith("svg")


def test_headings_tables_and_links_are_what_a_screen_reader_needs(plain):
    page = plain
    assert page.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert all(th.get("scope") in ("row", "col") for th in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"][1:] for a in page.all("a")]
    assert links[0] == "main"  # the skip link comes first
    assert set(links) <= set(ids)
    for box in (attributes for _, attributes in page.elements if attributes.get("class") == "scroll"):
        assert box["tabindex"] == "0"
        assert box["aria-label"]


def luminance(colour):
    colour = colour * 2 if len(colour) == 3 else colour
    channels = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_stands_out_from_what_is_behind_it(theme):
    """WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5, in the light and in the dark."""
    colours = dict(re.findall(r"--([a-z-]+):#([0-9a-f]{3,6})", re.findall(r":root\{([^}]*)\}", report.STYLE)[theme]))
    assert len(colours) == 13
    for front in ("ink", "soft", "link"):
        for back in ("paper", "ground", *(("yes", "no", "open", "pick") if front == "ink" else ())):
            light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


# Examples


@pytest.mark.parametrize("verdict", ["loop", "no loop", "undecided"])
def test_the_answer_comes_first(verdict):
    R, layout = result(verdict=verdict)
    page = Page(report.html(R, layout=layout, things="cells"))
    headings = [data for tag, _, data in page.texts if tag == "h2"]
    assert headings[0] == report.ANSWERS[verdict].format(things="cells")
    words = page.words()
    assert words.index("Halves agree.") < words.index("How sure is this?") < words.index("What could fool it?")
    assert "about 4 in 1,000 give as much evidence" in words


def test_a_result_without_a_loop_still_makes_a_page():
    page = Page(report.html(NOTHING, layout=np.zeros((2, 2)), labels={"stage": ["a", "b"]}))
    words = page.words()
    assert "No loop was found." in words
    assert "There is no feature that goes round, so there is no phase." in words
    assert "No p-value was computed." in words
    assert "stage: nothing to show along the loop." in words


def test_groups_count_each_point_of_the_domain_once():
    R, _ = result()
    stage = np.array(["a", "b", None] * 40, dtype=object)
    (label,) = report.record(R, labels={"stage": stage})["labels"]
    inside = R.loops[0].domain & np.array([s is not None for s in stage])
    assert label["missing"] == 40
    assert label["of"] == inside.sum() == sum(group["n"] for group in label["groups"])
    for group in label["groups"]:
        phase = R.loops[0].phase[inside & (stage == group["category"])]
        assert group["counts"].sum() == group["n"] == len(phase)
        mean = np.exp(1j * phase).mean()
        assert group["concentration"] == pytest.approx(abs(mean))
        assert np.exp(1j * group["mean_phase"]) == pytest.approx(mean / abs(mean))


def test_many_categories_are_put_together():
    R, _ = result()
    (label,) = report.record(R, labels={"clone": [f"c{k % 40}" for k in range(120)]})["labels"]
    assert len(label["groups"]) == report.MAX_GROUPS
    assert label["groups"][-1]["category"] == "29 others"
    assert sum(group["n"] for group in label["groups"]) == 118


def test_numbers_are_shown_by_quartiles_along_the_phase():
    R, _ = result()
    phase = R.loops[0].phase
    (label,) = report.record(R, labels={"itself": phase})["labels"]
    assert sum(row["n"] for row in label["bins"]) == 118
    width = 2 * np.pi / report.BINS
    for k, row in enumerate(label["bins"]):
        if row["n"]:
            assert k * width <= row["lower_quartile"] <= row["median"] <= row["upper_quartile"] <= (k + 1) * width


def test_long_tables_say_what_they_leave_out():
    R, _ = result()
    genes = [{"name": f"g{k}", "effect": 1.0} for k in range(70)]
    page = Page(report.html(R, genes=genes))
    assert "The first 50 of 70; all are in the file for machines." in page.words()
    assert len(report.record(R, genes=genes)["genes"]) == 70


@pytest.mark.parametrize(
    ("p", "said"),
    [(0.5, "50 in 100"), (0.05, "5 in 100"), (0.01, "1 in 100"), (0.004, "4 in 1,000"), (0.001, "1 in 1,000")],
)
def test_probabilities_are_counts(p, said):
    assert report._of_them(p) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (True, "yes"),
        (1000, "1000"),
        (0.12345, "0.123"),
        (2.5e-7, "2.5 × 10⁻⁷"),
        (float("nan"), "–"),
        (np.inf, "∞"),
        ([1, 2], "1, 2"),
        ({"a": 1}, "a: 1"),
        ((), "none"),
    ],
)
def test_values_as_people_read_them(value, said):
    assert report._shown(value) == said


def test_large_results_stay_small():
    R, layout = result(26_000)
    labels = {f"label {k}": np.resize(["a", "b", "c"], 26_000) for k in range(3)}
    assert len(report.html(R, layout=layout, labels=labels).encode()) < 2_000_000


def test_a_page_is_written_whole(tmp_path):
    R, layout = result()
    report.write_report(tmp_path / "report.html", R, layout=layout)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.html(R, layout=layout)
    with pytest.raises(InputError, match=r"^label 'x' must hold one value for each of the 120 points"):
        report.write_report(tmp_path / "other.html", R, labels={"x": [1]})
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


# Genes


@pytest.fixture(scope="module")
def cells():
    simulated = cell_cycle(300, 200, 100)
    R, _ = result(300)
    made = loop(np.mod(2.0 - simulated.phase, 2 * np.pi), domain=np.ones(300, dtype=bool))
    return simulated, LoopResult("loop", "x.", 0.01, 0.9, [made], R.persistence)


def test_genes_turn_the_phase_the_way_of_the_cell_cycle(cells):
    simulated, R = cells
    found = report.cell_facts(R, simulated.counts, simulated.gene_names)
    assert found.facts["anchor"]["anchored"]
    turned = found.result.loops[0]
    # The phase ran backwards; now it runs with the true one, up to a shift.
    assert abs(np.exp(1j * (turned.phase - simulated.phase)).mean()) > 0.99
    for before, after in zip(R.loops[0].halves, turned.halves, strict=True):
        np.testing.assert_allclose(
            np.exp(1j * (after.phase - turned.phase)), np.exp(-1j * (before.phase - R.loops[0].phase))
        )
    best = [row["gene"] for row in found.facts["genes"][:10]]
    periodic = set(np.array(simulated.gene_names)[np.isfinite(simulated.gene_phase)])
    assert set(best) <= periodic
    table, names = found.facts["gene_heatmap"]
    peaks = {row["gene"]: row["peak"] for row in found.facts["genes"]}
    assert [peaks[name] for name in names] == sorted(peaks.values())
    assert table.shape == (len(names), report.BINS)


def test_counts_are_looked_at_as_confounders(cells):
    simulated, R = cells
    names = ["mt-Nd1", *simulated.gene_names[1:]]
    batch = np.where(R.loops[0].phase < 3, "a", "b")
    found = report.cell_facts(R, simulated.counts, names, properties={"batch": batch})
    rows = {row["name"]: row for row in found.facts["confounders"]}
    assert list(rows) == ["library size", "mitochondrial share", "batch"]
    assert rows["library size"]["warning"] == ""
    said = report.record(found.result, **found.facts)
    assert rows["batch"]["warning"] in said["warnings"]
    assert rows["batch"]["warning"].startswith("The phase goes with batch (")
    page = Page(report.html(found.result, **found.facts))
    assert "Genes that follow the loop" in page.words()
    log = report.cell_facts(R, simulated.counts.toarray(), names, kind="log")
    assert log.facts["confounders"] == []


def test_counts_are_left_as_they_were(cells):
    simulated, R = cells
    counts = sp.csr_array(simulated.counts, dtype=np.float64)
    before = counts.copy()
    report.cell_facts(R, counts, simulated.gene_names)
    assert (counts != before).nnz == 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda R: report.record(R, labels={"x": np.zeros((2, 2))}),
            "label 'x' must hold one value for each of the 120 points, and the shape (2, 2) came; pass values in the order of "
            "the points.",
        ),
        (
            lambda R: report.record(R, gene_heatmap=(np.zeros((2, 3)), ["a"])),
            "gene_heatmap must be a table with a row for each of its 1 names, and one of shape (2, 3) came; pass (table, "
            "names).",
        ),
        (
            lambda _: report.cell_facts(NOTHING, np.zeros((2, 1)), ["a"]),
            "this result has no loop, so no gene can follow it; leave the genes out.",
        ),
        (
            lambda R: report.cell_facts(R, np.zeros((2, 1)), ["a"]),
            "expression must be 120 cells by 1 genes, as there are phases and names, and the shape (2, 1) came; pass the same "
            "cells in the same order.",
        ),
    ],
)
def test_errors_are_sentences(call, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        call(result()[0])


def test_unknown_arguments_are_refused():
    with pytest.raises(InputError, match="lables"):
        report.html(result()[0], lables={})


# In a browser


def browse(page, tmp_path, *options):
    file = tmp_path / "host.html"
    file.write_text(page, encoding="utf-8")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--window-size=1280,900",
    ]
    command.append("--hide-scrollbars")
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", *options, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


@needs_browser
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_width_scrolls_sideways_and_the_console_is_silent(width, tmp_path):
    """In a frame of the given width, since a window of a headless browser is at least 500 wide."""
    R, layout = result()
    page = report.html(R, title="W" * 80, layout=layout, **everything(name=lambda word: word + "_" * 60))
    host = (
        f'<!DOCTYPE html><meta charset="utf-8"><iframe style="border:0;width:{width}px;height:800px" '
        f'srcdoc="{html.escape(page)}"></iframe><pre></pre><script>onload=()=>{{const d=frames[0].document;'
        "const lost=[...d.images].filter(i=>!(i.complete&&i.naturalWidth)).length;"
        "document.querySelector('pre').textContent="
        "`measured ${d.documentElement.scrollWidth} ${lost} ${d.images.length}`}</script>"
    )
    done = browse(host, tmp_path, "--dump-dom")
    measured = re.search(r"measured (\d+) (\d+) (\d+)", done.stdout)
    assert measured is not None
    assert [int(number) for number in measured.groups()] == [width, 0, 7]
    assert "CONSOLE" not in done.stderr


@needs_browser
def test_a_hostile_name_does_not_run_in_a_browser(tmp_path):
    R, layout = result()
    attack = "\"><img src=x onerror=document.title='run'></script><script>document.title='run'</script>"
    page = report.html(
        R, title="quiet", layout=layout, layout_name=attack, **everything(name=lambda word: word + attack)
    )
    done = browse(page, tmp_path, "--dump-dom")
    assert "<title>quiet</title>" in done.stdout
    assert "CONSOLE" not in done.stderr
