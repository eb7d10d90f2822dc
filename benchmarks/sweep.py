"""A sweep that may be killed at any moment and carries on where it was.

A task is a dict of JSON values with all parameters of one computation, a version number among them; its key is the SHA-256
of its canonical JSON. What comes out is a record (key, task, result or error, seconds), one line of JSON with a checksum,
appended to a shard and flushed to the disk before the next one is taken. Each run writes a shard of its own, so that
several processes, or machines with a common folder, share one sweep and look at each other's records as they go. A line
that is torn or altered has a wrong checksum, is not read, and is computed again. Killing a run loses the tasks in flight.

A task that fails is recorded as failed, with its sentence, and not tried again unless `retry`. Work goes through joblib, so

    with joblib.parallel_config(backend="dask"): run(tasks, work)

carries it to a cluster.

    python -m benchmarks.sweep [FOLDER]          what is recorded, and what failed
"""

import hashlib
import json
import os
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "results" / "sweep"
LOOK_EVERY = 5.0
"""Seconds between looks at what other runs have recorded meanwhile."""


def canonical(value):
    """Return the one JSON text of a value: keys sorted, no spaces, NaN and infinity refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def key(task):
    """Return the address of a task, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(task).encode()).hexdigest()


def to_line(record):
    """Return the line that holds a record, with its checksum."""
    text = canonical(record)
    return f'{{"check":"{hashlib.sha256(text.encode()).hexdigest()}","record":{text}}}\n'


def from_line(line):
    """Return the record of a line (bytes), or None if the line is torn or altered."""
    try:
        held = json.loads(line)
        record = held["record"]
        whole = held["check"] == hashlib.sha256(canonical(record).encode()).hexdigest()
        return record if whole and record["key"] == key(record["task"]) else None
    except (ValueError, KeyError, TypeError):
        return None


class Records:
    """All records of a folder, by key. `refresh` reads what was appended since.

    Of several records of a task a successful one counts; `bad_lines` counts lines that were not whole.
    """

    def __init__(self, folder=FOLDER):
        self.folder = Path(folder)
        self.by_key = {}
        self.bad_lines = 0
        self._read = Counter()
        self.refresh()

    def refresh(self):
        for shard in sorted(self.folder.glob("*.jsonl")):
            if shard.stat().st_size == self._read[shard.name]:
                continue
            with shard.open("rb") as file:
                file.seek(self._read[shard.name])
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # being written, or torn: read again next time
                    self._read[shard.name] += len(line)
                    record = from_line(line)
                    if record is None:
                        self.bad_lines += 1
                    elif self.by_key.get(record["key"], {"error": ""})["error"] is not None:
                        self.by_key[record["key"]] = record  # a success is never replaced

    def get(self, task):
        return self.by_key.get(key(task))

    def known(self, address, retry=False):
        record = self.by_key.get(address)
        return record is not None and not (retry and record["error"] is not None)


@dataclass(frozen=True)
class Summary:
    """How a run ended: tasks that were there before, computed now, recorded by others meanwhile; failed of all."""

    known: int
    computed: int
    elsewhere: int
    failed: int


def _attempt(work, task):
    start = time.perf_counter()
    result = error = None
    try:
        result = work(task)
        canonical(result)
    except Exception as problem:
        result, error = None, f"{type(problem).__name__}: {problem}"
    return {
        "key": key(task),
        "task": task,
        "result": result,
        "error": error,
        "seconds": round(time.perf_counter() - start, 3),
    }


def run(tasks, work, folder=FOLDER, jobs=None, retry=False, label="sweep"):
    """Compute what is missing and record it.

    tasks : dicts of JSON values. work : takes one, returns a dict of JSON values; importable, for other processes run it.
    folder : where the shards are. jobs : processes; None leaves it to joblib's configuration. retry : also those that
    failed before. label : of the bar on standard error, which is shown if that is a terminal.

    Returns a Summary. KeyboardInterrupt passes through; what was finished is recorded.
    """
    import joblib
    from tqdm import tqdm

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    records = Records(folder)
    wanted = {key(task): task for task in tasks}
    missing = [address for address in wanted if not records.known(address, retry)]
    # Another order in every run: runs side by side seldom take the same task, and the time left is estimated evenly.
    np.random.default_rng().shuffle(missing)
    failed_before = {a for a in missing if records.known(a)}
    elsewhere, computed = 0, 0
    bar = tqdm(total=len(wanted), initial=len(wanted) - len(missing), desc=label, unit="case", disable=None)

    def waiting():
        nonlocal elsewhere
        looked = time.monotonic()
        for address in missing:
            if time.monotonic() - looked > LOOK_EVERY:
                records.refresh()
                looked = time.monotonic()
            known = address in records.by_key and address not in failed_before
            if known or (address in failed_before and records.by_key[address]["error"] is None):
                elsewhere += 1
                bar.update()
                continue
            yield joblib.delayed(_attempt)(work, wanted[address])

    shard = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
    try:
        with shard.open("xb", buffering=0) as file:
            for record in parallel(waiting()):
                file.write(to_line(record).encode())
                os.fsync(file.fileno())
                computed += 1
                bar.update()
    finally:
        bar.close()
        if computed == 0:
            shard.unlink(missing_ok=True)
    records.refresh()
    failed = sum(records.by_key[a]["error"] is not None for a in wanted if a in records.by_key)
    return Summary(len(wanted) - len(missing), computed, elsewhere, failed)


def finished(tasks, folder=FOLDER):
    """Return the tasks that are done, with their results; say of others how they failed."""
    known = Records(folder).by_key
    pairs = []
    for task in tasks:
        found = known.get(key(task))
        if found is not None and found["error"] is None:
            pairs.append((task, found["result"]))
        elif found is not None:
            print(f"{canonical(task)} failed: {found['error']}")
    return pairs


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    records = Records(folder)
    failed = Counter(r["error"] for r in records.by_key.values() if r["error"] is not None)
    seconds = sum(r["seconds"] for r in records.by_key.values())
    print(
        f"{len(records.by_key)} records in {folder}, {seconds / 3600:.2f} hours of computing, {failed.total()} failed"
    )
    if records.bad_lines:
        print(f"{records.bad_lines} lines were torn or altered and are not counted")
    for sentence, times in failed.most_common(20):
        print(f"{times:6d} x {sentence}")


if __name__ == "__main__":
    main()
