"""One thread of torch: its bits depend on how many there are, and tests compare processes of their own with this one."""

from importlib.util import find_spec

if find_spec("torch"):
    import torch

    torch.set_num_threads(1)
