"""What nets keep: areas of autoencoders, maps of images, parametric layouts, and what norms of embeddings say.

    python -m benchmarks.neural autoencoder     sphere patch, swiss roll, digits: areas, reconstruction, distances
    python -m benchmarks.neural rotation        cells in any direction: the map and the features with turned views and without
    python -m benchmarks.neural images          digits and shapes: the map beside t-SNE and UMAP of pixels
    python -m benchmarks.neural parametric      digits: the kind of points that the net has not seen
    python -m benchmarks.neural weights         ring with outliers: norms as weights of vertices, beside other weights
    python -m benchmarks.neural classes         norms by how common a class is, 20 seeds
    python -m benchmarks.neural topological     circle in 50 dimensions: whether a topological term keeps its loop
    python -m benchmarks.neural topological_others     the same with other terms
    python -m benchmarks.neural figure          the figure of cells in any direction in docs/figures
    python -m benchmarks.neural write           results/neural.json from the parts whose runs are all there

Every run is kept in results/sweep/neural/ as soon as it is done, and is not made again. A part prints its rows and the bars it
is held to. Of points that the nets were not fitted to are all numbers of "autoencoder" and "parametric", the coherence, the
chance and the orbits of "rotation", and "new images in the map" of "images". Of the points that they were fitted to are all other
numbers: accuracies of maps, of features and of pixels, the silhouette and the score of "rotation", and all of "weights",
"classes", "topological" and "topological_others".
"""

import argparse
import time

import numpy as np

import spectral_ph as sph
from benchmarks import neural_images, neural_norms, neural_topological, record
from benchmarks.neural_runs import FOLDER, SEEDS, kept, mean

HELD_OUT = 0.1


# Autoencoders


def sphere_patch(seed, n=3000):
    """Points on the unit sphere, evenly, up to the polar angle of 100 degrees."""
    rng = np.random.default_rng(seed)
    z, angle = rng.uniform(np.cos(np.radians(100)), 1, n), rng.uniform(0, 2 * np.pi, n)
    r = np.sqrt(1 - z**2)
    return np.column_stack([r * np.cos(angle), r * np.sin(angle), z])


def digits(seed):
    """All 1,797 digits of scikit-learn."""
    from sklearn.datasets import load_digits

    return load_digits().data / 16


SETS = {
    "sphere patch": sphere_patch,
    "swiss roll": lambda seed: sph.datasets.swiss_roll(3000, ambient_dim=3, sigma=0.0, random_state=seed),
    "digits": digits,
}
VARIANTS = {"vanilla": None, "geometric": "geometric"}


def density_kl(X, Y, width=0.1):
    """Return how far the density of a layout is from that of the data: Kullback-Leibler, of Gaussian kernels over all points.

    The kernel is `width` times the largest distance wide, as for autoencoders that are compared by topology.
    """
    from scipy.spatial.distance import pdist, squareform

    def density(points):
        D = squareform(pdist(points))
        weights = np.exp(-((D / D.max()) ** 2) / width).sum(axis=1)
        return weights / weights.sum()

    p, q = density(X), density(Y)
    return float((p * np.log(p / q)).sum())


def autoencoder_run(name, variant, seed):
    X = SETS[name](seed)
    order = np.random.default_rng(seed).permutation(len(X))
    held = int(HELD_OUT * len(X))
    new, old = X[order[:held]], X[order[held:]]
    start = time.process_time()
    model = sph.nn.GeometricAutoencoder(regularizer=VARIANTS[variant], random_state=seed, device="cpu").fit(old)
    seconds = time.process_time() - start
    Y = model.transform(new)
    report = sph.embedding.embedding_report(new, Y)
    return {
        "data": name,
        "variant": variant,
        "seed": seed,
        "log det variance": float(model.log_det(new).var(ddof=1)),
        "unexplained share": float(((model.inverse_transform(Y) - new) ** 2).mean() / old.var(axis=0).mean()),
        "recall": report.recall,
        "trustworthiness": report.trustworthiness,
        "Spearman": report.spearman,
        "density KL": density_kl(new, Y),
        "report": repr(report),
        "epochs": len(model.loss_history_),
        "seconds an epoch": seconds / len(model.loss_history_),
    }


