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


def cosine(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean of 1 - cos between vectors (B, D)."""
    return (1 - F.cosine_similarity(found, wanted, dim=1)).mean()


def loss_of(name: str, gamma: float, logits: Tensor, targets: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return `bce` or `focal`."""
    return bce(logits, targets, counts) if name == "bce" else focal(logits, targets, gamma, counts)
