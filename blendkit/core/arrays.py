"""Array types, each with one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass

Matrix = NDArray[np.floating[Any]]
