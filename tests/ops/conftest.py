"""The compiled loops are what these tests are about, and small tables would not reach them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from blendkit.core import compiled_only


@pytest.fixture(scope="module", autouse=True)
def loops() -> Iterator[None]:
    """Let compiled loops work, however few the cells are; `test_few_cells.py` compares them with plain numpy."""
    with compiled_only():
        yield
