"""The folder of a command's results: its own files, replaced together, and nothing of anyone else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from blendkit.core import DetectionTable, Float64, json_value, natural_key
from blendkit.detecting.thresholds_of_source import ClassThresholds
from blendkit.errors import BlendkitError
from blendkit.io import csv_text, score_cell, seconds_cell, text_cell
from blendkit.store import check_place, last_seal, write_json, write_text, written_together
from blendkit.temporaries import is_temporary

_COMMANDS = {"reviewed.json": "review --read"}  # where the seal is not called as the command


def check_folder(folder: Path, seal: str) -> None:
    """Raise BlendkitError if a folder holds files that this command did not make; nothing is written."""
    check_place(folder, folder=True)
    if not folder.is_dir() or last_seal(folder, seal).exists():
        return
    others = [p.name for p in folder.iterdir() if not is_temporary(p.name)]
    if others:
        command = _COMMANDS.get(seal, seal.removesuffix(".json"))
        raise BlendkitError(
            f"{folder}: holds files that `blendkit {command}` did not make",
            [f"such as {min(others)}", "choose another --out, or an empty folder"],
        )


@contextmanager
def new_files(folder: Path, seal: str, facts: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a folder for files, which in the end replace those of an earlier run of the command, `seal` last.

    facts: what the seal says beside the list of files. Nothing in them varies between equal runs.
    """
    old = _old_files(folder, seal)
    with written_together(folder, seal, drop=old) as new:
        yield new
        files = sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file())
        write_json(new / seal, {**facts, "files": files})
    emptied = {above for name in old for above in (folder / name).parents if above.is_relative_to(folder)} - {folder}
    for place in sorted(emptied, key=lambda p: len(p.parts), reverse=True):
        with suppress(OSError):  # it holds new files, or those of others
            place.rmdir()


def _old_files(folder: Path, seal: str) -> set[str]:
    """Return the files that the seal of an earlier run lists. It can be edited by hand: only files below count."""
    try:
        listed = json_value(last_seal(folder, seal).read_text(encoding="utf-8"))["files"]
        paths = {str(n): PurePosixPath(str(n)) for n in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    below = folder.resolve()
    return {
        n for n, p in paths.items()
        if n != seal and not p.is_absolute() and (folder / p).resolve().is_relative_to(below) and (folder / p).is_file()
    }  # fmt: skip


def write_thresholds(path: Path, thresholds: ClassThresholds) -> None:
    """Write `class,threshold` and what is known of each, a line per class; `--thresholds` reads it."""
    frame = thresholds.to_frame()
    numbers = {"positives", "recordings"}
    rows = []
    for name, *cells in frame.itertuples():
        texts = [
            text_cell(v) if isinstance(v, str) else str(int(v)) if c in numbers else "" if v != v else score_cell(v)
            for c, v in zip(frame.columns, cells, strict=True)
        ]
        rows.append([text_cell(str(name)), *texts])
    write_text(path, csv_text(["class", *frame.columns], rows))


def write_recordings(path: Path, table: DetectionTable, seconds: Float64 | None) -> None:
    """Write a line for every recording that was heard, also without detections; seconds: as in `write_sites`."""
    header = ["recording", "file", "site", "start", "seconds", "detections"]
    rows = [
        [
            *map(text_cell, (h.id, h.file, h.site)),
            str(h.start).replace("NaT", ""),
            "" if seconds is None else seconds_cell(float(seconds[r])),
            str(len(table.of(r))),
        ]
        for r, h in enumerate(table.recordings)
    ]
    write_text(path, csv_text(header, rows))


def write_sites(path: Path, table: DetectionTable, seconds: Float64 | None) -> None:
    """Write a line for every site: its recordings, hours, first and last day, detections; none if none is known.

    seconds: of each recording (R,) that its scores stand for; None where nobody knows, and hours are empty.
    """
    if not any(h.site for h in table.recordings):
        return
    found = np.bincount(table.recording, minlength=len(table.recordings)).tolist()
    spent = [0.0] * len(found) if seconds is None else seconds.tolist()
    own: dict[str, list[tuple[float, np.datetime64, int]]] = {}
    for h, heard_s, n in zip(table.recordings, spent, found, strict=True):
        own.setdefault(h.site, []).append((heard_s, h.start, n))
    rows = []
    for site, heard in sorted(own.items(), key=lambda item: natural_key(item[0])):
        days = sorted(str(start)[:10] for _, start, _ in heard if not np.isnat(start)) or ["", ""]
        hours = score_cell(round(sum(length for length, *_ in heard) / 3600, 6)) if seconds is not None else ""
        rows.append([text_cell(site), str(len(heard)), hours, days[0], days[-1], str(sum(n for *_, n in heard))])
    write_text(path, csv_text(["site", "recordings", "hours", "first_day", "last_day", "detections"], rows))
