"""Block tensors averaged over a grid of cells, so that coarse time and frequency are preserved."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from blendkit.core import Float32
from blendkit.errors import BlendkitError


def pool_cells(x: Float32, grid: Sequence[int]) -> Float32:
    """Return the means (B, a, b, C) of x (B, H, W, C) over a x b cells, whose bounds may overlap by one.

    Cell i of a covers floor(i H / a) to ceil((i + 1) H / a), as in adaptive average pooling.
    Raises BlendkitError for a grid finer than the tensor.
    """
    height, width = x.shape[1:3]
    if grid[0] > height or grid[1] > width:
        raise BlendkitError(f"a grid of {list(grid)} is finer than the blocks, which are {height} x {width}")
    rows = np.stack([x[:, a:b].mean(axis=1, dtype=np.float32) for a, b in _bounds(height, grid[0])], axis=1)
    return np.stack([rows[:, :, a:b].mean(axis=2, dtype=np.float32) for a, b in _bounds(width, grid[1])], axis=2)


def check_grid(name: str, grid: Sequence[int] | None) -> None:
    """Raise BlendkitError unless a grid is two positive numbers, or none."""
    if grid is not None and (len(grid) != 2 or min(grid) < 1):
        raise BlendkitError(f"{name}: grid is two positive numbers of cells, got {list(grid)}")


def _bounds(size: int, cells: int) -> list[tuple[int, int]]:
    return [(i * size // cells, -(-(i + 1) * size // cells)) for i in range(cells)]
