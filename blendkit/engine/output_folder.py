"""The output folder: which files are written, and never half."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from blendkit.core import json_value
from blendkit.errors import BlendkitError
from blendkit.events import Emit
from blendkit.store import (
    check_place,
    is_store,
    last_seal,
    make_folder,
    verify_store,
    write_json,
    write_text,
    written_together,
)
from blendkit.temporaries import is_temporary

MARK = ".blendkit"
RECIPE = "recipe.yaml"
RUN, TIMINGS, LOGITS = "run.json", "timings.json", "logits"
REPORT = "report.html"


def require_own(folder: Path) -> None:
    """Raise BlendkitError if a folder is no place for outputs: it holds something that blendkit did not make."""
    check_place(folder, folder=True)
    marked = (folder / MARK).exists() or not folder.is_dir()
    if not marked and not all(is_temporary(p.name) for p in folder.iterdir()):  # a run may have ended before its mark
        raise BlendkitError(f"{folder}: holds files that blendkit did not make; choose another --out")


def open_folder(folder: Path) -> None:
    """Make the output folder. Raises BlendkitError if it holds something blendkit did not make."""
    require_own(folder)
    make_folder(folder)
    # first of all files, so that an interrupted run can be repeated into its own folder
    write_text(folder / MARK, "made by blendkit; a later run may replace the files in this folder\n")


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Make the output folder for the work inside; a new one in which a mistake leaves nothing is taken away again."""
    new = [p for p in (folder, *folder.parents) if not p.exists()]
    open_folder(folder)
    try:
        yield
    except BlendkitError:
        if new and [p.name for p in folder.iterdir()] == [MARK]:
            (folder / MARK).unlink()
            for made in new:
                with suppress(OSError):  # another process may use it by now
                    made.rmdir()
        raise


@contextmanager
def new_outputs(folder: Path) -> Iterator[Path]:
    """Yield a folder for score files and reports; in the end they replace those of an earlier run, run.json last.

    So a run.json is never beside a submission of another run. A full disk leaves all of the earlier run's files.
    """
    with written_together(folder, RUN, drop=_old_files(folder)) as new:
        yield new


def verify_stores(folder: Path, emit: Emit) -> None:
    """Look at the hash of every part in a folder of stores; damaged ones are removed, and said."""
    for store in sorted(p for p in folder.glob("*") if is_store(p)):
        if notes := verify_store(store):
            emit("store", {"name": store.name, "notes": notes})


def write_report(folder: Path, run: dict[str, Any], timings: dict[str, Any], files: list[str]) -> None:
    """Write run.json (nothing in it varies between equal runs) and timings.json."""
    write_json(folder / RUN, {**run, "files": files})
    write_json(folder / TIMINGS, timings)


def _old_files(folder: Path) -> set[str]:
    """Return the score files and the report of an earlier run, also of one that was ended while it replaced them.

    A report that stayed would speak of another result than that which lies beside it.
    """
    try:
        listed = json_value(last_seal(folder, RUN).read_text(encoding="utf-8"))["files"]
        # run.json can be edited by hand: nothing but tables directly in this folder may be deleted because of it
        return {REPORT, *(n for n in listed if Path(n).name == n and n.endswith((".csv", ".parquet")))}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
