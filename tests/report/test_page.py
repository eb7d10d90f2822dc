"""The page says what the record says, nothing else; whatever the data are called; and a browser shows it well."""

import html
import re
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from spectral_ph import report
from spectral_ph._check import InputError
from spectral_ph.cells.genes import BINS
from spectral_ph.report import markup
from spectral_ph.report.page import STYLE
from spectral_ph.report.record import ANSWERS
from tests.report.made import HOSTILE, NOTHING, Page, about, everything, leaves, result

BROWSER = shutil.which("chromium")
needs_browser = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def plain():
    R, layout = result()
    return Page(report.html(R, layout=layout, **everything()))


# Laws


def test_every_cell_of_every_table_is_in_the_record(plain):
    known = set(leaves(report.record(result()[0], **everything()))) | {str(k) for k in range(1, BINS + 1)}
    cells = [data for tag, above, data in plain.texts if tag == "td" or (tag == "th" and above == ["tr"])]
    heads = {markup.header(name) for name in known} | {"Loop", "Interval"}
    assert len(cells) > 100
    assert [cell for cell in cells if cell not in known and cell not in heads] == []


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


def test_nothing_is_fetched_and_nothing_runs(plain):
    page = plain
    assert not {"script", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "url(" not in STYLE
    assert "@import" not in STYLE


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
    colours = dict(re.findall(r"--([a-z-]+):#([0-9a-f]{3,6})", re.findall(r":root\{([^}]*)\}", STYLE)[theme]))
    assert len(colours) == 13
    for front in ("ink", "soft", "link"):
        for back in ("paper", "ground", *(("yes", "no", "open", "pick") if front == "ink" else ())):
            light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


@pytest.mark.parametrize("verdict", ["loop", "no loop", "undecided"])
def test_the_answer_comes_first(verdict):
    R, layout = result(verdict=verdict)
    page = Page(report.html(R, layout=layout, things="cells"))
    headings = [data for tag, _, data in page.texts if tag == "h2"]
    assert headings[0] == ANSWERS[verdict].format(things="cells")
    words = page.words()
    assert words.index("Halves agree.") < words.index("How sure is this?") < words.index("What could fool it?")
    assert "at most about 4 in 1,000 give as much evidence" in words


def test_a_result_without_a_loop_still_makes_a_page():
    page = Page(report.html(NOTHING, layout=np.zeros((2, 2)), labels={"stage": ["a", "b"]}))
    words = page.words()
    assert "No loop was found." in words
    assert "There is no feature that goes round, so there is no phase." in words
    assert "No p-value was computed." in words
    assert "stage: nothing to show along the loop." in words


def test_long_tables_say_what_they_leave_out():
    R, _ = result()
    many = about(70)
    words = Page(report.html(R, about=many)).words()
    assert "70 of 70 tested genes follow the loop at a false-discovery rate of 0.05." in words
    assert "The first 50 of 70; all are in the file for machines." in words
    assert "The 30 surest of 70." in words
    assert len(report.record(R, about=many)["genes"]) == 70


def test_a_loop_that_no_gene_follows_is_said_to_have_none():
    R, _ = result()
    nothing = about(following=False)
    assert report.record(R, about=nothing)["genes"] == []
    words = Page(report.html(R, about=nothing)).words()
    assert "None of the 4 tested genes follows the loop at a false-discovery rate of 0.05." in words


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


def test_unknown_arguments_are_refused():
    with pytest.raises(InputError, match="lables"):
        report.html(result()[0], lables={})


def paragraphs(page):
    """Return what a reader takes for a paragraph, a point or a caption: all that is of a sentence's length."""
    return [data.strip() for tag, _, data in Page(page).texts if tag not in ("th", "td") and len(data.strip()) > 50]


@pytest.mark.parametrize("verdict", ["loop", "no loop", "undecided"])
@pytest.mark.parametrize("facts", [{}, everything()], ids=["bare", "everything"])
def test_nothing_is_said_twice(verdict, facts):
    R, layout = result(verdict=verdict)
    said = paragraphs(report.html(R, layout=layout, **facts))
    assert len(said) > 8
    assert sorted(said) == sorted(set(said))


def test_a_bare_page_says_what_to_check_next(plain):
    R, _ = result()
    again = (
        "Look for the loop again with another sample, another number of neighbours and another representation. What is real "
        "comes back."
    )
    bare = report.record(R)["in_words"][-1]
    assert bare == {
        "question": "What to check next?",
        "answer": [
            "Set what is known of the points beside the phase: labels such as type, time or batch.",
            "Compare the phase with what it should not go with: confounders such as depth or batch.",
            "See which of the variables that were measured go up and down once along the phase.",
            again,
        ],
    }
    assert report.record(R, **everything())["in_words"][-1]["answer"] == [again]
    left_out = replace(NOTHING, settings={"loops": {"splits": 0}})
    assert report.record(left_out)["in_words"][-1]["answer"] == [
        "Ask for a p-value: let the loop be sought in halves of the data.",
        "Look again with more points, and with another sample, another number of neighbours and another representation. What "
        "these data do not settle, others may.",
    ]
    no_halves = report.record(replace(NOTHING, settings={"loops": {"splits": 5}}))["in_words"][-1]["answer"]
    assert not any("p-value" in step for step in no_halves)
    page = Page(report.html(R)).words()
    assert all(step in page for step in bare["answer"])


def test_an_angle_is_drawn_as_a_ring_and_compared_as_one():
    R, _ = result()
    phase = R.loops[0].phase
    turned = np.append(np.mod(1.0 - phase, 2 * np.pi)[:-1], np.nan)
    facts = {
        "true phase": turned,
        "signed angle": np.angle(np.exp(1j * turned)),
        "depth": turned,
        "phase score": phase / 9,
    }
    kinds = {label["name"]: label for label in report.record(R, labels=facts)["labels"]}
    assert {name: label["kind"] for name, label in kinds.items()} == {
        "true phase": "angles",
        "signed angle": "angles",
        "depth": "numbers",
        "phase score": "numbers",
    }
    label = kinds["true phase"]
    assert label["agreement"] == pytest.approx(1.0, abs=0.01)
    assert label["missing"] == 1
    middles = (np.arange(BINS) + 0.5) * 2 * np.pi / BINS
    known = [(row["mean_angle"], m) for row, m in zip(label["bins"], middles, strict=True) if row["n"]]
    off = [abs(np.angle(np.exp(1j * (mean - (1.0 - m))))) for mean, m in known]
    assert max(off) < 2 * np.pi / BINS  # also where the angle goes from 2 pi to 0, where a median would be pi
    page = report.html(R, labels={"true phase": turned})
    assert "Agreement of the two orders: 1.00" in page
    assert "true phase is taken as an angle in radians, for it is called one." in page


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        (None, ""),
        ([], ""),
        (["Source, https://x.org/code"], ""),
        (["Homepage, https://x.org"], "https://x.org"),
        (["Homepage, https://x.org", "Documentation, https://x.org/docs"], "https://x.org/docs"),
        (["Documentation, javascript:alert(1)"], ""),
    ],
)
def test_the_page_links_to_the_documentation_that_the_package_names(urls, address, monkeypatch):
    from spectral_ph.report import page

    class Named:
        def get_all(self, name):
            return urls if name == "Project-URL" else None

    monkeypatch.setattr(page, "metadata", lambda _: Named())
    assert page.docs_address() == address
    link = [a["href"] for a in Page(report.html(NOTHING)).all("a") if not a["href"].startswith("#")]
    assert link == ([address] if address else [])


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
