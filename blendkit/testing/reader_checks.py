"""`check_reader`: test that a reader of score files keeps its promises."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np

from blendkit.errors import BlendkitError
from blendkit.io import ColumnNames, Detections, file_head, find_reader, read_found, read_score_file
from blendkit.temporaries import scratch_folder
from blendkit.testing.small_world import raise_problems

_SIBLING = 1 << 24  # bytes; files beside a sample that are copied with it


def check_reader(name: str, path: Path | str, *, names: ColumnNames | None = None) -> None:
    """Check a reader on a sample file with at least three lines or rows.

    Its content alone must lead to the reader of that name. It must give finite values and notes of text, leave the
    file as it is, refuse a score that is not a number, and meet a file that was cut short with BlendkitError and
    nothing else (lines of text may also end early). Lines of text in another order must give the same scores. Raises
    AssertionError listing failures.
    """
    sample, names = Path(path), names or ColumnNames()
    used, _ = find_reader(sample, ColumnNames())
    if used != name:
        raise_problems("reader", name, [f"{sample.name} was recognised as {used}"])
    before = _times(sample)
    problems = _value_problems(sample, names)
    if _times(sample) != before:
        problems.append("reading changed the file, its time, or what lies beside it")
    if sample.is_file():
        problems += _cut_problems(sample, names)
        if file_head(sample).kind == "text":
            problems += _order_problems(sample, names) + _nan_problems(sample, names)
    raise_problems("reader", name, problems)


def _times(path: Path) -> dict[str, tuple[int, int]]:
    files = path.rglob("*") if path.is_dir() else path.parent.iterdir()
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.is_file()}


def _value_problems(path: Path, names: ColumnNames) -> list[str]:
    found = read_found(path, names).found
    problems = [f"note {n!r} is no text" for n in found.notes if not isinstance(n, str) or not n.strip()]
    if isinstance(found, Detections):
        values, times = found.score[~np.isnan(found.score)], [found.start_s, found.end_s]
        sizes = {len(found.recording), len(found.label), len(found.source), len(found.score), *map(len, times)}
        problems += [f"its parts have {sorted(sizes)} entries"] if len(sizes) > 1 else []
    else:
        values, times = np.asarray(found.values), []
        if values.ndim != 2 or values.shape[1] != len(found.classes):
            problems.append(f"values have shape {values.shape}, for {len(found.classes)} classes")
    if not all(np.isfinite(v).all() for v in (values, *times)):
        problems.append("values or times are not finite")
    return problems


def _cut_problems(path: Path, names: ColumnNames) -> list[str]:
    data = path.read_bytes()
    binary = file_head(path).kind != "text"
    problems = []
    for size in (1, 10, len(data) // 3, len(data) // 2, len(data) - 2):
        problem = _outcome(path, data[:size], names)
        if problem == "" and binary and size < len(data) // 2:
            problem = "was read as if it were whole"
        if problem:
            problems.append(f"the first {size} of its {len(data)} bytes: {problem}")
    return problems


def _order_problems(path: Path, names: ColumnNames) -> list[str]:
    """Read the lines after the first in reverse: the first may be a header."""
    first, *rest = path.read_bytes().splitlines(keepends=True)
    lines = [line.rstrip(b"\r\n") + b"\n" for line in reversed(rest)]
    try:
        one = read_score_file(path, names=names).scores
    except BlendkitError:  # a table without scores, say: `read` was checked above
        return []
    with scratch_folder() as folder:
        other = read_score_file(_copy(path, first.rstrip(b"\r\n") + b"\n" + b"".join(lines), Path(folder)), names=names)
    same = one.rows.ids() == other.scores.rows.ids() and one.classes == other.scores.classes
    if same and np.array_equal(one.values, other.scores.values):
        return []
    return ["its lines in another order give other scores"]


def _nan_problems(path: Path, names: ColumnNames) -> list[str]:
    """Put `nan` in the place of each number of the last line: scores must be refused, never become NaN."""
    *before, last = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    separator = max(",;\t", key=last.count)
    cells = last.split(separator)
    problems = []
    for i, cell in enumerate(cells):
        if _is_finite(cell):
            line = separator.join([*cells[:i], "nan", *cells[i + 1 :]])
            problem = _outcome(path, "\n".join([*before, line]).encode(), names)
            problems += [f"`nan` in field {i + 1} of its last line: {problem}"] if problem else []
    return problems


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text.strip().strip('"').replace(",", ".")))
    except ValueError:
        return False


def _outcome(path: Path, data: bytes, names: ColumnNames) -> str | None:
    """Return None if other content is refused, "" if it gives finite scores, else what went wrong."""
    with scratch_folder() as folder:
        try:
            scores = read_score_file(_copy(path, data, Path(folder)), names=names).scores
        except BlendkitError:
            return None
        except Exception as error:
            return f"raised {type(error).__name__}: {error}"
    return "" if np.isfinite(scores.values).all() else "gave scores that are not finite"


def _copy(path: Path, data: bytes, folder: Path) -> Path:
    """Write other content under a file's name, with copies of the small files that lie beside it."""
    for other in path.parent.iterdir():
        if other.is_file() and other != path and other.stat().st_size <= _SIBLING:
            shutil.copy(other, folder / other.name)
    made = folder / path.name
    made.write_bytes(data)
    return made
