"""A small sample world, and folders of tones that are scored in milliseconds."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.engine.local import RunResult, run
from blendkit.recipe.load import parse_recipe

RATE = 8000
TONE = """
recipe: 1
name: tones
members:
  t: {use: tone, classes: [low, mid, high]}
output: t
"""


@pytest.fixture(scope="session")
def tone_recipe() -> str:
    """A recipe of one member that hears three tones: 300, 1900 and 3500 Hz."""
    return TONE


@pytest.fixture
def tones(tmp_path: Path, write_wav: Callable[..., Path]) -> Callable[..., Path]:
    """Write {recording: seconds} of seeded noise as 8 kHz WAVs into data/<folder>; return data."""

    def make(seconds: Mapping[str, float], folder: str = "test_soundscapes") -> Path:
        for i, (name, length) in enumerate(seconds.items()):
            noise = np.random.default_rng([i, len(name)]).standard_normal(round(length * RATE)) * 0.1
            write_wav(tmp_path / "data" / folder / f"{name}.wav", noise.astype(np.float32), RATE)
        return tmp_path / "data"

    return make


@pytest.fixture(scope="session")
def run_text() -> Callable[..., RunResult]:
    """Run a recipe given as text: run_text(text, data, out, overrides=[...], **options)."""

    def go(text: str, data: Path, out: Path, overrides: tuple[str, ...] = (), **options: Any) -> RunResult:
        return run(parse_recipe(textwrap.dedent(text), "test.yaml", overrides), data, out, **options)

    return go


@pytest.fixture(scope="session")
def scored() -> Callable[[Path], dict[str, int]]:
    """Return, per member, how many recordings a run really scored."""

    def read(out: Path) -> dict[str, int]:
        members = json.loads((out / "timings.json").read_text(encoding="utf-8"))["members"]
        return {name: m["recordings_scored"] for name, m in members.items()}

    return read
