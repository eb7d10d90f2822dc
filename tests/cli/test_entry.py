"""Whatever ends the command line early is one sentence and an exit code, and nothing is left half written."""

import errno
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import spectral_ph as sph

FULL = "/dev/full"


@pytest.fixture
def command(tmp_path, points):
    """Give a function that runs the command in a process of its own, after some lines of Python."""
    script = tmp_path / "spectral-ph"

    def run(*arguments, first="", **options):
        script.write_text(textwrap.dedent(first) + "\nfrom spectral_ph.cli import main\nmain()\n")
        whole = [sys.executable, str(script), *map(str, arguments)]
        return subprocess.run(
            whole, cwd=tmp_path, stderr=subprocess.PIPE, text=True, **({"stdout": subprocess.PIPE} | options)
        )

    return run


INTERRUPT = """
    import builtins, os, signal
    there, sent = builtins.__import__, []

    def interrupted(name, *rest):
        if name == "{name}" and not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGINT)
        return there(name, *rest)

    builtins.__import__ = interrupted
"""


@pytest.mark.parametrize(
    "name", ["numpy", "scipy.sparse", "click", "matplotlib", "sklearn.decomposition", "numba", "json"]
)
def test_ctrl_c_while_something_is_imported(command, points, tmp_path, name):
    done = command("loops", points, "-o", "out", "--splits", 0, first=INTERRUPT.format(name=name))
    assert (done.returncode, done.stderr.strip(), done.stdout) == (130, "interrupted; nothing was written", "")
    assert not (tmp_path / "out").exists()


def test_ctrl_c_that_foreign_code_turns_into_an_error(run, points, monkeypatch):
    def foreign(*_, **__):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("lowering failed") from None

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sph, "find_loops", foreign)
    code, said, notes = run("loops", points)
    assert signal.getsignal(signal.SIGINT) is before
    assert (code, said, notes) == (130, "", "interrupted; nothing was written\n")


def test_other_programs_keep_their_ctrl_c():
    code = "import signal, spectral_ph; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not os.path.exists(FULL), reason="there is no full device here")
@pytest.mark.parametrize("options", [["--json"], [], ["--help"]])
def test_a_full_disk_behind_standard_output(command, points, options):
    with open(FULL, "w") as full:
        done = command("persistence", points, "--distance", "euclidean", *options, stdout=full)
    sentence = (
        "error: what was to be printed could not be written (No space left on device). Check where the output goes.\n"
    )
    assert (done.returncode, done.stderr) == (2, sentence)


def test_a_closed_pipe_behind_standard_output(command, points):
    read, write = os.pipe()
    os.close(read)
    done = command("persistence", points, "--distance", "euclidean", "--json", stdout=write)
    os.close(write)
    sentence = "error: what was to be printed could not be written (Broken pipe). Check where the output goes.\n"
    assert (done.returncode, done.stderr) == (2, sentence)


@pytest.mark.parametrize(
    ("number", "way"),
    [
        (errno.ENOSPC, "Make room there, or name one elsewhere."),
        (errno.EFBIG, "Make room there, or name one elsewhere."),
        (errno.EROFS, "Name one in a place that can be written to."),
    ],
)
@pytest.mark.parametrize("where", ["a figure", "a table"])
def test_a_full_disk_while_results_are_written(run, points, tmp_path, monkeypatch, number, way, where):
    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("matplotlib.figure.Figure.savefig" if where == "a figure" else "csv.writer", full)
    out = tmp_path / "out"
    code, said, notes = run("loops", points, "-o", out, "--splits", 0)
    assert (code, said) == (2, "")
    if where == "a figure":
        assert notes == f"error: the folder {out} could not be written ({os.strerror(number)}). {way}\n"
    else:
        assert notes.startswith("error: ")
        assert notes.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["points.npy"]


def test_memory_that_is_used_up_in_foreign_code(run, points, monkeypatch):
    def allocate(*_, **__):
        return np.empty(2**50)

    monkeypatch.setattr(sph, "persistence", allocate)
    assert run("persistence", points) == (
        2,
        "",
        "error: the memory that this process may have is used up. Use fewer points, or raise the limit (ulimit -v, or that of "
        "the container).\n",
    )


def test_a_limit_of_memory_is_asked_before_anything_is_allocated(command, tmp_path):
    np.save(tmp_path / "many.npy", np.random.default_rng(0).standard_normal((14_000, 2)))
    limit = "import psutil, resource\n"
    # What the process has when it begins, with its libraries, and one and a half matrices; two are needed.
    limit += "import spectral_ph, numba, matplotlib, sklearn.decomposition\n"
    limit += "used = psutil.Process().memory_info().vms + 2**30\nresource.setrlimit(resource.RLIMIT_AS, (used, used))\n"
    done = command("persistence", "many.npy", "--distance", "euclidean", first=limit)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: the distance matrix of 14000 points would take about 1.5 GiB of memory, but only "
    )
    assert done.stderr.endswith("GiB are available. Use fewer points.\n")
    assert done.stderr.count("\n") == 1
