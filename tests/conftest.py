"""Settings of hypothesis: no deadline (a first call compiles), the same examples in every run."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
