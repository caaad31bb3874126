"""The output folder: which files are written, and never half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.store import check_place, make_folder, write_json, write_text

MARK = ".blendkit"
SUBMISSION, RUN, TIMINGS, LOGITS = "submission.csv", "run.json", "timings.json", "logits"


def open_folder(folder: Path) -> None:
    """Make the output folder. Raises BlendkitError if it holds something blendkit did not make."""
    check_place(folder, folder=True)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BlendkitError(f"{folder}: holds files that blendkit did not make; choose another --out")
    make_folder(folder)
    # first of all files, so that an interrupted run can be repeated into its own folder
    write_text(folder / MARK, "made by blendkit; a later run may replace the files in this folder\n")


def write_report(folder: Path, run: dict[str, Any], timings: dict[str, Any], files: list[str]) -> None:
    """Write run.json (nothing in it varies between equal runs) and timings.json; drop an older run's files."""
    old = _old_files(folder)  # before run.json is replaced, which alone says what the earlier run wrote
    write_json(folder / RUN, {**run, "files": files})
    write_json(folder / TIMINGS, timings)
    for name in old - set(files):
        (folder / name).unlink(missing_ok=True)


def _old_files(folder: Path) -> set[str]:
    import json

    try:
        listed = json.loads((folder / RUN).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return set()
    # run.json can be edited by hand: nothing but tables directly in this folder may be deleted because of it
    return {n for n in listed if Path(n).name == n and n.endswith(".csv")}
