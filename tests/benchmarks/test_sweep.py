import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import distributed
import joblib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import sweep

ROOT = Path(sweep.__file__).parents[1]
TASKS = [{"version": 1, "x": x} for x in range(12)]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def square(task):
    if task["x"] == 5 and task["version"] == 2:
        raise ValueError("five is not wanted")
    return {"y": task["x"] ** 2, "third": task["x"] / 3}


def never(task):
    raise AssertionError("computed again")


def results(folder):
    """What the records say, without how long it took."""
    return {k: (r["task"], r["result"], r["error"]) for k, r in sweep.Records(folder).by_key.items()}


def lines(folder):
    return [line for shard in sorted(folder.glob("*.jsonl")) for line in shard.read_bytes().splitlines(keepends=True)]


@given(task=st.dictionaries(st.text(), json_values, max_size=4))
def test_a_line_gives_back_its_record_and_no_shorter_line_does(task):
    record = {"key": sweep.key(task), "task": task, "result": {"a": 0.1}, "error": None, "seconds": 0.5}
    line = sweep.to_line(record).encode()
    assert line.count(b"\n") == 1
    assert sweep.from_line(line) == record
    assert all(sweep.from_line(line[:stop]) is None for stop in range(len(line) - 1))


def test_a_changed_digit_is_noticed():
    line = sweep.to_line(
        {"key": sweep.key({"x": 1}), "task": {"x": 1}, "result": {"y": 12}, "error": None, "seconds": 1.0}
    )
    assert sweep.from_line(line) is not None
    assert sweep.from_line(line.replace('"y":12', '"y":13')) is None


def test_the_key_knows_values_and_not_their_order():
    assert sweep.key({"a": 1, "b": 2}) == sweep.key({"b": 2, "a": 1})
    assert sweep.key({"a": 1}) != sweep.key({"a": 1.5})
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        sweep.key({"a": float("inf")})


def test_a_second_run_computes_nothing(tmp_path):
    assert sweep.run(TASKS, square, tmp_path) == sweep.Summary(0, 12, 0, 0)
    before = lines(tmp_path)
    assert sweep.run(TASKS, never, tmp_path) == sweep.Summary(12, 0, 0, 0)
    assert lines(tmp_path) == before
    assert sweep.Records(tmp_path).get(TASKS[4])["result"] == {"y": 16, "third": 4 / 3}


def test_more_tasks_add_to_what_is_there(tmp_path):
    sweep.run(TASKS[:5], square, tmp_path)
    assert sweep.run(TASKS, square, tmp_path) == sweep.Summary(5, 7, 0, 0)


def test_a_failing_case_is_recorded_with_its_sentence_and_tried_again_on_request(tmp_path):
    tasks = [t | {"version": 2} for t in TASKS]
    assert sweep.run(tasks, square, tmp_path) == sweep.Summary(0, 12, 0, 1)
    assert sweep.Records(tmp_path).get(tasks[5])["error"] == "ValueError: five is not wanted"
    assert sweep.run(tasks, never, tmp_path) == sweep.Summary(12, 0, 0, 1)
    assert sweep.run(tasks, lambda task: {"y": 0}, tmp_path, retry=True) == sweep.Summary(11, 1, 0, 0)
    assert sweep.Records(tmp_path).get(tasks[5])["result"] == {"y": 0}


def test_a_result_that_is_no_json_is_a_failure(tmp_path):
    assert sweep.run(TASKS[:1], lambda task: {"y": float("nan")}, tmp_path).failed == 1
    assert sweep.Records(tmp_path).get(TASKS[0])["error"].startswith("ValueError: Out of range float")


@pytest.mark.parametrize("cut", [1, 40, -1])
def test_a_torn_last_line_is_computed_again(tmp_path, cut):
    sweep.run(TASKS, square, tmp_path)
    whole = results(tmp_path)
    (shard,) = tmp_path.glob("*.jsonl")
    held = lines(tmp_path)
    shard.write_bytes(b"".join(held[:-1]) + held[-1][:cut])
    assert len(results(tmp_path)) == 11
    assert sweep.run(TASKS, square, tmp_path) == sweep.Summary(11, 1, 0, 0)
    assert results(tmp_path) == whole


