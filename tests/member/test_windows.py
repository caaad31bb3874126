from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from blendkit.audio.cutting import Edge
from blendkit.audio.decoded import Decoded
from blendkit.audio.resampling import at_rate
from blendkit.errors import BlendkitError
from blendkit.member.non_finite import FLOOR, Lost
from blendkit.member.protocol import TTA, FinishedMember, Member, MemberInfo
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import check_window, score_jobs, score_together

RATE = 10
CHUNK_S = 1.0


@dataclass
class Echo:
    """Gives each window's first, last and summed sample, and remembers the windows it was given."""

    info: MemberInfo
    calls: list[NDArray[np.float32]] = field(default_factory=list)

    def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(windows.copy())
        return np.column_stack([windows[:, 0], windows[:, -1], windows.sum(axis=1)]).astype(np.float32)


def echo(batch: int = 32) -> Echo:
    return Echo(MemberInfo(("first", "last", "sum"), (True, True, True), RATE, CHUNK_S, batch))


def job(n: int, chunks: int, recording: str = "r", start: int = 1) -> RecordingAudio:
    """A recording whose samples count up from `start`."""
    samples = np.arange(start, start + n, dtype=np.float32)
    return RecordingAudio(recording, Decoded(samples, RATE, n / RATE, "ok"), chunks)


def expected(samples: NDArray[np.float32], chunks: int, shifts: tuple[float, ...], edge: Edge) -> NDArray[np.float64]:
    """The slow oracle: every window by itself, with numpy.pad."""
    size, n, rows = int(RATE * CHUNK_S), len(samples), []
    around = 10 * max(n, size)
    zeros, mirror = np.pad(samples, around), np.pad(samples, around, mode="reflect")
    for k in range(chunks):
        seen = []
        for shift in shifts:
            first = round((k * CHUNK_S + shift) * RATE)
            outside = first < 0 or first + size > n
            if shift and outside and edge == "drop":
                continue
            if shift and k * CHUNK_S * RATE >= n:  # beyond the audio: silence, whatever the edge
                continue
            if shift and edge == "clamp":
                first = max(min(first, n - size), 0)
            source = mirror if shift and edge == "reflect" else zeros
            window = source[around + first : around + first + size].astype(np.float64)
            seen.append([window[0], window[-1], window.sum()])
        rows.append(np.mean(seen, axis=0))
    return np.array(rows)


def test_chunks_are_cut_from_the_recording() -> None:
    got = score_jobs(echo(), [job(30, 3)], CHUNK_S, TTA())
    assert got.tolist() == [[1, 10, 55], [11, 20, 155], [21, 30, 255]]
    assert got.dtype == np.float32


def test_remainder_is_padded_with_zeros() -> None:
    got = score_jobs(echo(), [job(15, 2)], CHUNK_S, TTA())
    assert got.tolist() == [[1, 10, 55], [11, 0, 65]]


def test_chunks_beyond_the_audio_are_silence() -> None:
    assert score_jobs(echo(), [job(10, 3)], CHUNK_S, TTA())[1:].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert score_jobs(echo(), [job(0, 1)], CHUNK_S, TTA()).tolist() == [[0, 0, 0]]


def test_rows_follow_the_jobs() -> None:
    jobs = [job(20, 2, "b", 101), job(5, 0, "none"), job(10, 1, "a", 1)]
    assert score_jobs(echo(), jobs, CHUNK_S, TTA())[:, 0].tolist() == [101, 111, 1]


def test_nothing_to_score() -> None:
    member = echo()
    assert score_jobs(member, [], CHUNK_S, TTA()).shape == (0, 3)
    assert score_jobs(member, [job(10, 0)], CHUNK_S, TTA()).shape == (0, 3)
    assert member.calls == []


@pytest.mark.parametrize(
    ("edge", "first_samples"),
    [
        # shifts -0.2, 0, 0.2 s of three chunks; by hand: the mean of the windows' first samples
        ("drop", [(1 + 3) / 2, (9 + 11 + 13) / 3, (19 + 21) / 2]),
        ("clamp", [(1 + 1 + 3) / 3, (9 + 11 + 13) / 3, (19 + 21 + 21) / 3]),
        ("zero", [(0 + 1 + 3) / 3, (9 + 11 + 13) / 3, (19 + 21 + 23) / 3]),
        ("reflect", [(3 + 1 + 3) / 3, (9 + 11 + 13) / 3, (19 + 21 + 23) / 3]),
    ],
)
def test_shifts_by_hand(edge: Edge, first_samples: list[float]) -> None:
    got = score_jobs(echo(), [job(30, 3)], CHUNK_S, TTA((-0.2, 0.0, 0.2), edge))
    np.testing.assert_allclose(got[:, 0], first_samples, rtol=1e-6)


