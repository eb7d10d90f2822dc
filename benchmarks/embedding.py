"""Layouts: what they keep along the spectrum of attraction and repulsion, which loops survive, and how long they take.

    python -m benchmarks.embedding --spectrum                digits, n = 1,000: neighbour recall along rho and along Zbar
    python -m benchmarks.embedding --circle                  a circle in 50 dimensions, n = 1,000: the loop in each layout
    python -m benchmarks.embedding --ring                    UMAP's ring: published and true loss (Damrich, Hamprecht, 2021)
    python -m benchmarks.embedding --graphs                  recall and accuracy of node embeddings
    python -m benchmarks.embedding --cells ../shared/data    loops of real cells in each layout, and what the report says
    python -m benchmarks.embedding --speed --threads 1 2    time and memory beside umap-learn and openTSNE

Each part is a file embedding_*.py, which says what it measures. Rows go to results/embedding_*.json as they are measured, with
the bars that the part is held to, whether they are met or not. A run that was cut off goes on where it ended; with
another spectral_ph it starts anew. With --quick sizes are small and nothing is written.
"""

import argparse
import importlib
import warnings
from pathlib import Path

PARTS = ("spectrum", "circle", "ring", "graphs", "cells", "speed")


def main():
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.embedding", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for part in PARTS:
        if part == "cells":
            parser.add_argument("--cells", type=Path, metavar="FOLDER", help="where panel.csv and the cells lie")
        else:
            parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing is written")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="of --speed, one number or several")
    parser.add_argument("--only", help="of --speed: the cases with this text in their name or data")
    given = parser.parse_args()
    chosen = [part for part in PARTS if getattr(given, part)]
    if not chosen:
        parser.error(f"choose one or more of {', '.join('--' + part for part in PARTS)}")
    for part in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few points, components and exaggerations, which the rows tell of
            importlib.import_module(f"benchmarks.embedding_{part}").run(given)


if __name__ == "__main__":
    main()
