"""How much a head attends to each of its tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from blendkit.core import Float64
from blendkit.training.examples import Examples
from blendkit.training.head_networks import Mean

_BATCH = 4096


def shares_of(head: Mean, examples: Examples) -> Float64:
    """Return (tokens,) the mean share of every token over all rows, averaged over the heads behind `head`."""
    total: Any = 0.0
    heads: list[Any] = list(head.each)
    with torch.no_grad():
        for one in heads:
            inputs = one.tokens.shape.inputs
            for i in range(0, len(examples), _BATCH):
                blocks = [torch.from_numpy(np.ascontiguousarray(examples.features[n][i : i + _BATCH])) for n in inputs]
                total = total + one.weights(blocks).double().sum(0).numpy()
    return np.asarray(total / (len(examples) * len(heads)))
