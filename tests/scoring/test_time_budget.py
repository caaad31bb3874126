"""Scoring with a time budget, on a clock that only the members move: what is dropped, cut and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import blendkit.scoring.budget_planning
from blendkit.audio.prepare import Grid
from blendkit.audio.recordings import Recording
from blendkit.core.names import NameRule
from blendkit.errors import DeliveryError
from blendkit.member.protocol import TTA, MemberInfo
from blendkit.scoring.audio_members import AudioMember, one_shift
from blendkit.scoring.budget import Choice, Deadline, Span, Terms
from blendkit.scoring.scorer import Scored, score_recordings
from blendkit.store import is_store
from blendkit.store.logits import LogitStore

GRID = Grid(1.0, "pad", NameRule())
RATE = 4000
PLAIN, SHIFTS = TTA(), TTA((-0.25, 0.0, 0.25))
N, CHUNKS = 24, 4  # three groups of 8 recordings of 4 s


@dataclass
class Clock:
    """Seconds that pass only when a member works."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Timed:
    """Says how loud a window is, and takes `cost` seconds for each; from the call `slow_from` on `factor` times that."""

    clock: Clock
    cost: float
    slow_from: float = float("inf")
    factor: float = 1.0
    info: MemberInfo = MemberInfo(("c",), (True,), RATE, 1.0, 8)
    calls: int = 0
    windows: int = 0

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls += 1
        self.windows += len(windows)
        self.clock.at += len(windows) * self.cost * (self.factor if self.calls > self.slow_from else 1.0)
        return np.log(np.square(windows).mean(axis=1, keepdims=True) + 1e-9)


