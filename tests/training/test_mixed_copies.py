"""Mixed copies of clips: who learns from them, who is judged on them (nobody), and what counts as seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.core import AudioContent, NameRule, Saw, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import read_provenance
from blendkit.store import FeatureStore, MixedCopy, Stored, mix_facts
from blendkit.training.cross_fit import fit_seqhead
from blendkit.training.examples import Examples, MixedCopies
from blendkit.training.fold_dealing import deal_folds
from blendkit.training.jobs.head_fit import labelled_examples
from blendkit.training.jobs.mixed_stores import with_mixed_copies
from blendkit.training.jobs.noisy_student import _refuse_learned
from blendkit.training.jobs.requests import HeadRequest, TrainingRows
from blendkit.training.outputs import Source, _facts, _seen_by, write_oof

Make = Callable[..., Examples]
SOUND = AudioContent("0123456789abcdef", ("a" * 12,), "")


def with_copies(e: Examples, clips: list[int], backgrounds: list[str]) -> Examples:
    """Return examples with a copy of each of these rows, in the background of the same place."""
    rows = replace(e.take(np.array(clips)), row_ids=np.array([f"{e.recording[i]}#mix1_5" for i in clips]))
    return replace(e, copies=MixedCopies(replace(rows, contents={"scape": SOUND}), np.array(backgrounds)))


def test_a_copy_is_learned_from_with_its_clip_unless_its_background_is_held_out(make_examples: Make) -> None:
    e = make_examples(4, 2)  # clips r0 to r3, chunks r4 and r5
    e = with_copies(e, [0, 1, 2, 3, 0], ["scape", "scape", "folder/R5", "scape", "r4"])
    assert e.copies is not None
    learn, unheard = e.take(np.array([0, 2, 3, 4])), e.take(np.array([1, 5]))
    # row 1 is of a clip that is not learned from; the background of row 2 is r5, by its base name
    assert e.copies.beside(learn, unheard).tolist() == [0, 3, 4]
    # by its content, the background `scape` is the recording r1
    alike = replace(unheard, contents={"r1": SOUND})
    assert e.copies.beside(learn, alike).tolist() == [4]


def test_a_fit_learns_from_copies_and_says_what_it_heard(make_examples: Make, head_fit: Any, tmp_path: Path) -> None:
    e = make_examples(18, 9)
    job = replace(head_fit, schedule=replace(head_fit.schedule, epochs=1), mixture=replace(head_fit.mixture, fewest=32))
    fold_of = dict(zip(e.recording.tolist(), deal_folds(e, 3).tolist(), strict=True))
    mixed = with_copies(e, [0, 1, 2], ["scape", "scape", "r20"])  # r20: a labelled chunk of some fold
    said: list[dict[str, Any]] = []
    fit = fit_seqhead(mixed, job, emit=lambda name, facts: said.append(facts) if name == "training" else None)
    assert fit.oof.shape == (len(e), 3)
    for f in (0, 1, 2):
        learned = {n for n in fold_of if fold_of[n] not in (f, (f + 1) % 3)}
        copies = [b for c, b in (("r0", "scape"), ("r1", "scape"), ("r2", "r20"))
                  if c in learned and (b == "scape" or b in learned)]  # fmt: skip
        assert fit.backgrounds[f] == set(copies)
        assert said[f]["rows"] == len(learned) + len(copies)
    assert fit.backgrounds[None] == {"scape", "r20"}
    assert said[3]["rows"] == len(e) + 3
    facts = _facts(job.shape, mixed, Source(("f",), "0" * 16, {}, "l.csv", None), _seen_by(fit, mixed, None))
    saw = Saw.from_json(facts)
    assert set(saw.recordings) == {*e.recording.tolist(), "scape"}
    assert saw.contents["scape"] == SOUND  # a copy of the background under another name is found by its sound
    write_oof(tmp_path, fit, mixed, Saw(), fit.oof)
    behind = read_provenance(tmp_path / "oof.npz")
    assert "scape" in behind.saw.recordings
    assert behind.kind == "oof"


def test_nothing_is_tested_on_a_background(make_examples: Make) -> None:
    e = with_copies(make_examples(4, 2), [0], ["scape"])
    test = replace(make_examples(0, 1, prefix="t"), recording=np.array(["Scape"]))
    with pytest.raises(BlendkitError, match="learn from 1 of its recordings"):
        _refuse_learned(test, e)


@pytest.fixture
def stores(tmp_path: Path) -> tuple[FeatureStore, FeatureStore]:
    """Clips x/1 (2 chunks) and y/2 (1), and one mixed copy of each with 1.5 and 1 chunks of audio."""
    found = []
    for name, chunks, facts in (
        ("clips", {"x/1": 2, "y/2": 1}, {}),
        ("mixed", {"x/1#mix1": 2, "y/2#mix1": 1}, mix_facts((0, 9), 1, 0)),
    ):
        store = FeatureStore.create(tmp_path / name, "a" * 16, {"p": (1,)}, {"facts": {}, **facts})
        rows = chunk_rows(chunks, 5.0, NameRule())
        if facts:
            made = {c: MixedCopy(c.removesuffix("#mix1"), "scape", 3.0) for c in chunks}
            store.say_mixed(made, {"scape": SOUND})
        values = np.arange(len(rows), dtype=np.float32)[:, None] + (10 if facts else 0)
        store.write(rows, [values], {r: Stored(r, n, "ok", "", 4.0 * n) for r, n in chunks.items()})
        found.append(FeatureStore.open(tmp_path / name))
    return found[0], found[1]


def test_a_store_of_copies_goes_beside_its_clips(stores: tuple[FeatureStore, FeatureStore], tmp_path: Path) -> None:
    clips, mixed = stores
    request = HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "mixed", tmp_path / "clips")), folds=2)
    e, notes = labelled_examples(request, [mixed, clips], ["p"])
    assert e.row_ids.tolist() == ["x/1_5", "x/1_10", "y/2_5"]
    assert e.copies is not None
    rows = e.copies.rows
    assert rows.row_ids.tolist() == ["x/1#mix1_5", "x/1#mix1_10", "y/2#mix1_5"]
    assert rows.recording.tolist() == rows.group.tolist() == ["x/1", "x/1", "y/2"]
    assert rows.features["p"].ravel().tolist() == [10, 11, 12]
    assert rows.targets.tolist() == [[1, 0], [1, 0], [0, 1]]
    assert e.copies.background.tolist() == ["scape"] * 3
    assert e.seen().contents == {"scape": SOUND}
    assert "scape" not in e.saw().recordings
    assert any("3 chunks of mixed copies, of 2 clips among 1 backgrounds" in n for n in notes)


def test_copies_need_their_clips(stores: tuple[FeatureStore, FeatureStore], tmp_path: Path) -> None:
    clips, mixed = stores
    request = HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "mixed",)), folds=2)
    with pytest.raises(BlendkitError, match="judged on these alone"):
        labelled_examples(request, [mixed], ["p"])
    e, _ = labelled_examples(
        HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "clips",)), folds=2), [clips], ["p"]
    )
    with pytest.raises(BlendkitError, match="mixed copies of 1 clips that no other store holds") as caught:
        with_mixed_copies(e.take(np.array([0, 1])), [mixed], ["p"])
    assert caught.value.problems[0] == "y/2"
    with pytest.raises(BlendkitError, match="the same name in two stores"):
        with_mixed_copies(e, [mixed, mixed], ["p"])


def test_a_background_with_the_name_of_another_sound_gets_one_of_its_own(
    stores: tuple[FeatureStore, FeatureStore], tmp_path: Path
) -> None:
    clips, mixed = stores
    e, _ = labelled_examples(
        HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "clips",)), folds=2), [clips], ["p"]
    )
    other = replace(SOUND, whole="f" * 16)
    found, _ = with_mixed_copies(replace(e, contents={"scape": other}), [mixed], ["p"])
    assert found.copies is not None
    assert set(found.copies.background.tolist()) == {"background/scape"}
    assert found.copies.rows.contents == {"scape": other, "background/scape": SOUND}


def test_what_is_masked_of_a_clip_is_masked_of_its_copies(
    stores: tuple[FeatureStore, FeatureStore], tmp_path: Path
) -> None:
    clips, mixed = stores
    e, _ = labelled_examples(
        HeadRequest(tmp_path, TrainingRows(features=(tmp_path / "clips",)), folds=2), [clips], ["p"]
    )
    counts = np.arange(e.targets.size).reshape(e.targets.shape) % 3 > 0
    found, _ = with_mixed_copies(replace(e, counts=counts), [mixed], ["p"])
    assert found.copies is not None
    rows, of = found.copies.rows, dict(zip(e.recording.tolist(), counts.tolist(), strict=True))
    assert rows.counts is not None
    assert rows.counts.tolist() == [of[r] for r in rows.recording.tolist()]
