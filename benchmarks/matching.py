"""Cycle-matching prevalence: is the longest loop of a sample found again in another sample of the same thing?

    python -m benchmarks.matching [--quick] [--jobs 2] [--folder FOLDER]

What is computed. X is a sample, Y another, Z their union; all filtrations are Vietoris-Rips, all homology over Z/2. The
*image bar* of a loop of X starts at its birth in X and ends where its class, carried into Z, becomes the sum of classes of
older loops of X: the persistence of the image of H1(X) in H1(Z). Loops of X and Y *match* if their image bars are ended by
the same death of Z; a loop has at most one match. The affinity of a match is the product of three overlaps (intersection
over union of intervals): of the bar in X with the bar in Y, of the bar in X with its image bar, of the bar in Y with its
image bar; without a match it is 0. The *prevalence* of a loop is its mean affinity over the resamples Y. Reported is that of
the longest loop of X. Sources: Reani and Bobrowski, Cycle registration in persistent homology, 2021 (image bars, affinity,
prevalence); Garcia-Redondo, Monod and Song, Fast topological signal identification and persistent cohomological cycle
matching, 2022 (by the death in Z). Affinity is "A" of their program, which is what EffPH used.

How. Our engine for H1 labels the edges of Z once and then says of any cycle at any scale which loops of Z it is the sum of
(`H1Classes.evaluate`). The end of an image bar is found by bisection over the deaths of Z, with an elimination over Z/2.

Two ways of making the samples:
- `resample`: the same circle in the same plane with noise anew, and distances computed once on the union, of which those
  within X and within Y are parts.
- `paper`: as EffPH's program: X has seed 0 and Y seed 1, 2, 3, so that also the plane is another one (and the noise shares
  its seed with the basis); diffusion is computed for X and Y by itself, and the union is that of the coordinates, whose
  axes and signs have nothing to do with each other.
"""

import argparse
from collections import defaultdict

import numpy as np

import spectral_ph as sph
from benchmarks import cases, record, sweep
from spectral_ph.datasets import noise
from spectral_ph.distances.ambient import pairwise_euclidean
from spectral_ph.homology.rips_h1 import rips_h1
from spectral_ph.loops.cycles import representative_cycle

