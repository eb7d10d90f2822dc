"""What nets keep: areas of autoencoders, maps of images, parametric layouts, and what norms of embeddings say.

    python -m benchmarks.neural autoencoder     sphere patch, swiss roll, digits: areas, reconstruction, distances
    python -m benchmarks.neural rotation        cells in any direction: the map and the features with turned views and without
    python -m benchmarks.neural parametric      digits: the kind of points that the net has not seen
    python -m benchmarks.neural write           results/neural.json from the parts whose runs are all there

Every run is kept in results/sweep/neural/ as soon as it is done, and is not made again. A part prints its rows and the bars it
is held to. Numbers are of points that the nets were not fitted to.
"""

import argparse
import json
import time

import numpy as np

import spectral_ph as sph
from benchmarks import record

SEEDS = (0, 1, 2)  # what the benchmarks were set up on has other seeds
FOLDER = record.RESULTS / "sweep" / "neural"
HELD_OUT = 0.1


def kept(part, key, run):
    """Return the row of a run, made now unless it is there."""
    path = FOLDER / part / f"{key}.json"
    if path.exists():
        return json.loads(path.read_text())
    row = run()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(row))
    partial.replace(path)
    print(row, flush=True)
    return row


def mean(rows, name, **where):
    """Return the mean of a column over the rows that have the given values."""
    found = [row[name] for row in rows if all(row[k] == v for k, v in where.items())]
    return float(np.mean(found))


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


# Cells in any direction

ROTATION_BUDGET = (40, 8, 13)


def neighbour_accuracy(X, labels):
    """Return the share of points that their 15 nearest neighbours name rightly, in five folds."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(cross_val_score(KNeighborsClassifier(15), X, labels, cv=folds).mean())


def turned_cells(seed, objects=8, angles=72):
    """New cells, each turned through equal angles, (objects, angles, H, W), corners filled with the border's colour."""
    import torch

    from spectral_ph.nn.augment import placed, warped
    from spectral_ph.nn.images import border_colour

    X = sph.datasets.textured_cells(objects, random_state=5000 + seed).images
    fill = torch.tensor(border_colour(X[..., None]), dtype=torch.float64)
    one = torch.ones(objects, dtype=torch.float64)
    images = torch.from_numpy(X)[:, None]
    made = [
        warped(images, placed(one, one, 0 * one, 0 * one, a * one, 1.0), fill)[:, 0].numpy()
        for a in np.linspace(0, 2 * np.pi, angles, endpoint=False)
    ]
    return np.stack(made, axis=1)


def rotation_run(augment, seed):
    from sklearn.metrics import silhouette_score

    cells = sph.datasets.textured_cells(1024, random_state=seed)
    start = time.process_time()
    model = sph.nn.TSimCNE(augment=augment, epochs=ROTATION_BUDGET, random_state=seed, device="cpu").fit(cells.images)
    seconds = time.process_time() - start
    Y, F = model.transform(cells.images), model.features(cells.images)
    # Neighbours among new cells of one texture, so that texture tells nothing about who is near.
    more = sph.datasets.textured_cells(2400, random_state=9000 + seed)
    one = np.flatnonzero(more.texture == 1)[:500]
    turned = turned_cells(seed)
    orbits = model.features(turned.reshape(-1, *turned.shape[2:])).reshape(*turned.shape[:2], -1)
    report = sph.nn.invariance_report(model.features(more.images[one]), more.angle[one], orbits=orbits)
    striped = F[cells.texture == 1]
    return {
        "augment": augment,
        "seed": seed,
        "accuracy of features": neighbour_accuracy(F, cells.texture),
        "accuracy of the map": neighbour_accuracy(Y, cells.texture),
        "silhouette of the map": float(silhouette_score(Y, cells.texture)),
        "coherence": report.coherence,
        "chance": report.chance,
        "orbit spread": report.orbit_spread,
        "loop of an orbit": report.orbit_loop,
        "H1 score of features": sph.detection_score(sph.persistence(striped, distance="eff_res")[1]),
        "seconds": seconds,
    }


def rotation():
    rows = [
        kept("rotation", f"{augment}-{seed}", lambda a=(augment, seed): rotation_run(*a))
        for seed in SEEDS
        for augment in ("natural", "rotation")
    ]

    def of(augment, name):
        return mean(rows, name, augment=augment)

    gain = of("rotation", "silhouette of the map") - of("natural", "silhouette of the map")
    without, with_ = of("natural", "coherence"), of("rotation", "coherence")
    share = of("rotation", "orbit spread") / of("natural", "orbit spread")
    bars = {
        f"silhouette of the map at least .15 higher ({gain:+.2f})": gain >= 0.15,
        f"coherence above .6 without ({without:.2f})": without > 0.6,
        f"coherence below .45 with ({with_:.2f})": with_ < 0.45,
        f"orbit spread at least a fifth lower ({share:.2f} of it)": share <= 0.8,
    }
    return rows, bars


# New points of a parametric layout


def parametric_run(seed):
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.data))
    old, new = order[:1500], order[1500:]
    model = sph.nn.ParametricEmbedding(random_state=seed, device="cpu").fit(data.data[old])
    judge = KNeighborsClassifier(15).fit(model.transform(data.data[old]), data.target[old])
    return {
        "seed": seed,
        "accuracy of new points": float(judge.score(model.transform(data.data[new]), data.target[new])),
    }


def parametric():
    rows = [kept("parametric", str(seed), lambda seed=seed: parametric_run(seed)) for seed in SEEDS]
    found = [row["accuracy of new points"] for row in rows]
    return rows, {f"accuracy of new digits at least .85 (least {min(found):.3f})": min(found) >= 0.85}


PARTS = {"autoencoder": autoencoder, "rotation": rotation, "parametric": parametric}
RUNS = {"autoencoder": 18, "rotation": 6, "parametric": 3}


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.neural", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=[*PARTS, "write"])
    part = parser.parse_args().part
    if part != "write":
        rows, bars = PARTS[part]()
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
    )


if __name__ == "__main__":
    main()
