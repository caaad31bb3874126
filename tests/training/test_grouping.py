"""Which recordings share a fold: by name, by a table's column, by site and day; and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blendkit.core import AudioContent
from blendkit.core.group_links import linked_groups
from blendkit.errors import BlendkitError
from blendkit.training.examples import Examples, with_copies_together
from blendkit.training.fold_dealing import deal_folds
from blendkit.training.jobs.grouping import grouping_of, grouping_problems, with_groups
from blendkit.training.jobs.requests import TrainingRows

CLIPS = ("x/XC1-ann", "x/XC2-bob", "y/XC3-ann")
SCAPES = ("P_S01_20240101_050000", "P_S01_20240102_050000", "P_S02_20240101_050000")


def examples(clips: tuple[str, ...] = CLIPS, chunks: tuple[str, ...] = SCAPES) -> Examples:
    """Two rows of every recording."""
    names = np.repeat([*clips, *chunks], 2)
    kind = np.repeat(["clip"] * len(clips) + ["chunk"] * len(chunks), 2)
    n = len(names)
    ids = np.array([f"{r}_{i}" for i, r in enumerate(names)])
    return Examples({}, np.ones((n, 1), np.float32), ids, names, names, kind, ("x",))


def groups(rows: TrainingRows, e: Examples | None = None) -> tuple[dict[str, str], list[str]]:
    made, notes = with_groups(e or examples(), rows)
    return dict(zip(made.recording.tolist(), made.group.tolist(), strict=True)), notes


def rows(**asked: Any) -> TrainingRows:
    return TrainingRows((Path("clips"),), Path("scapes"), Path("l.csv"), **asked)


def table(tmp_path: Path, *lines: str, header: str = "primary_label,author,filename") -> Path:
    (tmp_path / "train.csv").write_text("\n".join([header, *lines]) + "\n")
    return tmp_path / "train.csv"


AUTHORS = ("x,Ann,x/XC1-ann.ogg", "x,Bob,x/XC2-bob.ogg", "y,Ann,y/XC3-ann.ogg")


def test_every_recording_is_a_group_unless_asked() -> None:
    found, notes = groups(rows())
    assert found == {r: r for r in (*CLIPS, *SCAPES)}
    assert notes == []
    assert grouping_of(rows()) is None


def test_a_pattern_groups_clips_alone() -> None:
    found, notes = groups(rows(group=r"-(\w+)"))
    assert [found[r] for r in CLIPS] == ["ann", "bob", "ann"]
    assert all(found[r] == r for r in SCAPES)
    assert notes == [r"5 groups by -(\w+); 0 of them hold clips and chunks"]


def test_a_column_groups_clips_and_the_soundscapes_it_lists(tmp_path: Path) -> None:
    path = table(tmp_path, *AUTHORS, f",Bob,{SCAPES[0]}.ogg", f",Eve,audio/{SCAPES[1]}.ogg", "z,Zoe,elsewhere.ogg")
    asked = rows(group="author", metadata=path)
    found, notes = groups(asked)
    assert [found[r] for r in (*CLIPS, *SCAPES)] == ["Ann", "Bob", "Ann", "Bob", "Eve", SCAPES[2]]
    assert notes == [
        "4 groups by author of train.csv; 1 of them hold clips and chunks",
        "train.csv lacks 1 of 3 soundscapes: each is a group of its own",
    ]
    made, _ = with_groups(examples(), asked)
    fold = deal_folds(made, 2)
    assert len(set(fold[made.group == "Bob"].tolist())) == 1  # of clips and chunks


def test_a_recordist_and_a_site_that_share_a_soundscape_are_one_group(tmp_path: Path) -> None:
    path = table(tmp_path, *AUTHORS, f",Bob,{SCAPES[0]}.ogg")
    found, notes = groups(rows(group="author", metadata=path, soundscape_group="site"))
    assert [found[r] for r in (*CLIPS, *SCAPES)] == ["Ann", "Bob", "Ann", "Bob", "Bob", "S02"]
    assert notes[0] == "3 groups by author of train.csv and site of soundscapes; 1 of them hold clips and chunks"


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("site", ["S01", "S01", "S02"]),
        ("day", ["2024-01-01", "2024-01-02", "2024-01-01"]),
        ("site-day", ["S01 2024-01-01", "S01 2024-01-02", "S02 2024-01-01"]),
        (r"S0(\d)", ["1", "1", "2"]),
    ],
)
def test_soundscapes_are_grouped_by_their_names(by: str, wanted: list[str]) -> None:
    found, _ = groups(rows(soundscape_group=by))
    assert [found[r] for r in SCAPES] == wanted
    assert [found[r] for r in CLIPS] == list(CLIPS)


def test_recordings_without_an_author_stay_alone_and_are_named(tmp_path: Path) -> None:
    path = table(tmp_path, "x,,x/XC1-ann.ogg", *AUTHORS[1:])
    found, notes = groups(rows(group="author", metadata=path), examples(chunks=()))
    assert [found[r] for r in CLIPS] == ["x/XC1-ann", "Bob", "Ann"]
    assert notes == [
        "3 groups by author of train.csv",
        "1 recordings have no author: each is a group of its own: x/XC1-ann",
    ]


def test_what_a_table_cannot_say_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, *AUTHORS[:2])
    with pytest.raises(BlendkitError, match="1 of 3 clips are not in it") as caught:
        groups(rows(group="author", metadata=path))
    assert caught.value.problems[0] == "y/XC3-ann"
    with pytest.raises(BlendkitError) as caught:
        groups(rows(group="autor", metadata=path))
    assert "no column 'autor' (did you mean 'author'?)" in caught.value.problems[0]
    path = table(tmp_path, "Ann,1", header="author,number")
    with pytest.raises(BlendkitError) as caught:
        groups(rows(group="author", metadata=path))
    assert "no column that names recordings" in caught.value.problems[0]
    path = table(tmp_path, *AUTHORS, "x,Eve,x/XC1-ann.ogg", "x,Eve,")
    with pytest.raises(BlendkitError, match="2 lines that give no one author") as caught:
        groups(rows(group="author", metadata=path))
    assert list(caught.value.problems) == [
        "line 5: x/XC1-ann.ogg has the author 'Eve', and 'Ann' before",
        "line 6: no filename",
    ]


def test_names_without_a_site_are_named() -> None:
    e = examples(chunks=(*SCAPES, "odd"))
    with pytest.raises(BlendkitError, match="--soundscape-group site-day: 1 names give no site and date") as caught:
        groups(rows(soundscape_group="site-day"), e)
    assert caught.value.problems[0] == "odd"
    with pytest.raises(BlendkitError, match=r"--soundscape-group: '\(P_\)' gives all 3 names one group"):
        groups(rows(soundscape_group="(P_)"))


def test_options_without_effect_are_problems(tmp_path: Path) -> None:
    assert grouping_problems(rows(group="a", metadata=tmp_path, soundscape_group="site")) == []
    alone = TrainingRows((), Path("s"), Path("l"), group="a")
    assert "--soundscape-group" in grouping_problems(alone)[0]
    both = grouping_problems(TrainingRows((Path("c"),), metadata=tmp_path, soundscape_group="site"))
    assert len(both) == 2


def test_links_join_chains_of_groups() -> None:
    assert linked_groups([("c", "b"), ("d", "e"), ("b", "a")]) == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"}
    assert linked_groups([]) == {}


def test_copies_of_a_recording_join_their_groups() -> None:
    same = AudioContent("0" * 16)
    e = replace(examples(), contents={CLIPS[1]: same, SCAPES[2]: same})
    made, _ = with_groups(e, rows(group=r"-(\w+)", soundscape_group="site"))
    joined, notes = with_copies_together(made)
    found = dict(zip(joined.recording.tolist(), joined.group.tolist(), strict=True))
    assert [found[r] for r in (*CLIPS, *SCAPES)] == ["ann", "S02", "ann", "S01", "S01", "S02"]
    assert notes[0].startswith("1 recordings are copies or cuts of others and share their fold")


def test_a_table_of_secondary_labels_groups_nothing_by_itself(tmp_path: Path) -> None:
    asked = rows(metadata=tmp_path / "train.csv", secondary="mask")
    assert grouping_problems(asked) == []
    assert grouping_of(asked) is None
    assert (
        grouping_of(rows(metadata=tmp_path / "train.csv", secondary="mask", soundscape_group="site"))
        == "site of soundscapes"
    )
    assert groups(rows(metadata=tmp_path / "train.csv", secondary="mask", soundscape_group="site"))[0]["x/XC1-ann"] == "x/XC1-ann"  # fmt: skip
    assert "--metadata needs --group" in grouping_problems(rows(metadata=tmp_path / "train.csv"))[0]


def test_soundscapes_that_look_like_cuts_by_their_names_are_noted() -> None:
    cuts = tuple(f"P_S0{i}_20240101_050000_{k:02d}" for i in (1, 2) for k in (0, 10, 20))
    (said,) = groups(rows(), examples(chunks=cuts))[1]
    assert said.startswith("the names of 6 of 6 soundscapes differ in a last number alone")
    assert "--soundscape-group '(.+)[_-]\\d{1,4}' keeps those of one in one fold" in said
    kept, _ = groups(rows(soundscape_group=r"(.+)[_-]\d{1,4}"), examples(chunks=cuts))
    assert len({kept[r] for r in cuts}) == 2
    assert groups(rows())[1] == []  # a time of day is no number of a cut
    assert groups(rows(), examples(chunks=("X_Test_0001", "X_Test_0002", "X_Test_0003")))[1] == []  # numbers of files
