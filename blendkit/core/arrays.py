"""Array types, each with one meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating[Any]]
"""Scores (N, C), float32 or float64."""

Float64 = NDArray[np.float64]
"""Figures, weights, probabilities: whatever is summed."""

Float32 = NDArray[np.float32]
"""Samples, windows, features, stored logits."""

Bools = NDArray[np.bool_]
"""Masks and truth."""

Int16 = NDArray[np.int16]
"""Samples as 16-bit integers."""

Int64 = NDArray[np.int64]
"""Row numbers, offsets, counts."""


NewMatrix = Callable[[tuple[int, int], Any], NDArray[Any]]
"""Makes a class-major matrix (N, C) of a type, to be filled: in memory, or in a file that is mapped into it."""


def in_memory(shape: tuple[int, int], dtype: Any) -> NDArray[Any]:
    """Return a class-major matrix (N, C) in memory, with any values."""
    return np.empty(shape, dtype, order="F")
