"""Which files pytest leaves alone: those of `spectral_ph.nn` where torch is not installed, for collecting imports them."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["spectral_ph/nn"]
