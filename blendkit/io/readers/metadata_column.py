"""One column of a table about recordings, such as the author in a competition's train.csv."""

from __future__ import annotations

from pathlib import Path

from blendkit.errors import BlendkitError, did_you_mean, shorten
from blendkit.io.readers.label_places import place_columns
from blendkit.io.text_tables import open_table


def read_metadata_column(path: Path, column: str) -> dict[str, str]:
    """Return {file: text of the column} of a table with a line per recording; an empty cell is "".

    Files stand in a column such as filename, file, recording or path, and are given as written there. Raises
    BlendkitError if there is no such column, for a column that the table lacks, for lines without a file, and for
    files with two texts.
    """
    frame = open_table(path, "this table of metadata")[0]
    names = [str(c) for c in frame.columns]
    file = place_columns(frame.drop(columns=column, errors="ignore"))[0].file
    problems = [] if column in names else [f"no column {column!r}{did_you_mean(column, names)}"]
    problems += [] if file else ["no column that names recordings, such as filename, file, recording or path"]
    if problems or file is None:
        raise BlendkitError(
            f"{path}: cannot read {column!r} of recordings", [*problems, f"columns: {shorten(names, 8)}"]
        )
    found: dict[str, str] = {}
    bad = []
    for line, name, text in zip(frame.index.tolist(), frame[file].str.strip(), frame[column].str.strip(), strict=True):
        if not name:
            bad.append(f"line {line}: no {file}")
        elif found.setdefault(name, text) != text:
            bad.append(f"line {line}: {name} has the {column} {text!r}, and {found[name]!r} before")
    if bad:
        raise BlendkitError(f"{path}: {len(bad)} lines that give no one {column} of a recording", bad[:10])
    return found