@pytest.mark.parametrize(("edge", "last_sample"), [("zero", 0), ("clamp", 30), ("reflect", 28), ("drop", 30)])
def test_last_sample_of_a_shift_past_the_end(edge: Edge, last_sample: float) -> None:
    shifted = TTA((0.0, 0.2), edge)
    got = score_jobs(echo(), [job(30, 3)], CHUNK_S, shifted)
    assert got[2, 1] == pytest.approx((30 + last_sample) / 2)


def test_the_unshifted_window_is_only_ever_padded_with_zeros() -> None:
    for edge in ("drop", "clamp", "zero", "reflect"):
        got = score_jobs(echo(), [job(15, 2)], CHUNK_S, TTA((0.0,), edge))  # type: ignore[arg-type]
        assert got[1].tolist() == [11, 0, 65]


def test_a_shift_may_reach_a_padded_chunk() -> None:
    # 1.5 s: the second chunk's window moved back by 0.5 s lies wholly inside
    got = score_jobs(echo(), [job(15, 2)], CHUNK_S, TTA((-0.5, 0.0), "drop"))
    assert got[:, 0].tolist() == [1, (6 + 11) / 2]


@given(
    st.integers(1, 45),
    st.integers(0, 4),
    st.lists(st.integers(-15, 15).filter(bool), unique=True, max_size=3),
    st.sampled_from(["drop", "clamp", "zero", "reflect"]),
    st.integers(1, 7),
)
def test_any_shifts_agree_with_numpys_pad(n: int, chunks: int, tenths: list[int], edge: Edge, batch: int) -> None:
    shifts = (0.0, *(t / 10 for t in tenths))
    one = job(n, chunks)
    if edge == "reflect" and n == 1:
        return  # nothing to mirror
    got = score_jobs(echo(batch), [one], CHUNK_S, TTA(shifts, edge))
    assert got.shape == (chunks, 3)
    if chunks:
        np.testing.assert_allclose(got, expected(one.audio.samples, chunks, shifts, edge), rtol=1e-6)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 64])
def test_batch_size_changes_no_bit(batch: int) -> None:
    rng = np.random.default_rng(3)
    jobs = [
        RecordingAudio(f"r{i}", Decoded(rng.standard_normal(n).astype(np.float32), RATE, n / RATE, "ok"), k)
        for i, (n, k) in enumerate([(23, 2), (40, 4), (10, 1)])
    ]
    tta = TTA((-0.3, 0.0, 0.4), "reflect")
    member = echo(batch)
    whole = score_jobs(member, jobs, CHUNK_S, tta)
    assert [len(c) for c in member.calls] == [batch] * (21 // batch) + [21 % batch] * bool(21 % batch)
    assert np.array_equal(whole, score_jobs(echo(21), jobs, CHUNK_S, tta))
    alone = [score_jobs(echo(batch), [j], CHUNK_S, tta) for j in jobs]
    assert np.array_equal(whole, np.concatenate(alone))


def test_shifts_are_averaged_in_float64() -> None:
    """1e8 + 1 - 1e8 is 1 only where the sum is kept in double precision."""

    @dataclass
    class Large(Echo):
        def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
            value = {1.0: 1e8, 2.0: 1.0, 3.0: -1e8}
            return np.array([[value[float(w[0])]] * 3 for w in windows], np.float32)

    got = score_jobs(Large(echo().info), [job(12, 1)], CHUNK_S, TTA((0.0, 0.1, 0.2)))
    np.testing.assert_allclose(got, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("shape", [lambda b: (b, 2), lambda b: (b + 1, 3), lambda b: (b,), lambda b: (b, 3, 1)])
def test_wrong_output_shape_is_refused(shape: Callable[[int], tuple[int, ...]]) -> None:
    @dataclass
    class Wrong(Echo):
        def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.zeros(shape(len(windows)), np.float32)

    with pytest.raises(BlendkitError) as error:
        score_jobs(Wrong(echo().info), [job(20, 2)], CHUNK_S, TTA())
    assert str(shape(2)) in str(error.value)
    assert "expected (2, 3)" in str(error.value)


def test_a_member_that_writes_in_its_windows_harms_nobody() -> None:
    @dataclass
    class Careless(Echo):
        def predict(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
            out = super().predict(windows)
            windows[:] = -1
            return out

    one = job(40, 4)
    got = score_jobs(Careless(echo(3).info), [one], CHUNK_S, TTA())
    assert got[:, 0].tolist() == [1, 11, 21, 31]
    assert one.audio.samples[0] == 1


@pytest.mark.parametrize(
    ("window_s", "hop_s", "says"),
    [
        (1.0, 2.0, "its hop of 2 s leaves gaps between windows of 1 s"),
        (0.0, None, "window is 0"),
        (1.0, -1, "hop is -1"),
    ],
)
def test_windows_that_cannot_make_up_chunks(window_s: float, hop_s: float | None, says: str) -> None:
    info = MemberInfo(("x",), (True,), RATE, window_s, hop_s=hop_s)
    with pytest.raises(BlendkitError, match="'m': unusable windows") as error:
        check_window("m", info, CHUNK_S)
    assert says in error.value.problems


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, None), (3.0, None), (0.4, 0.2), (3.0, 1.0), (1.0, 0.5)])
def test_any_window_can_make_up_chunks(window_s: float, hop_s: float | None) -> None:
    check_window("m", MemberInfo(("x",), (True,), RATE, window_s, hop_s=hop_s), CHUNK_S)


