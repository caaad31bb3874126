"""Long windows of `sed`, pooled part by part, and frames that move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper
from scipy.special import expit
from scipy.special import logit as exact_logit

from blendkit.audio.decoded import Decoded
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import check_window, score_jobs, score_together
from blendkit_members.sed import SedMember, sed

RATE = 10  # Hz; a chunk is 1 s, and a frame as many samples as the graph's pooling says
CONTEXT = MemberContext(("a",), chunk_s=1.0)


@pytest.fixture
def folded(tmp_path: Path, save_graph: Any) -> Any:
    """A member whose frames are means of its samples, as logits; every fold adds a number of its own."""
    (tmp_path / "classes.txt").write_text("a\n", encoding="utf-8")

    def made(
        window_s: float, frame: int = 5, added: tuple[float, ...] = (0.0,), clips: int = 0, **params: Any
    ) -> SedMember:
        size = int(window_s * RATE)
        folds = []
        for i, number in enumerate(added):
            weights: dict[str, Any] = {
                "to": np.array([0, size // frame, frame], np.int64),
                "plus": np.float32([number]),
            }
            nodes = [
                helper.make_node("Reshape", ["x", "to"], ["grid"]),
                helper.make_node("ReduceMean", ["grid"], ["mean"], axes=[2], keepdims=1),
                helper.make_node("Add", ["mean", "plus"], ["frame"]),
            ]
            outputs: dict[str, Any] = {"frame": ("b", size // frame, 1)}
            if clips:
                weights |= {"clip_to": np.array([0, clips, size // clips], np.int64)}
                nodes += [
                    helper.make_node("Reshape", ["x", "clip_to"], ["halves"]),
                    helper.make_node("ReduceMin", ["halves"], ["clip"], axes=[2], keepdims=1),
                ]
                outputs["clip"] = ("b", clips, 1)
            path = tmp_path / f"fold{i}.onnx"
            folds.append(str(save_graph(path, nodes, {"x": ("b", size)}, outputs, weights)))
            import onnx

            graph = onnx.load(path)
            helper.set_model_props(graph, {"rate": str(RATE)})
            onnx.save(graph, path)
        names = {"clip": "clip", "frame": "frame"} if clips else {}
        return sed(CONTEXT, folds=folds, classes=str(tmp_path / "classes.txt"), mel=None, window_s=window_s,
                   gives="logit", **names, **params)  # fmt: skip

    return made


def scores(member: SedMember, frames: list[list[float]], tta: TTA = TTA()) -> NDArray[np.float64]:  # noqa: B008
    """Probabilities of a recording whose chunks have these frame probabilities."""
    per_frame = RATE // len(frames[0])
    samples = np.repeat(exact_logit(np.array(frames)).ravel(), per_frame).astype(np.float32)
    job = RecordingAudio("r", Decoded(samples, RATE, len(frames), "ok"), len(frames))
    check_window("sed", member.info, 1.0)
    return np.asarray(expit(score_jobs(member, [job], 1.0, tta).astype(np.float64))[:, 0])


def test_parts_are_pooled_per_window_and_then_averaged() -> None:
    """Windows [.1 .3 | .7 .2] and [.4 .6 | .5 .1] over three chunks."""
    from blendkit.member.window_parts import PartFrames, WindowParts, parts_onto_chunks

    parts = WindowParts.of(2.0, 1.0, 1.0, "recording")
    frames = np.array([[0.1, 0.3, 0.7, 0.2], [0.4, 0.6, 0.5, 0.1]])[:, :, None]
    high = PartFrames(parts.ranges(4)).highest(frames)
    out = parts_onto_chunks(exact_logit(high.reshape(2, -1)), 2, np.array([0, RATE]), 3, 1.0, RATE)
    np.testing.assert_allclose(expit(out[:, 0]), [0.3, 0.65, 0.5], atol=1e-12)


def test_parts_from_audio_to_chunks(folded: Any) -> None:
    """Both windows see the same audio here, so that only the mean over folds differs from plain maxima."""
    member = folded(2.0, added=(0.0, 1.0), pool="parts", hop_s=1.0)
    assert (member.info.frames, member.info.window_s) == (2, 2.0)
    frames = [[0.1, 0.3], [0.7, 0.2], [0.5, 0.1]]
    wanted = [np.mean([h, expit(exact_logit(h) + 1)]) for h in (0.3, 0.7, 0.5)]
    np.testing.assert_allclose(scores(member, frames), wanted, atol=1e-6)


def test_parts_of_centred_windows_and_of_a_short_recording(folded: Any) -> None:
    member = folded(4.0, pool="parts", anchor="centre")  # 1.5 s on either side: three whole chunks, offset 0.5 s
    assert member.info.frames == 3
    np.testing.assert_allclose(scores(member, [[0.1, 0.3], [0.7, 0.2]]), [0.3, 0.7], atol=1e-6)
    np.testing.assert_allclose(scores(member, [[0.6, 0.3]]), [0.6], atol=1e-6)


@pytest.mark.parametrize("clips", [1, 2])
def test_a_clip_score_per_part_or_per_window_is_mixed_in(folded: Any, clips: int) -> None:
    member = folded(2.0, clips=clips, pool="parts", hop_s=1.0, frame_weight=0.75)
    low = [0.1, 0.2, 0.1] if clips == 2 else [0.1, 0.1, 0.1]  # the least of the part, or of the windows that hold it
    wanted = [0.75 * h + 0.25 * c for h, c in zip([0.3, 0.7, 0.5], low, strict=True)]
    np.testing.assert_allclose(scores(member, [[0.1, 0.3], [0.7, 0.2], [0.5, 0.1]]), wanted, atol=1e-6)


SHIFTED = [[0.1, 0.2], [0.9, 0.3], [0.4, 0.5]]


def test_frames_move_on_the_timeline(folded: Any) -> None:
    member = folded(1.0, pool="frames", frame_shift=1)
    np.testing.assert_allclose(scores(member, SHIFTED), [0.375, 0.775, 0.475], atol=1e-6)
    same = TTA((0.0, -0.5, 0.5), "clamp", (2, 1, 1), "prob")  # half a second is a frame
    np.testing.assert_allclose(scores(folded(1.0, pool="frames"), SHIFTED, same), [0.375, 0.775, 0.475], atol=1e-6)
    np.testing.assert_allclose(
        scores(folded(1.0, pool="frames", frame_shift=1, main_weight=1.0), SHIFTED), [0.2, 0.9, 0.5], atol=1e-6
    )


def test_frames_of_parts_move_inside_their_window(folded: Any) -> None:
    member = folded(3.0, pool="parts", frame_shift=1)
    np.testing.assert_allclose(scores(member, SHIFTED), [0.375, 0.775, 0.475], atol=1e-6)


def test_members_of_other_moves_share_no_pooling(folded: Any) -> None:
    moved, still = folded(1.0, pool="frames", frame_shift=1), folded(1.0, pool="frames")
    from blendkit.member.windows import same_front_end

    assert same_front_end(moved) != same_front_end(still)
    assert score_together([moved], [], 1.0, TTA()).values[0].shape == (0, 1)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"window_s": 2.0, "pool": "parts", "hop_s": 0.5}, "windows every 0.5 s do not start on chunks of 1 s"),
        ({"window_s": 2.0, "pool": "parts", "anchor": "chunk"}, "count in it alone"),
        ({"window_s": 0.5, "pool": "parts"}, "a window of 0.5 s holds no chunk of 1 s"),
        ({"window_s": 2.0, "pool": "mean", "frame_shift": 1}, "`pool: mean` has none"),
        ({"window_s": 2.0, "pool": "parts", "mix": "logit"}, "averages probabilities"),
        ({"window_s": 3.0, "pool": "parts", "clips": 2}, "has 2 clip scores a window, which holds 3 whole chunks"),
        ({"window_s": 3.0, "pool": "parts", "frame": 30}, "a chunk holds no whole frame"),
    ],
)
def test_what_parts_cannot_be(folded: Any, params: dict[str, Any], said: str) -> None:
    with pytest.raises(BlendkitError) as caught:
        folded(**params)
    assert said in str(caught.value)


def test_two_ways_to_move_frames_are_refused(folded: Any) -> None:
    from blendkit.member.window_places import shift_notes

    with pytest.raises(BlendkitError, match="write one of them"):
        shift_notes(folded(1.0, pool="frames", frame_shift=1).info, TTA((0.0, 0.5)))
