"""Memory that the process may have: the least of machine, limits of the process, and control groups of either version."""

import resource
import subprocess
import sys
import types

import pytest

from spectral_ph import _check
from spectral_ph._check import limits

GIB = 2**30


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Give a machine with 100 GiB and no limits, into whose files one can write."""
    monkeypatch.setattr(limits, "PROC", tmp_path / "proc")
    monkeypatch.setattr(limits, "CGROUPS", tmp_path / "cgroup")
    memory = types.SimpleNamespace(available=100 * GIB)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def write(**files):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/").replace("_of_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


def test_without_limits_it_is_what_the_machine_has(machine):
    assert _check.available_memory() == 100 * GIB


@pytest.mark.parametrize(("number", "field"), [(resource.RLIMIT_AS, "vms"), (resource.RLIMIT_DATA, "data")])
def test_a_limit_of_the_process_counts_what_it_has_already(machine, monkeypatch, number, field):
    used = types.SimpleNamespace(vms=0, data=0, rss=0)
    setattr(used, field, 3 * GIB)
    monkeypatch.setattr("psutil.Process", lambda: types.SimpleNamespace(memory_info=lambda: used))
    none = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda which: (5 * GIB if which == number else none, none))
    assert _check.available_memory() == 2 * GIB
    setattr(used, field, 7 * GIB)
    assert _check.available_memory() == 0


def test_version_2_of_control_groups_with_those_around_it(machine):
    machine(
        proc__self__cgroup="0::/job/step\n",
        cgroup__job__step__memory_of_max="max\n",
        cgroup__job__step__memory_of_current=f"{GIB}\n",
        cgroup__job__memory_of_max=f"{8 * GIB}\n",
        cgroup__job__memory_of_current=f"{5 * GIB}\n",
        cgroup__job__memory_of_stat=f"anon 7\ninactive_file {2 * GIB}\n",
    )
    assert _check.available_memory() == 5 * GIB
    machine(cgroup__job__step__memory_of_max=f"{2 * GIB}\n")
    assert _check.available_memory() == GIB


def test_version_1_of_control_groups(machine):
    machine(
        proc__self__cgroup="12:cpu:/x\n4:memory,hugetlb:/job\n",
        cgroup__memory__job__memory_of_limit_in_bytes=f"{4 * GIB}\n",
        cgroup__memory__job__memory_of_usage_in_bytes=f"{3 * GIB}\n",
        cgroup__memory__job__memory_of_stat=f"cache 9\ntotal_inactive_file {GIB}\n",
        cgroup__memory__memory_of_limit_in_bytes="9223372036854771712\n",
        cgroup__memory__memory_of_usage_in_bytes=f"{50 * GIB}\n",
    )
    assert _check.available_memory() == 2 * GIB


def test_in_a_container_the_files_lie_on_top(machine):
    machine(
        proc__self__cgroup="0::/host/path/that/is/not/here\n",
        cgroup__memory_of_max=f"{GIB}\n",
        cgroup__memory_of_current="0\n",
    )
    assert _check.available_memory() == GIB


@pytest.mark.parametrize("text", ["", "max", "-5", "many", "\xff"])
def test_what_cannot_be_read_is_no_limit(machine, text):
    machine(proc__self__cgroup="0::/\n", cgroup__memory_of_max=text, cgroup__memory_of_current="0\n")
    assert _check.available_memory() == 100 * GIB


def test_a_limit_that_is_set_is_seen():
    code = (
        "import resource, psutil; from spectral_ph import _check;"
        "used = psutil.Process().memory_info().vms; limit = used + 2**30;"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit)); there = _check.available_memory();"
        "assert 0.9 * 2**30 < there <= 2**30, there"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
