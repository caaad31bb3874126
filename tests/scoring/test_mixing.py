"""Clips mixed with backgrounds: the ratio, the draw, and what a store says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from blendkit.audio import Grid, find_audio
from blendkit.core import NameRule
from blendkit.errors import BlendkitError
from blendkit.member import TTA, MemberContext, MemberInfo
from blendkit.scoring import Scorer, save_features
from blendkit.scoring.background_mixing import BackgroundMix, draw_copies, mixed_clip
from blendkit.store import FeatureStore, MixedCopy
from tests.scoring.test_opened import member

RATE = 8000


class Loudness:
    """A member whose one feature is the mean square of a window."""

    blocks = ("power",)
    feature_shapes = {"power": (1,)}  # noqa: RUF012

    def __init__(self) -> None:
        self.info = MemberInfo(("a",), (True,), RATE, 5.0, 8)
        self.windows = 0

    def predict(self, windows: Any) -> Any:
        raise AssertionError

    def features(self, windows: Any, names: Any) -> Any:
        self.windows += len(windows)
        return [np.mean(np.square(windows), axis=1, keepdims=True)]


def write(path: Path, level: float, seconds: float = 5.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, level * np.where(np.arange(round(seconds * RATE)) % 2, 1.0, -1.0), RATE, subtype="FLOAT")


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    for name, level in (("x/c1", 0.1), ("y/c2", 0.2)):
        write(tmp_path / "clips" / f"{name}.wav", level)
    for name in ("b1", "b2", "b3"):
        write(tmp_path / "scapes" / f"{name}.wav", 0.5, 12.0)
    return tmp_path


def save(folder: Path, out: str, **how: Any) -> tuple[Loudness, dict[str, Any]]:
    model, found = Loudness(), list(find_audio([folder / "clips"]).recordings)
    scorer = Scorer(member(model), {}, MemberContext(), {}, TTA(), Grid(5.0, "pad", NameRule()), found)
    mix = BackgroundMix((folder / "scapes",), **how) if how else None
    return model, dict(save_features(scorer, [], folder / out, mix=mix))


def test_the_ratio_of_powers_is_the_one_asked_for() -> None:
    clip = np.array([0.2, -0.2, 0.2, -0.2], np.float32)  # power 0.04
    background = np.array([0, 0, 0.5, 0.5, 0.5, 0.5], np.float32)
    # 10 dB: the background's power becomes 0.004, its amplitude 0.0632; the last place begins at 2
    np.testing.assert_allclose(mixed_clip(clip, background, 10, 1.0), clip + 0.004**0.5, rtol=1e-6)
    # the first place: [0, 0, 0.5, 0.5] has power 0.125, so 0 dB scales it by (0.04 / 0.125) ** 0.5
    np.testing.assert_allclose(mixed_clip(clip, background, 0, 0), clip + background[:4] * 0.32**0.5, rtol=1e-6)


def test_a_short_background_is_repeated_and_the_sum_stays_below_full_scale() -> None:
    clip = np.full(5, 0.9, np.float32)
    made = mixed_clip(clip, np.array([1, -1], np.float32), 0, 0.5)  # from its second sample on, as loud as the clip
    np.testing.assert_allclose(made, [0, 1, 0, 1, 0], atol=1e-6)  # 0, 1.8, ... lowered as a whole


@pytest.mark.parametrize(("clip", "background"), [(0, 1), (1, 0)])
def test_silence_cannot_be_mixed(clip: float, background: float) -> None:
    assert mixed_clip(np.full(3, clip, np.float32), np.full(3, background, np.float32), 0, 0) is None


def test_a_copys_draw_depends_on_the_seed_and_its_own_clip(audio: Path) -> None:
    clips, mix = find_audio([audio / "clips"]).recordings, BackgroundMix((audio / "scapes",), (3.0, 9.0), copies=4)
    drawn = {c.id: c for c in draw_copies(clips, mix)}
    assert sorted(drawn) == [f"{c}#mix{k}" for c in ("x/c1", "y/c2") for k in (1, 2, 3, 4)]
    assert all(3 <= c.db <= 9 for c in drawn.values())
    assert len({c.db for c in drawn.values()}) == 8
    alone = {c.id: c for c in draw_copies(clips[1:], mix)}
    assert alone == {i: c for i, c in drawn.items() if c.clip.id == "y/c2"}
    other = {c.id: c for c in draw_copies(clips, replace(mix, seed=1))}
    assert not any(other[i].db == c.db for i, c in drawn.items())


def test_a_store_of_copies_says_what_each_is_made_of_and_resumes(audio: Path) -> None:
    how = {"db": (0.0, 0.0), "copies": 2, "seed": 3}
    model, status = save(audio, "mixed", **how)
    assert sorted(status) == ["x/c1#mix1", "x/c1#mix2", "y/c2#mix1", "y/c2#mix2"]
    store = FeatureStore.open(audio / "mixed")
    rows, power = store.read("power", NameRule())
    assert model.windows == 1 + np.count_nonzero(power) < 4  # windows of silence are one
    # 0 dB of samples of the same form: 2a or 0 in every sample, so the mean square is 4a^2 or 0
    for p, a in zip(power[:, 0].tolist(), (0.1, 0.1, 0.2, 0.2), strict=True):
        assert min(p, abs(p - 4 * a**2)) < 1e-6
    copies, contents = store.mixes()
    assert set(copies) == set(rows.recordings())
    assert copies["y/c2#mix1"] == MixedCopy("y/c2", copies["y/c2#mix1"].background, 0.0)
    assert set(contents) == {c.background for c in copies.values()} <= {"b1", "b2", "b3"}
    assert store.is_mixed
    again, _ = save(audio, "mixed", **how)
    assert again.windows == 0
    write(audio / "clips" / "x" / "c1.wav", 0.3)
    changed, _ = save(audio, "mixed", **how)
    assert changed.windows == 2


def test_a_store_holds_copies_of_one_mixing_or_recordings_alone(audio: Path) -> None:
    save(audio, "mixed", copies=1)
    save(audio, "plain")
    for out, how in (("mixed", {"copies": 2}), ("mixed", {}), ("plain", {"copies": 1})):
        with pytest.raises(BlendkitError, match="mixed in another way") as caught:
            save(audio, out, **how)
        assert "choose another folder" in caught.value.problems
    assert not FeatureStore.open(audio / "plain").is_mixed


def test_a_silent_background_costs_its_copies_and_says_so(audio: Path) -> None:
    for name in ("b1", "b2", "b3"):
        write(audio / "scapes" / f"{name}.wav", 0.0, 6.0)
    _, status = save(audio, "mixed", copies=1)
    assert {s.chunks for s in status.values()} == {0}
    assert all("is silent or cannot be read" in s.note for s in status.values())


def test_mistakes_are_told(audio: Path) -> None:
    with pytest.raises(BlendkitError, match="this mixture cannot be made") as caught:
        BackgroundMix((audio,), (9.0, 3.0), copies=0)
    assert len(caught.value.problems) == 2
    clips = find_audio([audio / "clips"]).recordings
    with pytest.raises(BlendkitError, match="background recordings that are no clips") as caught:
        draw_copies(clips, BackgroundMix((audio / "clips",)))
    assert list(caught.value.problems) == ["2 are clips as well: x/c1, y/c2"]
