"""What a reader sees is what it was: the printed lines, the page, result.json and the files of one run.

Where the change is meant, `python tests/golden/make.py` writes the texts anew; their diff shows what a reader will notice.
"""

import importlib.util
import re
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("golden_make", Path(__file__).parent / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


@pytest.fixture(scope="module")
def made():
    return make.made()


RANKED = re.compile(r'^\s*"(agreement|evidence)":')


def tolerance(number, line, name):
    """Return how far a number may be off: platforms round differently.

    A part in a million; a part in a thousand where points are ranked, for the last bit of a phase can turn two ranks round;
    one more or less in the last digit of what people read.
    """
    if name in ("result.json", "folder.txt"):
        return max((1e-3 if RANKED.match(line) else 1e-6) * abs(float(number)), 1e-12)
    digits = re.fullmatch(r"-?\d+(?:\.(\d+))?(?:e[-+]?\d+)?", number)[1]
    return 1.01 * 10.0 ** -len(digits) if digits else 0.0


@pytest.mark.parametrize("name", make.FILES)
def test_a_reader_sees_the_same(made, name):
    seen, kept = made[name].splitlines(), (make.HERE / name).read_text(encoding="utf-8").splitlines()
    assert [make.NUMBER.sub("0", line) for line in seen] == [make.NUMBER.sub("0", line) for line in kept]
    for new, old in zip(seen, kept, strict=True):
        for a, b in zip(make.NUMBER.findall(new), make.NUMBER.findall(old), strict=True):
            assert abs(float(a) - float(b)) <= tolerance(b, old, name), (new, old)
