"""`fit features --mix`: what its options mean, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from blendkit.cli.commands.fit_features import _mix
from blendkit.errors import BlendkitError
from blendkit.scoring import BackgroundMix

AUDIO = (Path("scapes"),)


def test_defaults_are_those_of_the_python_face() -> None:
    assert _mix((), None, None, None) is None
    assert _mix(AUDIO, None, None, None) == BackgroundMix(AUDIO)
    assert _mix(AUDIO, "-5:12.5", 3, 7) == BackgroundMix(AUDIO, (-5.0, 12.5), copies=3, seed=7)


def test_options_without_backgrounds_are_named() -> None:
    with pytest.raises(BlendkitError, match="--mix-db and --copies and --seed without --mix"):
        _mix((), "0:20", 2, 0)


@pytest.mark.parametrize("text", ["20", "a:b", "0:1:2", ":"])
def test_a_ratio_is_low_and_high(text: str) -> None:
    with pytest.raises(BlendkitError, match=f"--mix-db {text}: expected LOW:HIGH in dB"):
        _mix(AUDIO, text, None, None)


@pytest.mark.parametrize("text", ["9:3", "nan:3", "0:inf"])
def test_a_ratio_is_finite_and_in_order(text: str) -> None:
    with pytest.raises(BlendkitError, match="this mixture cannot be made"):
        _mix(AUDIO, text, None, None)
