"""What memory this process may still have: the least of what the machine has, what it is allowed, and what its container has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")

NO_LIMIT = 2**60
"""Where there is no limit, version 1 of control groups has a number near 2**63 in its place."""


def available_memory() -> int:
    """Return the bytes of memory that this process can have without swapping and within its limits.

    Returns
    -------
    int, at least 0: the least of what is available on the machine; what `ulimit -v` and `ulimit -d` leave of addresses; and
    what each control group (a container, a job of a cluster) that the process is in leaves.
    """
    import psutil

    return max(0, int(min(psutil.virtual_memory().available, *_of_process(), *_of_groups())))


def _of_process() -> Iterator[float]:
    """Yield what the limits of the process leave."""
    yield float("inf")
    try:
        import resource  # which Windows has not
    except ImportError:
        return
    import psutil

    used = psutil.Process().memory_info()
    for name, taken in (("RLIMIT_AS", used.vms), ("RLIMIT_DATA", getattr(used, "data", used.rss))):
        limit = resource.getrlimit(getattr(resource, name))[0]
        if limit != resource.RLIM_INFINITY:
            yield float(limit - taken)


def _of_groups() -> Iterator[float]:
    """Yield what the control groups of the process leave, each and those around it."""
    for line in _lines(PROC / "self" / "cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:  # version 2
            top, names = CGROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top, names = CGROUPS / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = top / path.strip("/")
        # In a container the path may be that of the host, and the group's own files lie on top.
        for folder in dict.fromkeys((group, *(p for p in group.parents if p.is_relative_to(top)), top)):
            limit, used = (_number(folder / name) for name in names[:2])
            if limit is not None and used is not None and limit < NO_LIMIT:
                yield limit - used + _cached(folder / "memory.stat", names[2])


def _cached(file: Path, name: str) -> float:
    """Return the bytes of files in memory that are given up when others need the memory."""
    for line in _lines(file):
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdecimal():
            return float(value)
    return 0.0


def _number(file: Path) -> float | None:
    """Return the number that is all a file holds; None if it holds "max", or cannot be read."""
    text = "".join(_lines(file)).strip()
    return float(text) if text.isdecimal() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