@pytest.mark.parametrize("pool", ["mean", "max"])
@pytest.mark.parametrize("batch", [1, 3, 32])
def test_windows_of_three_on_chunks_of_five(pool: Any, batch: int) -> None:
    """Two recordings, windows 0-3, 3-6 ... s: what each window gave, pooled by hand."""
    info = MemberInfo(("first", "last", "sum"), (True, True, True), RATE, 3.0, batch, pool=pool)
    jobs = [job(100, 2), job(70, 2, "s", 500)]  # the second one's last chunk is half silence
    got = score_jobs(Echo(info), jobs, 5.0, TTA())
    assert got.shape == (4, 3)
    rows = []
    for one in jobs:
        samples = np.concatenate([one.audio.samples, np.zeros(100, np.float32)])
        a, b, c, d = (np.array([w[0], w[-1], w.sum()]) for w in (samples[30 * k : 30 * k + 30] for k in range(4)))
        if pool == "max":
            rows += [np.maximum(a, b), np.maximum(np.maximum(b, c), d)]
        else:
            rows += [(30 * a + 20 * b) / 50, (10 * b + 30 * c + 10 * d) / 50]
    np.testing.assert_allclose(got, rows, rtol=1e-6)


def test_shifts_of_windows_that_are_no_chunks() -> None:
    info = MemberInfo(("first", "last", "sum"), (True, True, True), RATE, 2.0, hop_s=1.0)
    one = job(60, 3)
    got = score_jobs(Echo(info), [one], 2.0, TTA((-0.5, 0.0, 0.5)))
    starts = [0, 10, 20, 30, 40]
    firsts = [np.mean([one.audio.samples[s + d] for d in (-5, 0, 5) if 0 <= s + d <= 40]) for s in starts]
    wanted = [(20 * firsts[0] + 10 * firsts[1]) / 30, (10 * firsts[1] + 20 * firsts[2] + 10 * firsts[3]) / 40]
    np.testing.assert_allclose(got[:2, 0], wanted, rtol=1e-6)


def test_at_rate_resamples_once_per_rate() -> None:
    one = Decoded(np.ones(800, np.float32), 800, 1.0, "ok")
    found = at_rate(one, [400, 800, 400])
    assert list(found) == [400, 800]
    assert [len(d.samples) for d in found.values()] == [400, 800]
    assert found[800].samples is one.samples


def test_protocols_tell_members_apart() -> None:
    class Finished:
        space = "prob"

        def read(self) -> Any: ...

        def warnings(self) -> list[str]: ...  # type: ignore[empty-body]

    assert isinstance(echo(), Member)
    assert not isinstance(echo(), FinishedMember)
    assert isinstance(Finished(), FinishedMember)
    assert not isinstance(Finished(), Member)
    assert not isinstance(object(), Member)


