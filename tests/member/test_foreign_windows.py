from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from blendkit.audio.recordings import Recording
from blendkit.core.names import NameRule
from blendkit.errors import BlendkitError
from blendkit.member.frame_checks import FrameError
from blendkit.member.non_finite import Lost
from blendkit.member.protocol import TTA, MemberContext, MemberInfo
from blendkit.member.windows_of_other_tools import NO_SCORE, Windowed, known_chunks, on_grid, score_files

CONTEXT = MemberContext(chunk_s=5.0)


def windowed(*rows: tuple[str, float, float, float]) -> Windowed:
    names, start, end, value = zip(*rows, strict=True)
    return Windowed(names, np.array(start, float), np.array(end, float), np.array(value)[:, None], ("a",))


def test_three_seconds_on_five_by_hand() -> None:
    found = windowed(("r", 0, 3, 1.0), ("r", 6, 9, 3.0), ("r", 3, 6, 2.0), ("r", 9, 12, 9.0))
    mean = on_grid(found, CONTEXT, "logit", "mean", "t")
    assert mean.rows.ids() == ["r_5", "r_10", "r_15"]
    assert mean.values.ravel().tolist() == pytest.approx([(3 * 1 + 2 * 2) / 5, (2 + 3 * 3 + 9) / 5, 9])
    assert on_grid(found, CONTEXT, "logit", "max", "t").values.ravel().tolist() == [2, 9, 9]


