"""How runs of `benchmarks.neural` are kept: a row each, as soon as it is there, with the commit it was made at."""

import json

import numpy as np

from benchmarks import record

SEEDS = (0, 1, 2)  # what the benchmarks were set up on has other seeds
FOLDER = record.RESULTS / "sweep" / "neural"


def kept(part, key, run):
    """Return the row of a run, made now unless it is there."""
    path = FOLDER / part / f"{key}.json"
    if path.exists():
        return json.loads(path.read_text())
    row = {**run(), "commit": record.commit()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(row))
    partial.replace(path)
    print(row, flush=True)
    return row


def mean(rows, name, **where):
    """Return the mean of a column over the rows that have the given values."""
    found = [row[name] for row in rows if all(row[k] == v for k, v in where.items())]
    return float(np.mean(found))
