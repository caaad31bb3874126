"""Linear layers fitted by logistic regression, one class against the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Solvers agree to about this many decimals whatever the BLAS does, so rounded weights repeat to the byte.
_DECIMALS = 4


@dataclass(frozen=True)
class Layer:
    """logits = ((x - mean) / std) @ weight + bias, with `weight` (features, classes)."""

    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def folded(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return (weight, bias) with the standardisation folded in, for a plain x @ weight + bias."""
        weight = self.weight / self.std[:, None]
        return _rounded(weight), _rounded(self.bias - self.mean @ weight)


def fit_classes(features: npt.NDArray[np.float32], truth: npt.NDArray[np.uint8], strength: float) -> Layer:
    """Fit one logistic regression per class; `features` (rows, F), `truth` (rows, classes) of 0 and 1.

    Every class needs rows of both kinds. `strength` is scikit-learn's C: less is smoother.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    mean, std = _rounded(features.mean(axis=0)), _rounded(features.std(axis=0) + 1e-3)
    rows = ((features - mean) / std).astype(np.float64)
    with threadpool_limits(1):  # products this small take longer on several threads, which would keep all cores busy
        fitted = [
            LogisticRegression(C=strength, tol=1e-6, max_iter=2000).fit(rows, truth[:, c])
            for c in range(truth.shape[1])
        ]
    weight = np.stack([one.coef_[0] for one in fitted], axis=1)
    return Layer(mean, std, _rounded(weight), _rounded(np.array([one.intercept_[0] for one in fitted])))


def _rounded(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    return np.round(values.astype(np.float64), _DECIMALS).astype(np.float32)
