"""How a layout of `spectral_ph.tl.embed` lies in an AnnData."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spectral_ph import _check, stored
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Settings
from spectral_ph.embedding.report import EmbeddingReport


def write_embedding(
    adata: Any,
    key: str,
    layout: FloatArray,
    settings: Settings,
    report: EmbeddingReport | None,
    warnings: Iterable[str],
) -> None:
    """Write a layout into obsm and what is known about it into uns, in place of what was there under the same name.

    Parameters
    ----------
    adata : AnnData of the same cells.
    key : name of the layout: obsm["X_" + key] and uns[key].
    layout : (n, d).
    settings : all parameters, for uns[key]["params"].
    report : which loops it keeps, or None.
    warnings : sentences.
    """
    adata.obsm[f"X_{key}"] = layout
    entry: dict[str, Any] = {
        "params": stored.plain(settings),
        "versions": stored.tool_versions(),
        "warnings": stored.text(warnings),
    }
    entry["obs_columns"] = stored.text([])
    if report is not None:
        entry |= {"verdict": report.verdict, "loops": stored.of_rows(report.to_records())}
        entry["measures"] = report.measures()
    adata.uns[key] = entry


def read_embedding(adata: Any, key: str) -> tuple[FloatArray, Mapping[str, Any]]:
    """Return a layout, and what uns holds about it.

    Parameters
    ----------
    adata : AnnData that `tl.embed` has seen.
    key : name of the layout.

    Returns
    -------
    layout : (n, d) float64.
    about : Mapping, as `write_embedding` made it.

    Raises
    ------
    InputError : no layout of that name.
    """
    about = adata.uns.get(key)
    if not isinstance(about, Mapping) or f"X_{key}" not in adata.obsm or "params" not in about:
        there = sorted(k for k, v in adata.uns.items() if isinstance(v, Mapping) and f"X_{k}" in adata.obsm)
        listed = f"there is {', '.join(map(repr, there))}" if there else "there is none"
        raise _check.InputError(
            f"uns[{key!r}] and obsm['X_{key}'] hold no layout of spectral_ph.tl.embed ({listed}). Run it first, or pass "
            "another ",
            Argument("key"),
            ".",
        )
    return np.asarray(adata.obsm[f"X_{key}"], dtype=np.float64), about
