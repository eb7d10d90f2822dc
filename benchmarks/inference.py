"""Whether the p-values, bands and tests for any diagram keep what they promise, and how long they take.

    python -m benchmarks.inference [--quick] [--jobs 2] [--only uniform,band,two_sample,seconds]

*uniform*: clouds of independent points without a shape (a Poisson number of them in cubes; Gaussian, heavy-tailed and other
densities): how far the distribution of the universal p-values of all features is from a uniform one (Kolmogorov distance), how
many are below .05 and .01, and how often any feature is significant family-wise at 5 %. *band*: circles whose true diagram is
known (Rips of a circle of radius 1: one loop from 0 to sqrt(3)): how often it is within the band at a level of 5 %; "diagrams"
are bands by the bottleneck distances of the diagrams of draws, doubled or not, which were tried.
*two_sample*: diagrams of circles against circles, how often p <= .05, and of circles against annuli. *seconds*: each of the three
on 1,000 points with 200 resamples, one run. Seeds from 0. What a draw is compared by was chosen on seeds from 10,000. Records are
kept by `sweep`. Writes results/inference.json.
"""

import argparse
import time
import warnings
from collections import defaultdict

import numpy as np

import spectral_ph as sph
from benchmarks import record, sweep

VERSIONS = {"uniform": 1, "band": 2, "two_sample": 1}
LEVEL = 0.05
DENSITIES = ("uniform", "gaussian", "cauchy", "beta")
CLOUDS = [
    *((density, d) for density in ("uniform", "gaussian") for d in (2, 3, 5, 10)),
    ("cauchy", 2),
    ("beta", 2),
    ("sphere", 3),
]
SIZES = (200, 500, 1000, 2000)


def cloud(density, d, n, seed):
    """Return a Poisson number of independent points with mean n."""
    rng = np.random.default_rng(seed)
    n = max(int(rng.poisson(n)), 10)
    if density == "uniform":
        return rng.random((n, d))
    if density == "beta":
        return rng.beta(2, 5, (n, d))
    if density == "cauchy":
        return rng.standard_cauchy((n, d))
    X = rng.standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1)[:, None] if density == "sphere" else X


def circle(n, uneven, seed):
    """Return points on the unit circle, with density in the ratio 4 to 1 round it if `uneven`."""
    t = np.random.default_rng(seed).uniform(0, 2 * np.pi, n)
    t += 0.6 * np.sin(t) * uneven
    return np.column_stack([np.cos(t), np.sin(t)])


def annulus(n, sigma, inner, seed):
    """Return points of an annulus of outer radius 1 (inner = 1: a circle), with noise."""
    rng = np.random.default_rng(seed)
    t, r = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(inner**2, 1, n))
    return np.column_stack([r * np.cos(t), r * np.sin(t)]) + sigma * rng.standard_normal((n, 2))


def work(task):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sph.SpectralWarning)
        return WORK[task["part"]](task)


def uniform(task):
    X = cloud(task["density"], task["d"], task["n"], task["seed"])
    S = sph.significance(sph.persistence(X, "euclidean"))
    return {"p": np.round(S.p_values, 6).tolist(), "claimed": bool(S.significant.any()), "error": S.error}


def band(task):
    X = circle(task["n"], task["uneven"], task["seed"])
    truth = np.array([[0.0, np.sqrt(3)]])
    out = {}
    for kind in ("bootstrap", "subsample"):
        B = sph.confidence_band(X, "euclidean", kind=kind, n_resamples=task["n_resamples"], random_state=task["seed"])
        away = sph.diagram_distance(B.persistence[1], truth)
        out[kind] = {"radius": B.radius, "away": away, "found": bool(B.significant[1].sum() == 1)}
    D = sph.distance_matrix(X, "euclidean")
    rng = np.random.default_rng(task["seed"])
    draws = [np.unique(rng.choice(len(X), len(X))) for _ in range(task["n_resamples"] if len(X) <= 400 else 0)]
    far = [
        sph.diagram_distance(sph.persistence(D[np.ix_(draw, draw)], "precomputed")[1], B.persistence[1])
        for draw in draws
    ]
    if far:
        quantile = float(np.sort(far)[int(np.ceil((len(far) + 1) * (1 - LEVEL))) - 1])
        out |= {
            f"diagrams, {how}": {"radius": f * quantile, "away": away, "found": None} for how, f in DIAGRAMS.items()
        }
    return out


DIAGRAMS = {"not doubled": 1.0, "doubled": 2.0}


def two_sample(task):
    first, rng = 1000 * task["seed"], np.random.default_rng(task["seed"])
    kinds = [1.0] * task["group"] + [task["inner"]] * task["group"]
    seeds = first + rng.permutation(1000)[: len(kinds)]
    results = [
        sph.persistence(annulus(task["n"], 0.1, inner, seed), "euclidean")
        for inner, seed in zip(kinds, seeds, strict=True)
    ]
    T = sph.two_sample(results, ["a"] * task["group"] + ["b"] * task["group"], kind=task["kind"], n_permutations=199)
    return {"p": T.p_value}


WORK = {"uniform": uniform, "band": band, "two_sample": two_sample}


