"""Twenty ways to a figure that is too good, each caught, left out or said: the table of docs/leaks.md."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from blendkit.audio import content_of, decode
from blendkit.blending.cross_fitted_steps import refuse_seen_by_step
from blendkit.core import AudioContent, Saw, copies
from blendkit.errors import BlendkitError
from blendkit.io import PROVENANCE, Provenance, read_provenance, read_scores, write_scores
from blendkit.offline import evaluate
from blendkit.ops import info_of
from blendkit.ops.calibration import platt
from blendkit.ops.fitted.rate_tables import place_prior
from blendkit.scoring import score
from blendkit.store import LogitStore
from blendkit.training.jobs.label_requests import GateChoice, PseudoLabelRequest, TeacherSource
from blendkit.training.jobs.labelling import pseudo_label
from blendkit.training.settings import GateRules
from tests.stores import edit_facts

RATE = 16000
DOCS = Path(__file__).parents[2] / "docs" / "leaks.md"
LEARNED = ("Été_1", "two", "three")  # the teacher's recordings


def sound(seed: int, seconds: int = 20) -> np.ndarray:
    """Return field-like noise as 16-bit integers: quiet, at its own levels."""
    n = seconds * RATE
    slow = np.interp(np.arange(n), np.linspace(0, n, 9), np.random.default_rng(100 + seed).uniform(0.2, 3, 9))
    return np.clip(np.random.default_rng(seed).normal(0, 300, n) * slow, -32000, 32000).astype(np.int16)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The labelled recordings that the teacher learned from."""
    folder = tmp_path_factory.mktemp("labelled")
    for seed, name in enumerate(LEARNED):
        soundfile.write(folder / f"{name}.wav", sound(seed), RATE)
    return folder


@pytest.fixture(scope="module")
def saw(labelled: Path) -> Saw:
    """What the teacher saw, by names and by content, as `fit features` stores it."""
    contents = {p.stem: content_of(decode(p)) for p in labelled.iterdir()}
    return Saw.of(contents, {r: c for r, c in contents.items() if c is not None})


def _subfolder(source: Path, to: Path) -> None:
    shutil.copy(source / "two.wav", to / "sub" / "two.wav")


def _renamed(source: Path, to: Path) -> None:
    shutil.copy(source / "two.wav", to / "unheard_of.wav")


def _other_suffix(source: Path, to: Path) -> None:
    soundfile.write(to / "two.flac", soundfile.read(source / "two.wav", dtype="int16")[0], RATE)


def _other_suffix_and_name(source: Path, to: Path) -> None:
    soundfile.write(to / "new.flac", soundfile.read(source / "two.wav", dtype="int16")[0], RATE)


def _upper_case(source: Path, to: Path) -> None:
    shutil.copy(source / "two.wav", to / "TWO.WAV")


def _other_unicode(source: Path, to: Path) -> None:
    shutil.copy(source / f"{LEARNED[0]}.wav", to / (unicodedata.normalize("NFD", LEARNED[0]) + ".wav"))


def _link(source: Path, to: Path) -> None:
    (to / "linked.wav").symlink_to(source / "three.wav")


def _lossy(source: Path, to: Path) -> None:
    soundfile.write(to / "sub" / "two.ogg", soundfile.read(source / "two.wav")[0], RATE)


def _quieter(source: Path, to: Path) -> None:
    soundfile.write(to / "sub" / "three.wav", soundfile.read(source / "three.wav")[0] * 0.4, RATE)


def _float(source: Path, to: Path) -> None:
    wave = soundfile.read(source / "two.wav", dtype="float32")[0]
    soundfile.write(to / "as_float.wav", wave, RATE, subtype="FLOAT")


def _cut(source: Path, to: Path) -> None:
    wave = soundfile.read(source / "three.wav", dtype="int16")[0]
    soundfile.write(to / "cut.wav", wave[RATE + 123 : 16 * RATE], RATE)


def _with_a_tag(source: Path, to: Path) -> None:
    data = (source / "two.wav").read_bytes()
    (to / "tagged.wav").write_bytes(data + b"LIST\x0e\x00\x00\x00INFOICMT\x02\x00\x00\x00x\x00")


COPIES: dict[str, Callable[[Path, Path], None]] = {
    "in a subfolder": _subfolder,
    "under another name": _renamed,
    "with another suffix": _other_suffix,
    "as FLAC under another name": _other_suffix_and_name,
    "in other letters": _upper_case,
    "in another Unicode form": _other_unicode,
    "as a link": _link,
    "as OGG in another folder": _lossy,
    "as floats under another name": _float,
    "a cut of 15 s under another name": _cut,
    "with another comment in its header": _with_a_tag,
    "in a subfolder, with another gain": _quieter,
}


