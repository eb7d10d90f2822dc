import json
import os
import signal
import sys
import time

import numpy as np
import pytest

from benchmarks import isolated


def doubled(x):
    print("what a program prints on the way")
    return lambda: 2 * x, lambda result: {"result": result, "process": os.getpid()}


def sleeping(seconds):
    return lambda: time.sleep(seconds), lambda _: {}


def failing():
    raise ValueError("there is no such file")


def killed():
    return lambda: os.kill(os.getpid(), signal.SIGKILL), lambda _: {}


def filled(mebibytes):
    return lambda: np.ones(mebibytes * 2**17).sum(), lambda total: {"total": total}


def test_a_task_runs_in_another_process_and_is_timed():
    found = isolated.run(doubled, 21, limit=60)
    assert found["result"] == 42
    assert found["process"] != os.getpid()
    assert len(found["seconds"]) == 1
    assert found["seconds"][0] >= 0


def test_a_task_is_repeated_until_a_third_of_the_limit_is_spent(monkeypatch, capsys):
    def times(limit, repeats):
        clock = iter(range(100))
        monkeypatch.setattr(isolated.time, "perf_counter", lambda: next(clock))  # every call takes a second
        monkeypatch.setattr(sys, "argv", ["isolated.py", isolated.address(doubled), json.dumps([limit, repeats, 4])])
        isolated.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])["seconds"]

    assert times(limit=60, repeats=4) == [1, 1, 1, 1]
    assert times(limit=7, repeats=9) == [1, 1, 1]
    assert times(limit=1, repeats=9) == [1]


def test_what_runs_past_the_limit_says_the_limit():
    assert isolated.run(sleeping, 60, limit=0.5, grace=0.5) == {"failed": "> 0.5 s"}


def test_what_fails_says_why():
    assert isolated.run(failing, limit=60) == {"failed": "ValueError: there is no such file"}
    assert isolated.run(killed, limit=60) == {"failed": "ended by signal 9"}


def test_the_peak_is_that_of_the_task_and_not_of_who_started_it():
    before = isolated.run(filled, 1, limit=60)["peak_gib"]
    held = np.ones(2**27)  # 1 GiB here
    assert isolated.run(filled, 1, limit=60)["peak_gib"] == pytest.approx(before, abs=0.05)
    assert held[0] == 1
    assert isolated.run(filled, 256, limit=60)["peak_gib"] == pytest.approx(before + 0.25, abs=0.05)


def test_a_task_of_the_running_script_is_found_by_its_module(monkeypatch):
    monkeypatch.setattr(doubled, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", type("Spec", (), {"name": "benchmarks.chain"}))
    assert isolated.address(doubled) == "benchmarks.chain:doubled"


def test_the_process_tells_one_line_of_json(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["isolated.py", isolated.address(doubled), json.dumps([60, 1, 4])])
    isolated.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["result"] == 8
