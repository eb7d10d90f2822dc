"""Maps of images: cells in any direction, and digits and shapes beside t-SNE and UMAP of their pixels.

`python -m benchmarks.neural rotation` and `images` run these.
"""

import time

import numpy as np

import spectral_ph as sph
from benchmarks import record
from benchmarks.neural_runs import SEEDS, kept, mean

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
    from spectral_ph.nn.pixels import border_colour

    X = sph.datasets.textured_cells(objects, random_state=5000 + seed).images
    fill = torch.tensor(border_colour(X[..., None]), dtype=torch.float64)
    one = torch.ones(objects, dtype=torch.float64)
    images = torch.from_numpy(X)[:, None]
    made = [
        warped(images, placed(one, one, 0 * one, 0 * one, a * one, 1.0), fill)[:, 0].numpy()
        for a in np.linspace(0, 2 * np.pi, angles, endpoint=False)
    ]
    return np.stack(made, axis=1)


def fitted_cells(augment, seed):
    """Return the cells and the net of a run."""
    cells = sph.datasets.textured_cells(1024, random_state=seed)
    model = sph.nn.TSimCNE(augment=augment, epochs=ROTATION_BUDGET, random_state=seed, device="cpu")
    return cells, model.fit(cells.images)


def rotation_run(augment, seed):
    from sklearn.metrics import silhouette_score

    start = time.process_time()
    cells, model = fitted_cells(augment, seed)
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
        f"coherence above .6 without ({without:.3f})": without > 0.6,
        f"coherence below .45 with ({with_:.3f})": with_ < 0.45,
        f"orbit spread at least a fifth lower ({share:.2f} of it)": share <= 0.8,
    }
    return rows, bars


FIGURE = record.RESULTS.parents[1] / "docs" / "figures" / "turned_cells.png"


