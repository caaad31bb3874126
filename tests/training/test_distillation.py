"""A student from a task: which recordings teach, stop and judge it, and what it says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from blendkit.audio import Recording
from blendkit.core import AudioContent, LabelTable, NameRule, Saw, Scores, chunk_rows, fold_of
from blendkit.errors import BlendkitError
from blendkit.io import read_labels
from blendkit.store import FeatureStore, Stored
from blendkit.training.cnn import Student, WaveStudent
from blendkit.training.jobs import distillation
from blendkit.training.jobs.chunk_pictures import DecodedChunks
from blendkit.training.jobs.chunk_waves import WaveSource
from blendkit.training.jobs.distillation import Task, _label_counts, _student_rows, _without_embedding, distil
from blendkit.training.jobs.student_figures import student_figures
from blendkit.training.model_cards import student_card
from blendkit.training.settings import Distil, Picture, WaveChanges
from blendkit.training.student import StudentRows

IDS = [f"r{i}" for i in range(10)]
ROWS = chunk_rows(dict.fromkeys(IDS, 2), 5.0, NameRule())
PICTURES = np.arange(20, dtype=np.float16)[:, None, None]  # a row's picture is its number
HEARD = DecodedChunks(PICTURES, ROWS, np.ones(20, np.float32), {})


def task(out: Path, **more: Any) -> Task:
    values = np.stack([np.arange(20.0), -np.arange(20.0)], 1)
    made = Task(
        out, [Recording(r, out / r) for r in IDS], Scores.build(values, ROWS, ("x", "y"), "logit"), Saw(("t1", "r3"), known=True),
        None, (), None, Distil(),
    )  # fmt: skip
    return replace(made, **more)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What distil gives to the fit, the writer and the judge; nothing is trained."""
    seen: dict[str, Any] = {}

    def fit(examples: StudentRows, learn: list[int], stop: list[int], how: Distil, path: Path, emit: Any) -> Any:
        seen.update(examples=examples, learn=learn, stop=stop, path=path)
        network = SimpleNamespace(student=torch.nn.Linear(2, 2))
        return network, SimpleNamespace(best_epoch=3, history=[[0.5, 0.1]])

    def judged(student: Any, pictures: np.ndarray, network: Any) -> np.ndarray:
        seen["held"] = pictures[:, 0, 0].astype(int).tolist()
        return np.zeros((len(pictures), 2), np.float32)

    monkeypatch.setattr(distillation, "chunk_pictures", lambda *args: HEARD)
    monkeypatch.setattr(distillation, "fit_student", fit)
    monkeypatch.setattr(distillation, "student_logits", judged)
    monkeypatch.setattr(distillation, "_write", lambda task, network, saw: seen.update(written=saw) or 1e-6)
    return seen


def test_whole_recordings_teach_stop_or_judge(fitted: dict[str, Any], tmp_path: Path) -> None:
    made = distil(task(tmp_path))
    at = fold_of(IDS, 5)
    names = ROWS.recording
    for rows, folds in ((fitted["learn"], {2, 3, 4}), (fitted["stop"], {1}), (fitted["held"], {0})):
        assert sorted(rows) == [i for i, r in enumerate(names) if at[r] in folds]
    assert made["rows"] == {"learn": 12, "stop": 4, "judge": 4, "labelled": 0, "part_real": 0}
    assert made["recordings"] == 10
    assert fitted["path"] == tmp_path / "checkpoints" / "student"


def test_it_saw_what_it_or_its_teacher_learned_from(fitted: dict[str, Any], tmp_path: Path) -> None:
    made = distil(task(tmp_path))
    held = {r for r, f in fold_of(IDS, 5).items() if f == 0}
    assert set(made["saw"]) == (set(IDS) - held) | {"t1", "r3"}
    assert list(fitted["written"].recordings) == made["saw"] == sorted(made["saw"])
    assert json.loads((tmp_path / "student.json").read_text(encoding="utf-8"))["saw"] == made["saw"]
    assert made["saw_known"]
    assert "# Student" in (tmp_path / "card.md").read_text(encoding="utf-8")
    unknown = distil(task(tmp_path, saw=Saw(("t1",), known=False)))
    assert not unknown["saw_known"]
    assert "what its teacher learned from is not known" in (tmp_path / "card.md").read_text(encoding="utf-8")


