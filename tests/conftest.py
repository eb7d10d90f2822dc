"""Settings of hypothesis: no deadline (a first call compiles), the same examples in every run."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_terminal_summary(terminalreporter):
    """Print how to run a test that failed alone."""
    failed = [report.nodeid for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, ())]
    if failed:
        terminalreporter.write_sep("-", "to run one of them alone")
        for name in dict.fromkeys(failed[:10]):
            terminalreporter.write_line(f"python -m pytest '{name}'")


SLOW = (
    "tests/test_notebooks.py",
    "tests/test_numba_cache.py",
    "tests/benchmarks/",
    "tests/golden/",
    "tests/test_wheel.py",
)
"""Files whose tests compile anew, or take more than two seconds each; others mark single tests by `slow`."""


def pytest_collection_modifyitems(items):
    """Mark what `make test FAST=1` leaves out."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
