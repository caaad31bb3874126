from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: slim graphs are made there."""
    monkeypatch.setenv("BLENDKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