class Fragile(Echo):
    """Gives NaN where a window holds a sample above 100, and -inf on silence."""

    def predict(self, windows: Any) -> Any:
        logits = np.array(super().predict(windows))
        logits[(windows > 100).any(axis=1)] = np.nan
        logits[~windows.any(axis=1)] = -np.inf
        return logits


UNSHIFTED = TTA()


def fragile(samples: Sequence[float], chunks: int, tta: TTA = UNSHIFTED) -> Any:
    audio = Decoded(np.asarray(samples, np.float32), 10, len(samples) / 10, "ok")
    return score_together([Fragile(echo().info)], [RecordingAudio("r", audio, chunks)], CHUNK_S, tta)


def test_a_window_without_finite_scores_costs_itself() -> None:
    whole = np.arange(1, 41, dtype=np.float32)
    broken = whole.copy()
    broken[15] = 1000
    got, honest = (
        fragile(broken, 4),
        score_jobs(echo(), [RecordingAudio("r", Decoded(whole, 10, 4.0, "ok"), 4)], CHUNK_S, TTA()),
    )
    assert got.lost == [{"r": Lost(4, 1, 1)}]
    others = [0, 2, 3]
    assert np.array_equal(got.values[0][others], honest[others])
    assert got.values[0][1].tolist() == np.median(honest[others], axis=0).tolist()


def test_the_last_chunks_silence_costs_that_chunk_only() -> None:
    got = fragile(range(1, 11), 3)
    assert got.lost == [{"r": Lost(3, 2, 2)}]
    assert got.values[0][1].tolist() == got.values[0][2].tolist() == got.values[0][0].tolist()


def test_classes_that_are_not_finite_are_named() -> None:
    @dataclass
    class Partly(Echo):
        def predict(self, windows: Any) -> Any:
            logits = np.array(super().predict(windows))
            logits[(windows == 12).any(axis=1), 1] = np.nan
            logits[(windows == 23).any(axis=1), 2] = np.inf
            return logits

    jobs = [job(10, 1, "a", 101), job(40, 4, "b"), job(10, 1, "c", 201)]
    got = score_together([Partly(echo().info)], jobs, CHUNK_S, TTA((0.0, 0.1)))
    # chunks 2 and 3; moved by a sample, the same
    assert got.lost == [{"b": Lost(4, 2, 2, classes=("last", "sum"), of_classes=3)}]
    assert got.lost[0]["b"].said == (
        "2 windows gave NaN or infinite values in 2 of 3 classes (last, sum); the recording's median stands in"
    )


def test_a_shift_without_finite_scores_is_left_out_of_the_mean() -> None:
    samples = [1.0] * 20 + [1000.0] + [1.0] * 9
    got = fragile(samples, 3, TTA((0.0, 0.1)))
    assert got.lost == [{"r": Lost(3, 2, 1)}]  # chunk 2 at both shifts, chunk 1 at the shift that reaches sample 20
    assert np.isfinite(got.values[0]).all()


def test_recordings_without_a_finite_window_get_the_floor_whatever_lies_beside_them() -> None:
    sound = RecordingAudio("a", Decoded(np.arange(1, 21, dtype=np.float32), 10, 2.0, "ok"), 2)
    silent = RecordingAudio("b", Decoded(np.zeros(20, np.float32), 10, 2.0, "silent"), 2)
    got = score_together([Fragile(echo().info)], [sound, silent], CHUNK_S, TTA())
    assert got.lost == [{"b": Lost(2, 2, 2)}]
    assert (got.values[0][2:] == FLOOR).all()
    alone = score_together([Fragile(echo().info)], [silent], CHUNK_S, TTA())
    assert (alone.values[0] == FLOOR).all()


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (Lost(3, 2, 0), "2 windows gave NaN or infinite values; the mean of their other shifts is used"),
        (Lost(3, 2, 1), "2 windows gave NaN or infinite values; the recording's median stands in"),
        (
            Lost(3, 3, 3),
            "3 windows gave NaN or infinite values; no window of the recording has finite ones: -15 stands in",
        ),
        (Lost(0, 0, 0), "the member gave no window of it; no window of the recording has finite ones: -15 stands in"),
    ],
)
def test_what_stands_in_is_said(lost: Lost, said: str) -> None:
    assert lost.said == said
