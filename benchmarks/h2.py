"""Degree 2 through the front door against ripser.py and giotto-ph, on the effective resistances of a sphere.

    python benchmarks/h2.py [--quick]

The front door chooses gudhi with edge collapse. n = 600, d = 50, sigma = 0.1, k = 15, seed 0. Competitors take turns;
medians. giotto-ph is left out where it is not installed.
"""

import argparse

import numpy as np
import record

import spectral_ph as sph
from spectral_ph.homology import rips_persistence


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 points, nothing is written")
    n = 200 if parser.parse_args().quick else 600
    D = sph.distance_matrix(sph.datasets.sphere(n, ambient_dim=50, sigma=0.1, random_state=0))
    scaled = (D / D.max()).astype(np.float32)
    calls = {"spectral_ph": lambda: rips_persistence(D, 2)[2]}
    try:
        from gph import ripser_parallel

        calls["giotto-ph"] = lambda: ripser_parallel(scaled, maxdim=2, metric="precomputed", n_threads=2)["dgms"][2]
    except ImportError:
        print("giotto-ph is not installed, so it is left out")
    from ripser import ripser

    calls["ripser.py"] = lambda: ripser(scaled, maxdim=2, distance_matrix=True)["dgms"][2]
    times, results = record.seconds(*calls.values(), repeats=3)
    rows = []
    for name, seconds, found in zip(calls, times, results, strict=True):
        scale = 1.0 if name == "spectral_ph" else D.max()
        lengths = np.sort((found[:, 1] - found[:, 0]) * scale)[::-1]
        rows.append(
            {
                "engine": name,
                "n": n,
                "seconds": record.median(seconds),
                "ratio": record.median(seconds) / record.median(times[0]),
                "features": len(found),
                "longest": float(lengths[0]),
                "runs": len(seconds),
            }
        )
    record.table(rows, list(rows[0]))
    if n == 600:
        record.write("h2", rows, seed=0, data="sphere, ambient_dim=50, sigma=0.1", k=15)


if __name__ == "__main__":
    main()
