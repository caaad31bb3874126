from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import helper

from blendkit.audio.decoded import Decoded
from blendkit.errors import BlendkitError
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import score_jobs
from blendkit.testing.member_checks import check_member
from blendkit_members.onnx import onnx_member

Graph = Callable[..., Path]
CONTEXT = MemberContext(("c", "a", "missing"), chunk_s=1.0)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    path.write_text("a\nb\nc\n", encoding="utf-8")
    return path


def windows(n: int = 4) -> NDArray[np.float32]:
    return np.random.default_rng(2).standard_normal((n, 10)).astype(np.float32)


def made(model: Path, labels: Path, context: MemberContext = CONTEXT, **params: Any) -> Any:
    return onnx_member(context, model=str(model), classes=str(labels), rate=10, **params)


def failure(model: Path, labels: Path, **params: Any) -> str:
    with pytest.raises(BlendkitError) as error:
        made(model, labels, **params)
    return str(error.value)


def test_it_keeps_the_protocol(tmp_path: Path, linear: Graph, labels: Path) -> None:
    common = {"classes": str(labels), "rate": 10, "context": CONTEXT}
    check_member("onnx", model=str(linear(tmp_path / "l.onnx")), **common)
    check_member("onnx", model=str(linear(tmp_path / "p.onnx", prob=True)), gives="prob", **common)


def test_logits_by_hand(tmp_path: Path, linear: Graph, labels: Path, linear_weights: NDArray[np.float32]) -> None:
    member = made(linear(tmp_path / "m.onnx"), labels)
    by_hand = windows() @ linear_weights
    got = member.predict(windows())
    np.testing.assert_allclose(got[:, 0], by_hand[:, 2], rtol=1e-5)  # c is the model's third column
    np.testing.assert_allclose(got[:, 1], by_hand[:, 0], rtol=1e-5)
    assert got[:, 2].tolist() == [0, 0, 0, 0]
    assert member.info.covered == (True, True, False)
    assert (member.info.rate, member.info.window_s, member.info.batch) == (10, 1.0, 32)


def test_threads_change_no_bit(tmp_path: Path, linear: Graph, labels: Path) -> None:
    model, found = linear(tmp_path / "m.onnx"), []
    for threads, workers in ((1, 1), (2, 2), (20, 8)):  # a batch of 32 windows has eight parts
        member = made(model, labels, replace(CONTEXT, threads=threads))
        assert member.workers == workers
        found.append(member.predict(windows(29)))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_windows_that_are_no_chunks_are_pooled(tmp_path: Path, linear: Graph, labels: Path) -> None:
    """The window is one second, the chunk two, the hop half a second."""
    two = MemberContext(("c", "a"), chunk_s=2.0)
    member = made(linear(tmp_path / "m.onnx"), labels, two, window_s=1.0, hop_s=0.5, pool="max")
    assert (member.info.window_s, member.info.hop_s, member.info.pool) == (1.0, 0.5, "max")
    samples = np.random.default_rng(0).standard_normal(40).astype(np.float32)
    got = score_jobs(member, [RecordingAudio("r", Decoded(samples, 10, 4.0, "ok"), 2)], 2.0, TTA())
    each = member.predict(np.array([samples[5 * k : 5 * k + 10] for k in range(7)]))
    np.testing.assert_allclose(got, [each[:4].max(axis=0), each[3:].max(axis=0)], rtol=1e-5)


def test_probabilities_become_logits(
    tmp_path: Path, linear: Graph, labels: Path, linear_weights: NDArray[np.float32]
) -> None:
    member = made(linear(tmp_path / "m.onnx", prob=True), labels, gives="prob")
    got = member.predict(windows())
    np.testing.assert_allclose(got[:, 1], (windows() @ linear_weights)[:, 0], atol=1e-4)
    assert got.dtype == np.float32


def test_saturated_probabilities_stay_finite(
    tmp_path: Path, linear: Graph, labels: Path, linear_weights: NDArray[np.float32]
) -> None:
    member = made(linear(tmp_path / "m.onnx", prob=True), labels, gives="prob")
    loud = np.sign(linear_weights[:, 0])[None] * np.float32(1000)  # class a: far beyond what float32 can hold
    high, low = member.predict(loud)[0, 1], member.predict(-loud)[0, 1]
    assert high == pytest.approx(25 * math.log(2))  # the logit of 1 - 2^-25
    assert low == pytest.approx(math.log(2.0**-150))


def test_an_output_is_chosen_by_name(tmp_path: Path, linear: Graph, labels: Path) -> None:
    path = linear(tmp_path / "m.onnx", both=True)
    text = failure(path, labels)
    assert "`output:` must name one of the graph's 2 outputs" in text
    assert "found logits [b, 3], probs [b, 3]" in text
    assert "exactly one that has an axis of 3 classes would be taken; here it is 2" in text
    assert "'probz' (did you mean 'probs'?)" in failure(path, labels, output="probz")
    assert "no input 'sound'" in failure(path, labels, output="probs", input="sound")
    raw = made(path, labels, output="logits").predict(windows())
    turned = made(path, labels, output="probs", gives="prob").predict(windows())
    np.testing.assert_allclose(raw, turned, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "way"),
    [
        (("b", 11), "at 10 Hz this graph needs `window_s: 1.1`"),
        (("b", 2, 10), "also taken: [batch, 1, samples]"),
        ((10, "b"), "its first axis has the 10 samples of a window"),
        (("b", 1, 16, 10), "the members `sed` and `dinov2`"),
        ((11,), "`window_s: 1.1`"),
    ],
)
def test_another_input_shape(tmp_path: Path, linear: Graph, labels: Path, shape: tuple[Any, ...], way: str) -> None:
    text = failure(linear(tmp_path / "m.onnx", shape=shape), labels)
    assert "input 'audio' is tensor(float)" in text
    assert "[batch, 10]" in text
    assert way in text


def test_any_number_of_samples_is_fine(tmp_path: Path, linear: Graph, labels: Path) -> None:
    assert made(linear(tmp_path / "m.onnx", shape=("b", "n")), labels).predict(windows(2)).shape == (2, 3)


def test_a_class_list_of_another_length(tmp_path: Path, linear: Graph, labels: Path) -> None:
    labels.write_text("a\nb\n", encoding="utf-8")
    assert "output 'logits' has 3 classes, labels.txt lists 2" in failure(linear(tmp_path / "m.onnx"), labels)


def test_a_class_list_of_another_length_where_the_graph_does_not_say(
    tmp_path: Path, save_graph: Graph, labels: Path
) -> None:
    # an exporter may leave the width open; four columns and three names must not be matched by luck
    weights = {"w": np.ones((10, 4), np.float32)}
    path = save_graph(
        tmp_path / "open.onnx",
        [helper.make_node("MatMul", ["audio", "w"], ["logits"])],
        {"audio": ("b", 10)},
        {"logits": ("b", "classes")},
        weights,
    )
    with pytest.raises(BlendkitError, match="4"):
        made(path, labels).predict(windows())


def test_a_corrupt_model(tmp_path: Path, labels: Path) -> None:
    path = tmp_path / "bad.onnx"
    for content in (b"", b"not a model", b"\x08\x08" * 50):
        path.write_bytes(content)
        assert "onnx: bad.onnx is not an ONNX model" in failure(path, labels)


def test_classes_that_do_not_meet(tmp_path: Path, linear: Graph, labels: Path) -> None:
    with pytest.raises(BlendkitError, match="none of its 3 classes is one of the run's 1"):
        made(linear(tmp_path / "m.onnx"), labels, MemberContext(("z",), chunk_s=1.0))
