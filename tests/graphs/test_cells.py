from __future__ import annotations

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.graphs.grid_cells import check_grid, pool_cells


def test_cells_by_hand_and_as_torch_has_them() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = np.random.default_rng(0).standard_normal((2, 7, 5, 3)).astype(np.float32)
    assert np.allclose(pool_cells(x, (1, 1))[:, 0, 0], x.mean(axis=(1, 2)), atol=1e-6)
    wanted = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), (3, 2))
    assert np.allclose(pool_cells(x, (3, 2)), wanted.numpy().transpose(0, 2, 3, 1), atol=1e-6)
    with pytest.raises(BlendkitError, match="finer than the blocks, which are 7 x 5"):
        pool_cells(x, (8, 1))
    with pytest.raises(BlendkitError, match="two positive numbers"):
        check_grid("perch", [3])
