"""Tables, and files of text made on the spot."""

import gzip
import re

import numpy as np
import pytest
import scipy.sparse as sp

from spectral_ph._check import InputError, SpectralWarning

X = np.array([[1.0, 2.5, -3e-7], [0.1, 1e300, 4.0]])
COUNTS = sp.csr_array(np.array([[0, 1, 2], [3, 0, 0], [0, 0, 0], [0, 4, 0]]))


def says(message):
    return pytest.raises(InputError, match=f"^{re.escape(message)}$")


def text(path, content):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8", newline="") as stream:
        stream.write(content)
    return path


def warns(message):
    return pytest.warns(SpectralWarning, match=f"^{re.escape(message)}$")