@pytest.fixture
def store(labelled: Path, saw: Saw, tmp_path: Path) -> Callable[..., Path]:
    """Make a teacher's store of two new recordings and of what `place` puts beside them."""

    def make(*place: Callable[[Path, Path], None], named: Saw = saw) -> Path:
        folder = tmp_path / "audio"
        (folder / "sub").mkdir(parents=True)
        for seed in (50, 51):
            soundfile.write(folder / f"new{seed}.wav", sound(seed), RATE)
        for one in place:
            one(labelled, folder)
        score("tone", folder, tmp_path / "store")
        edit_facts(tmp_path / "store", lambda facts: facts["about"].update(named.to_json()))
        return tmp_path / "store"

    return make


def gated(store: Path, **more: Any) -> dict[str, Any]:
    return pseudo_label(
        PseudoLabelRequest(store.parent / "out", TeacherSource(str(store)), GateChoice(GateRules(top=1)), **more)
    )


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_of_what_the_teacher_saw_gets_no_label(way: str, store: Callable[..., Path]) -> None:
    made = gated(store(COPIES[way]))
    assert len(made["skipped_seen"]) == 1
    assert made["recordings"] == 2
    assert made["saw_known"]


def test_all_ways_at_once_leave_the_new_ones(store: Callable[..., Path]) -> None:
    folder = store(*(w for n, w in COPIES.items() if n not in ("as OGG in another folder", "with another suffix")))
    stored = LogitStore.open(folder)
    assert sorted(stored.recordings().keys() - set(stored.saw.among(stored.recordings(), stored.contents()))) == [
        "new50",
        "new51",
    ]


def test_copies_share_a_fold(labelled: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for way in (_renamed, _cut, _other_suffix_and_name):
        way(labelled, tmp_path)
    files = [*labelled.iterdir(), *tmp_path.glob("*.*")]
    contents = {p.stem: c for p in files if (c := content_of(decode(p))) is not None}
    found = copies(contents, contents)
    assert found["unheard_of"] == found["new"] == found["two"] != found["three"] == found["cut"]


def test_figures_say_what_the_scores_are(store: Callable[..., Path], tmp_path: Path) -> None:
    folder = store(_renamed)
    labels = tmp_path / "l.csv"
    rows = [f"{r},{s},{s + 5},{c}" for r in ("new50", "unheard_of") for s, c in ((0, "tone1"), (5, "tone2"))]
    labels.write_text("\n".join(["filename,start,end,primary_label", *rows]) + "\n")
    classes = LogitStore.open(folder).classes[:2]
    labels.write_text(labels.read_text().replace("tone1", classes[0]).replace("tone2", classes[1]))
    found = evaluate(folder, labels)
    assert found.kind == "in-sample"
    assert found.notes[0].startswith("in-sample: what made these scores learned from 1 of the 2 labelled recordings")


def test_a_file_away_from_its_run_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "away.csv"
    path.write_text("row_id,x\nr1_5,0.5\n")
    assert read_provenance(path) == Provenance()
    write_scores(read_scores(path, "prob"), path, provenance=Provenance("logit", Saw.of(["r1"]), "in-sample"))
    assert read_provenance(path) == Provenance("prob", Saw.of(["r1"]), "in-sample")
    path.with_name("away.csv.provenance.json").write_text("{}")
    with pytest.raises(BlendkitError, match="its provenance is damaged"):
        read_provenance(path)


def test_names_that_were_changed_after_scoring_are_unknown(saw: Saw) -> None:
    said = Provenance("logit", saw, "unknown", {**saw.contents, "new": AudioContent("1")})
    assert said.kind_on(["two", "new"]) == "in-sample"
    assert said.kind_on(["new", "silent"]) == "unseen"  # a recording without any sound has no content
    assert said.kind_on(["y1", "y2"]) == "unknown"
    assert Provenance("logit", Saw.of(["two"])).kind_on(["y1"]) == "unseen"  # by names alone: no audio was read


def test_an_out_of_fold_table_says_so(tmp_path: Path) -> None:
    said = Provenance("logit", Saw.of(["r1"]), "oof")
    held = {"logits": np.zeros((1, 1)), "row_ids": np.array(["r1_5"]), "classes": np.array(["x"])}
    np.savez(tmp_path / "oof.npz", **held, **{PROVENANCE: np.array([json.dumps(said.to_json())])})
    assert read_provenance(f"{tmp_path / 'oof.npz'}:logits") == said
    assert len(read_scores(f"{tmp_path / 'oof.npz'}:logits")) == 1


def test_an_artefact_is_refused_on_a_copy(saw: Saw, labelled: Path) -> None:
    content = content_of(decode(labelled / "two.wav"))
    assert content is not None
    for op_of, way in ((platt, "to cross-fit, or say"), (place_prior, "fit it on others, or say")):
        info = info_of(op_of)
        step: Any = SimpleNamespace(name=info.name, params={}, info=info)
        refuse_seen_by_step(step, saw, ["other"])
        with pytest.raises(BlendkitError, match=f"{info.name}: fitted on 1 of the recordings") as caught:
            refuse_seen_by_step(step, saw, ["other"], contents={"other": content})
        assert way in str(caught.value)


def test_the_page_lists_every_way() -> None:
    page = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert rows == [str(i + 1) for i in range(len(rows))]
    assert len(rows) >= 20
    assert [w for w in COPIES if w not in page] == []
