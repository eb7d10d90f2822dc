"""What every picture of `pl` ends with: a title, a file, the screen, and what is returned."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spectral_ph import _check, files
from spectral_ph._check import Argument

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS = 160
"""Dots an inch in files."""


def finish(
    ax: Axes | Sequence[Axes],
    *,
    title: str | Sequence[str] | None,
    show: bool | None,
    save: files.PathLike | None,
    return_fig: bool,
) -> Any:
    """Give a picture its title, write it to a file, show it, and return what was asked for.

    Parameters
    ----------
    ax : what was drawn on; several Axes of one figure for several panels.
    title : one text for each of them; None leaves what is there.
    show : call `matplotlib.pyplot.show`.
    save : the file to write, whose ending says the format: .png, .pdf, .svg and whatever else matplotlib knows.
    return_fig : return the figure.

    Returns
    -------
    the figure with `return_fig`; None if it was shown; else `ax`.

    Raises
    ------
    InputError : another number of titles, an unknown format, or a file that cannot be written.
    """
    panels: list[Any] = [ax] if hasattr(ax, "figure") else list(ax)
    if title is not None:
        titles = [title] if isinstance(title, str) else list(title)
        if len(titles) != len(panels):
            raise _check.InputError(
                Argument("title"), f" has {len(titles)} texts for {len(panels)} picture(s). Pass one for each."
            )
        for one, text in zip(panels, titles, strict=True):
            one.set_title(text, fontsize="medium")
    figure = panels[0].figure
    if save is not None:
        _write(figure, save)
    if _check.flag(show if show is not None else False, "show"):
        import matplotlib.pyplot as plt

        plt.show()
        return figure if return_fig else None
    return figure if _check.flag(return_fig, "return_fig") else ax


def check_save(save: object) -> None:
    """Refuse a file that no picture can be written to, before anything is drawn.

    Parameters
    ----------
    save : what was passed; None for none.
    """
    if save is None:
        return
    if isinstance(save, (bool, np.bool_)):
        raise _check.InputError(
            Argument("save"), " takes the file to write, not True or False. Pass ", Argument("save", "loop.png"), "."
        )
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    suffix = Path(str(save)).suffix.removeprefix(".").lower()
    if suffix not in known:
        raise _check.InputError(
            Argument("save", str(save)),
            f" names no format that a picture can be written in. Known endings are: {', '.join(sorted(known))}.",
        )


def _write(figure: Any, save: files.PathLike) -> None:
    stream = io.BytesIO()
    figure.savefig(stream, format=Path(save).suffix[1:].lower(), dpi=DOTS, bbox_inches="tight")
    files.write_bytes(save, stream.getvalue())
