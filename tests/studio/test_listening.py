"""What is listened to, and what becomes of the answers."""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.errors import BlendkitError
from blendkit.io import read_labels
from blendkit.offline.evaluation import evaluate
from blendkit.studio.class_page import one_class
from blendkit.studio.clip_sound import find_clip_sounds, log_mel
from blendkit.studio.given_answers import Given, open_answers
from blendkit.studio.opened_studio import Studio
from blendkit.studio.review_sheet import open_review_sheet

REVIEW = """\
clip,recording,start_s,end_s,class,name,score,stratum,stratum_chunks,inclusion_probability,answer
c1,X_Test_0001_S01_20250101_040000,0.0,5.0,amabird,"Ama alba",0.9,1,4,0.25,
c2,X_Test_0002_S02_20250102_160000,5.0,10.0,amabird,"Ama alba",0.8,1,4,0.25,n
"""


def test_orders_are_what_they_say(studio: Studio) -> None:
    heard = studio.listening
    assert heard.truth is not None
    column = heard.column("amabird")
    x, y = np.asarray(heard.main.values)[:, column], heard.truth[:, column]
    by = {
        o: [c["row"] for c in heard.chunks(o, "amabird", 5)["chunks"]] for o in ("top", "missed", "false", "uncertain")
    }
    assert by["top"] == np.argsort(-x, kind="stable")[:5].tolist()
    assert by["missed"] == sorted(np.flatnonzero(y), key=lambda i: x[i])[:5]
    assert by["false"] == sorted(np.flatnonzero(~y), key=lambda i: -x[i])[:5]
    edge = np.quantile(x, 1 - y.mean())
    assert by["uncertain"] == np.argsort(np.abs(x - edge), kind="stable")[:5].tolist()
    first = heard.chunks("disagreement", "", 1)["chunks"][0]
    ranks = [
        (s.values[:, heard.column(first["class"])].argsort().argsort() + 1) / 72
        for s in list(heard.scores.values())[1:]
    ]
    own = [r[first["row"]] for r in ranks]
    assert max(own) > 0.95
    assert min(own) < 0.5
    for order, name, said in (
        ("best", "amabird", "no order"),
        ("top", "", "choose a class"),
        ("top", "ama", "no class"),
    ):
        with pytest.raises(BlendkitError, match=said):
            heard.chunks(order, name, 5)


def test_costly_chunks_by_hand(studio: Studio) -> None:
    found = one_class(studio.listening, studio.live, "dowlark")
    heard = studio.listening
    assert heard.truth is not None
    x, y = np.asarray(heard.main.values)[:, heard.column("dowlark")], heard.truth[:, heard.column("dowlark")]
    for chunk in found["costly"]:
        i = chunk["row"]
        rivals = x[y != y[i]]
        wrong = (rivals > x[i]).sum() if y[i] else (rivals < x[i]).sum()
        assert chunk["pairs"] == wrong + (rivals == x[i]).sum() / 2
    assert sum(found["histogram"]["with"]) == found["positives"] == y.sum()
    assert set(found["curves"]) == {"cnn", "sed", "perch"}


def test_answers_become_labels_that_eval_reads(client: Any, studio: Studio, world: Path) -> None:
    heard = studio.listening
    top = heard.chunks("top", "amabird", 6)["chunks"]
    for chunk, answer in zip(top, "ynynuy", strict=True):
        told = client.post("do/answer", json={"row": chunk["row"], "class": "amabird", "by": "top", "answer": answer})
    labels = Path(told.json()["file"])
    assert labels.name == "amabird.csv"
    table = read_labels(labels)
    assert sum(len(s) for s in table.spans.values()) == 5  # unsure says nothing
    measured = evaluate(heard.main, labels)
    assert measured.labelled_rows == 5
    yes, no = (np.array([c["scores"]["mix"] for c, a in zip(top, "ynynuy", strict=True) if a == w]) for w in "yn")
    assert measured.macro == (yes[:, None] > no).mean()
    again = open_answers(studio.answers.folder)
    assert list(again.known.values()) == list(studio.answers.known.values())
    client.post("do/answer", json={"row": top[0]["row"], "class": "amabird", "by": "top", "answer": ""})
    assert sum(len(s) for s in read_labels(labels).spans.values()) == 4
    refused = client.post("do/answer", json={"row": top[0]["row"], "class": "amabird", "answer": "maybe"})
    assert "y, n or u" in refused.json()["error"]
    for body in (
        {"row": 9999, "class": "amabird", "answer": "y"},
        {"class": "amabird", "answer": "y"},
        {"row": 0, "answer": "y"},
    ):
        assert client.post("do/answer", json=body).status_code == 400


