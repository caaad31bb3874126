"""What `check_writer` asks of a writer of scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.core import NameRule, Scores, chunk_rows
from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, ScoreWriter, call_score_writer, read_score_file
from blendkit.temporaries import scratch_folder

_ODD = ("ara", "=1+1", 'a "quoted", name', "Ñandú", "1161364", "Insect son01")


def odd_scores() -> Scores:
    """Return logits (5, 6) of classes that are hard to write, of recordings in folders."""
    rows = chunk_rows({"site1/20240501_235950": 3, "site2/20240501_235950": 1, "=R 1": 1}, 5.0, NameRule())
    values = np.array([0.1 + 0.2, -1e-300, 2 / 3, 1e30, -0.5])[:, None] * np.arange(1.0, 7.0)
    return Scores.build(values, rows, _ODD, "logit")


def score_writer_problems(name: str, writer: ScoreWriter) -> list[str]:
    """Return which promises a writer of scores breaks, with every suffix that it has."""
    problems = [f"suffix {s!r} has no dot" for s in writer.suffixes if not s.startswith(".")]
    problems += [] if writer.suffixes else ["it has no suffix"]
    problems += [] if writer.about.strip() else ["`about` is empty"]
    return problems or [f"{s}: {p}" for s in writer.suffixes for p in _problems(name, writer, s)]


def _problems(name: str, writer: ScoreWriter, suffix: str) -> list[str]:
    scores = odd_scores()
    with scratch_folder() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        try:
            for place in (one, other):
                place.mkdir()
                call_score_writer(writer, name, scores, place / f"out{suffix}")
        except BlendkitError as error:
            return [str(error)]
        files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
        problems = [f"wrote {p.name}, which does not begin as its path" for p in files if not p.name.startswith("out")]
        if not (one / f"out{suffix}").is_file():
            return [*problems, "wrote no file"]
        outside = [p.name for p in Path(folder).iterdir() if p not in (one, other)]
        problems += [f"wrote {p} outside its own path" for p in outside]
        if any((one / f).read_bytes() != (other / f).read_bytes() for f in files if (other / f).is_file()):
            problems.append("equal scores give other bytes")
        return problems + (_unread(one / f"out{suffix}", writer, scores) if writer.reader else [])


def _unread(path: Path, writer: ScoreWriter, scores: Scores) -> list[str]:
    try:
        back = read_score_file(path, names=ColumnNames(format=writer.reader, array=writer.array)).scores
    except BlendkitError as error:
        return [f"{writer.reader} does not read it back: {error}"]
    parts = (
        ("rows", back.rows.ids() == scores.rows.ids()), ("classes", back.classes == scores.classes),
        ("values", back.values.shape == scores.values.shape and bool((back.values == scores.values).all())),
    )  # fmt: skip
    return [f"{writer.reader} reads other {what} back" for what, same in parts if not same]
