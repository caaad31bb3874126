"""Reviews of small score files: what is drawn, what is refused, and what answers say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from blendkit.core import NameRule, Scores, Taxonomy, chunk_rows
from blendkit.detecting import DrawRule, Reading, ReviewRule, ThresholdRule, detect, read_review, review
from blendkit.errors import BlendkitError
from blendkit.io import read_labels, write_scores
from blendkit.io.answer_words import meaning_of

ROWS = chunk_rows({f"site/R{i}": 10 for i in range(6)}, 5.0, NameRule())
RNG = np.random.default_rng(0)
TRUTH = RNG.random((60, 2)) < 0.4
SCORES = Scores.build(np.round(0.5 * TRUTH + 0.5 * RNG.random((60, 2)), 3), ROWS, ("ara", "frog"), "prob")
OTHER = Scores.build(RNG.random((60, 2)), ROWS, ("ara", "frog"), "prob")
FEW = DrawRule(per_class=24, strata=4)
AT = {(r, s): i for i, (r, s) in enumerate(zip(ROWS.recording.tolist(), ROWS.start_s.tolist(), strict=True))}


def answered(folder: Path, truth: np.ndarray = TRUTH, **changes: str) -> pd.DataFrame:
    """Write the true answers into a review's table; changes: others, by clip."""
    table = pd.read_csv(folder / "review.csv", dtype={"clip": str}, keep_default_na=False)
    for i, row in table.iterrows():
        true = truth[AT[row["recording"], row["start_s"]], SCORES.classes.index(row["class"])]
        table.loc[i, "answer"] = changes.get(row["clip"], "y" if true else "n")
    table.to_csv(folder / "review.csv", index=False)
    return table


def test_what_is_drawn(tmp_path: Path) -> None:
    found = review(SCORES, tmp_path / "r", FEW)
    table = pd.read_csv(tmp_path / "r/review.csv", keep_default_na=False)
    assert list(table.columns) == [
        "clip", "recording", "start_s", "end_s", "class", "name", "score", "stratum", "stratum_chunks",
        "inclusion_probability", "answer",
    ]  # fmt: skip
    assert table.groupby("class").size().to_dict() == {"ara": 24, "frog": 24}
    assert (1 / table["inclusion_probability"]).groupby(table["class"]).sum().to_dict() == pytest.approx(
        {"ara": 60, "frog": 60}
    )
    assert set(table["answer"]) == {""}
    for _, row in table.iterrows():
        assert row["score"] == SCORES.values[AT[row["recording"], row["start_s"]], SCORES.classes.index(row["class"])]
    assert table["clip"][0].startswith("ara/site_R")
    assert "Review(48 clips of 2 classes" in repr(found)
    frame = found.to_frame()
    assert frame["clips"].tolist() == [6, 6, 6, 6] * 2
    assert frame["chunks"].groupby(frame["class"]).sum().tolist() == [60, 60]
    assert (frame["highest"] >= frame["lowest"]).all()
    combined = pd.read_csv(tmp_path / "r/raven/combined.selections.txt", sep="\t", keep_default_na=False)
    assert sorted(combined["Clip"]) == sorted(table["clip"])
    assert set(combined["Answer"]) == {""}


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    mixed = SCORES.take_rows(np.random.default_rng(5).permutation(60))
    for name, scores, rule in (("a", SCORES, FEW), ("b", mixed, FEW), ("c", SCORES, replace(FEW, seed=1))):
        review(scores, tmp_path / name, rule)
    one, same, other = ((tmp_path / n / "review.csv").read_bytes() for n in "abc")
    assert one == same != other


def test_by_disagreement(tmp_path: Path) -> None:
    write_scores(SCORES, tmp_path / "one.csv")
    part = Scores.build(OTHER.values[:50, :1], ROWS.take(np.arange(50)), ("ara",), "prob")
    write_scores(part, tmp_path / "two.csv")
    rule = replace(FEW, by="disagreement")
    found = review(tmp_path / "one.csv", tmp_path / "r", rule, others=[tmp_path / "two.csv"])
    said = " ".join(found.notes)
    assert "10 of 60 chunks are not in two, and get its median there" in said
    assert "no clip of 1 classes is drawn, for fewer than two sources score them: frog" in said
    table = pd.read_csv(tmp_path / "r/review.csv", keep_default_na=False)
    assert table.groupby("stratum")["disagreement"].min().is_monotonic_decreasing
    with pytest.raises(BlendkitError, match="one stream of scores cannot disagree"):
        review(tmp_path / "one.csv", tmp_path / "s", rule)
    with pytest.raises(BlendkitError, match="takes one source"):
        review(tmp_path / "one.csv", tmp_path / "s", FEW, others=[tmp_path / "two.csv"])
    assert not (tmp_path / "s").exists()


