"""Looking through a mapped file in spans finds what lies across their borders, and lets go of each span."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

import blendkit.audio.mapped
from blendkit.audio.mapped import let_go, places
from blendkit.audio.scratch import Kept


@pytest.mark.parametrize("span", [1, 2, 3, 7, 100])
def test_places_across_the_borders_of_spans_are_found_once(span: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blendkit.audio.mapped, "SPAN", span)
    assert list(places(b"ab..abab...aba", b"ab")) == [0, 4, 6, 11]
    assert list(places(b"ab..abab...aba", b"ab", 1, 7)) == [4]  # the one at 6 does not lie in it whole
    assert list(places(b"", b"ab")) == []


def test_every_span_of_a_mapped_file_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let = []
    monkeypatch.setattr(blendkit.audio.mapped, "SPAN", 10_000)
    monkeypatch.setattr(blendkit.audio.mapped, "let_go", lambda data: let.append(let_go(data)))
    (tmp_path / "a").write_bytes(bytes(99_998) + b"ab")
    with (tmp_path / "a").open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        assert list(places(data, b"ab")) == [99_998]
        assert data[99_998:] == b"ab"  # it stays readable
    assert len(let) == 9  # nothing is to be looked through behind the last


def test_long_blocks_are_written_in_pieces(tmp_path: Path) -> None:
    kept, frames = Kept(1, 10, tmp_path), np.arange(20_001, dtype=np.float32)[:, None]
    kept.append(frames)
    kept.append(frames[:5])
    assert np.array_equal(kept.frames(), np.concatenate([frames, frames[:5]]))
