"""What a release says of itself is one fact: the version, the dependencies of the recipe, and the links of the README."""

import re
import tomllib
from pathlib import Path

import spectral_ph as sph

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_one():
    recipe = (ROOT / "release" / "conda" / "meta.yaml").read_text()
    assert f'version = "{sph.__version__}"' in recipe
    assert f"version: {sph.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {sph.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert PROJECT["dynamic"] == ["version"]


def test_the_recipe_asks_for_the_same_packages():
    recipe = (ROOT / "release" / "conda" / "meta.yaml").read_text()
    run = recipe.split("  run:\n")[1].split("\ntest:")[0]
    asked = dict(re.findall(r"- ([\w-]+) >=([\d.]+)", run))
    asked["matplotlib"] = asked.pop("matplotlib-base")
    wanted = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in PROJECT["dependencies"])
    assert asked == {name.lower(): least for name, least in wanted.items()} | {"python": PROJECT["requires-python"][2:]}


def test_the_readme_can_be_shown_where_the_repository_is_not():
    text = (ROOT / "README.md").read_text()
    assert re.findall(r"\]\((?!https?://)[^)]+\)", text) == []


def test_every_file_that_the_readme_names_is_there():
    for name in re.findall(r"`([\w/]+\.md)`", (ROOT / "README.md").read_text()):
        assert (ROOT / name).exists(), name
