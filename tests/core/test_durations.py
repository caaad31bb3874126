"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.core.durations import in_words, seconds_in


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400), ("1h30m", 5400), ("1h 30m 5s", 5405), ("90s", 90), ("5400", 5400), (5400, 5400), (0.5, 0.5),
        ("1.5h", 5400), (" 90 Min ", 5400), ("2h", 7200),
    ],
)  # fmt: skip
def test_lengths_of_time(text: object, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "1h30", "30m1h", "-5", "0", "0m", 0, -1, True, None, "nan", "inf", float("nan"), float("inf"), []]
)
def test_what_is_no_length_of_time(text: object) -> None:
    with pytest.raises(ValueError, match="expected a length of time above 0 such as 90m"):
        seconds_in(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(1, 59))
def test_parts_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert seconds_in(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (0.123, "0.123 s"), (90, "90 s"), (150, "2.5 minutes"), (5400, "90 minutes")]
)
def test_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
