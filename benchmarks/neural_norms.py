"""What norms of embeddings say: weights of vertices on a ring with outliers, and how common a class is.

`python -m benchmarks.neural weights` and `classes` run these.
"""

import numpy as np

import spectral_ph as sph
from benchmarks.neural_runs import SEEDS, kept, mean
from spectral_ph.graph.neighbors import nearest_neighbors

# Norms as weights of vertices

RING, OUTLIERS = 500, 100
DROPPED = 0.17  # about the share of outliers
FAR = 15


def ring_with_outliers(seed, d=20, sigma=0.1):
    """Return a ring of 500 points and 100 more over its disc, in 20 dimensions, all with noise."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, RING + OUTLIERS)
    radius = np.concatenate([np.ones(RING), np.sqrt(rng.uniform(0, 1, OUTLIERS))])
    plane = np.linalg.qr(rng.standard_normal((d, 2)))[0]
    clean = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return clean @ plane.T + rng.normal(0, sigma, (len(angle), d))


def noise_contrasted(X, seed, sigma=0.1, epochs=100, batch=128):
    """Rows of a net that learns to tell points apart from two noisy views of each, without labels."""
    import torch

    from spectral_ph.nn.losses import info_nce
    from spectral_ph.nn.networks import built, perceptron, torch_generator
    from spectral_ph.nn.training import shuffled

    generator = torch_generator(seed)
    net = built(lambda: perceptron([X.shape[1], 64, 64, 10], "relu"), generator)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    points = torch.from_numpy(X).float()
    for _ in range(epochs):
        for i in shuffled(len(points), batch, generator):
            one, two = (
                points[i] + sigma * torch.randn(points[i].shape, generator=generator, dtype=torch.float32)
                for _ in range(2)
            )
            optimizer.zero_grad()
            info_nce(net(one), net(two)).backward()
            optimizer.step()
    return net(points).detach().double().numpy()


def weights_run(seed):
    from sklearn.metrics import roc_auc_score

    X = ring_with_outliers(seed)
    D = sph.distance_matrix(X, "euclidean")
    Z = noise_contrasted(X, seed)
    norms = np.linalg.norm(Z, axis=1)
    far = nearest_neighbors(X, FAR, search="exact").distances[:, -1]
    shuffled = np.random.default_rng(seed).permutation(norms)
    kept_rows = np.sort(np.argsort(norms, kind="stable")[int(DROPPED * len(X)) :])

    def score(distances):
        return float(sph.detection_score(sph.persistence(distances, distance="precomputed")[1]))

    outlier = np.arange(len(X)) >= RING
    return {
        "seed": seed,
        "plain": score(D),
        "norm weights": score(sph.nn.norm_weights(Z, D)),
        "weights of the 15th neighbour": score(sph.nn.norm_weights(1 / far[:, None], D)),
        "norm weights shuffled": score(sph.nn.norm_weights(shuffled[:, None], D)),
        "short rows dropped": score(D[np.ix_(kept_rows, kept_rows)]),
        "dtm": float(sph.detection_score(sph.persistence(X, distance="dtm")[1])),
        "outlier AUC of norms": float(roc_auc_score(outlier, -norms)),
        "outlier AUC of the 15th neighbour": float(roc_auc_score(outlier, far)),
    }


def weights():
    rows = [kept("weights", str(seed), lambda seed=seed: weights_run(seed)) for seed in SEEDS]
    found = {name: mean(rows, name) for name in ("norm weights", "plain", "norm weights shuffled")}
    return rows, {
        f"mean score of norm weights ({found['norm weights']:.2f}) above {name} ({found[name]:.2f})": found[
            "norm weights"
        ]
        > found[name]
        for name in ("plain", "norm weights shuffled")
    }


# How common a class is

CLASSES = (1, 2, 4, 8)
CLASS_SEEDS = 20


def sphere_data(seed, n=1500, d=10, columns=64):
    """Points of the sphere, classes 1:2:4:8 around centres, seen through a random map."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(CLASSES), size=n, p=np.array(CLASSES) / sum(CLASSES))
    centres = rng.standard_normal((len(CLASSES), d))
    X = centres[labels] + rng.standard_normal((n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X, labels, 10 * X @ rng.standard_normal((d, columns)) / np.sqrt(columns)


def class_contrasted(seen, labels, seed, epochs=40, batch=128):
    """Rows of a net before and after it was trained to give rows of one class one direction."""
    import torch

    from spectral_ph.nn.losses import info_nce
    from spectral_ph.nn.networks import built, perceptron, torch_generator

    generator = torch_generator(seed)
    net = built(lambda: perceptron([seen.shape[1], 64, 10], "relu"), generator)
    optimizer = torch.optim.SGD(net.parameters(), 0.01)
    X, classes = torch.from_numpy(seen).float(), torch.from_numpy(labels)
    by_class = torch.argsort(classes, stable=True)
    counts = torch.bincount(classes)
    starts = torch.cumsum(counts, 0) - counts
    before = net(X).detach().double().numpy()
    for _ in range(epochs):
        order = torch.randperm(len(X), generator=generator)
        for i in order.split(batch):
            draw = torch.rand(len(i), generator=generator, dtype=torch.float64)
            j = by_class[starts[classes[i]] + (draw * counts[classes[i]]).long()]
            optimizer.zero_grad()
            info_nce(net(X[i]), net(X[j]), temperature=1.0).backward()
            optimizer.step()
    return before, net(X).detach().double().numpy()


def classes_run(seed):
    _, labels, seen = sphere_data(seed)
    before, after = class_contrasted(seen, labels, seed, epochs=100)
    first, last = (np.linalg.norm(Z, axis=1) for Z in (before, after))
    growth = np.array([last[labels == k].mean() / first[labels == k].mean() for k in range(len(CLASSES))])
    growth /= last.mean() / first.mean()
    report = sph.nn.norm_report(after, after / last[:, None], labels)
    return {
        "seed": seed,
        **{f"growth {size}": float(value) for size, value in zip(CLASSES, growth, strict=True)},
        "in order": bool((np.diff(growth) > 0).all()),
        "commonest above rarest": bool(growth[-1] > growth[0]),
        "Spearman of norm and neighbour distance": report.spearman,
        "accuracy of the shortest quarter": report.accuracy[0],
        "accuracy of the longest quarter": report.accuracy[-1],
    }


def classes():
    """No bar: what 20 seeds say."""
    rows = [kept("classes", str(seed), lambda seed=seed: classes_run(seed)) for seed in range(CLASS_SEEDS)]
    return rows, {}


def class_summary(rows):
    """Return a row for each class: how much its norms grew, over that of all, and how sure that is."""
    found = {size: np.array([row[f"growth {size}"] for row in rows]) for size in CLASSES}
    return [
        {
            "size of the class": size,
            "mean growth of its norms": float(values.mean()),
            "standard error": float(values.std(ddof=1) / np.sqrt(len(values))),
            "seeds": len(values),
            "commit": rows[0]["commit"],
        }
        for size, values in found.items()
    ]