def test_by_uncertainty(tmp_path: Path) -> None:
    rule = replace(FEW, by="uncertainty")
    found = review(SCORES, tmp_path / "r", rule)
    sure = np.abs(found.clips.score - 0.5)
    assert sure[found.clips.stratum == 1].max() <= sure[found.clips.stratum == 4].min()
    review(replace(SCORES, space="unknown"), tmp_path / "s", replace(rule, thresholds=ThresholdRule(value=0.3)))
    with pytest.raises(BlendkitError, match="give --threshold or --thresholds"):
        review(replace(SCORES, space="rank"), tmp_path / "t", rule)
    with pytest.raises(BlendkitError, match="serves --by uncertainty alone"):
        DrawRule(thresholds=ThresholdRule(value=0.3))


def test_clips_are_cut_from_the_recordings(tmp_path: Path, write_wav: Callable[..., Path]) -> None:
    rate = 1000
    for i in range(5):  # R5 has no audio; the samples of each second are its number
        write_wav(tmp_path / f"audio/site/R{i}.wav", (np.arange(50 * rate) // rate / 100).astype(np.float32), rate)
    reading = Reading(audio=tmp_path / "audio")
    found = review(SCORES, tmp_path / "r", FEW, reading=reading, cut_audio=True, context_s=1)
    assert "site/R5" not in found.clips.recording
    assert "10 of 60 chunks, of 1 recordings, cannot be drawn" in " ".join(found.notes)
    assert found.to_frame()["chunks"].groupby(found.to_frame()["class"]).sum().tolist() == [50, 50]
    for clip, start, end in zip(found.clips.clip, found.clips.start_s, found.clips.end_s, strict=True):
        samples, _ = soundfile.read(tmp_path / f"r/clips/{clip}.wav")
        seconds = np.round(samples[::rate] * 100).tolist()
        assert seconds == list(range(int(max(start - 1, 0)), int(min(end + 1, 50))))
    with pytest.raises(BlendkitError, match="--clips needs --audio"):
        review(SCORES, tmp_path / "s", FEW, cut_audio=True)
    count = len(found)
    with pytest.raises(BlendkitError, match=rf"would cut {count} clips of 2 classes, 0 hours .*at most {count - 1}"):
        review(SCORES, tmp_path / "s", FEW, reading=reading, cut_audio=True, most_clips=count - 1)
    assert not (tmp_path / "s").exists()
    assert len(review(SCORES, tmp_path / "s", FEW, reading=reading, cut_audio=True, most_clips=count)) == count


def test_a_recording_that_cannot_be_read_leaves_its_clips_without_sound(
    tmp_path: Path, write_wav: Callable[..., Path]
) -> None:
    for i in range(6):
        write_wav(tmp_path / f"audio/site/R{i}.wav", np.zeros(1000 * (50 if i else 7), np.float32), 1000)
    (tmp_path / "audio/site/R1.wav").write_bytes(b"RIFF" + bytes(60))
    rule = DrawRule(per_class=60)
    found = review(SCORES, tmp_path / "r", rule, reading=Reading(audio=tmp_path / "audio"), cut_audio=True)
    assert "36 clips of 2 recordings could not be cut" in " ".join(found.notes)
    assert (
        len(list((tmp_path / "r/clips").rglob("*.wav"))) == 120 - 36
    )  # of R1 all, and of R0 all but the first two chunks


def test_answers_are_never_overwritten(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", FEW)
    review(SCORES, tmp_path / "r", replace(FEW, per_class=12))  # nothing was answered yet
    before = answered(tmp_path / "r")
    with pytest.raises(BlendkitError, match=r"review\.csv changed since it was written, and may hold answers"):
        review(SCORES, tmp_path / "r", FEW)
    assert pd.read_csv(tmp_path / "r/review.csv").equals(before.astype(pd.read_csv(tmp_path / "r/review.csv").dtypes))


def test_answers_give_precision_thresholds_and_labels(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", DrawRule(per_class=60))  # all chunks: then every figure is the true one
    table = answered(tmp_path / "r")
    found = read_review(tmp_path / "r", tmp_path / "a", ReviewRule(precision=0.8))
    frame = pd.read_csv(tmp_path / "a/precision.csv")
    for _, row in frame.iterrows():
        c = SCORES.classes.index(row["class"])
        above = SCORES.values[:, c] >= row["threshold"]
        true = TRUTH[above, c].mean()
        assert (row["precision"], row["low"], row["high"]) == pytest.approx((true, true, true))
        assert row["chunks"] == pytest.approx(above.sum())
    assert found.thresholds is not None
    for c, threshold in enumerate(found.thresholds.values):
        assert TRUTH[SCORES.values[:, c] >= threshold, c].mean() >= 0.8
    hits = detect(SCORES, tmp_path / "d", ThresholdRule(file=tmp_path / "a/thresholds.csv"))
    assert len(hits) == (SCORES.values >= found.thresholds.values).sum()
    labels = read_labels(tmp_path / "a/labels/ara.csv")
    truth, labelled = labels.matrix(ROWS, SCORES.classes)
    assert labelled.all()
    assert truth[:, 0].tolist() == TRUTH[:, 0].tolist()
    assert not truth[:, 1].any()  # a clip that was heard for one class says nothing of others
    assert len(table) == 120
    assert "Reviewed(120 of 120 clips answered, 2 classes)" in repr(found)


def test_few_answers_give_no_threshold(tmp_path: Path) -> None:
    made = review(SCORES, tmp_path / "r", FEW)
    ara = [c for c in made.clips.clip if c.startswith("ara/")]
    lowest = [c for c, s in zip(made.clips.clip, made.clips.stratum, strict=True) if s == 4 and c.startswith("ara")]
    answered(tmp_path / "r", **{c: "" for c in made.clips.clip if c not in ara}, **dict.fromkeys(lowest, "u"))
    found = read_review(tmp_path / "r/review.csv", tmp_path / "a", ReviewRule(precision=0.9, fewest=20))
    assert found.thresholds is not None
    assert found.thresholds.why == (
        "too few answers: 18, at least 20 are needed",
        "too few answers: 0, at least 20 are needed",
    )
    assert set(found.shares) == {"ara"}
    highest = max(s for c, s in zip(made.clips.clip, made.clips.score, strict=True) if c in lowest)
    assert min(t for t, _ in found.shares["ara"]) > highest  # nobody answered in the lowest stratum
    assert "1 classes have strata without any answer" in " ".join(found.notes)


def test_answers_in_raven_tables(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", FEW)
    for path in (tmp_path / "r/raven").rglob("*.txt"):
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).rename(columns={"Answer": "Annotation"})
        table["Annotation"] = "Y"
        table.to_csv(path, sep="\t", index=False)
    found = read_review(tmp_path / "r", tmp_path / "a")
    assert set(found.clips.answer) == {"y"}
    assert "48 answers come from Raven selections" in found.notes
    answered(tmp_path / "r", np.zeros((60, 2), bool))
    with pytest.raises(BlendkitError, match="is answered y here and n elsewhere"):
        read_review(tmp_path / "r", tmp_path / "b")


def test_tables_that_say_nothing_or_nonsense(tmp_path: Path) -> None:
    made = review(SCORES, tmp_path / "r", FEW)
    path = tmp_path / "r/review.csv"
    with pytest.raises(BlendkitError, match="no clip is answered y or n"):
        read_review(tmp_path / "r", tmp_path / "a")
    answered(tmp_path / "r", **{made.clips.clip[0]: "maybe"})
    with pytest.raises(BlendkitError, match="line 2: answer 'maybe', expected y, n or u"):
        read_review(path, tmp_path / "a")
    table = answered(tmp_path / "r")
    table.iloc[1:].to_csv(path, index=False)
    with pytest.raises(BlendkitError, match="1 strata have lost or gained lines"):
        read_review(path, tmp_path / "a")
    table.drop(columns="stratum").to_csv(path, index=False)
    with pytest.raises(BlendkitError, match="no column stratum"):
        read_review(path, tmp_path / "a")
    pd.concat([table, table.iloc[:1]]).to_csv(path, index=False)
    with pytest.raises(BlendkitError, match="clips listed twice"):
        read_review(path, tmp_path / "a")
    with pytest.raises(BlendkitError, match="no such file"):
        read_review(tmp_path / "nowhere", tmp_path / "a")
    assert not (tmp_path / "a").exists()
    table.to_csv(path, index=False, sep=";", decimal=",")  # as a spreadsheet saves it
    assert len(read_review(path, tmp_path / "a").clips) == 48


def test_names_of_classes_and_formulas(tmp_path: Path) -> None:
    odd = Scores.build(SCORES.values, ROWS, ("=1+1", "frog"), "prob")
    taxonomy = Taxonomy({"=1+1": {"common_name": "Blue Macaw"}, "frog": {"common_name": "Frog"}})
    review(odd, tmp_path / "r", FEW, naming="common", reading=Reading(taxonomy=taxonomy))
    table = pd.read_csv(tmp_path / "r/review.csv", keep_default_na=False)
    assert set(table["name"]) == {"Blue Macaw", "Frog"}
    assert set(table["class"]) == {"'=1+1", "frog"}
    table["answer"] = "y"
    table.to_csv(tmp_path / "r/review.csv", index=False)
    found = read_review(tmp_path / "r", tmp_path / "a")
    assert set(found.shares) == {"=1+1", "frog"}


def test_the_seal_says_how_it_was_drawn(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", FEW)
    facts = json.loads((tmp_path / "r/review.json").read_text(encoding="utf-8"))
    assert (facts["by"], facts["per_class"], facts["strata"], facts["seed"], facts["clips"]) == ("score", 24, 4, 0, 48)
    assert len(facts["drawn"]["score"]) == 48


def test_edited_cells_are_named(tmp_path: Path) -> None:
    """A sorted or recalculated column would give every answer to another clip, and the figures would not show it."""
    review(SCORES, tmp_path / "r", FEW)
    table = answered(tmp_path / "r")
    edits = {"score": 0.125, "recording": "site/R9", "end_s": 7.0}
    for column, value in edits.items():
        other = table.copy()
        was, clip = other.at[3, column], other.at[3, "clip"]
        other.at[3, column] = value
        other.to_csv(tmp_path / "r/review.csv", index=False)
        with pytest.raises(BlendkitError, match="1 cells were edited") as caught:
            read_review(tmp_path / "r", tmp_path / "a")
        assert caught.value.problems[0] == f"clip {clip!r}: {column} is {value}, and was drawn as {was}"
    other = table.assign(score=table["score"].to_numpy()[::-1])
    other.to_csv(tmp_path / "r/review.csv", index=False)
    with pytest.raises(BlendkitError, match="cells were edited"):
        read_review(tmp_path / "r/review.csv", tmp_path / "a")
    table.sort_values("end_s").to_csv(tmp_path / "r/review.csv", index=False)  # whole rows may have another order
    assert len(read_review(tmp_path / "r", tmp_path / "a").clips) == 48


def test_labels_of_a_draw_say_so_and_choose_no_threshold(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", DrawRule(per_class=24))
    answered(tmp_path / "r")
    read_review(tmp_path / "r", tmp_path / "a")
    drawn = pd.read_csv(tmp_path / "r/review.csv").query("`class` == 'ara'")
    table = pd.read_csv(tmp_path / "a/labels/ara.csv")
    assert sorted(table["inclusion_probability"]) == pytest.approx(sorted(drawn["inclusion_probability"]))
    labels = read_labels(tmp_path / "a/labels/ara.csv")
    assert labels.drawn
    assert any("of drawn clips" in n for n in labels.notes)
    rule = ThresholdRule(precision=0.8, labels=tmp_path / "a/labels/ara.csv")
    with pytest.raises(BlendkitError, match="these clips were drawn: the precision among them is not that of all"):
        detect(SCORES, tmp_path / "d", rule)


def test_labels_of_chunks_that_were_all_heard_are_labels_like_others(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", DrawRule(per_class=60))
    answered(tmp_path / "r")
    read_review(tmp_path / "r", tmp_path / "a")
    assert not read_labels(tmp_path / "a/labels/ara.csv").drawn


def test_a_stratum_that_was_answered_alone_is_a_draw_too(tmp_path: Path) -> None:
    review(SCORES, tmp_path / "r", DrawRule(per_class=24))
    table = answered(tmp_path / "r")
    table.loc[table["stratum"] != 2, "answer"] = ""
    table.to_csv(tmp_path / "r/review.csv", index=False)
    read_review(tmp_path / "r", tmp_path / "a")
    assert pd.read_csv(tmp_path / "a/labels/ara.csv")["inclusion_probability"].nunique() == 1
    assert read_labels(tmp_path / "a/labels/ara.csv").drawn


@pytest.mark.parametrize(
    ("text", "answer"),
    [("Ja", "y"), (" sí ", "y"), ("oui", "y"), ("NÃO", "n"), ("nein", "n"), ("non", "n"), ("unklar", "u"), ("", ""),
     ("maybe", None)],
)  # fmt: skip
def test_answers_in_other_languages(text: str, answer: str | None) -> None:
    assert meaning_of(text) == answer


def test_few_clips_of_a_class_are_half_the_highest(tmp_path: Path) -> None:
    clips = review(SCORES, tmp_path / "r", DrawRule(per_class=6, by="uncertainty")).clips
    near = np.abs(SCORES.values[:, 0] - 0.5)
    own = clips.score[(clips.stratum == 1) & (np.array(clips.class_id) == SCORES.classes[0])]
    assert len(own) == 3
    assert sorted(np.abs(own - 0.5)) == pytest.approx(sorted(near)[:3])
    notes = review(SCORES, tmp_path / "s", DrawRule(per_class=3, by="uncertainty")).notes
    assert any(n.startswith("so few clips of a class (3) come from one stratum: any chunk is as likely") for n in notes)
    with pytest.raises(
        BlendkitError, match="what clips are drawn by: expected one of score, disagreement, uncertainty"
    ):
        DrawRule(by="uncertain")  # type: ignore[arg-type]