VERSION = 1
SIGMAS = [0.1, 0.2, 0.25, 0.3, 0.35]
RESAMPLES = 3
DISTANCES = {
    "euclidean": {},
    "diffusion": {"n_neighbors": 15, "t": 8},
    "eff_res": {"n_neighbors": 15, "steps": 1, "disconnected": "max"},
}
PAPER = {
    ("euclidean", 0.1): 0.38, ("diffusion", 0.1): 0.91, ("diffusion", 0.2): 0.89, ("diffusion", 0.25): 0.71,
    ("diffusion", 0.3): 0.42, ("diffusion", 0.35): 0.35,
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ matching
def independent(vectors):
    """Return for each of a list of sets (as bits of whole numbers) whether it is no sum over Z/2 of those before it."""
    pivots, out = {}, []
    for v in vectors:
        while v and (top := v.bit_length()) in pivots:
            v ^= pivots[top]
        out.append(bool(v))
        if v:
            pivots[top] = v
    return out


class Sample:
    """The loops of one sample inside the union: bars and cycles in the order of birth.

    D : (N, N) distances of the union. points : (n,) indices of the sample.
    """

    def __init__(self, D, points, classes):
        inside = np.ascontiguousarray(D[np.ix_(points, points)])
        found = rips_h1(inside)
        births = found.h1[:, 0]
        edges = found.birth_edges
        # The engine's total order: ties of length by the edge.
        order = np.lexsort((edges[:, 1], edges[:, 0], births))
        self.bars = found.h1[order]
        self.longest = int(np.flatnonzero(order == 0)[0]) if len(order) else None
        self.cycles = [points[representative_cycle(inside, edges[k])] for k in order]
        self.classes = classes

    def alive(self, scale, upto=None):
        """Return which image bars are alive at a scale, of the loops born by then (or of the first `upto`)."""
        born = int(np.searchsorted(self.bars[:, 0], scale, side="right"))
        cycles = self.cycles[: born if upto is None else upto]
        return independent([sum(1 << int(f) for f in self.classes.evaluate(c, scale)) for c in cycles])

    def image_end(self, k):
        """Return where the image bar of loop k ends, or None if it never begins."""
        birth = self.bars[k, 0]
        if not self.alive(birth, k + 1)[k]:
            return None
        deaths = np.unique(self.classes.deaths[self.classes.deaths > birth])
        low, high = 0, len(deaths) - 1  # alive before deaths[low], dead at deaths[high]
        while low < high:
            middle = (low + high) // 2
            if self.alive(deaths[middle], k + 1)[k]:
                low = middle + 1
            else:
                high = middle
        return float(deaths[low])

    def ended_at(self, death):
        """Return the loop whose image bar ends at a death of the union, or None."""
        before = self.alive(np.nextafter(death, -np.inf))
        after = self.alive(death, len(before))
        ended = [k for k in range(len(before)) if before[k] and not after[k]]
        return ended[0] if len(ended) == 1 else None


def overlap(a, b):
    """Return intersection over union of two intervals."""
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return max(0.0, float(shared / (max(a[1], b[1]) - min(a[0], b[0]))))


def match(D, n):
    """Match the longest loop of the first n points with a loop of the others; `D` (N, N) is of the union.

    Returns the affinity, the two bars and the end of the image bars; affinity 0 where there is no match.
    """
    classes = rips_h1(np.ascontiguousarray(D), classes=True).classes
    X = Sample(D, np.arange(n), classes)
    nothing = {"affinity": 0.0, "bar": None, "matched": None, "end": None}
    if X.longest is None:
        return nothing
    bar = X.bars[X.longest]
    nothing["bar"] = bar.tolist()
    end = X.image_end(X.longest)
    if end is None:
        return nothing
    Y = Sample(D, np.arange(n, len(D)), classes)
    k = Y.ended_at(end)
    if k is None:
        return nothing | {"end": end}
    other = Y.bars[k]
    affinity = overlap(bar, other) * overlap(bar, (bar[0], end)) * overlap(other, (other[0], end))
    return {"affinity": affinity, "bar": bar.tolist(), "matched": other.tolist(), "end": end}


# ------------------------------------------------------------------------------------------------------------- samples
def coordinates(X, n_neighbors, t):
    """Return coordinates (n, n - 1) whose Euclidean distances are the diffusion distances of the points by themselves."""
    S = sph.spectrum(sph.neighbor_graph(X, n_neighbors=n_neighbors))
    scale = np.sqrt(S.degrees.sum() / S.degrees)[:, None]
    return scale * (S.vectors * (1 - S.values) ** t)[:, 1:]


def union(task):
    """Return the (2n, 2n) distances of both samples."""
    n, d, sigma, distance = task["n"], task["ambient_dim"], task["sigma"], task["distance"]
    params = DISTANCES[distance]
    if task["samples"] == "paper":
        both = [cases.CASES["circle"](n, d, sigma, 0, seed, shared_seed=True).X for seed in (0, task["resample"])]
        if distance == "diffusion":
            both = [coordinates(X, **params) for X in both]
        return pairwise_euclidean(np.concatenate(both))
    latent = sph.datasets.circle(n, 2, 0.0, random_state=0, return_latent=True)[1]
    clean = noise.embed(latent, d, np.random.default_rng(0))
    both = [noise.add_noise(clean, sigma, np.random.default_rng([1, k])) for k in (0, task["resample"])]
    return sph.distance_matrix(np.concatenate(both), distance, **params)


def work(task):
    return match(union(task), task["n"])


def tasks(n, sigmas, resamples):
    for samples, distances in (("paper", ["euclidean", "diffusion"]), ("resample", list(DISTANCES))):
        for distance in distances:
            for sigma in sigmas:
                for k in range(1, resamples + 1):
                    yield {
                        "what": "matching", "version": VERSION, "samples": samples, "distance": distance, "sigma": sigma,
                        "n": n, "ambient_dim": 50, "resample": k,
                    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 points, two sigmas, nothing is written")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--retry", action="store_true")
    parser.add_argument("--folder", default=sweep.FOLDER)
    given = parser.parse_args()
    wanted = list(tasks(200, [0.1, 0.25], 2) if given.quick else tasks(1000, SIGMAS, RESAMPLES))
    print(sweep.run(wanted, work, given.folder, given.jobs, given.retry, "matching"))
    records = sweep.Records(given.folder)
    groups = defaultdict(list)
    for task in wanted:
        held = records.get(task)
        if held is not None and held["error"] is None:
            groups[task["samples"], task["distance"], task["sigma"]].append(held)
    rows = [
        {
            "samples": samples,
            "distance": distance,
            "sigma": sigma,
            "prevalence": float(np.mean([h["result"]["affinity"] for h in held])),
            "paper": PAPER.get((distance, sigma)) if samples == "paper" else None,
            "affinities": " ".join(f"{h['result']['affinity']:.2f}" for h in held),
            "matched": sum(h["result"]["matched"] is not None for h in held),
            "resamples": len(held),
            "seconds": record.median([h["seconds"] for h in held]),
        }
        for (samples, distance, sigma), held in groups.items()
    ]
    record.table(rows, list(rows[0]))
    if not given.quick:
        print(record.write("matching", rows, n=1000, ambient_dim=50, shape="circle"))


if __name__ == "__main__":
    main()
