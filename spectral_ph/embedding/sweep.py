"""A sweep: one embedding for each value of a parameter, each started where the one before ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from sklearn.base import clone

from spectral_ph import _check
from spectral_ph._types import FloatArray, Graph
from spectral_ph.embedding.base import Embedding

OF_AFFINITIES = ("affinity", "perplexity", "n_neighbors", "affinity_params")

E = TypeVar("E", bound=Embedding)


def sweep(model: E, parameter: str, values: Iterable[Any], X: FloatArray | Graph) -> list[E]:
    """Fit an embedding for each value of a parameter, each started at the layout of the value before.

    Points then stay where they were as far as the loss lets them, and layouts can be compared by eye. The affinities are computed
    once, unless the parameter is one of theirs.

    Parameters
    ----------
    model : an embedding, not fitted; it stays as it is.
    parameter : name of one of its arguments.
    values : in the order in which they are swept.
    X : (n, d) points, or what its affinity asks for.

    Returns
    -------
    list of fitted embeddings, one for each value.

    Raises
    ------
    InputError : for what is no embedding, an unknown parameter, "init", or no values.

    See Also
    --------
    TSNE, embedding_report

    References
    ----------
    Böhm, Berens, Kobak, JMLR 2022 (the spectrum of attraction and repulsion).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
    >>> layouts = sph.embedding.sweep(sph.embedding.TSNE(affinity="knn"), "rho", (1, 4, 16), X)
    >>> [m.rho for m in layouts]
    [1, 4, 16]
    """
    if not isinstance(model, Embedding):
        raise _check.InputError(f"model must be an embedding such as TSNE(), not {model!r}.")
    _check.one_of(parameter, model.get_params(deep=False), f"parameter of {type(model).__name__}", "parameter")
    if parameter in ("init", "n_components"):
        raise _check.InputError(
            f"{parameter!r} cannot be swept: each embedding starts at the layout of the one before. Fit one for each value."
        )
    wanted = list(values)
    if not wanted:
        raise _check.InputError(_check.Argument("values"), " holds no value. Pass at least one.")
    fitted: list[E] = []
    for value in wanted:
        new = clone(model).set_params(**{parameter: value})
        if fitted:
            new.fit_after(fitted[-1], X, same_affinities=parameter not in OF_AFFINITIES)
        else:
            new.fit(X)
        fitted.append(new)
    return fitted