def test_waves_are_heard_where_they_are_to_be_changed(
    fitted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {r for r, f in fold_of(IDS, 5).items() if f <= 1}
    out: list[Saw] = []

    def source(waves: Any, background: Any, kept_out: Saw, *args: Any) -> WaveSource:
        out.append(kept_out)
        return WaveSource(PICTURES, Saw(("noise1",)), ("r0",))  # type: ignore[arg-type]

    monkeypatch.setattr(distillation, "chunk_waves", lambda *args: (HEARD, "the waves"))
    monkeypatch.setattr(distillation, "wave_source", source)
    made = distil(task(tmp_path, how=Distil(waves=WaveChanges(gain_db=(-6.0, 6.0)))))
    assert set(out[0].recordings) == held  # to stop and to judge on
    assert "noise1" in made["saw"]
    assert made["background"] is None  # no other recording was asked for
    noisy = distil(task(tmp_path, background=[Recording("noise1", tmp_path)]))
    assert noisy["background"] == {"recordings": 1, "left_out": ["r0"]}
    assert "heard 1 recordings as background; 1 were left out" in (tmp_path / "card.md").read_text(encoding="utf-8")
    assert made["how"]["waves"]["gain_db"] == (-6.0, 6.0)
    assert distil(task(tmp_path))["background"] is None


def test_too_few_recordings_and_missing_scores_are_errors(
    fitted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = task(tmp_path)
    with pytest.raises(BlendkitError, match="4 recordings with audio: a student needs 5"):
        distil(replace(given, recordings=given.recordings[:4]))
    with pytest.raises(BlendkitError, match="no scores of 1 recordings") as caught:
        distil(replace(given, recordings=[*given.recordings, Recording("new", tmp_path)]))
    assert caught.value.problems[0] == "new"
    few = chunk_rows(dict.fromkeys(IDS[:3], 2), 5.0, NameRule())
    monkeypatch.setattr(
        distillation, "chunk_pictures", lambda *args: DecodedChunks(PICTURES[:6], few, HEARD.real[:6], {})
    )
    with pytest.raises(BlendkitError, match="3 recordings with audio"):
        distil(given)
    twice = {r: AudioContent("same" if r in IDS[:7] else r) for r in IDS}  # 4 recordings, one of them in 7 copies
    monkeypatch.setattr(distillation, "chunk_pictures", lambda *args: replace(HEARD, contents=twice))
    with pytest.raises(BlendkitError, match="4 recordings with audio"):
        distil(given)
    assert "learn" not in fitted


def labels(path: Path, *lines: str) -> LabelTable:
    path.write_text("\n".join(["filename,start,end,primary_label", *lines]) + "\n")
    return read_labels(path)


def test_labels_and_embeddings_are_paired_by_chunk(tmp_path: Path) -> None:
    store = FeatureStore.create(tmp_path / "e", "a" * 16, {"embedding": (2, 1)}, {"facts": {}})
    other = chunk_rows(dict.fromkeys(["a9", *reversed(IDS)], 2), 5.0, NameRule())  # more rows than the student has
    values = np.array([[int(r[1:]), s] for r, s in zip(other.recording, other.start_s, strict=True)], np.float32)
    store.write(other, [values], {r: Stored(r, 2, "ok", "", 10.0) for r in [*IDS, "a9"]})
    table = labels(tmp_path / "l.csv", "r2.ogg,5,10,y", "r7.ogg,0,5,known", "elsewhere.ogg,0,5,odd")
    given = task(tmp_path, embedding=(store, "embedding"), labels=table, known=("known",))
    found = _student_rows(given, HEARD, given.teacher)
    assert np.flatnonzero(found.labelled).tolist() == [5, 14]
    assert found.truth[5].tolist() == [0, 1]
    assert found.truth.sum() == 1
    assert found.embedding is not None
    assert found.embedding[[5, 14]].tolist() == [[2, 5], [7, 0]]
    assert found.teacher.dtype == np.float32


def test_labels_of_a_chunk_count_by_its_share_of_audio(tmp_path: Path) -> None:
    real = np.ones(20, np.float32)
    real[[5, 15]], real[7] = 0.6, 0.4  # the remainders of r2, r7 and r3
    table = labels(tmp_path / "l.csv", "r2.ogg,0,10,y", "r3.ogg,0,10,x")
    given = task(tmp_path, labels=table)
    found = _student_rows(given, replace(HEARD, real=real), given.teacher)
    assert found.labelled[4:8].tolist() == pytest.approx([1, 0.6, 1, 0])
    assert found.labelled.sum() == pytest.approx(2.6)  # r7 has no labels
    assert _label_counts(found, replace(HEARD, real=real)) == {"labelled": 3, "part_real": 1}


def test_chunks_without_an_embedding_are_named(tmp_path: Path) -> None:
    store = FeatureStore.create(tmp_path / "e", "a" * 16, {"embedding": (1,)}, {"facts": {}})
    some = chunk_rows(dict.fromkeys(IDS[1:], 2), 5.0, NameRule())
    store.write(some, [np.zeros((18, 1), np.float32)], {r: Stored(r, 2, "ok", "", 10.0) for r in IDS[1:]})
    given = task(tmp_path, embedding=(store, "embedding"))
    with pytest.raises(BlendkitError, match="no embedding of 2 chunks") as caught:
        _student_rows(given, HEARD, given.teacher)
    assert list(caught.value.problems) == ["r0_5, r0_10"]


def examples(labelled: np.ndarray) -> StudentRows:
    truth = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
    return StudentRows(PICTURES, np.zeros((20, 2), np.float32), truth, labelled.astype(np.float32))


NOTHING = Saw()


def figures(labelled: np.ndarray, found: np.ndarray, saw: Saw = NOTHING, *, oof: bool = False) -> dict[str, Any]:
    return student_figures(examples(labelled), np.array([0, 1, 2, 3]), found, ROWS, {}, saw, oof=oof)


RIGHT = (4 * np.eye(2, dtype=np.float32)[np.arange(4) % 2] - 2).astype(np.float32)


def test_figures_by_hand() -> None:
    off = np.log(3)  # a logit of log 3 is 0.75, a quarter off the teacher's half
    found = np.full((4, 2), off, np.float32)
    assert figures(np.zeros(20, bool), found) == {"rmse": pytest.approx(0.25)}
    made = figures(np.ones(20, bool), RIGHT)
    assert made["student"][0] == 1.0
    assert made["teacher"][0] == 0.5
    assert made["gain"][0] == 0.5
    one = np.isin(np.arange(20), [0, 1])  # of one recording: nothing to redraw
    assert set(figures(one, RIGHT)) == {"rmse"}


@pytest.mark.parametrize(
    ("saw", "oof", "kinds", "said"),
    [
        (
            Saw(("elsewhere",)),
            False,
            ("unseen", "unseen"),
            "none of the 2 judged recordings: both figures are unseen",
        ),
        (Saw(("a/R1.wav", "r9")), False, ("in-sample", "in-sample"), "learned from 1 of the 2 judged recordings"),
        (Saw(("r0", "r1")), True, ("in-sample", "oof"), "the teacher's figure is out-of-fold"),
        (Saw(known=False), False, ("unknown", "unknown"), "both figures may be in-sample"),
    ],
)
def test_figures_say_whether_the_teacher_saw_what_is_judged(
    saw: Saw, oof: bool, kinds: tuple[str, str], said: str
) -> None:
    made = figures(np.ones(20, bool), RIGHT, saw, oof=oof)  # rows 0 to 3 are of r0 and r1
    assert (made["kinds"]["student"], made["kinds"]["teacher"]) == kinds
    assert any(said in note for note in made["notes"])


def test_the_exported_network_has_no_embedding() -> None:
    network = WaveStudent(Picture(4000, 256, 160, 16, 50.0, 2000.0), Student(2, 0.25, embedding=5))
    assert _without_embedding(network).student.embed is None
    assert not network.training


def test_the_card_names_the_teachers_caveat_where_it_is_judged() -> None:
    made: dict[str, Any] = {
        "rows": {"learn": 1, "stop": 2, "judge": 3, "labelled": 4, "part_real": 1}, "chunk_s": 10.0, "background": None,
        "how": {"picture": {"rate": 16000}, "loss": "bce"}, "held_out": {"rmse": 0.125}, "parameters": 1234,
        "classes": ["x"], "recordings": 9, "not_taught": {"labels_alone": ["a"], "left_out": ["b", "c"]}, "onnx_difference": 2e-7, "saw_known": True,
    }  # fmt: skip
    plain = "\n".join(student_card(made))
    assert "1,234 parameters" in plain
    assert "4 chunks had labels, of which 1 count by their share" in plain
    assert "chunks of 10 s at 16000 Hz; loss bce" in plain
    assert "0.1250" in plain
    assert "in-sample" not in plain
    assert "- 1 classes that the teacher does not cover are learned from labels alone: a" in plain
    assert "- 2 classes are left out: the teacher does not cover them and no label names them: b, c" in plain
    made["held_out"] |= figures(np.ones(20, bool), RIGHT, Saw(("r0",)))
    assert "the student's figure is in-sample" in "\n".join(student_card(made))


def test_the_written_graph_says_what_it_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts: dict[str, Any] = {}

    def write(graph: Any, bare: Any, waves: Any, about: dict[str, Any], path: Path) -> float:
        facts.update(about, path=path, x=waves)
        return 1e-6

    monkeypatch.setattr(distillation, "exported", lambda *args: None)
    monkeypatch.setattr(distillation, "write_onnx", write)
    network = WaveStudent(Distil().picture, Student(2, 0.25, embedding=5))
    assert distillation._write(task(tmp_path), network, Saw.of(["r1", "t1"])) == 1e-6
    assert (facts["saw"], facts["classes"], facts["rate"]) == (["r1", "t1"], ["x", "y"], "32000")
    assert (facts["window_s"], facts["learned"], facts["picture"]["mels"]) == ("5.0", "probabilities", 64)
    assert facts["path"] == tmp_path / "student.onnx"
    first = facts["x"][0]
    torch.rand(3)  # what else was drawn before does not count: equal runs state an equal difference to torch
    distillation._write(task(tmp_path), network, Saw.of(["r1", "t1"]))
    assert torch.equal(facts["x"][0], first)
    assert first.std().item() == pytest.approx(0.05, rel=0.01)


def test_torch_and_onnx_agree_on_b0(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = WaveStudent(Picture(1000, 64, 60, 8, 50.0, 500.0), Student(2, 0.25, size="b0"))
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # one batch fills its averages; without, hardly anything reaches the outputs
    with torch.no_grad():
        network.train()(0.05 * torch.randn(16, 2000))
        clip = network.eval()(0.05 * torch.randn(4, 2000))[0]
    assert clip.std(0).min() > 0.1
    given = task(tmp_path, how=Distil(Picture(rate=1000), size="b0"), chunk_s=2.0)
    drift = distillation._write(given, network, Saw.of(["r1"]))  # refused beyond 1e-4 of the largest output
    assert 0 < drift < 1e-4 * 10 * float(clip.abs().max())


def test_classes_without_a_teacher_are_learned_from_labels_or_left_out(fitted: dict[str, Any], tmp_path: Path) -> None:
    values = np.stack([np.arange(20.0), np.zeros(20), np.zeros(20)], 1)
    only_x = Scores.build(values, ROWS, ("x", "y", "z"), "logit", covered=np.array([True, False, False]))
    at = fold_of(IDS, 5)
    learn, stop = (next(r for r in IDS if at[r] in folds) for folds in ((2, 3, 4), (0, 1)))
    table = labels(tmp_path / "l.csv", f"{learn}.ogg,0,5,y", f"{stop}.ogg,0,5,z")  # z: no row to learn it from
    made = distil(task(tmp_path, teacher=only_x, labels=table))
    assert made["classes"] == ["x", "y"]
    assert made["not_taught"] == {"labels_alone": ["y"], "left_out": ["z"]}
    given: StudentRows = fitted["examples"]
    assert (given.teacher.shape, given.truth.shape) == ((20, 2), (20, 2))
    assert given.taught.tolist() == [0]
    card = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "learned from labels alone: y" in card
    assert "no label names them: z" in card
    with pytest.raises(BlendkitError, match="the teacher covers none of its classes"):
        distil(task(tmp_path, teacher=replace(only_x, covered=np.zeros(3, bool))))


def test_only_what_the_teacher_covers_is_compared() -> None:
    found = np.full((4, 2), np.log(3), np.float32)  # a quarter off the teacher's half
    found[:, 1] = 9.0
    given = replace(examples(np.ones(20)), covered=np.array([True, False]))
    made = student_figures(given, np.array([0, 1, 2, 3]), found, ROWS, {}, NOTHING)
    assert made["rmse"] == pytest.approx(0.25)
    assert made["student"][0] == made["teacher"][0] == 0.5  # of x alone: all of its scores are equal
