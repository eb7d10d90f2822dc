import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectral_ph._check import InputError
from spectral_ph.files import MARKER, output_folder, read, write_csv, write_json
from tests.files.made import X, says, text


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


def test_json_turns_numpy_into_lists_and_numbers(here):
    write_json(
        "x.json",
        {
            "b": np.float32(0.5),
            "a": np.arange(3),
            3: (np.int64(1), np.bool_(True), None, "é"),
            "path": here,
            "not finite": [np.nan, np.inf, -np.inf, np.float64("inf")],
            "array": np.array([[1.0, np.nan]]),
            "names": np.array(["x", "y"]),
        },
    )
    content = (here / "x.json").read_text(encoding="utf-8")
    assert content.endswith("}\n")
    loaded = json.loads(content)
    assert loaded == {
        "b": 0.5,
        "a": [0, 1, 2],
        "3": [1, True, None, "é"],
        "path": str(here),
        "not finite": [None, "inf", "-inf", "inf"],
        "array": [[1.0, None]],
        "names": ["x", "y"],
    }
    assert list(loaded)[:3] == ["b", "a", "3"]
    assert leftovers(here) == ["x.json"]


def test_json_of_something_else_is_refused_and_nothing_written(here):
    text("x.json", "before")
    with says("the object['a'][1] is a object, which has no JSON form. Use dicts, lists, arrays, text and numbers."):
        write_json("x.json", {"a": [1, object()]})
    assert (here / "x.json").read_text() == "before"
    assert leftovers(here) == ["x.json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_round_trip(tmp_path_factory, obj):
    path = tmp_path_factory.mktemp("json") / "x.json"
    write_json(path, obj)
    assert json.loads(path.read_text(encoding="utf-8")) == obj


def test_csv_quotes_text_and_keeps_every_bit_of_numbers(here):
    write_csv("x.csv", {"cell": ['a,"b"', "c\nd", "=1"], "phase": [0.1, np.nan, -np.inf], "n": np.arange(3)})
    assert (here / "x.csv").read_text(encoding="utf-8") == (
        '"cell","phase","n"\n"a,""b""",0.1,0\n"c\nd",nan,1\n"=1",-inf,2\n'
    )
    assert leftovers(here) == ["x.csv"]


def test_csv_of_unequal_columns_is_refused(here):
    with says("columns must be of one length, but 'a' has 2, 'b' has 3."):
        write_csv("x.csv", {"a": [1, 2], "b": [1, 2, 3]})
    with says("column 'a' has 2 dimensions, but a column has 1. Pass each column by itself."):
        write_csv("x.csv", {"a": X})
    assert leftovers(here) == []


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(
    values=st.integers(1, 4).flatmap(
        lambda d: st.integers(2, 5).flatmap(lambda n: arrays(np.float64, (n, d), elements=st.floats(width=64)))
    ),
    data=st.data(),
)
def test_csv_round_trip(tmp_path_factory, values, data):
    n, d = values.shape
    names = data.draw(st.lists(NAMES, min_size=n, max_size=n))
    columns = [f"c{label}" for label in data.draw(st.lists(NAMES, min_size=d, max_size=d, unique=True))]
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(path, {"cell": names} | dict(zip(columns, values.T, strict=True)))
    table = read(path)
    np.testing.assert_array_equal(table.X, values)
    assert table.names == tuple(names)
    assert table.columns == tuple(columns)


def test_writing_where_nothing_can_be_written_is_refused(here):
    text("file", "x")
    for write in (lambda p: write_json(p, 1), lambda p: write_csv(p, {"a": [1]})):
        with says(
            "nowhere/x could not be written (No such file or directory). Name a file in a folder that exists "
            "and can be written to."
        ):
            write("nowhere/x")
        with pytest.raises(InputError, match=r"^file/x could not be written"):
            write("file/x")
        with pytest.raises(InputError, match="could not be written"):
            write(here)
    assert leftovers(here) == ["file"]


def test_output_folder_appears_only_when_all_is_done(here):
    with output_folder("a/b/out") as folder:
        text(str(folder / "x.txt"), "1")
        assert not (here / "a").exists()
    assert leftovers(here / "a" / "b" / "out") == [MARKER, "x.txt"]
    assert leftovers(here) == ["a"]
    assert leftovers(here / "a" / "b") == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("existing", [False, True])
def test_output_folder_leaves_nothing_half_written(here, error, existing):
    if existing:
        with output_folder("out") as folder:
            text(str(folder / "old.txt"), "1")

    def interrupted():
        with output_folder("out", overwrite=existing) as folder:
            text(str(folder / "new.txt"), "1")
            raise error

    with pytest.raises(error):
        interrupted()
    assert leftovers(here) == (["out"] if existing else [])
    if existing:
        assert leftovers(here / "out") == [MARKER, "old.txt"]


def test_output_folder_is_replaced_whole_and_only_when_told_to(here):
    for name in ("old.txt", "new.txt"):
        with output_folder("out", overwrite=name == "new.txt") as folder:
            text(str(folder / name), "1")
    assert leftovers(here / "out") == [MARKER, "new.txt"]
    assert leftovers(here) == ["out"]
    with (
        says("the folder out is not empty. Name another one, or pass overwrite=True to replace it."),
        output_folder("out"),
    ):
        pytest.fail("the block must not run")


def test_output_folder_may_exist_if_it_is_empty(here):
    (here / "out").mkdir()
    with output_folder("out") as folder:
        text(str(folder / "x.txt"), "1")
    assert leftovers(here / "out") == [MARKER, "x.txt"]


def test_output_folder_that_was_filled_meanwhile_is_kept(here):
    def filled():
        with output_folder("out"):
            (here / "out").mkdir()
            text("out/theirs.txt", "1")

    with pytest.raises(InputError, match=r"^the folder out could not be written \(Directory not empty\)"):
        filled()
    assert leftovers(here) == ["out"]
    assert leftovers(here / "out") == ["theirs.txt"]


def refused(path, message):
    with says(message), output_folder(path, overwrite=True):
        pytest.fail("the block must not run")


def test_output_folder_never_replaces_what_it_did_not_write(here):
    (here / "mine").mkdir()
    text("mine/thesis.txt", "1")
    refused(
        "mine",
        "the folder mine holds files that spectral_ph did not write, so it is not replaced. Name another one, "
        "or empty it yourself.",
    )
    refused("mine/thesis.txt", "mine/thesis.txt is a file, but the results need a folder. Name another one.")
    for path in (".", "..", "/"):
        refused(
            path,
            f"{path} is the folder you are in, one above it, or a mount point, so it cannot be replaced "
            "as a whole. Name a folder inside it.",
        )
    assert leftovers(here) == ["mine"]


def test_output_folder_that_cannot_be_made_is_refused(here):
    text("file", "1")
    refused(
        "file/out",
        ("the folder file/out could not be written (Not a directory). Name one in a place that can be written to."),
    )
