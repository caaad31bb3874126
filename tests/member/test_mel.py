from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import get_window

from blendkit.errors import BlendkitError
from blendkit.member.mel import IMAGENET_MEAN, IMAGENET_STD, Image, Mel
from tests.uncompiled import librosa_oracle

pytest.importorskip("librosa", reason="librosa, which makes mel bands, is not installed")
RNG = np.random.default_rng(0)
WINDOWS = (0.1 * RNG.standard_normal((3, 16000))).astype(np.float32) * np.array([[1], [0.01], [5]], np.float32)
SMALL = {"rate": 16000, "n_fft": 512, "hop": 160, "mels": 40, "fmin": 50.0, "fmax": 7000.0}


@pytest.fixture(scope="module")
def librosa() -> Any:
    return librosa_oracle()


def by_hand(window: np.ndarray, mel: Mel) -> np.ndarray:
    """The formula, frame by frame."""
    padded = np.pad(window.astype(np.float64), mel.n_fft // 2, mode=mel.pad)
    taper = get_window("hann", mel.n_fft)
    count = len(window) // mel.hop + 1
    frames = np.stack([padded[i * mel.hop : i * mel.hop + mel.n_fft] * taper for i in range(count)])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** mel.power
    bank = librosa_oracle().filters.mel(
        sr=mel.rate, n_fft=mel.n_fft, n_mels=mel.mels, fmin=mel.fmin, fmax=mel.fmax, htk=mel.htk, norm=mel.norm
    )
    out = bank @ power.T
    if not mel.db:
        return np.log(np.maximum(out, mel.floor))
    out = 10 * np.log10(np.maximum(out, mel.floor))
    return out if mel.top_db is None else np.maximum(out, out.max() - mel.top_db)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"top_db": None},
        {"db": False},
        {"htk": True, "norm": None, "pad": "reflect"},
        {"power": 1.0},
        {"top_db": 20.0},
    ],
)
def test_the_formula(change: dict[str, object]) -> None:
    mel = Mel(**SMALL, scale="none", **change)  # type: ignore[arg-type]
    got = mel(WINDOWS)
    assert got.shape == (3, 1, 40, 101)
    assert got.dtype == np.float32
    assert mel.frames(16000) == 101
    for window, picture in zip(WINDOWS, got[:, 0], strict=True):
        assert np.allclose(picture, by_hand(window, mel), atol=2e-3)


def test_parity_with_librosa_at_the_public_setting(librosa: Any) -> None:
    window = (0.1 * RNG.standard_normal(160_000)).astype(np.float32)
    got = Mel()(window[None])[0, 0]
    power = librosa.feature.melspectrogram(
        y=window, sr=32000, n_fft=2048, hop_length=512, n_mels=256, fmin=20, fmax=16000, power=2.0
    )
    db = librosa.power_to_db(power, top_db=80)
    assert got.shape == (256, 313)
    assert np.allclose(got, (db - db.mean()) / db.std(), atol=1e-4)


@pytest.mark.parametrize("n_fft", [512, 401])
@pytest.mark.parametrize("change", [{}, {"power": 1.0}, {"htk": True, "norm": None, "pad": "reflect"}])
def test_single_precision_rounds_as_librosa_does(librosa: Any, n_fft: int, change: dict[str, object]) -> None:
    mel = Mel(**{**SMALL, "n_fft": n_fft}, scale="none", db=False, **change)  # type: ignore[arg-type]
    for window, picture in zip(WINDOWS, mel(WINDOWS)[:, 0], strict=True):
        expected = librosa.feature.melspectrogram(
            y=window, sr=mel.rate, n_fft=n_fft, hop_length=mel.hop, n_mels=mel.mels, fmin=mel.fmin, fmax=mel.fmax,
            power=mel.power, htk=mel.htk, norm=mel.norm, pad_mode=mel.pad,
        )  # fmt: skip
        assert picture.shape == expected.shape == (mel.mels, mel.frames(len(window)))
        assert np.allclose(picture, np.log(np.maximum(expected, mel.floor)), rtol=0, atol=1e-6)


def test_a_loud_neighbour_changes_nothing() -> None:
    # decibels below the loudest are per window: over a batch they would be a trap
    mel = Mel(**SMALL)  # type: ignore[arg-type]
    assert np.array_equal(mel(WINDOWS)[1], mel(WINDOWS[1:2])[0])


def test_scales() -> None:
    zscore = Mel(**SMALL)(WINDOWS)  # type: ignore[arg-type]
    minmax = Mel(**SMALL, scale="minmax")(WINDOWS)  # type: ignore[arg-type]
    assert np.allclose(zscore.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    assert np.allclose(zscore.std(axis=(1, 2, 3)), 1, atol=1e-4)
    assert minmax.min() == 0
    assert np.allclose(minmax.max(axis=(1, 2, 3)), 1)
    for scale in ("zscore", "minmax", "none"):
        assert np.isfinite(Mel(**SMALL, scale=scale)(np.zeros((1, 16000), np.float32))).all()  # type: ignore[arg-type]


def test_equal_settings_are_one_front_end() -> None:
    assert Mel() == Mel()
    assert hash(Mel()) == hash(Mel(mels=256))
    assert Mel() != Mel(mels=128)
    assert Image(mel=Mel(), size=224) == Image(mel=Mel(), size=224)


def test_bad_settings() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Mel(bands=128)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Mel(hop=0)
    with pytest.raises(BlendkitError, match="n_fft 2048 is longer than a window of 1000 samples"):
        Mel()(np.zeros((1, 1000), np.float32))


def test_pictures_for_a_vision_transformer() -> None:
    mel = Mel(**SMALL, scale="minmax")  # type: ignore[arg-type]
    got = Image(mel=mel, size=28)(WINDOWS)
    assert got.shape == (3, 3, 28, 28)
    plain = got * np.array(IMAGENET_STD)[:, None, None] + np.array(IMAGENET_MEAN)[:, None, None]
    assert np.allclose(plain[:, 0], plain[:, 2], atol=1e-6)  # three times the same picture
    assert plain.min() > -1e-6
    assert plain.max() < 1 + 1e-6
    whole = Image(mel=mel, size=40)(WINDOWS)  # as many rows as bands: only time is resampled
    rows = whole[:, 0] * IMAGENET_STD[0] + IMAGENET_MEAN[0]
    assert np.allclose(
        rows.mean(axis=2)[:, ::-1], mel(WINDOWS)[:, 0].mean(axis=2), atol=0.05
    )  # low notes at the bottom
