"""Answers of somebody who listens: a table of them, labels that `eval` reads, or the column of a review's table."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from blendkit.errors import BlendkitError
from blendkit.io import csv_text, file_stems, label_cell, open_table, score_cell, seconds_cell, text_cell
from blendkit.store import make_folder, write_text

Answer = Literal["y", "n", "u"]
_TABLE, _LABELS = "answers.csv", "labels"
_HEADER = ("recording", "start_s", "end_s", "class", "score", "by", "inclusion_probability", "answer")
_ANSWERS: tuple[str, ...] = get_args(Answer)


@dataclass(frozen=True)
class Given:
    """One answer: y, n, u (unsure) or "" to take it back, for a class in a span of a recording, in seconds.

    by: the order in which the chunk was found; probability: with which it was drawn, None where it was chosen by hand.
    """

    recording: str
    start_s: float
    end_s: float
    class_id: str
    score: float
    by: str
    answer: str
    probability: float | None = None

    @property
    def key(self) -> tuple[str, str, float]:
        """What is answered."""
        return self.class_id, self.recording, self.start_s


@dataclass(eq=False)
class GivenAnswers:
    """Answers in a folder: `answers.csv`, and for every class `labels/<class>.csv`, whole after each answer.

    A class has a file of its own: a chunk that was heard for one class says nothing of others. The table is read anew
    before an answer is written: a second studio may have the same folder, or somebody the file in a spreadsheet.
    """

    folder: Path
    known: dict[tuple[str, str, float], Given] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, one: Given) -> Path:
        """Keep an answer and write the files; return the file of labels.

        Raises BlendkitError for an unknown answer, and as `open_answers` does for a table that was damaged meanwhile.
        """
        if one.answer not in (*_ANSWERS, ""):
            raise BlendkitError(f"an answer is y, n or u, got {one.answer!r}")
        with self._lock:
            if (self.folder / _TABLE).exists():
                self.known = open_answers(self.folder).known
            if one.answer:
                self.known[one.key] = one
            else:
                self.known.pop(one.key, None)
            make_folder(self.folder / _LABELS)
            write_text(self.folder / _TABLE, csv_text(_HEADER, [_line(g) for g in self.known.values()]))
            return self._write_labels(one.class_id)

    def _write_labels(self, class_id: str) -> Path:
        classes = list(dict.fromkeys(g.class_id for g in self.known.values())) or [class_id]
        stems = dict(zip(classes, file_stems_of(classes), strict=True))
        path = self.folder / _LABELS / f"{stems.get(class_id, file_stems_of([class_id])[0])}.csv"
        rows = [
            [text_cell(g.recording), seconds_cell(g.start_s), seconds_cell(g.end_s),
             label_cell(class_id) if g.answer == "y" else ""]
            for g in self.known.values() if g.class_id == class_id and g.answer in ("y", "n")
        ]  # fmt: skip
        write_text(path, csv_text(["filename", "start", "end", "primary_label"], rows))
        return path


def file_stems_of(classes: list[str]) -> list[str]:
    """Return a name of a file for every class, without folders."""
    return file_stems([c.replace("/", "_") for c in classes])


def _line(g: Given) -> list[str]:
    probability = "" if g.probability is None else score_cell(g.probability)
    return [text_cell(g.recording), seconds_cell(g.start_s), seconds_cell(g.end_s), text_cell(g.class_id),
            score_cell(g.score), g.by, probability, g.answer]  # fmt: skip


def open_answers(folder: Path) -> GivenAnswers:
    """Return the answers of a folder, those of an earlier session among them.

    Raises BlendkitError for a table that lacks a column or has a line that cannot be read, rather than lose answers.
    """
    path, found = folder / _TABLE, GivenAnswers(folder)
    if not path.exists():
        return found
    frame, _ = open_table(path, "the answers of a studio")
    for number, line in zip(frame.index, frame.to_dict("records"), strict=True):
        try:
            drawn = line["inclusion_probability"]
            one = Given(line["recording"], float(line["start_s"]), float(line["end_s"]), line["class"],
                        float(line["score"]), line["by"], line["answer"], float(drawn) if drawn else None)  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            ways = [f"line {number}: {error}", "repair it, or choose another folder with --answers"]
            raise BlendkitError(f"{path}: not the answers of a studio", ways) from error
        found.known[one.key] = replace(one)
    return found
