"""Folders of tones, and installed plugins, for the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def install() -> Callable[..., Path]:
    """Lay out an installed package with one entry point, as pip would; put the folder on PYTHONPATH."""

    def lay_out(folder: Path, dist: str, name: str, code: str, group: str = "blendkit.members") -> Path:
        module = f"plugin_{dist.replace('-', '_')}"
        info = folder / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(code, encoding="utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:made\n", encoding="utf-8")
        return folder

    return lay_out


@pytest.fixture(scope="session")
def tone_folder(
    tmp_path_factory: pytest.TempPathFactory, write_wav: Callable[..., Path], tone_blend: str, tone_table: str
) -> Path:
    """A data folder: two recordings (10 s, 7 s), a score table `a.csv` and a recipe `tones.yaml` for them."""
    data = tmp_path_factory.mktemp("tones")
    for i, (name, seconds) in enumerate({"r2": 10, "r10": 7}.items()):
        noise = np.random.default_rng(i).standard_normal(seconds * 8000) * 0.1
        write_wav(data / "test_soundscapes" / f"{name}.wav", noise.astype(np.float32), 8000)
    (data / "a.csv").write_text(tone_table, encoding="utf-8")
    (data / "tones.yaml").write_text(tone_blend, encoding="utf-8")
    return data
