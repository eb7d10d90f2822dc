"""A verdict on a million points: `find_loops` with its defaults on a noisy circle.

    python -m benchmarks.million [--points 1000000]

Circle, d = 50, sigma = 0.25, seed 0; one run after a warm-up. The verdict rests on halves of 500 points, the loop on 4,000, and
every point gets a phase, which is compared with its true angle by ranks. Writes results/million.json at the default size.
"""

import argparse
import time
import warnings

import numpy as np

import spectral_ph as sph
from benchmarks import isolated, record
from spectral_ph.loops.coordinates import circular_agreement, to_ranks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    n = parser.parse_args().points
    warnings.simplefilter("ignore", sph.SpectralWarning)
    sph.find_loops(sph.datasets.circle(300, ambient_dim=5, sigma=0.1))
    X, latent = sph.datasets.circle(n, ambient_dim=50, sigma=0.25, random_state=0, return_latent=True)
    start = time.perf_counter()
    R = sph.find_loops(X)
    row = {
        "n": n,
        "seconds": time.perf_counter() - start,
        "peak_gib": isolated.peak_gib(),
        "verdict": R.verdict,
        "p": R.p_value,
        "agreement with the truth": circular_agreement(
            to_ranks(R.loops[0].phase), to_ranks(np.arctan2(latent[:, 1], latent[:, 0]))
        ),
    }
    record.table([row], list(row))
    if n == 1_000_000:
        record.write("million", [row], seed=0)


if __name__ == "__main__":
    main()
