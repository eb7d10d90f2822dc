"""The notebooks of nets run at a small size and tell the truth there too; tests/test_notebooks.py reads what is kept of them."""

import re

import nbformat
import pytest

pytest.importorskip("torch")

from notebooks import make

SMALL = 250


def printed(notebook):
    return "\n".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )


def named(name):
    (path,) = (path for path in make.NOTEBOOKS if path.name.startswith(name))
    return path


def ran(name):
    notebook = make.run(named(name), SMALL)
    assert make.problems(notebook) == []
    return printed(notebook)


def check_autoencoder(text, less):
    """The decoder of the geometric one scales areas evenly, and its layout keeps a loop."""
    rows = {
        name: (float(areas), float(share))
        for name, areas, share in re.findall(r"^(\w+) +(\d\S+) +(\S+) +\S+$", text, flags=re.M)
    }
    assert rows["geometric"][0] < less * rows["ordinary"][0]
    assert max(share for _, share in rows.values()) < 0.05
    assert float(re.search(r"^detection score: (.+)$", text, flags=re.M)[1]) > 0.7
    assert "the same bits: True" in text


def check_images(text, less):
    """Turned views take the direction out of the features."""
    found = {
        name: (float(value), float(chance))
        for name, value, chance in re.findall(r"^(\w+) +coherence (\S+), by chance (\S+)$", text, flags=re.M)
    }
    assert found["rotation"][0] < found["natural"][0] - less
    for name in ("natural", "rotation"):
        right = float(re.search(rf"^{name} +(\S+) of new cells named rightly$", text, flags=re.M)[1])
        assert right > 0.35  # of four textures


def test_the_geometric_autoencoder_scales_areas_more_evenly():
    check_autoencoder(ran("05"), less=0.1)


@pytest.mark.slow
def test_turned_views_take_the_direction_out():
    check_images(ran("06"), less=0.1)


def test_what_is_kept_tells_the_same():
    check_autoencoder(printed(nbformat.read(named("05"), as_version=4)), less=0.01)
    check_images(printed(nbformat.read(named("06"), as_version=4)), less=0.2)
