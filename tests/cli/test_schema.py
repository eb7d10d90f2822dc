"""Results of every command are what the schema says, which readers of result.json rely on."""

import json
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "result.schema.json").read_text())


def validate(result):
    command = SCHEMA["$defs"][result["command"]]
    jsonschema.Draft202012Validator({**command, "$defs": SCHEMA["$defs"]}).validate(result)
    jsonschema.Draft202012Validator(SCHEMA).validate(result)
    unknown = set(result) - set(command["properties"])
    assert unknown == set(), "a name that no reader can look up"


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def written(run, folder, *arguments):
    code, _, error = run(*arguments, "-o", folder, "--quiet")
    assert code == 0, error
    return json.loads((folder / "result.json").read_text())


def test_loops_of_points(run, points, tmp_path):
    validate(written(run, tmp_path / "out", "loops", points, "--splits", "0"))


def test_loops_of_cells_with_all_that_can_be_said(run, cycling, tmp_path):
    path, _ = cycling
    more = ["--genes", "X", "--confounder", "batch", "--label", "batch", "--label", "true phase", "--splits", "1"]
    said = written(run, tmp_path / "out", "loops", path, "--use-rep", "X_pca", *more)
    validate(said)
    assert said["genes"]
    assert said["labels"]
    assert said["confounders"]


def test_no_loop_at_all_is_a_result_too(run, tmp_path):
    import numpy as np

    np.save(tmp_path / "line.npy", np.arange(150.0)[:, None])
    validate(written(run, tmp_path / "out", "loops", tmp_path / "line.npy", "--splits", "0"))


def test_the_other_commands(run, points, tmp_path):
    validate(written(run, tmp_path / "persistence", "persistence", points))
    validate(written(run, tmp_path / "plain", "embed", points, "--embedding", "eigenmaps", "--no-report"))
    validate(written(run, tmp_path / "embed", "embed", points, "--embedding", "eigenmaps"))
    validate(written(run, tmp_path / "demo", "demo", "--cells", "100", "--genes", "60"))


@pytest.mark.parametrize(
    ("name", "value"), [("verdict", "maybe"), ("p_value", "small"), ("format", 2), ("loops", {}), ("seed", 0.5)]
)
def test_what_is_wrong_is_refused(name, value):
    golden = json.loads((Path(__file__).parents[1] / "golden" / "result.json").read_text())
    golden["versions"] = {}
    validate(golden)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator({**SCHEMA["$defs"]["loops"], "$defs": SCHEMA["$defs"]}).validate(
            golden | {name: value}
        )