def tasks(quick):
    found = defaultdict(list)
    for density, d in CLOUDS:
        for n in SIZES[:1] if quick else SIZES:
            # About as many features at every size.
            for seed in range(3 if quick else max(5, 10_000 // n)):
                found["uniform"].append({"density": density, "d": d, "n": n, "seed": seed})
    for uneven in (False, True):
        for n, seeds in ((100, 5),) if quick else ((100, 200), (400, 60), (1000, 100)):
            for seed in range(seeds):
                found["band"].append(
                    {"n": n, "uneven": uneven, "n_resamples": 20 if quick else 100, "seed": seed, "level": LEVEL}
                )
    for inner in (1.0, 0.8, 0.6, 0.4):
        for kind in ("bottleneck", "wasserstein"):
            for seed in range(3 if quick else 200 if inner == 1 else 50):
                found["two_sample"].append({"inner": inner, "group": 5, "n": 100, "kind": kind, "seed": seed})
    return {
        part: [{"what": "inference", "version": VERSIONS[part], "part": part} | task for task in several]
        for part, several in found.items()
    }


def kolmogorov(p):
    """Return the largest difference between the distribution of p and a uniform one."""
    p, m = np.sort(p), len(p)
    return float(max((np.arange(1, m + 1) / m - p).max(), (p - np.arange(m) / m).max()))


def uniform_rows(pairs):
    groups = defaultdict(list)
    for task, result in pairs:
        groups[task["density"], task["d"], task["n"]].append(result)
    rows = []
    for (density, d, n), results in sorted(groups.items()):
        p = np.concatenate([r["p"] for r in results])
        rows.append(
            {
                "density": density,
                "dimension": d,
                "points": n,
                "clouds": len(results),
                "features": len(p),
                "Kolmogorov distance": kolmogorov(p),
                "p <= .05": float((p <= 0.05).mean()),
                "p <= .01": float((p <= 0.01).mean()),
                "any significant": sum(r["claimed"] for r in results),
            }
        )
    return rows


def band_rows(pairs):
    groups = defaultdict(list)
    for task, result in pairs:
        groups[task["n"], task["uneven"]].append(result)
    rows = []
    for (n, uneven), results in sorted(groups.items()):
        for kind in results[0]:
            radius = np.array([r[kind]["radius"] for r in results])
            away = np.array([r[kind]["away"] for r in results])
            found = [r[kind]["found"] for r in results]
            rows.append(
                {
                    "circle": "uneven" if uneven else "even",
                    "points": n,
                    "kind": kind,
                    "samples": len(results),
                    "covers": float((away <= radius).mean()),
                    "mean radius": float(radius.mean()),
                    "mean distance": float(away.mean()),
                    "one loop found": None if found[0] is None else float(np.mean(found)),
                }
            )
    return rows


def two_sample_rows(pairs):
    groups = defaultdict(list)
    for task, result in pairs:
        groups[task["inner"], task["kind"]].append(result["p"])
    return [
        {
            "against": "circles" if inner == 1 else f"annuli, inner radius {inner:g}",
            "distance": kind,
            "tests": len(p),
            "p <= .05": float((np.array(p) <= LEVEL).mean()),
        }
        for (inner, kind), p in sorted(groups.items(), reverse=True)
    ]


def seconds(n, n_resamples):
    """Return how long each of the three takes, one run each after kernels are compiled."""
    X = sph.datasets.circle(n, ambient_dim=50, sigma=0.1, random_state=0)
    sets = [sph.datasets.circle(n, ambient_dim=2, sigma=0.1, random_state=seed) for seed in range(10)]
    results = [sph.persistence(one, "euclidean") for one in sets]
    rows = []
    for distance in ("euclidean", "eff_res"):
        P = sph.persistence(X, distance)
        calls = {"significance": lambda P=P: sph.significance(P)}
        for kind in ("bootstrap", "subsample"):
            calls[f"confidence_band, {kind}"] = lambda kind=kind, distance=distance: sph.confidence_band(
                X, distance, kind=kind, n_resamples=n_resamples
            )
        if distance == "euclidean":
            for kind in ("bottleneck", "wasserstein"):
                calls[f"two_sample of 5 and 5, {kind}"] = lambda kind=kind: sph.two_sample(
                    results, [0] * 5 + [1] * 5, kind=kind, n_permutations=n_resamples
                )
        for name, call in calls.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", sph.SpectralWarning)
                start = time.perf_counter()
                call()
                took = time.perf_counter() - start
            rows.append({"call": name, "distance": distance, "points": n, "resamples": n_resamples, "seconds": took})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few small samples, nothing is written")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="uniform,band,two_sample,seconds")
    arguments = parser.parse_args()
    wanted, asked = tasks(arguments.quick), arguments.only.split(",")
    about = {} if arguments.quick else record.read("inference")
    for part, rows_of in (("uniform", uniform_rows), ("band", band_rows), ("two_sample", two_sample_rows)):
        if part in asked:
            print(part, sweep.run(wanted[part], work, jobs=arguments.jobs, label=part), flush=True)
        pairs = sweep.finished(wanted[part])
        if pairs:
            about[part] = rows_of(pairs)
    if "seconds" in asked:
        about["seconds"] = seconds(200, 50) if arguments.quick else seconds(1000, 200)
    for part in WORK.keys() | {"seconds"}:
        if part in about:
            print()
            record.table(about[part], list(about[part][0]))
    if not arguments.quick:
        rest = {part: about.get(part) for part in ("band", "two_sample", "seconds")}
        print(record.write("inference", about.get("uniform", []), level=LEVEL, **rest))


if __name__ == "__main__":
    main()
