"""Where a score file lies: an array of an NPZ, and the submission of a run's folder."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import require_path

SUBMISSION = "submission.csv"
SUBMISSIONS = (SUBMISSION, "submission.parquet")  # of which a run's folder has one


def split_source(text: Path | str) -> tuple[Path, str | None]:
    """Return (path, array) of `scores.npz:array`, or (path, None)."""
    require_path(text, "scores", "Scores.from_frame(table, space) makes scores of a table in memory")
    head, colon, array = str(text).rpartition(":")
    if colon and head.lower().endswith(".npz"):
        return Path(head), array
    return Path(text), None


def score_file(path: Path) -> Path:
    """Return the submission of a run's folder; any other path as it is."""
    return next((own for n in SUBMISSIONS if (own := path / n).is_file()), path)
