"""What the documents say is so: the README's Python runs, tables are those of code and results, links lead somewhere."""

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_readme_python_runs(monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    assert len(blocks) == 1
    scope = {}
    exec(blocks[0], scope)
    assert scope["R"].loops[0].score > 0.5
    matplotlib.pyplot.close("all")


def test_documents_are_as_made(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make.py", "--check"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / "docs" / "make.py"), run_name="__main__")
    assert stop.value.code == 0


def test_links_and_pictures_exist():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if target.startswith("api/"):  # pages that the site makes: of the commands, or of a module
                page = Path(target).stem
                assert page == "commands" or importlib.util.find_spec(page), f"{document.name}: {target}"
            elif not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_long_lines_are_found_but_for_tables_code_and_links():
    long_lines = runpy.run_path(str(ROOT / "docs" / "make.py"))["long_lines"]
    word = "a" * 121
    link = f"[a picture](https://example.org/{word})"
    assert long_lines(f"short\n{'a ' * 61}") == [(2, 122)]
    assert long_lines(f"| {word} |\n```\n{word}\n```\n- {link}\nSee {link} for more.\n![b](../{word}.png)") == []
    assert long_lines(f"```\n{word}\n```\n{word}") == [(4, 121)]


def test_false_claims_have_a_row_for_each_kind():
    """A kind has as many rows in the record as sizes, and one in the table; shares are over all samples that have them."""
    by_kind = runpy.run_path(str(ROOT / "docs" / "make.py"))["by_kind"]

    def row(kind, n, samples, called, score, agreement=None, note=""):
        shares = dict.fromkeys(("score > .5", "filtered score > .5", "widest gap"), score)
        counts = {"kind": kind, "n": n, "samples": samples, "called": called}
        return counts | shares | {"least agreement called": agreement, "note": note}

    rim = [row("rim_3", 4000, 50, 5, None, 0.9), row("rim_3", 150, 50, 2, 0.5, 0.7)]
    cube = [row("cube", 150, 150, 0, 0.1, note="held out")]
    worst = [row("worst kind: rim_3", 150, 50, 2, 0.5, 0.7), row("worst kind: rim_3", 4000, 50, 5, None, 0.9)]
    assert by_kind([*rim, *cube, *worst]) == [
        {"kind": "rim_3", "150 points": "2 of 50", "4,000 points": "5 of 50"}
        | {"score > .5": 0.5, "filtered score > .5": 0.5, "widest gap": 0.5, "least agreement called": 0.7, "note": ""},
        {"kind": "cube", "150 points": "0 of 150", "4,000 points": None}
        | {"score > .5": 0.1, "filtered score > .5": 0.1, "widest gap": 0.1}
        | {"least agreement called": None, "note": "held out"},
        {"kind": "worst kind", "150 points": "2 of 50 (rim_3)", "4,000 points": "5 of 50 (rim_3)"},
    ]
    before = [{"kind": "cube", "samples": 50, "find_loops": 0.02}]
    assert by_kind(before) == before


def test_a_part_that_was_not_measured_has_no_table():
    made = runpy.run_path(str(ROOT / "docs" / "make.py"))
    text = "<!-- made by docs/make.py from benchmarks/results/honesty.json nothing -->\n\n<!-- end -->\nand on\n"
    assert made["filled"](text) == text.replace("<!-- end -->", f"{made['MISSING']}\n\n<!-- end -->")
