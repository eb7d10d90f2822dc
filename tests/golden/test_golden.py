"""What a reader sees is what it was: the printed lines, the page, result.json and the files of one run.

Where the change is meant, `python tests/golden/make.py` writes the texts anew; their diff shows what a reader will notice.
"""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("golden_make", Path(__file__).parent / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


@pytest.fixture(scope="module")
def made():
    return make.made()


@pytest.mark.parametrize("name", make.FILES)
def test_a_reader_sees_the_same(made, name):
    """The same words; numbers to one part in a million, for platforms may round differently."""
    seen, kept = made[name], (make.HERE / name).read_text(encoding="utf-8")
    assert make.NUMBER.sub("0", seen).splitlines() == make.NUMBER.sub("0", kept).splitlines()
    numbers = [[float(number) for number in make.NUMBER.findall(text)] for text in (seen, kept)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-6, abs=1e-12)