def test_chunks_of_the_run_that_nothing_touches(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    path = write_wav(tmp_path / "s.wav", np.ones(12 * 1000, np.float32), 1000)
    known = MemberContext(recordings=(Recording("s", path), Recording("t", Path())), expected_s={"t": 10.0})
    assert known_chunks(known) == {"s": 3, "t": 2}
    got = on_grid(windowed(("s", 5, 8, 0.5)), known, "prob", "max", "t", empty=0.0)
    assert got.rows.ids() == ["s_5", "s_10", "s_15", "t_5", "t_10"]
    assert got.values.ravel().tolist() == [0, 0.5, 0, 0, 0]
    assert on_grid(windowed(("s", 5, 8, 0.5)), known, "prob", "max", "t").rows.ids() == ["s_10"]


def test_windows_that_are_none() -> None:
    with pytest.raises(BlendkitError, match="t: 2 windows are invalid") as error:
        on_grid(windowed(("r", 0, 3, 1.0), ("r", 6, 6, 1.0), ("q", -1, 2, 1.0)), CONTEXT, "logit", "mean", "t")
    assert error.value.problems == ("r: 6 to 6 s", "q: -1 to 2 s")


def test_decimals_do_not_drift() -> None:
    # 1.1 + 2.9 steps summed as floats end beside the chunk they belong to
    found = windowed(*(("r", round(k * 0.1, 1), round(k * 0.1 + 0.1, 1), float(k)) for k in range(36_000)))
    got = on_grid(found, CONTEXT, "logit", "max", "t").values.ravel()
    assert got.tolist() == [float(49 + 50 * k) for k in range(720)]


class Frames:
    """A member of whole files: three windows of 4 s each."""

    def __init__(self, frame: Callable[[Sequence[Path]], pd.DataFrame] | None = None) -> None:
        self.info = MemberInfo(("a", "b"), (True, True), 0, 0.0, pool="max")
        self.frame = frame or self.plain

    def plain(self, files: Sequence[Path]) -> pd.DataFrame:
        rows = [(str(f), s, s + 4.0) for f in files for s in (0.0, 4.0, 8.0)]
        index = pd.MultiIndex.from_tuples(rows, names=["file", "start_time", "end_time"])
        return pd.DataFrame({"b": np.arange(len(rows)), "a": -np.arange(len(rows)), "x": 0}, index=index)

    def predict_files(self, files: Sequence[Path]) -> pd.DataFrame:
        return self.frame(files)


def scored(member: Any, files: dict[str, Path], chunks: dict[str, int]) -> np.ndarray:
    return score_files(member, files, chunks, 5.0, NameRule(), TTA())[0]


def test_whole_files_by_hand() -> None:
    got = scored(
        Frames(), {"r2": Path("/d/r2.wav"), "r10": Path("/d/r10.wav")}, {"r2": 3, "r10": 2, "gone": 1, "none": 0}
    )
    assert got.dtype == np.float32
    # gone, then r2, then r10: natural order; a chunk without a window, and a file that cannot be read, have no score
    assert got.tolist() == [[NO_SCORE] * 2, [0, 1], [-1, 2], [-2, 2], [-3, 4], [-4, 5]]
    assert scored(Frames(), {}, {"gone": 1}).tolist() == [[NO_SCORE] * 2]
    with pytest.raises(BlendkitError, match="this member cuts its own windows"):
        score_files(Frames(), {}, {}, 5.0, NameRule(), TTA((-1.0, 0.0)))  # type: ignore[arg-type]


def test_a_frame_of_something_else() -> None:
    honest = Frames().plain
    files = {"r": Path("/d/r.wav"), "q": Path("/d/q.wav")}
    lacking: list[tuple[Callable[[Any], Any], str]] = [
        (lambda f: honest(f).drop(columns="b"), "classes missing: b"),
        (lambda f: honest([*f, Path("/d/z.wav")]), "files not requested: /d/z.wav"),
    ]
    for frame, text in lacking:
        with pytest.raises(BlendkitError, match="does not fit its request") as error:
            scored(Frames(frame), files, {"r": 1, "q": 1})
        assert error.value.problems == (text,)
    with pytest.raises(BlendkitError, match="without"):
        scored(Frames(lambda _: pd.DataFrame({"a": [1], "b": [2]})), files, {"r": 1, "q": 1})
    with pytest.raises(BlendkitError, match="predict_files"):
        scored(Frames(lambda _: 1 / 0), files, {"r": 1, "q": 1})  # type: ignore[arg-type, return-value]


def test_a_file_without_windows_and_windows_without_values_cost_themselves() -> None:
    def odd(files: Any) -> Any:
        frame = Frames().plain(files[:2]).astype(float)
        frame.iloc[1, 0] = np.nan  # one window of the first file
        frame.iloc[3:, 1] = np.inf  # all of the second
        return frame

    files = {"r": Path("/d/r.wav"), "q": Path("/d/q.wav"), "s": Path("/d/s.wav")}
    values, lost = score_files(Frames(odd), files, {"r": 3, "q": 3, "s": 1}, 5.0, NameRule(), TTA())
    assert np.isfinite(values).all()
    assert lost["s"] == Lost(0, 0, 0)
    assert lost["q"].everything
    assert (lost["r"].lost, lost["r"].filled) == (1, 1)


def test_a_chunk_without_a_window_is_counted_and_gets_the_median() -> None:
    # windows of 4 s from 0, 4 and 8 s: chunks 0 to 2 of five; the windows' highest are 0, -1, -2 and 1, 2, 2
    values, lost = score_files(Frames(), {"r": Path("/d/r.wav")}, {"r": 5}, 5.0, NameRule(), TTA())
    assert values.tolist() == [[0, 1], [-1, 2], [-2, 2], [-1, 2], [-1, 2]]
    assert lost == {"r": Lost(3, 0, 0, 5, 2)}
    assert lost["r"].said == "2 of 5 chunks without a window of the member; the recording's median stands in"
    assert not lost["r"].everything


@pytest.mark.parametrize("named", ["/d/s/r.wav", "/d/./s/../s/r.wav", "r.wav", "s/r.wav"])
def test_paths_that_mean_a_file_that_was_asked_for(named: str) -> None:
    files = {"s/r": Path("/d/s/r.wav"), "s/q": Path("/d/s/q.wav")}
    by_name = Frames(lambda _: Frames().plain([Path("/d/s/q.wav")]).rename(index={"/d/s/q.wav": named}, level=0))
    _, lost = score_files(by_name, files, {"s/r": 3, "s/q": 3}, 5.0, NameRule(), TTA())
    assert set(lost) == {"s/q"}  # the other one was given


def test_paths_that_mean_no_file_or_two() -> None:
    files = {"s/r": Path("/d/s/r.wav"), "t/r": Path("/d/t/r.wav")}
    for named in ("r.wav", "/e/s/r.wav", "u/r.wav"):
        frame = Frames().plain([Path("/d/s/r.wav")]).rename(index={"/d/s/r.wav": named}, level=0)
        with pytest.raises(FrameError) as error:
            scored(Frames(lambda _, given=frame: given), files, {"s/r": 1, "t/r": 1})
        assert error.value.problems == (f"files not requested: {named}",)


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda _: None, "gave a NoneType, expected a frame"),
        (lambda f: f.assign(a="text"), "holds what is no number"),
        (lambda f: pd.concat([f, f["a"]], axis=1), "columns that occur twice"),
        (lambda f: f.rename(index={0.0: -1.0}, level=1), "1 windows are invalid"),
    ],
)
def test_every_fault_of_a_frame_is_one_that_costs_recordings_only(spoil: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(FrameError, match=text):
        scored(Frames(lambda f: spoil(Frames().plain(f))), {"r": Path("/d/r.wav")}, {"r": 3})


def test_windows_beyond_their_recordings_are_refused(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    path = write_wav(tmp_path / "s.wav", np.ones(12 * 1000, np.float32), 1000)
    known = MemberContext(recordings=(Recording("s", path),))
    with pytest.raises(BlendkitError, match="2 of 3 windows begin after the end of their recording") as error:
        on_grid(
            windowed(("s", 0, 3, 0.5), ("s", 3000, 6000, 0.5), ("s", 6000, 9000, 0.5)),
            known,
            "prob",
            "max",
            "t",
            empty=0.0,
        )
    assert "s has chunks up to 15 s, a window begins at 3000 s" in str(error.value)


def test_windows_that_count_minutes_are_refused() -> None:
    minutes = [("s", 3 * k / 60, 3 * (k + 1) / 60, 0.5) for k in range(20)]
    with pytest.raises(BlendkitError, match=r"its 20 windows of 0\.05 s all lie in the first part") as error:
        on_grid(windowed(*minutes), MemberContext(), "prob", "max", "t", empty=0.0, chunks={"s": 12})
    assert "are its times the numbers of chunks, or minutes?" in str(error.value)
