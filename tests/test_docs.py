"""What the documents say is so: the README's Python runs, the table of distances is the registry's, links lead somewhere."""

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


def test_table_of_distances_is_the_registry(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["make.py", "--check"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / "docs" / "make.py"), run_name="__main__")
    assert stop.value.code == 0


def test_links_and_pictures_exist():
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
