"""The texts of a new plugin: what `blendkit members new` and its like write, with $marks for the names."""

from __future__ import annotations

PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "$dist"
version = "0.1.0"
description = "The $kind $name, for blendkit"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["blendkit", "numpy"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

[project.entry-points."$group"]
$name = "$module:$made"

[tool.setuptools]
py-modules = ["$module"]
"""

README = """\
# $dist

The $kind `$name`, for blendkit.

    pip install -e '.[test]'
    pytest                     # one line: it keeps what blendkit expects of every $kind
    $use

`$module.py` is all of it: replace the parts that are marked, and run the test again.
$more
"""

MEMBER = '''\
"""The member `$name`: logits of windows of audio."""

from dataclasses import dataclass

import numpy as np

from blendkit.member import ClassMap, MemberContext, MemberInfo, by_name_or_id

LABELS = ("quiet", "loud")  # CHANGE: the classes of your model (ids or scientific names), in the order of its outputs


@dataclass(frozen=True)
class OwnMember:
    info: MemberInfo
    classes: ClassMap
    gain: float

    def predict(self, windows: np.ndarray) -> np.ndarray:
        """Return logits (B, C) of windows (B, samples) of mono audio, float32."""
        level = self.gain * np.log10(np.mean(np.square(windows, dtype=np.float64), axis=1) + 1e-10)
        logits = np.stack([-level, level], axis=1)  # CHANGE: your model, (B, len(LABELS))
        return self.classes.place(logits.astype(np.float32))


def member(context: MemberContext, *, gain: float = 1.0, rate: int = 32000) -> OwnMember:
    """Loudness as a logit. CHANGE: load your model here; the keyword parameters are what a recipe may set."""
    classes = by_name_or_id("$name", LABELS, context)  # the run's classes; those without a label are not covered
    return OwnMember(MemberInfo(classes.classes, classes.covered, rate, context.chunk_s), classes, gain)
'''
MEMBER_TEST = """\
from $module import LABELS

from blendkit.member import MemberContext
from blendkit.testing import check_member


def test_it_is_a_member():
    check_member("$name", context=MemberContext(LABELS))
"""

OP = '''\
"""The op `$name`: a step on scores."""

from typing import Annotated

import numpy as np
from annotated_types import Gt, Lt

from blendkit.ops import op


@op("$name", scope="chunk", classwise=True, spaces=("prob",), monotone="weak")  # CHANGE: what yours needs
def step(x: np.ndarray, *, power: Annotated[float, Gt(0), Lt(1000)] = 1.0) -> np.ndarray:
    """Probabilities (N, C) to a power. CHANGE: your formula, and where it comes from.

    scope: the rows it must see at once (chunk, file, set); classwise: no class changes another. `check_op` holds you to
    both, and to `monotone`. The keyword parameters are what a recipe may set.
    """
    return x**power
'''
OP_TEST = """\
from $module import step

from blendkit.testing import check_op


def test_it_does_what_it_declares():
    check_op(step, power=2.0)
"""

READER = '''\
"""The format `$name`: one line per detection, with the columns clip, from_s, to_s, what and sure."""

from pathlib import Path

import numpy as np
import pandas as pd

from blendkit.core import recording_id
from blendkit.errors import BlendkitError, shorten
from blendkit.io import ColumnNames, Detections, FileHead, Reader, decimal_points, open_table

TEXTS, NUMBERS = ("clip", "what"), ("from_s", "to_s", "sure")  # CHANGE: what only this format has


def recognises(head: FileHead) -> bool:
    return head.kind == "text" and {*TEXTS, *NUMBERS} <= head.plain_columns


def read(path: Path, names: ColumnNames) -> Detections:
    """Return the detections of a file. Every line that is wrong is named, and none is left out in silence."""
    frame, notes = open_table(path, "this table")  # any separator, encoding or packing; cells are str, the index lines
    frame = frame.rename(columns=lambda c: c.strip().lower())
    if lacking := [c for c in (*TEXTS, *NUMBERS) if c not in frame]:
        raise BlendkitError(f"{path.name}: no column {', '.join(lacking)}", [f"has {shorten(frame.columns)}"])
    frame, commas = decimal_points(frame, NUMBERS)
    numbers = frame[list(NUMBERS)].apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers).all(axis=1) | (frame[list(TEXTS)] == "").any(axis=1)
    if wrong.any():
        lines = shorten([f"line {i}" for i in frame.index[wrong]], 20)
        raise BlendkitError(f"{path.name}: {wrong.sum()} lines with empty cells, or without a number", [lines])
    start, end, score = numbers.to_numpy().T
    recordings = [recording_id(c) for c in frame["clip"]]
    return Detections(recordings, start, end, list(frame["what"]), score, [path.name] * len(frame), (*notes, *commas))


reader = Reader("CHANGE: whose files these are, in one sentence.", recognises, read, "prob")
'''
READER_SAMPLE = """\
clip,from_s,to_s,what,sure
R1.wav,0.0,3.0,Ara ararauna,0.9
R1.wav,3.0,6.0,Scinax nasicus,0.25
R2.wav,3.0,6.0,Ara ararauna,0.5
"""
READER_TEST = """\
from pathlib import Path

from blendkit.testing import check_reader


def test_it_is_a_reader():
    check_reader("$name", Path(__file__).with_name("sample.csv"))
"""

WRITER = '''\
"""The format `$name`: a line per detection."""

from pathlib import Path

from blendkit.core import DetectionTable
from blendkit.io import Writer, csv_text, score_cell, seconds_cell, text_cell

COLUMNS = ("file", "start", "end", "label", "score")  # CHANGE: the columns of your format


def write(table: DetectionTable, path: Path) -> None:
    """Write a table of detections; equal tables give equal bytes, and one without detections a header."""
    lines = (
        [
            text_cell(table.recordings[table.recording[i]].file),  # no cell that a spreadsheet would run
            seconds_cell(table.start_s[i]),
            seconds_cell(table.end_s[i]),
            text_cell(table.classes[table.class_at[i]].label),
            score_cell(table.score[i]),
        ]
        for i in range(len(table))
    )
    path.write_text(csv_text(COLUMNS, lines), encoding="utf-8", newline="\\n")


writer = Writer("CHANGE: which tools open it, in one sentence.", write, ".csv")
'''
WRITER_TEST = """\
from blendkit.testing import check_writer


def test_it_is_a_writer():
    check_writer("$name")
"""
