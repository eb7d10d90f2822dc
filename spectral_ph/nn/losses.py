"""Contrastive losses of batches, with gradients by torch.

Those between two views of an object are for images, those of edges against noise for layouts. The latter are, batch by batch, the
losses of `spectral_ph.embedding.losses`, which sum over all pairs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from spectral_ph import _check
from spectral_ph._check import Argument

VIEW_KERNELS = ("cosine", "cauchy")


def squared_distances(A: Tensor, B: Tensor) -> Tensor:
    """Return the (n, m) squared distances of rows, never below 0.

    Parameters
    ----------
    A : (n, d). B : (m, d).
    """
    # Expanded, which rounding may take below 0.
    return ((A**2).sum(dim=1)[:, None] + (B**2).sum(dim=1)[None, :] - 2 * A @ B.T).clamp_min(0)


def similarity_logits(A: Tensor, B: Tensor, kernel: str, temperature: float = 0.5) -> Tensor:
    """Return the (n, m) logarithms of the similarities of rows.

    Parameters
    ----------
    A : (n, d). B : (m, d).
    kernel : "cauchy", log 1 / (1 + |a - b|^2), or "cosine", cos(a, b) / temperature.
    temperature : for "cosine".
    """
    if kernel == "cauchy":
        return -torch.log1p(squared_distances(A, B))
    return torch.nn.functional.normalize(A, dim=1) @ torch.nn.functional.normalize(B, dim=1).T / temperature


def info_nce(
    A: Tensor,
    B: Tensor,
    *,
    kernel: str = "cosine",
    temperature: float = 0.5,
    positive_in_denominator: bool = True,
) -> Tensor:
    """Return the InfoNCE loss of two views of the same objects, row by row.

    With the similarities s of all 2 b rows,

        mean over i of -log s(i, pos(i)) + log sum over j != i of s(i, j),

    which does not change when the views change places. With kernel "cauchy" it is the loss of t-SimCNE, with "cosine" that of
    SimCLR. With `positive_in_denominator` False it is the loss of the reference code of the study of norms: only rows of A look,
    only at rows of B, and the sum leaves the positive out.

    Parameters
    ----------
    A, B : (b, d), row i of both is of one object.
    kernel : "cosine", s = exp(cos / temperature), or "cauchy", s = 1 / (1 + |a - b|^2).
    temperature : for "cosine".
    positive_in_denominator : see above.

    Returns
    -------
    scalar

    Raises
    ------
    InputError : for arrays of different shapes, fewer than two rows, or an unknown kernel.

    References
    ----------
    Chen, Kornblith, Norouzi, Hinton, ICML 2020 (SimCLR); Böhm, Berens, Kobak, ICLR 2023 (t-SimCNE); Draganov, Vadgama, Damrich
    et al., 2025 (norms).

    Examples
    --------
    >>> A = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    >>> round(float(info_nce(A, A, kernel="cauchy")), 4)  # log(1 + 2 / 10)
    0.1823
    """
    _check.one_of(kernel, VIEW_KERNELS, "kernel", "kernel")
    if A.ndim != 2 or A.shape != B.shape or len(A) < 2:
        raise _check.InputError(
            f"two views must be (b, d) tensors of one shape with at least 2 rows, not {tuple(A.shape)} and {tuple(B.shape)}."
        )
    b = len(A)
    if positive_in_denominator:
        both = torch.cat([A, B])
        logits = similarity_logits(both, both, kernel, temperature)
        positives = torch.cat([logits.diagonal(b), logits.diagonal(-b)])
        own = torch.eye(2 * b, dtype=torch.bool, device=A.device)
    else:
        logits = similarity_logits(A, B, kernel, temperature)
        positives = logits.diagonal()
        own = torch.eye(b, dtype=torch.bool, device=A.device)
    return (torch.logsumexp(logits.masked_fill(own, -math.inf), dim=1) - positives).mean()


def pair_losses(positive: Tensor, negative: Tensor, log_noise: Tensor | float, n_negatives: float) -> Tensor:
    """Return the loss that tells edges from pairs drawn at random: of Neg-t-SNE, and of NC-t-SNE, which learns the noise.

    It is the mean over edges of log(1 + c / q) plus m times the mean over the other pairs of log(1 + q / c). Where edges are
    drawn by their weights and the other pairs uniformly, its mean is `spectral_ph.embedding.losses.pair_loss`.

    Parameters
    ----------
    positive : (b,) logarithms of the similarities q of edges.
    negative : logarithms of the similarities of pairs drawn at random, of any shape.
    log_noise : log c.
    n_negatives : m.

    Returns
    -------
    scalar

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, ICLR 2023.

    Examples
    --------
    >>> one = torch.zeros(1)
    >>> round(float(pair_losses(one, one, 0.0, 5) / math.log(2)), 4)
    6.0
    """
    softplus = torch.nn.functional.softplus
    return softplus(log_noise - positive).mean() + n_negatives * softplus(negative - log_noise).mean()


def choice_losses(positive: Tensor, negative: Tensor, exaggeration: float = 1.0) -> Tensor:
    """Return the InfoNCE loss of edges, each against negatives of its own.

    It is the mean over edges of -log q + log(q + sum of the q of the negatives) / rho.

    Parameters
    ----------
    positive : (b,) logarithms of the similarities of edges.
    negative : (b, m) logarithms of the similarities of the negatives of each.
    exaggeration : rho.

    Returns
    -------
    scalar

    Raises
    ------
    InputError : if there are no negatives.

    References
    ----------
    Damrich, Böhm, Hamprecht, Kobak, ICLR 2023.

    Examples
    --------
    >>> round(float(choice_losses(torch.zeros(1), torch.zeros(1, 4)).exp()), 4)
    5.0
    """
    if negative.ndim != 2 or negative.shape[1] == 0:
        raise _check.InputError(Argument("negative"), " must be (b, m) with at least one negative for each edge.")
    every = torch.cat([positive[:, None], negative], dim=1)
    return (torch.logsumexp(every, dim=1) / exaggeration - positive).mean()
