"""Reading points from any file they come in, and writing results whole or not at all."""

from spectral_ph.files.annotated import holds_obs, holds_values, layer_names, obs_names, obsm_names, read_obs
from spectral_ph.files.read import Table, read
from spectral_ph.files.write import (
    MARKER,
    PathLike,
    check_output_folder,
    output_folder,
    to_json,
    write_bytes,
    write_csv,
    write_json,
    write_text,
)

__all__ = [
    "MARKER",
    "PathLike",
    "Table",
    "check_output_folder",
    "holds_obs",
    "holds_values",
    "layer_names",
    "obs_names",
    "obsm_names",
    "output_folder",
    "read",
    "read_obs",
    "to_json",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_text",
]


def __dir__() -> list[str]:
    return __all__
