"""One self-contained HTML file about a LoopResult, and the record of plain names and numbers that it shows."""

from spectral_ph.report.annotated import from_anndata
from spectral_ph.report.page import html, write_report
from spectral_ph.report.record import record

__all__ = ["from_anndata", "html", "record", "write_report"]


def __dir__() -> list[str]:
    return __all__
