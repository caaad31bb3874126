"""Losses on logits (B, C) and targets (B, C) in [0, 1]; counts (B, C): the cells whose targets are known."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own custom


def bce(logits: Tensor, targets: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return the mean binary cross-entropy; soft targets are meant."""
    if counts is None:
        return F.binary_cross_entropy_with_logits(logits, targets)
    return masked_mean(F.binary_cross_entropy_with_logits(logits, targets, reduction="none"), counts)


def weighted_bce(logits: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """Return the binary cross-entropy, averaged over rows with their weights (B,), not all 0."""
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)
    return (weight * each).sum() / weight.sum()


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0, counts: Tensor | None = None) -> Tensor:
    """Return the mean focal loss |t - p|^gamma BCE (Lin et al. 2017), in its form for soft targets (Li et al. 2020)."""
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    weighed = (targets - logits.sigmoid()).abs() ** gamma * each
    return weighed.mean() if counts is None else masked_mean(weighed, counts)


def masked_mean(each: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of the cells that count; 0 if none does. The others pass on no gradient."""
    return torch.where(counts, each, 0).sum() / counts.sum().clamp_min(1)


def distillation(logits: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Return T^2 KL(teacher || student) of every class's Bernoulli distribution at temperature T, averaged.

    wanted: the teacher's sigmoid(logits / T). Hinton et al. 2015 for classes that do not exclude each other: a
    softmax over classes would make them.
    """
    cross = F.binary_cross_entropy_with_logits(logits / temperature, wanted)
    entropy = -(torch.xlogy(wanted, wanted) + torch.xlogy(1 - wanted, 1 - wanted)).mean()
    return (cross - entropy) * temperature**2


def listwise(logits: Tensor, shares: Tensor, temperature: float) -> Tensor:
    """Return KL(teacher || student) of the softmax over a batch's rows, averaged over classes.

    shares (B, C): the places in [0, 1] that the teacher's ranks give the rows; its distribution is softmax(shares / T).
    Only how far a class's logits lie apart counts, not their level (ListNet, Cao et al. 2007).
    """
    wanted, found = (shares / temperature).log_softmax(0), logits.float().log_softmax(0)
    return (wanted.exp() * (wanted - found)).sum(0).mean()


def pairwise(logits: Tensor, shares: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return the logistic loss of a batch's pairs within a class, log(1 + exp(low - high)), averaged over classes.

    shares (B, C): as for `listwise`. A pair counts by the distance of its shares, so ties do not count; a class of ties
    alone is left out (Burges et al. 2005). With targets for shares it is a smooth 1 - AUC.
    """
    weight = (shares[:, None] - shares[None]).clamp_min(0)
    if counts is not None:
        weight = weight * (counts[:, None] & counts[None])
    apart = logits.float()[:, None] - logits.float()[None]
    total = weight.sum((0, 1))
    each = (weight * F.softplus(-apart)).sum((0, 1))[total > 0] / total[total > 0]
    return each.mean() if len(each) else (0 * logits).sum()


def cosine(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean of 1 - cos between vectors (B, D)."""
    return (1 - F.cosine_similarity(found, wanted, dim=1)).mean()


def loss_of(name: str, gamma: float, logits: Tensor, targets: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return `bce`, `focal`, or for `soft-auc` bce, which keeps logits calibrated, and half the pairwise loss."""
    if name == "soft-auc":
        return bce(logits, targets, counts) + 0.5 * pairwise(logits, targets, counts)
    return bce(logits, targets, counts) if name == "bce" else focal(logits, targets, gamma, counts)
