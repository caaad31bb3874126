"""perch-hoplite databases as score files, where their vectors are logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blendkit.errors import BlendkitError
from blendkit.io.file_reader import ColumnNames, FileHead, Reader
from blendkit.io.readers.hoplite_database import DATABASE, read_hoplite
from blendkit.io.side_files import side_names
from blendkit.io.windows_to_chunks import Windowed


def _fits(head: FileHead) -> bool:
    names = set(head.columns)
    inside = head.kind == "sqlite" and {"windows.offsets", "recordings.filename"} <= names
    return inside or (head.kind == "folder" and DATABASE in names)


def _read(path: Path, names: ColumnNames) -> Windowed:
    """Return the logits; the classes in their order stand in a file beside the database (`classes.txt`).

    Raises BlendkitError where there is no such file, or it has another number of classes: then the vectors are
    embeddings, as far as anyone can tell.
    """
    database = path / DATABASE if path.is_dir() else path
    found = read_hoplite(database.parent)
    try:
        classes = side_names(database, "classes", names.classes)
    except BlendkitError as error:
        raise _refused(path, found.values.shape[1], error.title) from error
    if len(classes) != found.values.shape[1]:
        raise _refused(path, found.values.shape[1], f"its class list has {len(classes)}")
    said = [f"{found.duplicates} windows were stored twice"] if found.duplicates else []
    values = np.asarray(found.values, np.float64)
    return Windowed(found.recording, found.start_s, found.end_s, values, tuple(classes), tuple(said))


def _refused(path: Path, width: int, why: str) -> BlendkitError:
    ways = [why, "if they are embeddings, use the member `hoplite` with a `head:`"]
    return BlendkitError(f"{path.name}: its vectors of {width} numbers cannot be read as logits", ways)


hoplite_logits: Reader = Reader(
    "perch-hoplite databases whose vectors are logits, with classes.txt beside hoplite.sqlite.", _fits, _read, "logit"
)