def test_a_review_keeps_its_probabilities(client: Any, studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "review.csv").write_text(REVIEW, encoding="utf-8")
    studio.sheet = open_review_sheet(tmp_path)
    clips = client.get("ask/review").json()["chunks"]
    assert [(c["number"], c["answer"], c["probability"]) for c in clips] == [(0, "", "0.25"), (1, "n", "0.25")]
    client.post("do/answer", json={"row": clips[0]["row"], "class": "amabird", "answer": "y", "number": 0})
    before, after = (list(csv.reader(t.splitlines())) for t in (REVIEW, (tmp_path / "review.csv").read_text()))
    assert after[1][-1] == "y"
    assert [r[:-1] for r in after] == [r[:-1] for r in before]
    assert (
        "it is y, n or u"
        in client.post("do/answer", json={"row": 0, "answer": "x", "number": 0, "class": "amabird"}).json()["error"]
    )
    assert not studio.answers.known


def given(class_id: str, recording: str, answer: str = "y") -> Given:
    return Given(recording, 0.0, 5.0, class_id, 0.5, "top", answer)


def test_two_studios_of_one_folder_keep_each_others_answers(tmp_path: Path) -> None:
    one, two = open_answers(tmp_path), open_answers(tmp_path)
    one.give(given("x", "r1"))
    one.give(given("x", "r2"))
    labels = two.give(given("x", "r3", "n"))
    assert {k[1] for k in open_answers(tmp_path).known} == {"r1", "r2", "r3"}
    assert set(read_labels(labels).spans) == {"r1", "r2", "r3"}
    one.give(given("x", "r1", ""))  # taken back
    assert {k[1] for k in open_answers(tmp_path).known} == {"r2", "r3"}
    (tmp_path / "answers.csv").unlink()
    two.give(given("x", "r4"))
    assert {k[1] for k in open_answers(tmp_path).known} == {"r1", "r2", "r3", "r4"}  # what it knew


@pytest.mark.parametrize(
    "name", ["=cmd()", "-dash", "+x", "@y", "Smith, J", "a;b", "a|b", 'say "a, b"', "Ünï, x", "['a']"]
)
def test_answers_for_a_class_of_any_name_are_labels_of_it(tmp_path: Path, name: str) -> None:
    answers = open_answers(tmp_path)
    answers.give(given(name, "-r1"))
    labels = answers.give(given(name, "r2", "n"))
    again = open_answers(tmp_path)
    assert again.known == answers.known
    assert {(g.class_id, g.recording) for g in again.known.values()} == {(name, "-r1"), (name, "r2")}
    found = read_labels(labels).spans
    assert {r: [set(c) for *_, c in spans] for r, spans in found.items()} == {"-r1": [{name}], "r2": [set()]}


def test_answers_that_are_written_into_the_table_meanwhile_stay(tmp_path: Path) -> None:
    (tmp_path / "review.csv").write_text(REVIEW, encoding="utf-8")
    sheet = open_review_sheet(tmp_path)
    text = (tmp_path / "review.csv").read_text(encoding="utf-8")
    (tmp_path / "review.csv").write_text(text.replace("0.25,n", "0.25,u"), encoding="utf-8")
    sheet.give(0, "y")
    assert [c["answer"] for c in open_review_sheet(tmp_path).clips()] == ["y", "u"]
    head, *lines = text.splitlines(keepends=True)  # sorted, and with the numbers of another program
    (tmp_path / "review.csv").write_text("".join([head, *lines[::-1]]).replace("0.0,", "0,"), encoding="utf-8")
    sheet.give(0, "n")
    assert [(c["clip"], c["answer"]) for c in open_review_sheet(tmp_path).clips()] == [("c2", "n"), ("c1", "n")]
    assert [c["clip"] for c in sheet.clips()] == ["c1", "c2"]  # as it was opened
    (tmp_path / "review.csv").write_text(text.replace("X_Test_0002", "X_Test_0009"), encoding="utf-8")
    for call in (lambda: sheet.give(0, "n"), sheet.clips):
        with pytest.raises(BlendkitError, match="not the table that was opened"):
            call()


def test_an_answer_leaves_all_other_cells_as_safe_as_they_were(tmp_path: Path) -> None:
    text = REVIEW.replace("amabird", "'=cmd()").replace("X_Test_0001", "'-X").replace(",", ";")
    (tmp_path / "review.csv").write_text(text, encoding="utf-8")
    sheet = open_review_sheet(tmp_path)
    assert sheet.clips()[0]["class"] == "=cmd()"
    sheet.give(0, "y")
    assert (tmp_path / "review.csv").read_text(encoding="utf-8") == text.replace(";0.25;\n", ";0.25;y\n").replace(
        '"', ""
    )