def test_an_altered_line_is_counted_and_computed_again(tmp_path):
    sweep.run(TASKS, square, tmp_path)
    whole = results(tmp_path)
    (shard,) = tmp_path.glob("*.jsonl")
    shard.write_bytes(shard.read_bytes().replace(b'"y":121', b'"y":122'))
    assert sweep.Records(tmp_path).bad_lines == 1
    assert sweep.run(TASKS, square, tmp_path).computed == 1
    assert results(tmp_path) == whole


def test_what_another_run_records_meanwhile_is_not_computed(tmp_path, monkeypatch):
    """The other run finishes everything while this one is at its first task."""
    monkeypatch.setattr(sweep, "LOOK_EVERY", 0.0)
    seen = []

    def slow(task):
        if not seen:
            sweep.run(TASKS, square, tmp_path)
        seen.append(task)
        return square(task)

    found = sweep.run(TASKS, slow, tmp_path)
    assert found.computed == len(seen)
    assert found.computed + found.elsewhere == 12
    assert found.elsewhere >= 10
    assert len(results(tmp_path)) == 12


def test_records_see_what_is_appended(tmp_path):
    records = sweep.Records(tmp_path)
    sweep.run(TASKS[:3], square, tmp_path)
    assert records.by_key == {}
    records.refresh()
    assert len(records.by_key) == 3


SCRIPT = """
    import sys, time
    sys.path.insert(0, {root!r})
    from benchmarks import sweep

    def work(task):
        time.sleep(0.02)
        return {{"y": task["x"] ** 2}}

    if __name__ == "__main__":
        print(sweep.run([{{"x": x}} for x in range({n})], work, {folder!r}, jobs={jobs}))
"""


def script(tmp_path, folder, n, jobs=1):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT).format(root=str(ROOT), folder=str(folder), n=n, jobs=jobs))
    return [sys.executable, str(path)]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_carries_on_and_ends_with_the_same_records(tmp_path, kill):
    folder = tmp_path / "records"
    command = script(tmp_path, folder, 100)
    # Where other tests run, SIGINT may be ignored in children; here it must arrive.
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    )
    while len(sweep.Records(folder).by_key) < 5 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(kill)
    process.communicate()
    assert process.returncode != 0
    there = len(sweep.Records(folder).by_key)
    assert 5 <= there < 100
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == f"Summary(known={there}, computed={100 - there}, elsewhere=0, failed=0)\n"
    assert {t["x"]: r["y"] for t, r, _ in results(folder).values()} == {x: x**2 for x in range(100)}


def test_two_processes_at_once_end_with_all_records(tmp_path):
    folder = tmp_path / "records"
    command = script(tmp_path, folder, 60)
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    records = sweep.Records(folder)
    assert records.bad_lines == 0
    assert sorted(r["task"]["x"] for r in records.by_key.values()) == list(range(60))
    assert len(list(folder.glob("*.jsonl"))) == 2


def test_worker_processes_give_the_same_records(tmp_path):
    subprocess.run(script(tmp_path, tmp_path / "two", 20, jobs=2), check=True)
    subprocess.run(script(tmp_path, tmp_path / "one", 20), check=True)
    assert results(tmp_path / "two") == results(tmp_path / "one")


def test_a_dask_cluster_gives_the_same_records(tmp_path):
    sweep.run(TASKS, square, tmp_path / "here")
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        with joblib.parallel_config(backend="dask"):
            found = sweep.run(TASKS, square, tmp_path / "there")
        assert len(client.scheduler_info()["workers"]) == 2
    assert found == sweep.Summary(0, 12, 0, 0)
    assert results(tmp_path / "there") == results(tmp_path / "here")


def test_the_overview_counts_and_quotes(tmp_path, monkeypatch, capsys):
    sweep.run([t | {"version": 2} for t in TASKS], square, tmp_path)
    monkeypatch.setattr(sys, "argv", ["sweep.py", os.fspath(tmp_path)])
    sweep.main()
    told = capsys.readouterr().out
    assert told.startswith(f"12 records in {tmp_path}, 0.00 hours of computing, 1 failed\n")
    assert "     1 x ValueError: five is not wanted\n" in told


def test_lines_are_json(tmp_path):
    sweep.run(TASKS, square, tmp_path)
    assert {json.loads(line)["record"]["result"]["y"] for line in lines(tmp_path)} == {x**2 for x in range(12)}
