"""`check_writer`: test that a writer of detections or scores keeps its promises."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.core import DetectionTable, NamedClass, ScoredRecording
from blendkit.errors import BlendkitError
from blendkit.io import ScoreWriter, file_head, safe_cell, write_detections
from blendkit.registry import WRITERS, registry
from blendkit.temporaries import scratch_folder
from blendkit.testing.score_writer_checks import score_writer_problems
from blendkit.testing.small_world import raise_problems

_ODD = ("ara", "=1+1", "tab\there", 'a "quoted", name', "=two\nlines", "Ñandú")


def odd_detections() -> DetectionTable:
    """Return seven detections (D) of names that are hard to write, in three of four recordings, one without a clock."""
    moment = np.datetime64("2024-05-01T23:59:50", "s")
    recordings = (
        ScoredRecording("site1/20240501_235950", "site1/20240501_235950.WAV", 60.0, "site1", moment),
        ScoredRecording("site2/20240501_235950", "site2/20240501_235950.WAV", 57.5, "site2", moment),
        ScoredRecording("=R1", "=R1.wav", 5.0),
        ScoredRecording("quiet", "quiet.wav", 60.0),
    )
    names = tuple(NamedClass(c, c, c, c) for c in _ODD)
    start = np.array([0.0, 0.0, 55.0, 5.0, 7.5, 55.0, 0.0])
    end = np.array([5.0, 15.0, 60.0, 7.5, 10.0, 57.5, 5.0])
    return DetectionTable(
        recordings=recordings,
        classes=names,
        recording=np.array([0, 0, 0, 1, 1, 1, 2]),
        class_at=np.array([0, 1, 2, 0, 3, 5, 4]),
        start_s=start,
        end_s=end,
        score=np.array([0.1 + 0.2, 0.5, 1.0, 1e-7, 0.25, 2 / 3, 0.9]),
        chunks=np.array([1, 3, 1, 1, 1, 1, 1]),
    )


def check_writer(name: str) -> None:
    """Check the writer of that name on detections or scores with names that are hard to write, and on none.

    It must make files below its own path alone, with equal bytes for equal tables. One of detections writes files also
    where nothing was detected, and no cell of its texts may be a formula that a spreadsheet runs. What one of scores
    writes must be read back by its `reader`, bit for bit. Raises AssertionError listing failures.
    """
    writer = registry(WRITERS).get(name)
    if isinstance(writer, ScoreWriter):
        raise_problems("writer", name, score_writer_problems(name, writer))
        return
    problems = [] if not writer.suffix or writer.suffix.startswith(".") else [f"suffix {writer.suffix!r} has no dot"]
    problems += [] if writer.about.strip() else ["`about` is empty"]
    table = odd_detections()
    none, no_time = np.zeros(0, np.int64), np.zeros(0)
    empty = replace(table, recording=none, class_at=none, start_s=no_time, end_s=no_time, score=no_time, chunks=none)
    for what, own in (("detections", table), ("no detection", empty)):
        problems += [f"{what}: {p}" for p in _problems(name, own)]
    raise_problems("writer", name, problems)


def _problems(name: str, table: DetectionTable) -> list[str]:
    with scratch_folder() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        try:
            files = write_detections(table, name, one)
            again = write_detections(table, name, other)
        except BlendkitError as error:
            return [str(error)]
        outside = [p for p in Path(folder).rglob("*") if p.is_file() and p not in {*files, *again}]
        problems = [f"wrote {p.name} outside its own path" for p in outside]
        same = [f.relative_to(one) for f in files] == [f.relative_to(other) for f in again]
        if not same or any(a.read_bytes() != b.read_bytes() for a, b in zip(files, again, strict=True)):
            problems.append("equal tables give other files or other bytes")
        return problems + [p for f in files for p in _formulas(f)]


def _formulas(path: Path) -> list[str]:
    """Return the cells of a text file that a spreadsheet would run; other kinds of file hold none."""
    if not path.stat().st_size or file_head(path).kind != "text":
        return []
    cells = re.split(r'[,;\t\r\n"]', path.read_text(encoding="utf-8-sig"))
    return [f"{path.name}: a spreadsheet runs {c!r}" for c in cells if c and safe_cell(c) != c]
