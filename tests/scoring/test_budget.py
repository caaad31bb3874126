"""What a time budget drops, in plain numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blendkit.scoring.budget import Choice, Deadline, Span, Speed, Work, fitting, least, models_s

# 100 s of audio each; the speeds are seconds per second of audio that is heard
WORKS = [
    Work("big", 0.6, False, 5, 100.0, 100.0),
    Work("small", 0.1, False, 3, 100.0, 100.0),
    Work("extra", 0.2, True, 1, 100.0, 100.0),
    Work("more", 0.1, True, 1, 100.0, 100.0),
]
SPEEDS = {name: Span(s, s, s) for name, s in {"big": 0.1, "small": 0.2, "extra": 0.3, "more": 0.4}.items()}


def predict(choice: Choice) -> float:
    return models_s(WORKS, SPEEDS, choice).likely


@pytest.mark.parametrize(
    ("left_s", "members", "shifts", "needs"),
    [
        (180.0, (), (), 180.0),  # 50 + 60 + 30 + 40
        (179.0, ("more",), (), 140.0),  # the lowest share among the optional ones
        (139.0, ("more", "extra"), (), 110.0),
        (109.0, ("more", "extra"), ("small",), 70.0),  # one shift of three is left: 20
        (69.0, ("more", "extra"), ("small", "big"), 30.0),
        (1.0, ("more", "extra"), ("small", "big"), 30.0),  # nothing is left to drop
    ],
)
def test_optional_members_go_first_then_shifts(
    left_s: float, members: tuple[str, ...], shifts: tuple[str, ...], needs: float
) -> None:
    choice, then = fitting(WORKS, Choice(), left_s, predict)
    assert (choice, then) == (Choice(members, shifts), pytest.approx(needs))


def test_what_saves_no_time_stays() -> None:
    done = [Work("done", 0.0, True, 3, 0.0, 0.0), Work("saved", 0.1, False, 3, 10.0, 100.0)]
    speeds = {"done": Span(1, 1, 1), "saved": Span(1, 1, 1)}
    # of "saved" most recordings have their shifts already, and few are known without: 30 s against 100 s
    assert fitting(done, Choice(), 1.0, lambda c: models_s(done, speeds, c).likely) == (Choice(), 30.0)


def test_the_least_is_unshifted_and_without_what_is_optional() -> None:
    assert least(WORKS, predict) == Choice(("more", "extra"), ("small", "big"))


@given(st.floats(0, 200), st.floats(0, 200))
def test_less_time_never_drops_less(a: float, b: float) -> None:
    short, long = sorted((a, b))
    few, many = fitting(WORKS, Choice(), long, predict)[0], fitting(WORKS, Choice(), short, predict)[0]
    assert set(few.members) <= set(many.members)
    assert set(few.shifts) <= set(many.shifts)


def test_a_choice_is_never_taken_back() -> None:
    before = Choice(("extra",), ("big",))
    assert fitting(WORKS, before, 1e9, predict)[0] == before


def test_a_deadline_runs_on_its_own_clock() -> None:
    at = [100.0]
    deadline = Deadline(60.0, 90.0, lambda: at[0])
    assert deadline.left() == 50.0
    at[0] = 151.0
    assert deadline.left() == -1.0


def test_speeds_follow_what_is_measured() -> None:
    speed = Speed(Span(1.0, 2.0, 3.0))
    assert speed.per_s == Span(1.0, 2.0, 3.0)
    first = speed.measured(50.0, 100.0)
    assert first.per_s.likely == 0.5
    assert first.measured(150.0, 100.0).per_s.likely == 1.0  # halfway from 0.5 to 1.5
    assert first.measured(150.0, 100.0).slowdown == 2.0
    assert first.measured(10.0, 0.0) == first  # recordings without audio tell nothing


def test_a_measured_speed_has_a_range_of_its_own() -> None:
    calibrated = Span(1.0, 2.0, 3.0)
    assert Speed(calibrated).per_s == calibrated
    assert Speed(calibrated, first=1.0, now=10.0).per_s == Span(9.0, 10.0, 12.0)
