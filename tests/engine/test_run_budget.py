"""A run with a time budget: its files are those of the recipe without what was dropped, and say what that was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import blendkit.engine.time_budget
import blendkit_members.tone
from blendkit.engine.local import RunResult
from blendkit.errors import BlendkitError, DeliveryError
from blendkit.scoring.budget import Deadline, Span

Run = Callable[..., RunResult]
Tones = Callable[..., Path]
RECIPE = """
recipe: 1
name: two
members:
  a: {use: tone, classes: [x, y], tta: {shifts_s: [-1, 0, 1]}}
  b: {use: tone, classes: [x, y], rate: 16000, optional: true}
blends:
  both: {by: logit, of: {a: 1, b: 3}}
output: both
"""
ALONE = "blends.both.of={a: 1}"


def told(result: RunResult) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((result.out / "run.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep nothing for what follows scoring: these tests stop the clock there, and none times it."""
    monkeypatch.setattr(blendkit.engine.time_budget, "rehearse", lambda *_: Span())


class Clock:
    """A clock that only members move."""

    def __init__(self) -> None:
        self.at = 50.0
        self.calls = 0

    def __call__(self) -> float:
        return self.at

    def deadline(self, seconds: float) -> Deadline:
        """Return a budget that starts now."""
        return Deadline(seconds, self.at, self)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    """Let the tone member of a sample rate take that long for a window, from a call on; return the clock."""
    quick, clock = blendkit_members.tone.ToneMember.predict, Clock()

    def make(rate: int, seconds: float, first: int = 0) -> Clock:
        def predict(self: blendkit_members.tone.ToneMember, windows: Any) -> Any:
            clock.calls += 1
            clock.at += seconds * len(windows) if self.info.rate == rate and clock.calls > first else 0.001
            return quick(self, windows)

        monkeypatch.setattr(blendkit_members.tone.ToneMember, "predict", predict)
        return clock

    return make


