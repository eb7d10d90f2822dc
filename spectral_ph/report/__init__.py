"""One self-contained HTML file about a LoopResult, and the record of plain names and numbers that it shows."""

from spectral_ph.report.cell_facts import CellFacts, cell_facts
from spectral_ph.report.page import html, write_report
from spectral_ph.report.record import record, versions

__all__ = ["CellFacts", "cell_facts", "html", "record", "versions", "write_report"]


def __dir__() -> list[str]:
    return __all__