def test_no_answer_is_lost_while_the_clips_are_asked_for(tmp_path: Path) -> None:
    lines = [f"c{i},r{i},0.0,5.0,x,X,0.9,1,4,0.25," for i in range(30)]
    (tmp_path / "review.csv").write_text("\n".join([REVIEW.splitlines()[0], *lines]) + "\n", encoding="utf-8")
    sheet, before = open_review_sheet(tmp_path), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(sheet.clips) for _ in range(60)]
            for i in range(30):
                sheet.give(i, "y")
            assert all(len(a.result()) == 30 for a in asked)
    finally:
        sys.setswitchinterval(before)
    assert [c["answer"] for c in open_review_sheet(tmp_path).clips()] == ["y"] * 30


@pytest.mark.parametrize(("text", "said"), [("a,b\n1,2\n", "no column recording"), (REVIEW + "c3,x\n", "line 4 has 2")])
def test_other_tables_are_no_review(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "review.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BlendkitError, match=said):
        open_review_sheet(tmp_path)


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8-sig", ";"), ("utf-16", "\t"), ("latin-1", ";")])
def test_a_review_that_a_spreadsheet_saved(tmp_path: Path, encoding: str, separator: str) -> None:
    text = REVIEW.replace("alba", "älba").replace(",", separator)
    (tmp_path / "review.csv").write_text(text, encoding=encoding)
    sheet = open_review_sheet(tmp_path)
    sheet.give(0, "y")
    assert [c["answer"] for c in open_review_sheet(tmp_path).clips()] == ["y", "n"]
    assert open_review_sheet(tmp_path).clips()[1]["name"] == "Ama älba"


def test_answers_that_a_spreadsheet_saved_are_known(tmp_path: Path) -> None:
    header = "recording;start_s;end_s;class;score;by;inclusion_probability;answer"
    (tmp_path / "answers.csv").write_text(f"{header}\nr;0;5;Ä;0.5;top;;y\n", encoding="latin-1")
    (one,) = open_answers(tmp_path).known.values()
    assert (one.class_id, one.answer, one.probability) == ("Ä", "y", None)


def test_answers_that_cannot_be_read_are_not_lost(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("recording,start_s\nx,1\n", encoding="utf-8")
    with pytest.raises(BlendkitError, match="not the answers of a studio"):
        open_answers(tmp_path)


def test_a_tone_lies_at_its_frequency_and_a_quiet_half_is_dark() -> None:
    rate, t = 16_000, np.arange(16_000) / 16_000
    tone = (np.sin(2 * np.pi * 2000 * t) * (t < 0.5)).astype(np.float32)
    cells = log_mel(tone, rate, 8000)
    loudest = int(cells[:, : cells.shape[1] // 3].mean(axis=1).argmax())
    mel = 2595 * np.log10(1 + np.array([20, 2000, 8000]) / 700)
    assert loudest == pytest.approx(128 * (mel[1] - mel[0]) / (mel[2] - mel[0]), abs=2)
    assert cells.max() == 255
    assert cells[:, -cells.shape[1] // 3 :].max() == 0
    assert log_mel(np.zeros(300, np.float32), rate, 8000).shape[0] == 128


def test_recordings_of_other_names_are_said(tmp_path: Path, world: Path) -> None:
    with pytest.raises(BlendkitError, match="holds none of the recordings"):
        find_clip_sounds(world / "audio", ["other"], tmp_path)


def test_a_page_is_told_all_that_it_needs(client: Any) -> None:
    about = client.get("ask/about").json()
    assert about["audio"]["recordings"] == 2
    assert about["halves"]["recordings"] == {"looked": 6, "held": 6}
    assert next(v["address"] for v in about["controls"]["values"]) == "members.sed.steps.gaussian.sigma"
    assert client.get("ask/report").json()["main"] == "mix"
    assert client.get("ask/coverage").json()["covered"]["mix"] == "11111"
    assert client.get("ask/ledger").json()["entries"] == []
    assert [b["name"] for b in client.post("do/graph", json={"values": {}}).json()["graph"]["boxes"]][-1] == "mix"
    assert (
        client.get("picture", params={"recording": "X_Test_0001_S01_20250101_040000", "start": 0, "end": 5}).headers[
            "x-mels"
        ]
        == "128"
    )
