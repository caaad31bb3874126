"""A studio over a small world with sound, and a client that holds its token."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from blendkit.studio.given_answers import GivenAnswers
from blendkit.studio.live_blend import LiveBlend
from blendkit.studio.opened_studio import Studio, StudioFiles, open_studio
from blendkit.studio.serving import studio_application
from tests.cli.oof_folder import oof_world
from tests.studio.studio_world import HERE, PORT, TOKEN


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Out-of-fold scores, labels and a recipe with comments, and 30 s of sound for two of twelve recordings."""
    folder = oof_world(tmp_path_factory.mktemp("studio") / "w")
    recipe = folder / "trio.yaml"
    text = recipe.read_text(encoding="utf-8").replace("    by: rank\n", "    by: rank # ranks tie exactly\n")
    recipe.write_text(text, encoding="utf-8")
    (folder / "audio").mkdir()
    for i in range(2):
        name = f"X_Test_{i + 1:04d}_S{i % 3 + 1:02d}_202501{i + 1:02d}_{4 + i % 2 * 12:02d}0000"
        tone = 0.3 * np.sin(2 * np.pi * 1000 * (i + 1) * np.arange(30 * 8000) / 8000)
        soundfile.write(folder / "audio" / f"{name}.wav", tone, 8000)
    return folder


@pytest.fixture(scope="session")
def opened(world: Path) -> Studio:
    """The world, opened once."""
    files = StudioFiles(audio=world / "audio", answers=world / "answers", ledger=world / "ledger.jsonl")
    return open_studio(world / "trio.yaml", None, files, scratch=world)


@pytest.fixture
def studio(opened: Studio, tmp_path: Path) -> Studio:
    """The opened world, as if nothing had been looked at or answered."""
    live = opened.live
    assert live is not None
    fresh = LiveBlend(live.recipe, live.workspaces, live.truth, live.halves)
    return replace(opened, live=fresh, answers=GivenAnswers(tmp_path / "answers"))


@pytest.fixture
def client(studio: Studio) -> Iterator[Any]:
    """A client of the studio's application, without a server."""
    pytest.importorskip("starlette", reason="the extra `studio` is not installed")
    testclient = importlib.import_module("starlette.testclient")
    with testclient.TestClient(studio_application(studio, TOKEN, PORT), base_url=f"http://{HERE}/{TOKEN}/") as opened:
        yield opened