def autoencoder():
    rows = [
        kept(
            "autoencoder",
            f"{name}-{variant}-{seed}".replace(" ", "_"),
            lambda a=(name, variant, seed): autoencoder_run(*a),
        )
        for name in SETS
        for seed in SEEDS
        for variant in VARIANTS
    ]
    bars = {}
    for name in SETS:
        ratios = [
            of["vanilla"]["log det variance"] / of["geometric"]["log det variance"]
            for seed in SEEDS
            for of in [{row["variant"]: row for row in rows if row["data"] == name and row["seed"] == seed}]
        ]
        more = mean(rows, "unexplained share", data=name, variant="geometric") - mean(
            rows, "unexplained share", data=name, variant="vanilla"
        )
        bars[f"{name}: variance of log det at least 100 x lower (least of three {min(ratios):.0f})"] = (
            min(ratios) >= 100
        )
        bars[f"{name}: unexplained share at most .05 higher (mean {more:+.3f})"] = more <= 0.05
    slower = np.median([row["seconds an epoch"] for row in rows if row["variant"] == "geometric"]) / np.median(
        [row["seconds an epoch"] for row in rows if row["variant"] == "vanilla"]
    )
    bars[f"an epoch at most 3 x vanilla (median {slower:.1f})"] = bool(slower <= 3)
    return rows, bars


# New points of a parametric layout


def parametric_run(seed):
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.data))
    old, new = order[:1500], order[1500:]
    model = sph.nn.ParametricEmbedding(affinity="knn", random_state=seed, device="cpu").fit(data.data[old])
    judge = KNeighborsClassifier(15).fit(model.transform(data.data[old]), data.target[old])
    return {
        "seed": seed,
        "accuracy of new points": float(judge.score(model.transform(data.data[new]), data.target[new])),
    }


def parametric():
    rows = [kept("parametric", str(seed), lambda seed=seed: parametric_run(seed)) for seed in SEEDS]
    found = [row["accuracy of new points"] for row in rows]
    return rows, {f"accuracy of new digits at least .85 (least {min(found):.3f})": min(found) >= 0.85}


PARTS = {
    "autoencoder": autoencoder,
    "rotation": neural_images.rotation,
    "shapes": neural_images.shapes_beside_layouts,
    "digits": neural_images.digits_beside_layouts,
    "parametric": parametric,
    "weights": neural_norms.weights,
    "classes": neural_norms.classes,
    "topological": neural_topological.deciding,
    "topological_others": neural_topological.others,
}
TOGETHER = {"images": ("shapes", "digits")}
RUNS = {
    "autoencoder": 18,
    "rotation": 6,
    "shapes": 3,
    "digits": 3,
    "parametric": 3,
    "weights": 3,
    "classes": neural_norms.CLASS_SEEDS,
    "topological": 30,
    "topological_others": 45,
}
SUMMARIES = {
    "class_summary": ("classes", neural_norms.class_summary),
    "topological_summary": ("topological", neural_topological.summary),
    "topological_others_summary": ("topological_others", neural_topological.others_summary),
}
"""Shorter tables, from the rows of a part."""


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.neural", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PARTS, *TOGETHER, "figure", "write"])
    part = parser.parse_args().part
    if part == "figure":
        neural_images.rotation_figure()
        return
    if part != "write":
        for name in TOGETHER.get(part, (part,)):
            rows, bars = PARTS[name]()
            record.table(rows, [name for name in rows[0] if name != "report"])
            for bar, met in bars.items():
                print(f"{'met   ' if met else 'MISSED'} {bar}")
        return
    done = {name: make for name, make in PARTS.items() if len([*(FOLDER / name).glob("*.json")]) == RUNS[name]}
    made = {name: make() for name, make in done.items()}
    record.write(
        "neural",
        [],
        seeds=list(SEEDS),
        bars={name: bars for name, (_, bars) in made.items()},
        **{name: rows for name, (rows, _) in made.items()},
        **{name: make(made[part][0]) for name, (part, make) in SUMMARIES.items() if part in made},
    )


if __name__ == "__main__":
    main()
