"""Public sets of data to learn on: loaded once, checked against their sum, kept in a cache."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from spectral_ph import _check, _log

FOLDER = "SPECTRAL_PH_DATA"
"""The variable that names another folder for the cache."""

TIMEOUT = 30
"""Seconds that a server may be silent."""


@dataclass(frozen=True, eq=False, repr=False)
class PublicSet:
    """What is known of a public set before it is loaded.

    Attributes
    ----------
    name : how it is asked for.
    title : what it is.
    url : where the file is.
    file : what it is called in the cache.
    sha256 : hexadecimal digest of the file; empty where nobody has checked the address yet.
    bytes : size of the file; 0 if it is not known.
    licence : of the data.
    citation : what to cite.
    tried : when the address was last tried, and how that ended.

    See Also
    --------
    fetch, available

    Examples
    --------
    >>> import spectral_ph as sph
    >>> known = sph.datasets.available()
    >>> known["pbmc3k"].licence
    'CC BY 4.0'
    """

    name: str
    title: str
    url: str
    file: str
    sha256: str
    bytes: int
    licence: str
    citation: str
    tried: str

    def __repr__(self) -> str:
        return f"PublicSet({self.name}: {self.title}; {self.licence}; {self.citation})"


def available() -> dict[str, PublicSet]:
    """Return what is known of every public set, by name.

    Returns
    -------
    dict from names to `PublicSet`. Nothing is loaded.

    Raises
    ------
    ValueError : the registry that came with the package was changed, and is no TOML any more.

    See Also
    --------
    fetch, PublicSet

    Examples
    --------
    >>> import spectral_ph as sph
    >>> sorted(sph.datasets.available())
    ['pbmc3k']
    """
    text = resources.files("spectral_ph.datasets").joinpath("public.toml").read_text(encoding="utf-8")
    return {name: PublicSet(name, **entry) for name, entry in tomllib.loads(text).items()}


def fetch(name: str, *, progress: bool = True, quiet: bool = False, unchecked: bool = False) -> Path:
    """Return the file of a public set, loaded and checked unless the cache holds it already.

    Parameters
    ----------
    name : one of `available`.
    progress : show a bar while the file is loaded, if standard error is a terminal.
    quiet : do not print the licence and what to cite.
    unchecked : take what the address gives, with a warning, where the sum of a set is not known yet.

    Returns
    -------
    pathlib.Path of the file. The cache is the usual one of the system, or the folder that SPECTRAL_PH_DATA names.

    Raises
    ------
    InputError : an unknown name (with the nearest known one), an entry without a sum, a server that cannot be reached or does
        not have the file, and a file that is not the one whose sum is known. No part of a file is left in the cache.
    MissingExtraError : without pooch.

    See Also
    --------
    available, spectral_ph.files.read

    Examples
    --------
    >>> import spectral_ph as sph
    >>> try:
    ...     sph.datasets.fetch("pbmc3")
    ... except sph.InputError as error:
    ...     print(error)
    'pbmc3' is not a known public set; did you mean 'pbmc3k'? Known are: pbmc3k.
    """
    known = available()
    entry = known[_check.one_of(name, known, "public set")]
    if not entry.sha256 and not _check.flag(unchecked, "unchecked"):
        raise _check.InputError(
            f"the sum of {name!r} is not known yet, so what {entry.url} gives cannot be checked. Pass ",
            _check.Argument("unchecked", True),
            " to take it as it comes.",
        )
    pooch = _check.need("pooch", "data")
    there = cache()
    file = there / entry.file
    if not file.exists() or entry.sha256 not in ("", pooch.file_hash(str(file), alg="sha256")):
        _load(pooch, entry, there, progress)
    if not entry.sha256:
        _check.warn(f"{file} was not checked; its SHA-256 is {pooch.file_hash(str(file), alg='sha256')}.")
    if not quiet:
        print(f"{entry.title}. Licence: {entry.licence}. Please cite: {entry.citation}.")
    return file


def cache() -> Path:
    """Return the folder that holds what was loaded.

    Returns
    -------
    pathlib.Path; it need not be there yet.
    """
    pooch = _check.need("pooch", "data")
    return Path(os.environ.get(FOLDER) or pooch.os_cache("spectral_ph"))


def _load(pooch: Any, entry: PublicSet, folder: Path, progress: bool) -> None:
    """Load a file into the cache, or raise with a sentence; pooch moves a file there only when its sum is right."""
    import requests

    pooch.get_logger().setLevel("ERROR")
    how = pooch.HTTPDownloader(progressbar=progress and _log.shows_bars(), timeout=TIMEOUT)
    again = "Try again later, or load it by hand and pass the file to spectral_ph.files.read."
    try:
        pooch.retrieve(
            entry.url, f"sha256:{entry.sha256}" if entry.sha256 else None, fname=entry.file, path=folder, downloader=how
        )
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else "no"
        raise _check.InputError(
            f"{entry.url} answered {code}, so {entry.name!r} could not be loaded. {again}"
        ) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _check.InputError(
            f"{entry.url} could not be reached, so {entry.name!r} could not be loaded. Is there a network? {again}"
        ) from error
    except (requests.RequestException, OSError) as error:
        raise _check.InputError(f"{entry.name!r} could not be loaded into {folder} ({error}). {again}") from error
    except ValueError as error:  # what pooch raises where the sum is another
        raise _check.InputError(
            f"what {entry.url} gives is not the file whose sum is known: it was cut or changed, and was not kept. {again}"
        ) from error


def reached(entry: PublicSet) -> str:
    """Return how the address of a set answers, in a word or two; the file itself is not loaded.

    Parameters
    ----------
    entry : one of `available`.

    Returns
    -------
    str, "there" with the size that the server tells, or why not.
    """
    requests = _check.need("requests", "data")
    try:
        answer = requests.head(entry.url, allow_redirects=True, timeout=TIMEOUT)
    except requests.RequestException as error:
        return f"not reached ({type(error).__name__})"
    if answer.status_code != 200:
        return f"answered {answer.status_code}"
    size = answer.headers.get("content-length")
    return f"there, {int(size) / 1e6:.1f} MB" if size else "there"
