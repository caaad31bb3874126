"""Writers of detections: what a writer is, and how files of one format come into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import DetectionTable, FileSpace
from blendkit.errors import BlendkitError, broken
from blendkit.registry import WRITERS, registry
from blendkit.store import atomic_path

ONE_FILE = "detections"


@dataclass(frozen=True)
class Writer:
    """One format to write. An entry point of the group `blendkit.writers` names an instance.

    about: which tools open it, in one sentence. write: writes a table to a path; it changes nothing else, and equal
    tables give equal bytes. suffix: of its one file, such as `.csv`; "": it fills a folder, which is there and empty,
    with files of its own. A table without detections gives files all the same, with a header where the format has one.
    space: what its scores must be, where the format fixes it.
    """

    about: str
    write: Callable[[DetectionTable, Path], None]
    suffix: str = ""
    space: FileSpace = "unknown"


def find_writers(formats: Iterable[str]) -> dict[str, Writer]:
    """Return {format: writer}, each once. Raises BlendkitError for a format that nothing writes, with the nearest."""
    found = {name: registry(WRITERS).get(name) for name in dict.fromkeys(formats)}
    if not found:
        raise BlendkitError("no format to write", ["`blendkit formats list` lists them"])
    return found


def write_detections(table: DetectionTable, name: str, folder: Path) -> tuple[Path, ...]:
    """Write detections in the format of that name below `folder/name`, and return the files, in order.

    Raises BlendkitError for an unknown format, and if the writer made no file.
    """
    writer, place = find_writers([name])[name], folder / name
    place.mkdir(parents=True, exist_ok=True)
    if writer.suffix:
        with atomic_path(place / f"{ONE_FILE}{writer.suffix}") as temporary:
            _call(writer, name, table, temporary)
    else:
        _call(writer, name, table, place)
    files = tuple(sorted(p for p in place.rglob("*") if p.is_file()))
    if not files:
        raise BlendkitError(f"the format {name!r} wrote no file", [registry(WRITERS).source(name)])
    return files


def _call(writer: Writer, name: str, table: DetectionTable, path: Path) -> None:
    """Write; what a writer of others raises becomes an error that names it."""
    try:
        writer.write(table, path)
    except (BlendkitError, OSError, MemoryError):
        raise
    except Exception as error:
        raise broken(f"the writer of {name!r}", writer.write, error) from error
