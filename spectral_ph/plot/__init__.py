"""Pictures of results: each function takes a result and returns the matplotlib Axes it drew on; none calls `show`.

Without `ax` a new figure is made through pyplot, so that notebooks display it; with `ax` pyplot is not touched.
"""

from spectral_ph.plot.decoder import indicatrices, log_det
from spectral_ph.plot.flat import flat_layout
from spectral_ph.plot.phases import (
    phase,
    phase_band,
    phase_heatmap,
    phase_rows,
    pursued,
)
from spectral_ph.plot.phases import (
    phase_ring as phase_ring,
)
from spectral_ph.plot.phases import (
    phase_ticks as phase_ticks,
)

# Those renamed to themselves are for `pl` and `report`.
from spectral_ph.plot.results import (
    INK as INK,
)
from spectral_ph.plot.results import (
    PHASE_COLOURS as PHASE_COLOURS,
)
from spectral_ph.plot.results import (
    PHASE_MAP as PHASE_MAP,
)
from spectral_ph.plot.results import (
    QUARTER_NAMES as QUARTER_NAMES,
)
from spectral_ph.plot.results import (
    QUARTERS as QUARTERS,
)
from spectral_ph.plot.results import (
    barcode,
    diagram,
    embedding,
    loop,
)
from spectral_ph.plot.results import (
    chosen_loop as chosen_loop,
)
from spectral_ph.plot.results import (
    draw_line as draw_line,
)
from spectral_ph.plot.results import (
    new_axes as new_axes,
)
from spectral_ph.plot.results import (
    phase_map as phase_map,
)
from spectral_ph.plot.results import (
    say as say,
)

__all__ = [
    "barcode",
    "diagram",
    "embedding",
    "flat_layout",
    "indicatrices",
    "log_det",
    "loop",
    "phase",
    "phase_band",
    "phase_heatmap",
    "phase_rows",
    "pursued",
]


def __dir__() -> list[str]:
    return __all__
