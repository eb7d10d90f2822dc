"""Neighbour embeddings through a net, so that new points have a place of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, Graph, Settings
from spectral_ph.embedding.affinities import AFFINITIES, affinities, check_params
from spectral_ph.embedding.contrastive import EARLY_EXAGGERATION, LOSSES, tsne_partition, umap_partition
from spectral_ph.nn import checkpoint as files
from spectral_ph.nn.base import OfPoints
from spectral_ph.nn.losses import choice_losses, pair_losses
from spectral_ph.nn.networks import SEED_BOUND, chosen_device, perceptron
from spectral_ph.nn.training import Callback, Losses, Stage, descended, falling

NOISE_RATE = 10.0
"""How much faster the logarithm of the partition of "nce" is learned than the net."""


class Layout(nn.Module):  # type: ignore[misc]
    """A net from points to the layout, and the logarithm of the partition, which "nce" learns.

    Parameters
    ----------
    sizes : of the layers. log_partition : at the start.
    """

    def __init__(self, sizes: list[int], log_partition: float = 0.0) -> None:
        super().__init__()
        self.net = perceptron(sizes, "relu")
        self.log_partition = nn.Parameter(torch.tensor(log_partition))

    def forward(self, X: Tensor) -> Tensor:
        """Return the places of points."""
        return self.net(X)


class ParametricEmbedding(OfPoints):
    """A neighbour embedding through a net: the losses of `ContrastiveEmbedding`, but the layout is a function of the points.

    Edges are drawn by their weight, with negatives anew for each, and the net descends the loss of the batch. So any new point
    has a place of its own, also outside of the old ones. Memory grows with points and edges, not with the square of the points.

    Parameters
    ----------
    n_components : dimensions of the layout.
    loss : "neg", "nce" or "infonce", see `ContrastiveEmbedding`.
    s : slider from t-SNE (0) to UMAP (1), for "neg" and "infonce".
    n_negatives : for each edge that is drawn.
    affinity, perplexity, n_neighbors, affinity_params : as for `spectral_ph.embedding.ContrastiveEmbedding`;
        for "graph" weights are passed to `fit` beside the points.
    hidden : widths of the hidden layers.
    epochs : in each, as many edges are drawn as there are. The affinity "knn" has far fewer edges than the default, so that an
        epoch is shorter.
    batch_size : edges of a step, at most.
    learning_rate : of Adam at the beginning; it falls linearly to 0.
    random_state, device, checkpoint, callback : see `spectral_ph.nn.base.Neural`.

    Attributes
    ----------
    net_, loss_history_, settings_, n_features_in_ : see `spectral_ph.nn.base.Neural`. `settings_` has "affinity", what made the
        weights, and "Z_bar", the partition that was used or learned.
    center_, scale_ : see `spectral_ph.nn.base.OfPoints`.

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, ICLR 2023; Sainburg, McInnes, Gentner, Neural Computation 2021 (parametric UMAP).

    Examples
    --------
    >>> import spectral_ph as sph
    >>> X = sph.datasets.circle(150, ambient_dim=5, sigma=0.05)
    >>> model = sph.nn.ParametricEmbedding(affinity="knn", epochs=2).fit(X)
    >>> model.transform(X[:10]).shape
    (10, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        loss: str = "neg",
        s: float = 0.0,
        n_negatives: int = 5,
        affinity: str = "perplexity",
        perplexity: float = 30,
        n_neighbors: int = 15,
        affinity_params: dict[str, Any] | None = None,
        hidden: tuple[int, ...] = (100, 100, 100),
        epochs: int = 40,
        batch_size: int = 256,
        learning_rate: float = 1e-3,
        random_state: Any = 0,
        device: str = "auto",
        checkpoint: files.PathLike | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_components = n_components
        self.loss = loss
        self.s = s
        self.n_negatives = n_negatives
        self.affinity = affinity
        self.perplexity = perplexity
        self.n_neighbors = n_neighbors
        self.affinity_params = affinity_params
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.device = device
        self.checkpoint = checkpoint
        self.callback = callback

    def _check_arguments(self, graph: object) -> None:
        self._check_common()
        self._check_net()
        _check.one_of(self.loss, LOSSES, "loss", "loss")
        _check.real(self.s, "s", least=-10.0, most=10.0)
        if self.loss == "nce" and self.s != 0:
            raise _check.InputError(
                Argument("s", self.s),
                " would change nothing with ",
                Argument("loss", "nce"),
                ", which learns the partition.",
            )
        _check.positive_int(self.n_negatives, "n_negatives")
        _check.one_of(self.affinity, AFFINITIES, "affinity", "affinity")
        check_params(self.affinity_params)
        if self.affinity == "precomputed_distance":
            raise _check.InputError(
                "a net needs points, so ",
                Argument("affinity", "precomputed_distance"),
                " is not possible. Pass a graph of the distances: neighbor_graph(D, metric='precomputed'), with ",
                Argument("affinity", "graph"),
                ".",
            )
        if (self.affinity == "graph") != (graph is not None):
            raise _check.InputError(
                Argument("affinity", "graph"),
                " and a ",
                Argument("graph"),
                " passed to fit go together. Pass both or none.",
            )
        _check.positive_int(self.epochs, "epochs")
        _check.positive_int(self.batch_size, "batch_size")
        _check.positive(self.learning_rate, "learning_rate")

    def _make_net(self) -> Layout:
        return Layout([self.n_features_in_, *self.hidden, self.n_components])

    def fit(self, X: FloatArray, y: object = None, *, graph: Graph | None = None) -> Self:
        """Train the net.

        Parameters
        ----------
        X : (n, d) points.
        y : not used.
        graph : (n, n) symmetric matrix of weights, for affinity "graph".

        Returns
        -------
        self

        Raises
        ------
        InputError : for bad points or arguments, or a checkpoint of other settings or data.
        """
        self._check_arguments(graph)
        points = self._read(X)
        n = len(points)
        if graph is not None and _check.graph(graph).shape[0] != n:
            raise _check.InputError(Argument("graph"), f" must have a vertex for each of the {n} points.")
        with _check.collected() as heard:
            net, generator = self._begin()
            P, facts = affinities(
                points if graph is None else graph,
                self.affinity,
                perplexity=self.perplexity,
                n_neighbors=self.n_neighbors,
                params=self.affinity_params,
                random_state=int(torch.randint(SEED_BOUND, (1,), generator=generator)),
            )
            if P.nnz == 0:
                raise _check.InputError(
                    "the graph of affinities has no edge, so there is nothing to lay out. Pass one that has."
                )
            m = self.n_negatives
            Z = tsne_partition(n) ** (1 - self.s) * umap_partition(n, m) ** self.s
            with torch.no_grad():
                net.log_partition.fill_(math.log(Z))
            self.settings_: Settings = {"affinity": facts, "loss": self.loss, "n_negatives": m}
            asked = self._asked(X=points, P=P.data, edges=P.indices)
            self._train(net, [self._stage(net, points, P, generator)], generator, asked)
        if self.loss == "infonce":
            self.settings_["exaggeration"] = EARLY_EXAGGERATION**self.s
        else:
            self.settings_["Z_bar"] = math.exp(float(net.log_partition.detach()))
        self.settings_["warnings"] = list(heard)
        self._keep(net)
        return self

    def _stage(self, net: Layout, points: FloatArray, P: Graph, generator: torch.Generator) -> Stage:
        device, n, m = chosen_device(self.device), len(points), self.n_negatives
        seen = torch.from_numpy(points.astype(np.float32)).to(device)
        heads = torch.from_numpy(np.repeat(np.arange(n), np.diff(P.indptr)))
        tails = torch.from_numpy(P.indices.astype(np.int64))
        upto = torch.from_numpy(np.cumsum(P.data))
        size = min(self.batch_size, P.nnz // 2)
        log_unit = (
            math.log(m) - math.log(n) - math.log(n - 1)
        )  # weight of the noise per pair for each unit of the partition

        def begin() -> torch.optim.Optimizer:
            groups = [{"params": net.net.parameters()}]
            if self.loss == "nce":
                groups.append({"params": [net.log_partition], "lr": NOISE_RATE * self.learning_rate})
            return descended(torch.optim.Adam(groups, self.learning_rate))

        def steps(epoch: int) -> Iterator[Losses]:
            for _ in range(P.nnz // 2 // size):
                drawn = torch.rand(size, generator=generator, dtype=torch.float64) * upto[-1]
                edge = torch.searchsorted(upto, drawn, right=True).clamp_max(P.nnz - 1)
                i, j = heads[edge], tails[edge]
                # Negatives of a choice are of the head of the edge; the noise draws pairs of its own.
                of = i if self.loss == "infonce" else torch.randint(n, (size,), generator=generator)
                k = torch.randint(n - 1, (size, m), generator=generator)
                k += k >= of[:, None]
                # Each point goes through the net once, however often it was drawn.
                rows, where = torch.cat([i, j, of, k.flatten()]).unique(return_inverse=True)
                Y = net(seen[rows.to(device)])[where.to(device)]
                head, tail, start, others = Y.split([size, size, size, size * m])
                positive = log_cauchy(head, tail)
                negative = log_cauchy(start[:, None], others.reshape(size, m, -1))
                if self.loss == "infonce":
                    yield {"loss": choice_losses(positive, negative, EARLY_EXAGGERATION**self.s)}
                else:
                    yield {"loss": pair_losses(positive, negative, net.log_partition + log_unit, m)}

        return Stage("layout", self.epochs, begin, steps, rate=falling(self.epochs))

    def fit_transform(self, X: FloatArray, y: object = None, *, graph: Graph | None = None) -> FloatArray:
        """Train the net and return the layout of the points; what `fit(X).transform(X)` gives.

        Parameters
        ----------
        X, y, graph : as for `fit`.

        Returns
        -------
        (n, n_components) float64.

        Raises
        ------
        InputError : as `fit`.
        """
        layout: FloatArray = self.fit(X, graph=graph).transform(X)
        return layout


def log_cauchy(A: Tensor, B: Tensor) -> Tensor:
    """Return log 1 / (1 + |a - b|^2) of the last axis."""
    return -torch.log1p(((A - B) ** 2).sum(dim=-1))
