"""What benchmarks wrote down can be judged: machine, versions, commit and date stand beside the numbers."""

import json
import re
from pathlib import Path

import pytest

RESULTS = sorted((Path(__file__).parents[2] / "benchmarks" / "results").glob("*.json"))
SCHEMA = {
    "type": "object",
    "required": ["benchmark", "date", "commit", "machine", "versions"],
    "properties": {
        "benchmark": {"type": "string"},
        "date": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "commit": {"type": "string", "pattern": r"^[0-9a-f]{7,40}(\+changes)?$"},
        "machine": {
            "type": "object",
            "required": ["cpu", "cores", "memory_gib"],
            "properties": {"cores": {"type": "integer"}, "memory_gib": {"type": "number"}},
        },
        "versions": {"type": "object", "required": ["python", "numpy"], "additionalProperties": {"type": "string"}},
        "rows": {"type": ["array", "object"]},
    },
}


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_record_says_where_its_numbers_come_from(path):
    jsonschema = pytest.importorskip("jsonschema")
    record = json.loads(path.read_text())
    jsonschema.validate(record, SCHEMA)
    assert re.sub(r"\W", "", path.stem).startswith(re.sub(r"\W", "", record["benchmark"])[:4])
