"""Autoencoders whose decoder scales areas evenly, and what the decoder says about the layout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, IntArray, Settings
from spectral_ph.graph.neighbors import nearest_neighbors
from spectral_ph.graph.symmetrize import graph_from_edges, undirected_edges
from spectral_ph.nn import checkpoint as files
from spectral_ph.nn import geometry, topology
from spectral_ph.nn.base import OfPoints
from spectral_ph.nn.geometry import Indicatrices
from spectral_ph.nn.networks import ACTIVATIONS, chosen_device, evaluated, perceptron
from spectral_ph.nn.training import Callback, Losses, Stage, descended, shuffled

REGULARIZERS = ("geometric", "topological", None)
RECONSTRUCTIONS = ("share", "mse")

BLOCK = 1024
"""Points whose Jacobians are held at a time."""


class Coder(nn.Module):  # type: ignore[misc]
    """An encoder and its mirror image, the decoder.

    Parameters
    ----------
    columns : of the data. hidden : widths of the encoder's hidden layers. components : of the latent space.
    activation : one of `ACTIVATIONS`.
    scaled : whether a factor of latent distances is learned.
    """

    def __init__(
        self, columns: int, hidden: tuple[int, ...], components: int, activation: str, scaled: bool = False
    ) -> None:
        super().__init__()
        if scaled:
            self.log_scale = nn.Parameter(torch.zeros(()))
        sizes = [columns, *hidden, components]
        self.encoder = perceptron(sizes, activation)
        self.decoder = perceptron(sizes[::-1], activation)


class GeometricAutoencoder(OfPoints):
    """An autoencoder whose decoder multiplies all areas by nearly the same number.

    The loss is

        share + lam * variance of log det J'J over the batch,

    where share is the mean squared error of the reconstruction divided by the mean variance of the columns (the unexplained
    share of the variance), and J the Jacobian of the decoder at the encoded points. Both parts are free of the unit of X, so
    that lam means the same for all data. Equal area is not isometry: what is stretched in one direction may be squeezed in the
    other.

    The points are moved to the mean 0 and divided by one number before they enter the net.

    Parameters
    ----------
    n_components : latent dimensions, at most as many as X has columns.
    lam : weight of the regulariser.
    regularizer : "geometric", or None for an ordinary autoencoder. "topological" is experimental: in place of the variance of log
        det it asks that the edges that hold a batch together and the edges of its most persistent loop are as long, up to one
        factor, as in the distances of the data. It keeps an (n, n) matrix while it fits.
    distance : of the data, for "topological": "eff_res" or "euclidean", on all points at once. The first is on the neighbour
        graph of 15 neighbours, which has to be connected.
    hidden : widths of the hidden layers of the encoder; the decoder has them the other way round.
    activation : between the layers, "elu", "relu", "silu" or "tanh". There is none on the points or on their reconstruction.
    reconstruction : "share", or "mse": the mean squared error in the unit of X, as in the paper; then lam has a unit.
    epochs : at most.
    batch_size : points of a step, at most; an incomplete last batch is dropped.
    learning_rate, weight_decay : of Adam.
    validation_share : of the points, held out to say when to stop; 0 for none. Fewer than two points are not held out.
    patience : epochs without a new least loss on the points held out, after which the optimisation ends. The weights are those
        of the epoch in which the loss was least.
    warm_up : epochs in which lam rises linearly to its value; they do not count for `patience`.
    random_state, device, checkpoint, callback : see `spectral_ph.nn.base.Neural`.

    Attributes
    ----------
    net_, loss_history_, settings_, n_features_in_ : see `spectral_ph.nn.base.Neural`. Records have "loss", "share" (whatever
        `reconstruction` is), "log_det_variance" or "disagreement" with a regulariser, and "held_out", the loss on the points held
        out.
    center_, scale_ : see `spectral_ph.nn.base.OfPoints`.

    References
    ----------
    Nazari, Damrich, Hamprecht, Geometric autoencoders - what you see is what you decode, ICML 2023. Its nets also have an
    activation on what they are given, which bounds latent coordinates from below; here they have none.

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.swiss_roll(200, ambient_dim=5, sigma=0.0)
    >>> model = sph.nn.GeometricAutoencoder(hidden=(20, 20), epochs=3).fit(X)
    >>> model.transform(X).shape, model.inverse_transform(model.transform(X)).shape, model.log_det(X).shape
    ((200, 2), (200, 5), (200,))
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        lam: float = 0.1,
        regularizer: str | None = "geometric",
        distance: str = "eff_res",
        hidden: tuple[int, ...] = (100, 100, 100, 100),
        activation: str = "elu",
        reconstruction: str = "share",
        epochs: int = 100,
        batch_size: int = 125,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-5,
        validation_share: float = 0.1,
        patience: int = 10,
        warm_up: int = 0,
        random_state: Any = 0,
        device: str = "auto",
        checkpoint: files.PathLike | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_components = n_components
        self.lam = lam
        self.regularizer = regularizer
        self.distance = distance
        self.hidden = hidden
        self.activation = activation
        self.reconstruction = reconstruction
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.validation_share = validation_share
        self.patience = patience
        self.warm_up = warm_up
        self.random_state = random_state
        self.device = device
        self.checkpoint = checkpoint
        self.callback = callback

    _reference: FloatArray

    def _check_arguments(self) -> None:
        self._check_common()
        self._check_net()
        _check.real(self.lam, "lam", least=0.0, most=1e6)
        _check.one_of(self.regularizer, REGULARIZERS, "regularizer", "regularizer")
        _check.one_of(self.distance, topology.REFERENCES, "distance", "distance")
        _check.one_of(self.activation, ACTIVATIONS, "activation", "activation")
        _check.one_of(self.reconstruction, RECONSTRUCTIONS, "reconstruction", "reconstruction")
        _check.positive_int(self.epochs, "epochs")
        _check.positive_int(self.batch_size, "batch_size", least=2)
        _check.positive(self.learning_rate, "learning_rate")
        _check.real(self.weight_decay, "weight_decay", least=0.0, most=1e6)
        _check.real(self.validation_share, "validation_share", least=0.0, most=0.9)
        _check.positive_int(self.patience, "patience")
        _check.positive_int(self.warm_up, "warm_up", least=0)

    def _make_net(self) -> Coder:
        return Coder(
            self.n_features_in_,
            tuple(self.hidden),
            self.n_components,
            self.activation,
            self.regularizer == "topological",
        )

    def fit(self, X: FloatArray, y: object = None) -> Self:
        """Train encoder and decoder.

        Parameters
        ----------
        X : (n, d) points.
        y : not used.

        Returns
        -------
        self

        Raises
        ------
        InputError : for bad points or arguments, a checkpoint of other settings or data, or points that are not connected where
            their effective resistance is asked for.
        TooLargeError : if the distances for "topological" would not fit in memory.
        """
        self._check_arguments()
        points = self._read(X)
        if self.regularizer == "geometric" and self.n_components > points.shape[1]:
            raise _check.InputError(
                Argument("n_components", self.n_components),
                f" is more than the {points.shape[1]} columns of X, so that no area is left by the decoder. Pass ",
                Argument("n_components", points.shape[1]),
                " or fewer, or ",
                Argument("regularizer"),
                "=None.",
            )
        with _check.collected() as heard:
            net, generator = self._begin()
            order = torch.randperm(len(points), generator=generator).numpy()
            held = int(self.validation_share * len(points))
            held = held if held >= 2 and len(points) - held >= 2 else 0
            self.settings_: Settings = {"held_out": held, "batch_size": min(self.batch_size, len(points) - held)}
            if self.regularizer == "topological":
                self._reference = topology.reference_distances(points, self.distance)
            try:
                self._train(net, [self._stage(net, points, order, held, generator)], generator, self._asked(X=points))
            finally:
                self.__dict__.pop("_reference", None)  # a fitted object holds no data
        self.settings_["warnings"] = list(heard)
        self._keep(net)
        return self

    def _stage(
        self, net: nn.Module, points: FloatArray, order: IntArray, held: int, generator: torch.Generator
    ) -> Stage:
        """Return the one stage; the first `held` points of the order are held out."""
        device = chosen_device(self.device)
        numbers, held_out = torch.from_numpy(order[held:]), torch.from_numpy(order[:held])
        seen, judged = (torch.from_numpy(points[rows].astype(np.float32)).to(device) for rows in (numbers, held_out))

        def begin() -> torch.optim.Optimizer:
            return descended(torch.optim.Adam(net.parameters(), self.learning_rate, weight_decay=self.weight_decay))

        def steps(epoch: int) -> Iterator[Losses]:
            for batch in shuffled(len(seen), self.batch_size, generator):
                yield self._losses(net, seen[batch.to(device)], self._lam(epoch), numbers[batch])

        def judge(epoch: int) -> float:
            if self.regularizer != "topological":
                return float(self._losses(net, judged, self._lam(epoch), held_out)["loss"])
            # In parts of the size of a batch, for the work grows faster than the number of points.
            parts = zip(judged.split(self.batch_size), held_out.split(self.batch_size), strict=True)
            found = [(len(X), self._losses(net, X, self._lam(epoch), rows)["loss"]) for X, rows in parts]
            return float(sum(n * value for n, value in found)) / len(judged)

        return Stage(
            "autoencoder",
            self.epochs,
            begin,
            steps,
            judge=judge if len(judged) else None,
            patience=self.patience,
            patient_from=self.warm_up,
        )

    def _lam(self, epoch: int) -> float:
        return self.lam * min(1.0, (epoch + 1) / (self.warm_up + 1))

    def _losses(self, net: nn.Module, X: Tensor, lam: float, rows: Tensor) -> Losses:
        """Return the loss of a batch and its parts; `rows` are the numbers of its points."""
        Z = net.encoder(X)
        if self.regularizer is None:
            Y, more = net.decoder(Z), {}
        elif self.regularizer == "topological":
            near = self._reference[np.ix_(rows.numpy(), rows.numpy())]
            Y, more = net.decoder(Z), {"disagreement": topology.disagreement(Z, near, net.log_scale)}
        else:
            Y, J = geometry.jacobian(net.decoder, Z)
            more = {"log_det_variance": geometry.log_det_variance(J)}
        share = ((Y - X) ** 2).mean()  # the mean variance of the columns is 1
        unit = self.scale_**2 if self.reconstruction == "mse" else 1.0
        loss = unit * share
        for value in more.values():
            loss = loss + lam * value
        return {"loss": loss, "share": share, **more}

    def _encoder(self) -> nn.Module:
        return self.net_.encoder

    def inverse_transform(self, Z: FloatArray) -> FloatArray:
        """Return what the decoder makes of latent points.

        Parameters
        ----------
        Z : (m, n_components) latent points, of the data or not.

        Returns
        -------
        (m, d) float64, in the unit of X.

        Raises
        ------
        NotFittedError : before `fit`. InputError : for another number of columns, NaN or infinity.
        """
        check_is_fitted(self)
        return np.asarray(self.center_ + self.scale_ * evaluated(self.net_.decoder, self._latent(Z)))

    def log_det(self, X: FloatArray | None = None, *, Z: FloatArray | None = None) -> FloatArray:
        """Return log det J'J, twice the logarithm of the factor by which the decoder multiplies areas.

        Parameters
        ----------
        X : (m, d) points, which are encoded first.
        Z : (m, n_components) latent points, in place of X.

        Returns
        -------
        (m,) float64. Only differences between points say something about the layout.

        Raises
        ------
        NotFittedError : before `fit`. InputError, ValueError : for bad points, or for both or none of X and Z.
        """
        check_is_fitted(self)
        if (X is None) == (Z is None):
            raise _check.InputError("pass either points ", Argument("X"), " or latent points ", Argument("Z"), ".")
        latent = self.transform(X) if X is not None else self._latent(Z)
        found = [geometry.log_det(torch.from_numpy(J)).numpy() for J in self._jacobians(latent)]
        return np.concatenate(found)

    def metric(self, Z: FloatArray) -> FloatArray:
        """Return the metric that the decoder pulls back to latent points.

        Parameters
        ----------
        Z : (m, n_components) latent points, of the data or not.

        Returns
        -------
        (m, n_components, n_components) float64, G: a small step dz is sqrt(dz' G dz) long in the unit of X.

        Raises
        ------
        NotFittedError : before `fit`. InputError : for another number of columns, NaN or infinity.
        """
        check_is_fitted(self)
        return np.concatenate([J.transpose(0, 2, 1) @ J for J in self._jacobians(self._latent(Z))])

    def indicatrices(self, Z: FloatArray, *, radius: float | None = None, vertices: int = 60) -> Indicatrices:
        """Return how small circles of the data space look in the latent plane, for `plot.indicatrices`.

        Parameters
        ----------
        Z : (m, 2) latent points, of the data or not.
        radius : of the circles, in the unit of X. None: one at which an ellipse of average size fills its share of a quarter of
            the box around Z.
        vertices : of each outline.

        Returns
        -------
        Indicatrices

        Raises
        ------
        NotFittedError : before `fit`. InputError : for bad points, or a latent space that is no plane.
        """
        check_is_fitted(self)
        latent = self._latent(Z)
        if latent.shape[1] != 2:
            raise _check.InputError(
                f"indicatrices are drawn in a plane, but the latent space has {latent.shape[1]} dimension(s). Use metric(Z)."
            )
        if radius is not None:
            radius = _check.positive(radius, "radius")
        _check.positive_int(vertices, "vertices", least=3)
        return geometry.outlines(np.concatenate(list(self._jacobians(latent))), latent, radius, vertices)

    def latent_graph(self, X: FloatArray, n_neighbors: int = 15) -> Graph:
        """Return the neighbour graph of the layout, its edges as long as the decoder makes them.

        An edge dz between latent neighbours is sqrt(dz' G dz) long, with G at its middle, and has the conductance 1 / length, as
        the distance "geodesic" takes it: `persistence(graph=A, distance="geodesic")`.

        Parameters
        ----------
        X : (n, d) points.
        n_neighbors : nearest in the latent space, a point itself not counted.

        Returns
        -------
        (n, n) csr_array of float64, symmetric to the last bit.

        Raises
        ------
        NotFittedError : before `fit`. InputError, ValueError : for bad points, too many neighbours, or points whose places are
        the same.

        Examples
        --------
        >>> import spectral_ph as sph
        >>> X = sph.datasets.circle(100, ambient_dim=5, sigma=0.05)
        >>> A = sph.nn.GeometricAutoencoder(hidden=(20,), epochs=5).fit(X).latent_graph(X)
        >>> sph.persistence(graph=A, distance="geodesic").n_points
        100
        """
        Z = self.transform(X)
        pairs, _ = undirected_edges(nearest_neighbors(Z, n_neighbors, search="exact"), "union")
        i, j = pairs.T
        step = Z[i] - Z[j]
        lengths = np.concatenate(
            [
                np.linalg.norm(np.einsum("mdk,mk->md", J, part), axis=1)
                for J, part in zip(
                    self._jacobians((Z[i] + Z[j]) / 2), np.split(step, range(BLOCK, len(step), BLOCK)), strict=True
                )
            ]
        )
        if (lengths == 0).any():
            raise _check.InputError(
                f"{int((lengths == 0).sum())} pairs of points have one place in the latent space, so that no graph holds the "
                "length of their edge. Drop copies of points first."
            )
        return graph_from_edges(pairs, 1 / lengths, len(Z))

    def _jacobians(self, Z: FloatArray) -> Iterator[FloatArray]:
        """Yield the Jacobians at latent points, in blocks and in the unit of X."""
        for at in range(0, len(Z), BLOCK):
            with torch.no_grad():
                _, J = geometry.jacobian(self.net_.decoder, torch.from_numpy(Z[at : at + BLOCK]))
            yield self.scale_ * J.numpy()

    def _latent(self, Z: FloatArray | None) -> FloatArray:
        checked = _check.points(Z, least=1, what="Z")
        if checked.shape[1] != self.n_components:
            raise _check.InputError(
                Argument("Z"),
                f" must have {self.n_components} column(s), one for each latent dimension, not {checked.shape[1]}. To encode "
                "points, call transform.",
            )
        return checked