def test_a_generous_budget_changes_nothing(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r1": 10.0, "r2": 7.0})
    free = run_text(RECIPE, data, tmp_path / "free")
    kept = run_text(RECIPE, data, tmp_path / "kept", budget="1h")
    assert kept.submission.read_bytes() == free.submission.read_bytes()
    assert told(kept)["budget"] == {
        "asked_s": 3600.0,
        "dropped_members": [],
        "dropped_shifts": [],
        "cut_recordings": [],
    }
    assert {**told(kept), "budget": None} == {**told(free), "budget": None}
    assert kept.alarms == ()
    assert kept.late_s == 0
    spent = json.loads((kept.out / "timings.json").read_text(encoding="utf-8"))["budget"]
    assert 0 < spent["used_s"] < 3600
    assert spent["reserve_s"] > 1
    # the store of `a` without tta is filled, too
    assert len(list(kept.out.glob("logits/*"))) == 3
    plain = run_text(RECIPE, data, kept.out, overrides=["members.a.tta.shifts_s=[0]"])
    assert plain.speeds == ()


def test_a_dropped_member_leaves_as_if_it_had_never_been(
    tones: Tones, tmp_path: Path, run_text: Run, slow: Callable[..., Clock], reserve: None
) -> None:
    data = tones({f"r{i}": 10.0 for i in range(10)})
    never = run_text(RECIPE.replace("  b: {use: tone, classes: [x, y], rate: 16000, optional: true}\n", ""), data,
                     tmp_path / "never", overrides=[ALONE])  # fmt: skip
    clock = slow(16000, 1.0)  # 20 s for all, and 3 s to see that
    events: list[tuple[str, dict[str, Any]]] = []
    kept = run_text(
        RECIPE, data, tmp_path / "kept", budget=clock.deadline(10.0), emit=lambda n, p: events.append((n, p))
    )
    assert kept.submission.read_bytes() == never.submission.read_bytes()
    assert told(kept)["budget"]["dropped_members"] == ["b"]
    assert told(kept)["recipe"] == told(never)["recipe"]
    assert kept.alarms[0] == "the time budget of 10 s dropped member 'b' (0.75 of the output)"
    assert told(kept)["warnings"][0] == kept.alarms[0]
    assert [p["dropped_members"] for n, p in events if n == "budget"] == [["b"]]


def test_cut_recordings_hold_medians_and_are_scored_by_the_next_run(
    tones: Tones, tmp_path: Path, run_text: Run, slow: Callable[..., Clock], reserve: None
) -> None:
    data = tones({f"r{i}": 10.0 for i in range(12)})
    text = RECIPE.replace("both: {by: logit, of: {a: 1, b: 3}}", "both: {by: logit, of: {a: 1}}").replace(
        "  b: {use: tone, classes: [x, y], rate: 16000, optional: true}\n", ""
    ).replace(", tta: {shifts_s: [-1, 0, 1]}", "")  # fmt: skip
    free = run_text(text, data, tmp_path / "free")
    # after the four calls that calibrate, a window takes 1 s: 16 s for the first group of eight recordings, which leaves
    # 5 s; the next are then scored one by one, and two fit
    clock = slow(8000, 1.0, first=4)
    cut = run_text(text, data, tmp_path / "cut", budget=clock.deadline(21.0))
    assert told(cut)["budget"]["cut_recordings"] == ["r10", "r11"]
    assert cut.recordings["r10"] == "cut"
    assert cut.alarms[0].startswith("the time budget of 21 s cut 2 of 12 recordings, whose rows hold the median of")
    logits, medians = free.made["both"].values, np.median(free.made["both"].values[:20], axis=0)
    np.testing.assert_array_equal(cut.made["both"].values[:20], logits[:20])
    np.testing.assert_allclose(cut.made["both"].values[20:], np.tile(medians, (4, 1)), rtol=1e-6)
    again = run_text(text, data, tmp_path / "cut")
    assert again.submission.read_bytes() == free.submission.read_bytes()
    assert again.speeds[0].recordings_scored == 2


def test_a_budget_of_the_recipe_and_the_argument_that_wins(tones: Tones, tmp_path: Path, run_text: Run) -> None:
    data = tones({"r1": 10.0})
    short = RECIPE.replace("name: two", "name: two\nbudget: 1ms".replace("1ms", "0.001"))
    with pytest.raises(DeliveryError, match=r"a time budget of 0.001 s is too short"):
        run_text(short, data, tmp_path / "out")
    assert told(run_text(short, data, tmp_path / "out", budget=3600))["budget"]["asked_s"] == 3600
    with pytest.raises(BlendkitError, match="budget: expected a length of time above 0"):
        run_text(short, data, tmp_path / "out", budget="soon")


def test_all_members_that_hear_may_be_optional_beside_a_table(
    tones: Tones, tmp_path: Path, run_text: Run, slow: Callable[..., Clock], reserve: None
) -> None:
    data = tones({"r1": 10.0})
    (data / "a.csv").write_text("row_id,x,y\nr1_5,0.1,0.2\nr1_10,0.3,0.4\n", encoding="utf-8")
    text = RECIPE.replace(
        "a: {use: tone, classes: [x, y], tta: {shifts_s: [-1, 0, 1]}}", "a: {use: table, path: a.csv, space: logit}"
    )
    clock = slow(16000, 2.0)
    kept = run_text(text, data, tmp_path / "kept", budget=clock.deadline(8.0))
    assert told(kept)["budget"]["dropped_members"] == ["b"]
    np.testing.assert_allclose(kept.made["both"].values, [[0.1, 0.2], [0.3, 0.4]])


def test_a_run_of_tables_whose_time_is_over_delivers_nothing(tmp_path: Path, run_text: Run) -> None:
    (tmp_path / "s.csv").write_text("row_id,a,b\nr_5,0.1,0.9\n", encoding="utf-8")
    text = "recipe: 1\nname: r\ntemplate: null\ntaxonomy: []\nmembers:\n  t: {use: table, path: s.csv, space: prob}\n"
    clock = iter(range(30, 9000, 30))
    with pytest.raises(DeliveryError, match=r"20 s is too short: reading took"):
        run_text(
            text + "output: t\n", tmp_path, tmp_path / "out", budget=Deadline(20.0, 0.0, lambda: float(next(clock)))
        )
    assert not (tmp_path / "out/submission.csv").exists()
    assert run_text(text + "output: t\n", tmp_path, tmp_path / "out", budget="1h").rows == 1
