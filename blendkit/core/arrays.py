"""Array types, each with one meaning."""

from __future__ import annotations

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
