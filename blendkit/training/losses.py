"""Losses on logits (B, C) and targets (B, C) in [0, 1]."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own custom


def bce(logits: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean binary cross-entropy; soft targets are meant. weight (B,): of the rows, not all 0."""
    if weight is None:
        return F.binary_cross_entropy_with_logits(logits, targets)
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)
    return (weight * each).sum() / weight.sum()


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0) -> Tensor:
    """Return the mean focal loss |t - p|^gamma BCE (Lin et al. 2017), in its form for soft targets (Li et al. 2020)."""
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return ((targets - logits.sigmoid()).abs() ** gamma * each).mean()


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


def loss_of(name: str, gamma: float, logits: Tensor, targets: Tensor) -> Tensor:
    """Return `bce` or `focal`."""
    return bce(logits, targets) if name == "bce" else focal(logits, targets, gamma)
