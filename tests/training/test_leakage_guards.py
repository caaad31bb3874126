"""What keeps a figure from being made on recordings that a model saw: every guard, and where it looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from blendkit.core import NameRule, Saw, Scores, chunk_rows
from blendkit.engine import Beforehand
from blendkit.errors import BlendkitError
from blendkit.io import Provenance, joined, provenance_array, read_provenance
from blendkit.store import FeatureStore, LogitStore, Stored
from blendkit.training.examples import Examples
from blendkit.training.jobs import head_fit, labelling
from blendkit.training.jobs.head_fit import PreparedFit, _countable, _pseudo
from blendkit.training.jobs.label_requests import GateChoice, PseudoLabelRequest, TeacherSource
from blendkit.training.jobs.labelling import _from_file, pseudo_label
from blendkit.training.jobs.noisy_student import _refuse_learned, _without_labelled
from blendkit.training.jobs.pseudo_labels import without_seen
from blendkit.training.jobs.requests import HeadRequest, TrainingRows
from blendkit.training.jobs.student_task import StudentRequest, task_of
from blendkit.training.jobs.teacher_saw import read_teacher, with_labels
from blendkit.training.jobs.training_examples import learned_of
from blendkit.training.outputs import Source
from blendkit.training.settings import GateRules

Make = Callable[..., Examples]


def teacher_saw(source: str, labels: Path | None) -> Saw:
    """What is behind a source, and what the user adds."""
    return with_labels(read_provenance(source).saw, labels)


def test_a_teacher_never_labels_what_it_learned_from() -> None:
    scores = Scores.build(np.zeros((3, 1)), chunk_rows({"a": 1, "b": 1, "c": 1}, 5.0, NameRule()), ("x",), "prob")
    assert without_seen(scores, Saw.of(["d"]), {}, allow=False) == (scores, [])
    assert without_seen(scores, Saw.of(["a"]), {}, allow=True) == (scores, [])
    rest, seen = without_seen(scores, Saw.of(["old/A.flac", "c", "d"]), {}, allow=False)
    assert (rest.rows.recordings(), seen) == (["b"], ["a", "c"])
    with pytest.raises(BlendkitError, match="learned from all 3 recordings it is to label") as caught:
        without_seen(scores, Saw.of("abcd"), {}, allow=False)
    assert caught.value.problems[0] == "a, b, c"
    assert "--allow-seen" in caught.value.problems[1]


def ready(examples: Examples, *saw: str) -> PreparedFit:
    source = Source(("f",), "0" * 16, {}, "l.csv", None, Saw.of(saw))
    return PreparedFit(examples, None, source, [], {}, ["a", "b"])  # type: ignore[arg-type]


def countable(e: Examples, *saw: str, allow: bool = False) -> tuple[np.ndarray, list[str]]:
    fit: Any = SimpleNamespace(oof=np.ones((len(e), 3), np.float32))
    return _countable(HeadRequest(Path("out"), allow_seen=allow), fit, ready(e, *saw))


def test_rows_a_teacher_saw_do_not_count_as_out_of_fold(make_examples: Make) -> None:
    e = make_examples(4, 2)
    logits, notes = countable(e, "r1", "r5", "elsewhere")
    assert np.isnan(logits).all(axis=1).tolist() == [False, True, False, False, False, True]
    assert (logits[[0, 2, 3, 4]] == 1).all()
    assert notes == ["2 of 6 rows are of recordings that a teacher or the features' model learned from: they do not count as out-of-fold"]  # fmt: skip


def test_they_count_on_request_with_a_note(make_examples: Make) -> None:
    e = make_examples(4, 2)
    logits, notes = countable(e, "r1", allow=True)
    assert np.isfinite(logits).all()
    assert "inflated" in notes[0]
    assert countable(e, "elsewhere")[1] == countable(e)[1] == []


def test_labelled_recordings_are_never_unlabelled_too(make_examples: Make) -> None:
    e = make_examples(4, 2)
    apart = make_examples(0, 3, "pseudo", prefix="u")
    assert _without_labelled(apart, e)[0].recording.tolist() == apart.recording.tolist()
    both = replace(apart, recording=np.array(["u0", "elsewhere/R3.wav", "u2"]))
    rest, left_out = _without_labelled(both, e)
    assert (rest.recording.tolist(), left_out) == (["u0", "u2"], ["elsewhere/R3.wav"])
    with pytest.raises(BlendkitError, match="every unlabelled recording is a labelled one") as caught:
        _without_labelled(replace(apart, recording=np.array(["r1", "r3", "r3"])), e)
    assert list(caught.value.problems) == ["r1, r3"]


def test_nothing_is_tested_on_what_the_rounds_learn_from(make_examples: Make) -> None:
    labelled, unlabelled = make_examples(2, 2), make_examples(0, 3, "pseudo", prefix="u")
    test = make_examples(0, 3, prefix="t")
    _refuse_learned(test, labelled, unlabelled)
    _refuse_learned(None, labelled, unlabelled)
    for r in ("r3", "u0"):
        with pytest.raises(BlendkitError, match="learn from 1 of its recordings") as caught:
            _refuse_learned(replace(test, recording=np.array(["t0", r, "t2"])), labelled, unlabelled)
        assert caught.value.problems[0] == r


def test_pseudo_labels_of_labelled_recordings_are_refused(
    make_examples: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    e, found = make_examples(4, 2), make_examples(0, 3, "pseudo", prefix="u")
    monkeypatch.setattr(head_fit, "open_features", lambda folders: [None])
    monkeypatch.setattr(head_fit, "unlabelled_examples", lambda *args: None)
    saw = Saw(("t",), known=True)
    monkeypatch.setattr(head_fit, "read_pseudo", lambda folder, rows: (found, saw))
    request = HeadRequest(tmp_path, TrainingRows(pseudo=tmp_path / "p", unlabelled=tmp_path / "u"))
    assert _pseudo(request, ready(e)) == (found, saw)
    assert _pseudo(HeadRequest(tmp_path), ready(e)) == (None, Saw())
    found = replace(found, recording=np.array(["u0", "r0", "u2"]))
    with pytest.raises(BlendkitError, match="pseudo-labels of 1 recordings that are labelled"):
        _pseudo(request, ready(e))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Logits of two recordings, by a member that learned from t1."""
    rows = chunk_rows({"r1": 1, "r2": 1}, 5.0, NameRule())
    made = LogitStore.create(tmp_path / "store", "0" * 16, ("x",), (True,), {"saw": ["t1"]})
    scores = Scores.build(np.array([[0.0], [1.0]], np.float32), rows, ("x",), "logit")
    made.write(scores, {r: Stored(r, 1, "ok", "", 5.0) for r in ("r1", "r2")})
    return tmp_path / "store"


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run whose members and steps learned from t1, t2 and t3."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "submission.csv").write_text("row_id,x\nr1_5,0.5\nr2_5,0.25\n")
    known = Provenance("prob", Saw.of(["t1", "t2", "t3"]), "unseen")
    told = {
        "provenance": known.to_json(),
        "streams": {"m": {"space": "logit"}},
        "written": {"m": {"file": "submission.csv", "uncovered": ["x"]}},
    }
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    return tmp_path / "run"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Labels of a recording that no folder names."""
    (tmp_path / "l.csv").write_text("filename,start,end,primary_label\nz.ogg,0,5,x\n")
    return tmp_path / "l.csv"


def test_a_teachers_folder_says_what_it_saw(store: Path, run_folder: Path, tmp_path: Path) -> None:
    assert teacher_saw(str(store), None) == Saw(("t1",), known=True)
    assert teacher_saw(str(run_folder), None) == Saw(("t1", "t2", "t3"), known=True)
    assert teacher_saw(str(run_folder / "submission.csv"), None) == Saw(("t1", "t2", "t3"), known=True)
    assert teacher_saw(f"{run_folder / 'late.npz'}:scores", None) == Saw(("t1", "t2", "t3"), known=False)
    assert teacher_saw(str(run_folder / "none" / "submission.csv"), None) == Saw((), known=False)


def test_a_file_of_a_run_says_what_it_does_not_cover(run_folder: Path) -> None:
    known = read_provenance(run_folder / "submission.csv")
    assert (known.space, known.uncovered) == ("prob", ("x",))  # files hold probabilities in place of logits
    assert read_teacher(run_folder / "submission.csv", None, known).covered.tolist() == [False]
    assert read_provenance(run_folder) == known  # its submission


def test_labels_add_to_what_the_folder_says(store: Path, run_folder: Path, labels: Path, tmp_path: Path) -> None:
    assert teacher_saw(str(store), labels) == Saw(("t1", "z"), known=True)
    assert teacher_saw(str(run_folder), labels) == Saw(("t1", "t2", "t3", "z"), known=True)
    assert teacher_saw(str(run_folder / "submission.csv"), labels).recordings == ("t1", "t2", "t3", "z")
    assert teacher_saw(str(tmp_path / "alone.csv"), labels) == Saw(("z",), known=True)


@pytest.mark.parametrize(
    ("parts", "kind", "held_out", "seen"),
    [
        ([(["t1"], "unknown", ())], "unseen", (), []),
        ([(["r1"], "unknown", ())], "in-sample", (), ["r1"]),
        ([(["r1", "r2"], "oof", ())], "oof", ("r1", "r2"), []),
        ([(["r1", "r2"], "unknown", ("r1", "r2"))], "oof", ("r1", "r2"), []),
        ([(["r1"], "oof", ()), (["t1"], "unknown", ())], "oof", ("r1",), []),  # the other never saw r1
        ([(["r1"], "oof", ()), (None, "unknown", ())], "unknown", ("r1",), []),
        ([(["r1", "r2"], "oof", ()), (["r2"], "unknown", ())], "in-sample", ("r1",), ["r2"]),
        ([], "unknown", (), []),
    ],
)
def test_a_blend_is_what_its_worst_part_is(
    parts: list[tuple[Any, Any, tuple[str, ...]]], kind: str, held_out: tuple[str, ...], seen: list[str]
) -> None:
    recordings = ["r1", "r2"]
    known = [Provenance("prob", Saw(known=False) if s is None else Saw.of(s), k, {}, h) for s, k, h in parts]
    made = joined(known, recordings, {})
    assert (made.kind, made.held_out) == (kind, held_out)
    assert made.saw.known == all(s is not None for s, _, _ in parts)
    assert Provenance.from_json(json.loads(json.dumps(made.to_json()))) == made
    if kind != "oof":
        assert made.in_sample(recordings) == seen
    assert made.kind_on(recordings) == (kind if parts else "unseen")


def test_both_uses_of_a_teacher_ask_its_folder(
    store: Path, run_folder: Path, tmp_path: Path, write_wav: Callable[..., Path]
) -> None:
    for source, space, saw in ((store, "logit", ("t1",)), (run_folder, "prob", ("t1", "t2", "t3"))):
        found = _from_file(TeacherSource(str(source), space=space))  # type: ignore[arg-type]
        assert found.saw == Saw(saw, known=True)
        audio = write_wav(tmp_path / "r1.wav", np.zeros(100, np.float32), 8000)
        task = task_of(StudentRequest((audio,), str(source), tmp_path / "o", space=space))  # type: ignore[arg-type]
        assert task.saw == found.saw
    file = tmp_path / "alone.csv"
    file.write_bytes((run_folder / "submission.csv").read_bytes())
    unknown = _from_file(TeacherSource(str(file), space="prob"))
    assert unknown.saw == Saw((), known=False)


@pytest.mark.parametrize("members", [{"t": {}}, {"t": {}, "m": {}}])
def test_a_recipe_of_members_that_declare_nothing_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labels: Path, members: dict[str, Any]
) -> None:
    scores = Scores.build(np.array([[0.5]], np.float32), chunk_rows({"r1": 1}, 5.0, NameRule()), ("x",), "prob")

    def run(recipe: Any, data: Any, folder: Path, **more: Any) -> Any:
        folder.mkdir(parents=True)
        told = {"provenance": Provenance(saw=Saw.of(["t1"] if "m" in members else [], known=False)).to_json()}
        (folder / "run.json").write_text(json.dumps(told))
        return SimpleNamespace(made={"out": scores})

    found = SimpleNamespace(recipe=SimpleNamespace(model=SimpleNamespace(output="out")))
    monkeypatch.setattr(labelling, "open_recipe", lambda *args: found)
    monkeypatch.setattr(labelling, "only_streams", lambda *args: None)
    opened = SimpleNamespace(roots=(tmp_path,), find=lambda name: tmp_path / name)
    monkeypatch.setattr(labelling, "open_data", lambda *args, **more: opened)
    unknown = Beforehand(("r1",), "prob", Saw(known=False))
    monkeypatch.setattr(labelling, "look_beforehand", lambda *args: unknown)
    monkeypatch.setattr(labelling, "run", run)
    request = PseudoLabelRequest(tmp_path / "out", TeacherSource("recipe.yaml"), GateChoice(GateRules(top=1)))
    saw = ["t1"] if "m" in members else []
    made = pseudo_label(request)
    assert (made["saw"], made["saw_known"]) == (saw, False)
    stated = replace(request, out=tmp_path / "stated", teacher=replace(request.teacher, saw=labels))
    made = pseudo_label(stated)
    assert (made["saw"], made["saw_known"]) == ([*saw, "z"], True)


def test_a_fit_notes_that_another_had_seen_its_rows(make_examples: Make, tmp_path: Path) -> None:
    e = make_examples(4, 2)
    made = Provenance("logit", Saw.of(e.recording.tolist()), "in-sample")
    held = {"logits": np.ones((len(e), 3), np.float32)}
    np.savez(tmp_path / "oof.npz", provenance=provenance_array(made, held), **held)  # type: ignore[arg-type]
    fit: Any = SimpleNamespace(oof=np.ones((len(e), 3), np.float32))
    _, (first, *_) = _countable(HeadRequest(Path("out"), against=(tmp_path,)), fit, ready(e))
    assert first.endswith("learned from rows of its own out-of-fold table: they cannot be compared")


def test_a_fit_notes_a_teacher_that_does_not_say_all(make_examples: Make) -> None:
    e = make_examples(4, 2)
    fit: Any = SimpleNamespace(oof=np.ones((len(e), 3), np.float32))
    unknown = replace(ready(e, "r1"), source=replace(ready(e, "r1").source, saw=Saw(("r1",), known=False)))
    _, notes = _countable(HeadRequest(Path("out")), fit, unknown)
    assert len(notes) == 2
    assert "not known" in notes[1]


@pytest.mark.parametrize("text", ["{}", "[]", '{"provenance": []}', '{"provenance": {"kind": 3}}', "{"])
def test_a_damaged_run_is_one_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BlendkitError, match=r"run\.json: not the facts of a run"):
        read_provenance(tmp_path)


def test_what_the_model_of_features_learned_from_is_kept_with_them(tmp_path: Path) -> None:
    about = {"facts": {}, "notes": [], **Saw.of(["r1", "r2"]).to_json()}
    stores = [FeatureStore.create(tmp_path / n, "h", {"x": [2]}, more) for n, more in (("a", about), ("b", {}))]
    assert [s.saw.recordings for s in stores] == [("r1", "r2"), ()]
    assert learned_of(stores).recordings == ("r1", "r2")
    assert learned_of(stores[1:]).known  # a model that says nothing of it is taken as before
