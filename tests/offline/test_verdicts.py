"""The words of verdicts."""

from __future__ import annotations

from blendkit.offline.verdicts import share_of_redraws


def test_of_few_recordings_nobody_knows_the_share_of_redraws() -> None:
    assert share_of_redraws(0.716, "recordings") == "72 of 100 redraws of the recordings"
    assert share_of_redraws(float("nan"), "sites") == "no redraws of so few sites"
