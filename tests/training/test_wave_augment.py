"""Changes of waves by hand: shifts, levels and backgrounds; rows that are drawn anew by a seed and judged unchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from blendkit.training.settings import Distil, Picture, Schedule, WaveChanges
from blendkit.training.spectrogram import LogMel
from blendkit.training.student import StudentRows, _checkpoint_key, fit_student, student_logits
from blendkit.training.wave_augment import WaveRows, Waves, amplitude, shifted, with_background

PICTURE = Picture(rate=1000, n_fft=64, hop=50, mels=8, fmin=20.0, fmax=500.0)


def waves(count: int = 20, seed: int = 0) -> Waves:
    samples = np.random.default_rng(seed).standard_normal((count, 600)).astype(np.float16)
    return Waves(samples, np.arange(count), f"waves of seed {seed}")


def rows(how: WaveChanges, background: Waves | None = None) -> WaveRows:
    return WaveRows(waves(), background, LogMel(PICTURE), PICTURE.rate, how)


def test_a_shift_is_a_circle() -> None:
    torch.manual_seed(0)
    found = shifted(torch.arange(6.0).repeat(200, 1), 2)
    first = found[:, 0].int().tolist()
    assert set(first) == {4, 5, 0, 1, 2}  # moved by two at most, either way
    for row, start in zip(found.tolist(), first, strict=True):
        assert row == [(start + k) % 6 for k in range(6)]


def test_a_background_has_the_level_that_is_asked() -> None:
    own, noise = torch.tensor([[3.0, -3.0]] * 3), torch.tensor([[1.0, 1.0], [2.0, 2.0], [0.0, 0.0]])
    found = with_background(own, noise, torch.tensor([0.0, -20.0, 0.0]))
    np.testing.assert_allclose(found, [[6, 0], [3.3, -2.7], [3, -3]], rtol=1e-6)  # a silent one adds nothing
    assert not with_background(0 * own, noise, torch.zeros(3)).any()
    assert torch.equal(with_background(own, noise, torch.full((3,), -torch.inf)), own)
    np.testing.assert_allclose(amplitude(torch.tensor([20.0, 0.0, -6.0])), [10, 1, 0.501187], rtol=1e-5)


def test_pictures_are_made_as_they_are_or_changed_by_a_seed() -> None:
    how = WaveChanges(mix_db=(-10.0, 0.0), gain_db=(-6.0, 6.0), shift_s=0.2)
    source, at = rows(how, waves(3, seed=1)), np.array([4, 2])
    plain = LogMel(PICTURE).raw(torch.from_numpy(source.waves.samples[at].astype(np.float32)))
    np.testing.assert_allclose(source[at], plain, atol=2e-2)
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(source.changed(at))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    np.testing.assert_array_equal(source[at], source[at])
    louder = rows(WaveChanges(gain_db=(20.0, 20.0))).changed(at)
    np.testing.assert_allclose(louder - plain, np.log(100), atol=1e-3)  # 20 dB are a hundredfold power
    assert torch.equal(rows(WaveChanges(mix_db=(0.0, 0.0))).changed(at), plain)  # nothing to mix in


def test_half_of_the_rows_get_a_background() -> None:
    torch.manual_seed(0)
    at = np.arange(20).repeat(10)
    mixed = rows(WaveChanges(mix_db=(0.0, 0.0)), waves(1, seed=1)).changed(at)
    same = (mixed == rows(WaveChanges()).changed(at)).all(dim=(1, 2))
    assert 70 < int(same.sum()) < 130


def test_a_student_of_waves(tmp_path: Path) -> None:
    how = Distil(PICTURE, Schedule(2, 8, mixup=0), "bce", temperature=2.0, width=0.25, device="cpu")
    how = replace(how, waves=WaveChanges(gain_db=(-6.0, 6.0), shift_s=0.2))
    teacher = np.random.default_rng(1).standard_normal((20, 2)).astype(np.float32)
    given = StudentRows(rows(how.waves), teacher, np.zeros((20, 2), np.float32), np.zeros(20, np.float32))
    found = []
    for name in ("a", "b"):
        network, state = fit_student(given, range(14), range(14, 20), how, tmp_path / name)
        found.append((state.history, student_logits(network.student, given.pictures[np.arange(20)], network)))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])

    def key(source: WaveRows) -> str:
        return _checkpoint_key(replace(given, pictures=source), np.arange(14), np.arange(14, 20), how)

    noisy = [rows(how.waves, waves(3, seed=s)) for s in (1, 2)]
    fewer = replace(noisy[0], background=replace(waves(3, seed=1), used=np.arange(2)))
    assert len({key(s) for s in (rows(how.waves), *noisy, fewer)}) == 4


@pytest.mark.parametrize("used", [[2, 0, 1], [1]])
def test_waves_are_taken_in_the_order_of_their_rows(used: list[int]) -> None:
    held = Waves(np.arange(6, dtype=np.float16).reshape(3, 2), np.array(used), "")
    assert held.take(np.array([0])).tolist() == [[2.0 * used[0], 2.0 * used[0] + 1]]