def rotation_figure(seed=SEEDS[0]):
    """Draw the two maps of one seed, by texture and by direction; the nets are fitted anew, to the same bits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(10.5, 7), layout="constrained", width_ratios=[0.8, 1, 1])
    cells = sph.datasets.textured_cells(1024, random_state=seed)
    for ax, textures in zip(axes[:, 0], ((0, 1), (2, 3)), strict=True):
        rows = [
            np.hstack([*cells.images[np.flatnonzero(cells.texture == k)[i : i + 2]]]) for k in textures for i in (0, 2)
        ]
        ax.imshow(np.vstack(rows), cmap="gray", vmin=0, vmax=1)
        ax.set_axis_off()
        ax.set_title(f"textures {textures[0] + 1} and {textures[1] + 1}", fontsize=10)
    for row, augment in zip(axes[:, 1:], ("natural", "rotation"), strict=True):
        cells, model = fitted_cells(augment, seed)
        Y = model.transform(cells.images)
        for ax, colours, cmap, by in (
            (row[0], cells.texture, plt.matplotlib.colors.ListedColormap(plt.get_cmap("Dark2").colors[:4]), "texture"),
            (row[1], cells.angle % (2 * np.pi), sph.plot.phase_map(), "direction"),
        ):
            ax.scatter(*Y.T, c=colours, cmap=cmap, s=7, linewidth=0)
            ax.set(xticks=[], yticks=[])
            ax.set_aspect("equal", adjustable="datalim")
            ax.spines[:].set_visible(False)
            ax.set_title(f'augment="{augment}", coloured by {by}', fontsize=10)
    figure.savefig(FIGURE, dpi=110, bbox_inches="tight")
    plt.close(figure)


# Digits and shapes, beside layouts of their pixels

DIGITS_BUDGET = (30, 6, 15)
SHAPES_BUDGET = (60, 10, 20)
SHAPES = ("disc", "ring", "square", "triangle", "cross", "bars")


def shapes(n, seed, size=24):
    """Return images of shapes at any place, light on dark or dark on light, and which shape each is.

    The half width is 6 to 9 pixels, the contrast .4 to .9, with noise of .05; edges are softened over one pixel.
    """
    rng = np.random.default_rng(seed)
    kind = rng.integers(len(SHAPES), size=n)
    radius = rng.uniform(6, 9, n)
    centre = rng.uniform(radius[:, None], size - radius[:, None], (n, 2))
    contrast = rng.uniform(0.4, 0.9, n) * rng.choice([-1, 1], n)
    at = np.arange(size) + 0.5
    x = (at[None, None, :] - centre[:, 0, None, None]) / radius[:, None, None]
    y = (at[None, :, None] - centre[:, 1, None, None]) / radius[:, None, None]
    x, y = np.broadcast_arrays(x, y)
    r = np.hypot(x, y)
    widest = np.maximum(abs(x), abs(y))
    # Below 0 within the shape, in units of the radius.
    outside = {
        "disc": r - 1,
        "ring": abs(r - 0.75) - 0.25,
        "square": widest - 0.9,
        "triangle": np.maximum(abs(x) - 0.5 * (y + 1), y - 0.9),
        "cross": np.maximum(widest - 1, np.minimum(abs(x), abs(y)) - 0.3),
        "bars": np.maximum(widest - 1, abs(abs(x) - 0.65) - 0.3),
    }
    sign = np.stack([outside[name] for name in SHAPES])[kind, np.arange(n)]
    inside = np.clip(0.5 - sign * radius[:, None, None], 0, 1)
    images = 0.5 + contrast[:, None, None] * (inside - 0.5) + rng.normal(0, 0.05, inside.shape)
    return np.clip(images, 0, 1), kind


def views(name):
    """Return the augmentation and the epochs for a set of images."""
    from spectral_ph.nn import Augmentation

    if name == "digits":  # they are upright, and no mirror image of a digit is that digit
        return Augmentation(crop=(0.5, 1.0), flip=False, turn=14.0), DIGITS_BUDGET
    return Augmentation(crop=(0.5, 1.0), brightness=0.5, contrast=0.5, invert=0.5), SHAPES_BUDGET


def images_run(name, seed):
    import openTSNE
    import umap
    from sklearn.datasets import load_digits
    from sklearn.neighbors import KNeighborsClassifier

    if name == "digits":
        data = load_digits()
        images, kind = data.images / 16, data.target
        order = np.random.default_rng(seed).permutation(len(images))
        old, new = order[:1500], order[1500:]
        images, kind, more, more_kind = images[old], kind[old], images[new], kind[new]
    else:
        images, kind = shapes(1024, seed)
        more, more_kind = shapes(500, 9000 + seed)
    augment, epochs = views(name)
    model = sph.nn.TSimCNE(augment=augment, epochs=epochs, random_state=seed, device="cpu").fit(images)
    Y = model.transform(images)
    pixels = images.reshape(len(images), -1)
    layouts = {
        "t-SNE of pixels": np.asarray(openTSNE.TSNE(random_state=seed, n_jobs=1).fit(pixels)),
        "UMAP of pixels": umap.UMAP(random_state=seed, n_jobs=1).fit_transform(pixels),
    }
    judge = KNeighborsClassifier(15).fit(Y, kind)
    return {
        "images": name,
        "seed": seed,
        "map": neighbour_accuracy(Y, kind),
        **{of: neighbour_accuracy(layout, kind) for of, layout in layouts.items()},
        "features": neighbour_accuracy(model.features(images), kind),
        "pixels": neighbour_accuracy(pixels, kind),
        "new images in the map": float(judge.score(model.transform(more), more_kind)),
    }


def shapes_beside_layouts():
    rows = [kept("shapes", str(seed), lambda seed=seed: images_run("shapes", seed)) for seed in SEEDS]
    bars = {}
    for other in ("t-SNE of pixels", "UMAP of pixels"):
        more = mean(rows, "map") - mean(rows, other)
        bars[f"shapes: accuracy of the map at least .15 above {other} (mean {more:+.3f})"] = more >= 0.15
    return rows, bars


def digits_beside_layouts():
    """No bar: digits do not need it."""
    return [kept("digits", str(seed), lambda seed=seed: images_run("digits", seed)) for seed in SEEDS], {}
