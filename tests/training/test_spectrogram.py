from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from blendkit.errors import BlendkitError
from blendkit.training.settings import Picture
from blendkit.training.spectrogram import LogMel, check_picture
from tests.uncompiled import librosa_oracle

SMALL = Picture(rate=8000, n_fft=256, hop=100, mels=20, fmin=50.0, fmax=3500.0)


def test_it_is_librosas() -> None:
    waves = 0.1 * np.random.default_rng(0).standard_normal((2, 4000)).astype(np.float32)
    found, librosa = LogMel(SMALL)(torch.from_numpy(waves)).numpy(), librosa_oracle()
    for wave, picture in zip(waves, found, strict=True):
        power = librosa.feature.melspectrogram(
            y=wave, sr=8000, n_fft=256, hop_length=100, n_mels=20, fmin=50.0, fmax=3500.0, center=False
        )
        np.testing.assert_allclose(picture[0], np.log(power + 1e-6), atol=2e-2, rtol=2e-3)


def test_standardised_by_fixed_numbers() -> None:
    front = LogMel(SMALL)
    raw = torch.randn(50, 20, 30) * 3 + 5
    front.fit(raw)
    found = front.standard(raw)
    assert found.mean().item() == pytest.approx(0, abs=1e-4)
    assert found.std().item() == pytest.approx(1, abs=2e-2)
    louder = front.standard(raw + 2)
    assert (louder - found).min().item() > 0.5  # how loud a window is stays known


def test_settings_that_give_no_picture_are_named_together() -> None:
    check_picture(SMALL, 5.0)
    with pytest.raises(BlendkitError, match="give no log-mel picture") as caught:
        check_picture(replace(SMALL, n_fft=256, fmin=6000.0, fmax=5000.0), 0.02)
    assert caught.value.problems == (
        "n_fft is 256 samples, a chunk of 0.02 s has 160", "fmin 6000 Hz is not below fmax 5000 Hz",
        "fmax 5000 Hz lies above half the rate of 8000 Hz: lower it (--fmax)",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "empty"), [({"mels": 200}, "of 200 mel bands"), ({"fmax": 6000.0}, "of 20 mel bands")]
)
def test_a_band_without_a_frequency_is_an_error(change: dict[str, float], empty: str) -> None:
    with pytest.raises(BlendkitError, match=empty) as caught:
        LogMel(replace(SMALL, **change))
    assert "fewer bands" in caught.value.problems[-1]
