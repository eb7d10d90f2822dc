"""AnnData in files: one entry of an .h5ad or a .zarr, and columns of its obs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spectral_ph import _check
from spectral_ph._check import Argument, InputError
from spectral_ph.files.content import Content, reading
from spectral_ph.files.features import chosen
from spectral_ph.files.write import PathLike

FORMATS = (".h5ad", ".zarr")


@contextmanager
def _opened(file: Path, kind: str) -> Iterator[Any]:
    """Yield the outermost group of an .h5ad or a .zarr, which have the same parts."""
    with reading(file, f"{'an' if kind == '.h5ad' else 'a'} {kind} {'file' if file.is_file() else 'folder'}"):
        if kind == ".zarr":
            yield _check.need("zarr", "cells").open_group(str(file), mode="r")
        else:
            with _check.need("h5py", "cells").File(file, "r") as f:
                yield f


def _kind(file: Path) -> str:
    return ".zarr" if file.is_dir() else ".h5ad"


def is_zarr(folder: Path) -> bool:
    """Tell whether a folder is a .zarr, by its name or by what is in it.

    Parameters
    ----------
    folder : the folder.

    Returns
    -------
    bool
    """
    return folder.is_dir() and (
        folder.name.lower().endswith(".zarr") or any((folder / name).exists() for name in (".zgroup", "zarr.json"))
    )


def holds_obs(path: PathLike) -> bool:
    """Tell whether a file has columns of obs, which only an AnnData has.

    Parameters
    ----------
    path : a file or a folder.

    Returns
    -------
    bool

    See Also
    --------
    obs_names, read_obs

    Examples
    --------
    >>> from spectral_ph import files
    >>> files.holds_obs("cells.h5ad"), files.holds_obs("points.csv")
    (True, False)
    """
    file = Path(path)
    return file.name.lower().endswith(".h5ad") or is_zarr(file)


def read_annotated(file: Path, kind: str, use_rep: str | None, layer: str | None, feature_type: str | None) -> Content:
    """Return one entry of an AnnData; the others are not read.

    Parameters
    ----------
    file : the file or folder.
    kind : ".h5ad" or ".zarr".
    use_rep : a key of obsm, or "X". layer : a key of layers. None: the best there is, see `spectral_ph.files.read`.
    feature_type : which features to read of X or a layer, where var says their types.

    Returns
    -------
    Content

    Raises
    ------
    InputError : if there is no such entry, or the file is damaged or older than anndata 0.7.
    TooLargeError : if a dense entry does not fit in memory.
    MissingExtraError : without anndata.
    """
    if use_rep is not None and layer is not None:
        raise InputError(
            Argument("use_rep", use_rep),
            " and ",
            Argument("layer", layer),
            f" both say what to read from {file}. Pass only one of them.",
        )
    # Element by element rather than through read_h5ad: even its backed mode loads all of obsm and layers.
    read_elem = _check.need("anndata.io", "cells").read_elem
    with _opened(file, kind) as f:
        if not _is_group(f.get("obs")) or "_index" not in f["obs"].attrs:
            storage = "an HDF5 file" if kind == ".h5ad" else "a zarr folder"
            raise InputError(
                f"{file} is {storage} that anndata 0.7 or newer did not write: it has no table obs of cells. "
                f"Read it with the program that made it, and save it as {kind}."
            )
        where, key = _entry(file, f, use_rep, layer)
        element = f["X"] if where == "X" else f[where][key]
        what = "X" if where == "X" else f"{where}[{key!r}]"
        if not _is_group(element):
            _check.memory(
                8.0 * element.size, f"{what} of {file}", "Store it as a sparse matrix, or choose fewer cells."
            )
        values = read_elem(element)
        names = tuple(map(str, read_elem(f["obs"][f["obs"].attrs["_index"]])))
        columns = types = None
        if where != "obsm" and _is_group(f.get("var")):
            columns = tuple(map(str, read_elem(f["var"][f["var"].attrs["_index"]])))
            # scanpy keeps what 10x says about features under this name.
            types = [str(t) for t in read_elem(f["var"]["feature_types"])] if "feature_types" in f["var"] else None
    if hasattr(values, "columns"):  # a pandas DataFrame, which obsm may hold
        columns, values = tuple(map(str, values.columns)), values.to_numpy()
    what = f"{what} of {file.name}"
    kept, notes = None, ""
    if where != "obsm":
        kept, notes = chosen(what, types, feature_type)
    elif feature_type is not None:
        raise InputError(
            Argument("feature_type"),
            f" chooses features, but {what} has coordinates. Leave ",
            Argument("feature_type"),
            " out, or pass ",
            Argument("use_rep", "X"),
            ".",
        )
    if kept is not None:
        values = values[:, np.flatnonzero(kept)]
        columns = None if columns is None else tuple(name for name, keep in zip(columns, kept, strict=True) if keep)
    return Content(values, file, what, "cells", names, columns, notes, genes=where != "obsm")


def _is_group(element: Any) -> bool:
    """Tell whether something stored is a group, which has keys, and not an array or nothing."""
    return hasattr(element, "keys")


def _entry(file: Path, f: Any, use_rep: str | None, layer: str | None) -> tuple[str, str]:
    """Return ("X", "X"), ("obsm", key) or ("layers", key): the entry that was asked for, or else the best there is."""
    obsm, layers = (sorted(f[group]) if group in f else [] for group in ("obsm", "layers"))
    if layer is not None:
        if layer not in layers:
            raise InputError(f"{file} has no layer {layer!r}. {_those('layers', layers)}.")
        return "layers", layer
    shape = _shape(f)
    has_columns = _has_columns(shape)
    offer = f"{_those('obsm entries', obsm)}, and X has {f'{shape[1]} columns' if has_columns else 'no columns'}"
    if use_rep == "X":
        if not has_columns:
            raise InputError(
                f"{file} has no values in X. {_those('obsm entries', obsm)}. Name one with ", Argument("use_rep"), "."
            )
        return "X", "X"
    if use_rep is not None:
        if use_rep not in obsm:
            raise InputError(f"{file} has no obsm[{use_rep!r}]. {offer}.")
        return "obsm", use_rep
    if "X_pca" in obsm:
        return "obsm", "X_pca"
    if has_columns:
        return "X", "X"
    if len(obsm) == 1:
        return "obsm", obsm[0]
    raise InputError(
        f"{file} does not say which entry holds the points. {offer}. Name one with ", Argument("use_rep"), "."
    )


def _shape(f: Any) -> Any:
    # A sparse X is a group that holds its shape as an attribute; an AnnData without X has none or one of type "null".
    return f["X"].attrs.get("shape", getattr(f["X"], "shape", ())) if "X" in f else ()


def _has_columns(shape: Any) -> bool:
    return shape is not None and len(shape) == 2 and bool(shape[1] > 0)


def _those(what: str, keys: list[str]) -> str:
    return f"Its {what} are {', '.join(map(repr, keys))}" if keys else f"It has no {what}"


def obs_names(path: PathLike) -> list[str]:
    """Return the names of the columns of obs of an .h5ad or a .zarr.

    Parameters
    ----------
    path : the file or folder.

    Returns
    -------
    list of str, in the order of the file.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.

    See Also
    --------
    read_obs, obsm_names

    Examples
    --------
    >>> import pathlib, tempfile, anndata, numpy as np
    >>> from spectral_ph import files
    >>> adata = anndata.AnnData(np.eye(3), obs={"batch": ["a", "b", "b"]}, obsm={"X_pca": np.eye(3)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adata.write_h5ad(pathlib.Path(folder) / "cells.h5ad")
    ...     files.obs_names(pathlib.Path(folder) / "cells.h5ad")
    ['batch']
    """
    file = Path(path)
    with _opened(file, _kind(file)) as f:
        return [str(name) for name in f["obs"].attrs.get("column-order", sorted(f["obs"]))]


def obsm_names(path: PathLike) -> list[str]:
    """Return the keys of obsm of an .h5ad or a .zarr.

    Parameters
    ----------
    path : the file or folder.

    Returns
    -------
    list of str, sorted.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.

    See Also
    --------
    obs_names, read

    Examples
    --------
    >>> import pathlib, tempfile, anndata, numpy as np
    >>> from spectral_ph import files
    >>> adata = anndata.AnnData(np.eye(3), obs={"batch": ["a", "b", "b"]}, obsm={"X_pca": np.eye(3)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adata.write_h5ad(pathlib.Path(folder) / "cells.h5ad")
    ...     files.obsm_names(pathlib.Path(folder) / "cells.h5ad")
    ['X_pca']
    """
    return _keys(Path(path), "obsm")


def layer_names(path: PathLike) -> list[str]:
    """Return the names of the layers of an .h5ad or a .zarr.

    Parameters
    ----------
    path : the file or folder.

    Returns
    -------
    list of str, sorted.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.

    See Also
    --------
    obsm_names, holds_values

    Examples
    --------
    >>> import pathlib, tempfile, anndata, numpy as np
    >>> from spectral_ph import files
    >>> adata = anndata.AnnData(np.eye(3), layers={"counts": np.eye(3)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adata.write_h5ad(pathlib.Path(folder) / "cells.h5ad")
    ...     files.layer_names(pathlib.Path(folder) / "cells.h5ad")
    ['counts']
    """
    return _keys(Path(path), "layers")


def _keys(file: Path, group: str) -> list[str]:
    with _opened(file, _kind(file)) as f:
        return sorted(map(str, f[group])) if group in f else []


def holds_values(path: PathLike) -> bool:
    """Tell whether X of an .h5ad or a .zarr has columns.

    Parameters
    ----------
    path : the file or folder.

    Returns
    -------
    bool

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.

    See Also
    --------
    layer_names, read

    Examples
    --------
    >>> import pathlib, tempfile, anndata, numpy as np
    >>> from spectral_ph import files
    >>> adata = anndata.AnnData(obsm={"X_pca": np.eye(3)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adata.write_h5ad(pathlib.Path(folder) / "cells.h5ad")
    ...     files.holds_values(pathlib.Path(folder) / "cells.h5ad")
    False
    """
    file = Path(path)
    with _opened(file, _kind(file)) as f:
        return _has_columns(_shape(f))


def read_obs(path: PathLike, names: Iterable[str]) -> dict[str, Any]:
    """Return columns of obs of an .h5ad or a .zarr; nothing else is read.

    Parameters
    ----------
    path : the file or folder.
    names : of columns that are there, see `obs_names`.

    Returns
    -------
    dict from each name to (n,) numbers or objects; a number that is not known is NaN, a category None or NaN.

    Raises
    ------
    InputError : the file could not be read.
    MissingExtraError : without anndata.

    See Also
    --------
    obs_names, read

    Examples
    --------
    >>> import pathlib, tempfile, anndata, numpy as np
    >>> from spectral_ph import files
    >>> adata = anndata.AnnData(np.eye(3), obs={"batch": ["a", "b", "b"]}, obsm={"X_pca": np.eye(3)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     adata.write_h5ad(pathlib.Path(folder) / "cells.h5ad")
    ...     files.read_obs(pathlib.Path(folder) / "cells.h5ad", ["batch"])["batch"].tolist()
    ['a', 'b', 'b']
    """
    file = Path(path)
    read_elem = _check.need("anndata.io", "cells").read_elem
    with _opened(file, _kind(file)) as f:
        return {name: _plain(read_elem(f["obs"][name])) for name in names}


def _plain(values: Any) -> Any:
    """Return a column as numbers, NaN where one is missing, or else as labels, None where one is missing."""
    array = np.asarray(values)
    if array.dtype.kind != "O":
        return array
    missing = _check.missing(array)
    there = array[~missing]
    if len(there) and all(
        isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in there
    ):
        numbers = np.full(array.shape, np.nan)
        numbers[~missing] = there.astype(np.float64)
        return numbers
    labels = array.copy()
    labels[missing] = None
    return labels