@dataclass
class Fronted(Timed):
    """One that is called together with others of the same front end; all of them work for a while in earnest, too."""

    front: Callable[[NDArray[np.float32]], NDArray[np.float32]] = np.square

    def predict_front(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        time.sleep(0.002)
        return self.predict(np.sqrt(features))


@dataclass
class World:
    """Recordings, and members of known cost; every scoring finds the stores of the one before."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def member(self, name: str, model: Timed, tta: TTA = PLAIN) -> AudioMember:
        alone = one_shift(tta)
        made = self._plain(name, model, tta, "all")
        made.unshifted = None if alone is None else self._plain(name, model, alone, "alone")
        return made

    def _plain(self, name: str, model: Timed, tta: TTA, kind: str) -> AudioMember:
        folder = self.folder / f"{name}-{kind}"
        store = LogitStore.open(folder) if is_store(folder) else None
        return AudioMember(
            name, lambda: model, tta, store, lambda m: LogitStore.create(folder, kind, ("c",), (True,), {})
        )

    def score(
        self,
        *members: AudioMember,
        budget: float | None = None,
        optional: str = "",
        shares: Mapping[str, float] = {},
        first: int = N,
    ) -> Scored:
        found = [Recording(f"r{i:02}", self.folder / f"r{i:02}.wav") for i in range(first)]
        terms = None
        if budget is not None:
            deadline = Deadline(budget, self.clock.at, self.clock)
            terms = Terms(deadline, shares, frozenset(optional.split()), lambda _: Span(2.0, 2.0, 2.0), 1)
        return score_recordings(members, found, GRID, lambda name, told: self.events.append((name, told)), terms)

    def saved(self, store: str) -> dict[str, float]:
        scores = LogitStore.open(self.folder / store).read(NameRule())
        return dict(zip(scores.rows.ids(), scores.values[:, 0].tolist(), strict=True))

    def told(self, event: str) -> list[dict[str, Any]]:
        return [p for n, p in self.events if n == event]


@pytest.fixture
def world(tmp_path: Path) -> World:
    rng = np.random.default_rng(3)
    for i in range(N):
        sound = rng.standard_normal(CHUNKS * RATE).astype(np.float32) * np.float32(0.1 * (1 + i))
        soundfile.write(tmp_path / f"r{i:02}.wav", sound / 5, RATE, subtype="FLOAT")
    return World(tmp_path)


def test_without_a_budget_nothing_is_calibrated_or_saved_twice(world: World) -> None:
    model = Timed(world.clock, 0.1)
    done = world.score(world._plain("m", model, SHIFTS, "all"))
    assert (done.choice, done.cut) == (Choice(), {})
    assert model.windows == N * (3 * CHUNKS - 2)  # the first and the last chunk have two shifts: `edge: drop`
    assert not (world.folder / "m-alone").exists()


def test_a_generous_budget_gives_the_same_logits_and_the_unshifted_ones_beside(world: World) -> None:
    model = Timed(world.clock, 0.01)
    done = world.score(world.member("m", model, SHIFTS), budget=1e5)
    assert (done.choice, done.cut) == (Choice(), {})
    assert {s.status for s in done.status.values()} == {"ok"}
    spent = model.windows
    other = World(world.folder / "plain")
    for tta, kind in ((SHIFTS, "all"), (TTA(), "alone")):
        found = [Recording(f"r{i:02}", world.folder / f"r{i:02}.wav") for i in range(N)]
        score_recordings([other._plain("m", Timed(other.clock, 0.01), tta, kind)], found, GRID, lambda *_: None)
        assert other.saved(f"m-{kind}") == world.saved(f"m-{kind}")  # the same bits, from no call of its own
    assert spent < N * (3 * CHUNKS - 2) + 4 * 32 + 2  # what the calibration heard is all that is added


def test_an_optional_member_is_dropped_for_all_recordings_at_once(world: World) -> None:
    must, extra = Timed(world.clock, 0.1), Timed(world.clock, 0.2)
    # must: 96 windows, 9.6 s; extra: 19.2 s
    done = world.score(world.member("must", must), world.member("extra", extra), budget=25.0, optional="extra")
    assert done.choice == Choice(("extra",))
    assert done.cut == {}
    assert set(done.status) == {f"r{i:02}" for i in range(N)}
    (told,) = world.told("budget")
    assert told["fits"]
    assert told["dropped_members"] == ["extra"]
    assert [m["name"] for m in told["members"]] == ["must", "extra"]
    low, high = told["members"][0]["each_shift_s"]
    assert low <= 9.6 <= high


def test_a_machine_that_slows_down_costs_the_shifts_late_and_for_all(world: World) -> None:
    # 240 windows of 0.05 s are 12 s; after about one group of three ten times slower, with shifts 80 s and without 32 s
    model = Timed(world.clock, 0.05, slow_from=15, factor=10.0)
    done = world.score(world.member("m", model, SHIFTS), budget=75.0)
    assert done.choice == Choice(shifts=("m",))
    assert done.cut == {}
    assert len(world.saved("m-alone")) == N * CHUNKS
    kept = len(world.saved("m-all"))
    assert 0 < kept < N * CHUNKS  # they stay, so that a run without a budget goes on from them
    assert [p for p in world.told("dropped") if p["shifts"]] == [{"members": [], "shifts": ["m"]}]
    assert world.clock.at - 1000.0 <= 73.0
    again = Timed(world.clock, 0.05)
    world.score(world._plain("m", again, SHIFTS, "all"))
    assert again.windows == (N - kept // CHUNKS) * (3 * CHUNKS - 2)


def test_what_the_deadline_cuts_is_said_and_scored_by_the_next_run(world: World) -> None:
    model = Timed(world.clock, 0.05, slow_from=8, factor=10.0)
    done = world.score(world.member("m", model), budget=20.0)
    cut = sorted(r for r, s in done.status.items() if s.status == "cut")
    assert 0 < len(cut) < N
    assert done.cut == {"m": frozenset(cut)}
    assert all(done.status[r].chunks == CHUNKS for r in cut)
    assert "not scored in time by 'm': its rows hold the median of each class" in done.status[cut[0]].note
    assert world.clock.at - 1000.0 <= 18.0  # 2 s are kept back
    assert len(world.saved("m-all")) == (N - len(cut)) * CHUNKS
    again = Timed(world.clock, 0.01)
    assert {s.status for s in world.score(world.member("m", again)).status.values()} == {"ok"}
    assert again.windows == len(cut) * CHUNKS


def test_a_member_that_heard_nothing_in_time_delivers_nothing(world: World) -> None:
    model = Timed(world.clock, 0.05, slow_from=6, factor=10_000.0)
    with pytest.raises(DeliveryError, match="ended before member 'm' had scored a recording: nothing can be delivered"):
        world.score(world.member("m", model), budget=30.0)


def test_a_group_that_takes_over_half_of_what_is_left_is_scored_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blendkit.scoring.budget_planning, "decoding_speed", lambda *_: Span())  # of a real clock
    # 1.4 s are spent on calibration, and 2 s kept back; a group takes 32 windows of 0.1 s, and of the 12 s that are
    # left for the three 5.6 s remain before the last: enough for it, but not twice
    world.score(world.member("m", Timed(world.clock, 0.1)), budget=15.4)
    assert [len(p["recordings"]) for p in world.told("scored")] == [8, 8, *[1] * 8]


def test_members_that_are_scored_together_share_the_time(world: World) -> None:
    one, two = (world.member(n, Fronted(world.clock, 0.1)) for n in ("one", "two"))
    done = world.score(one, two, budget=40.0, optional="two")  # 9.6 s each
    assert (done.choice, done.cut) == (Choice(), {})
    assert [one.seconds, two.seconds] == pytest.approx([9.6, 9.6])
    assert one.inference_s == two.inference_s


def test_the_time_inside_models_is_part_of_the_whole(world: World) -> None:
    members = [world._plain(n, Fronted(world.clock, 0.1), PLAIN, "all") for n in ("one", "two")]
    world.score(*members)  # without a budget, by the clock of the machine
    assert 0 < sum(m.inference_s for m in members) <= sum(m.seconds for m in members)


def test_what_lacks_its_unshifted_logits_is_heard_again_where_shifts_are_dropped(world: World) -> None:
    world.score(world._plain("m", Timed(world.clock, 0.05), SHIFTS, "all"), first=4)
    # 20 x 10 windows with shifts seem to take 10 s; they take 0.5 s each, and after the 4 x 10 of the first group the
    # 16 x 10 others would take 80 s, but without shifts (16 + 4) x 4 take 40 s: the first 4 have saved no such logits
    model = Timed(world.clock, 0.05, slow_from=6, factor=10.0)
    done = world.score(world.member("m", model, SHIFTS), budget=75.0)
    assert done.choice == Choice(shifts=("m",))
    assert done.cut == {}
    assert len(world.saved("m-alone")) == N * CHUNKS


def test_a_budget_below_the_reserve_says_that_nothing_must_be_decoded(world: World) -> None:
    with pytest.raises(DeliveryError, match="a time budget of 1 s is too short") as error:
        world.score(world.member("extra", Timed(world.clock, 0.0)), budget=1.0, optional="extra")
    assert "decoding: 0 s to 0 s" in error.value.problems


def test_an_impossible_budget_ends_at_once_and_says_what_would_fit(world: World) -> None:
    slow, quick = Timed(world.clock, 1.0), Timed(world.clock, 0.01)
    with pytest.raises(DeliveryError, match=r"a time budget of 20 s is too short: at least .* are needed") as error:
        world.score(world.member("slow", slow, SHIFTS), world.member("quick", quick), budget=20.0)
    assert "`optional: true` on 'slow' lets the run leave it out" in str(error.value)
    assert "without the shifts of slow" in str(error.value)
    assert error.value.exit_code == 3
    (told,) = world.told("budget")
    assert not told["fits"]
    low, high = told["minimum_s"]
    assert 20.0 < low < N * CHUNKS + 20.0 < high * 1.2


def test_what_is_saved_costs_nothing(world: World) -> None:
    world.score(world.member("m", Timed(world.clock, 0.01), SHIFTS))
    model = Timed(world.clock, 100.0)
    done = world.score(world._plain("m", model, SHIFTS, "all"), budget=3.0)
    assert (model.windows, done.choice, done.cut) == (0, Choice(), {})


def test_progress_is_told_within_a_group(world: World) -> None:
    world.score(world._plain("m", Timed(world.clock, 0.01), SHIFTS, "all"))
    told = world.told("progress")
    assert 0 < told[0]["done"] < 8  # the first call of the model, not the first group
    assert [told[-1]["done"], told[-1]["of"], told[-1]["left_s"]] == [N, N, 0.0]
    assert all(a["done"] <= b["done"] for a, b in pairwise(told))


def test_the_shift_nearest_zero_stays() -> None:
    assert one_shift(TTA((-2.0, 1.0), "silence")) == TTA((1.0,), "silence")
    assert one_shift(TTA((0.0, 1.0))) == TTA()
    assert one_shift(TTA((1.0,), "silence")) is None
