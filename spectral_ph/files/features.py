"""Which features of a matrix are genes: antibodies, peaks and guides beside them are counts of another kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument, InputError
from spectral_ph._types import BoolArray

GENES = "Gene Expression"
"""What 10x calls the type of genes."""


def chosen(what: str, types: Sequence[str] | None, wanted: str | None) -> tuple[BoolArray | None, str]:
    """Return which features to keep, and a note on the others.

    Parameters
    ----------
    what : what holds the features, for the sentences.
    types : their types, or None if nothing is said about them.
    wanted : a type, in any case; "all" for every type; None for genes, if some are known to be genes.

    Returns
    -------
    (d,) bool or None to keep all, and a note that starts with a comma, or "".

    Raises
    ------
    InputError : if there are no such features; if there are several types, none is that of genes and none was named.
    """
    if types is None or not any(types):
        if wanted is not None and wanted.casefold() not in ("all", GENES.casefold()):
            raise InputError(
                f"{what} says nothing about the types of its features. Leave ", Argument("feature_type"), " out."
            )
        return None, ""
    known = Counter(types)
    if wanted is not None and wanted.casefold() == "all":
        return None, ""
    names = {name.casefold(): name for name in known}
    type_ = names.get((GENES if wanted is None else wanted).casefold())
    if type_ is None and wanted is None and len(known) == 1:
        return None, f", all of type {types[0]!r}"
    if type_ is None:
        missing = "none of them is a gene" if wanted is None else f"none is of type {wanted!r}"
        raise InputError(
            f"{what} has {_counted(known)}, and {missing}. Name one type with ",
            Argument("feature_type"),
            ", or pass ",
            Argument("feature_type", "all"),
            ".",
        )
    others = Counter({name: count for name, count in known.items() if name != type_})
    if not others:
        return None, ""
    if wanted is None:
        first = next(iter(others))
        _check.warn(
            f"{what} also has {_counted(others)}, left out by default. Pass ",
            Argument("feature_type", first),
            " for these alone, or ",
            Argument("feature_type", "all"),
            " for all.",
        )
    return np.array([name == type_ for name in types]), f", without {_counted(others)}"


def _counted(known: Counter[str]) -> str:
    return " and ".join(
        f"{count} {'feature' if count == 1 else 'features'} of type {name!r}" for name, count in known.items()
    )
