"""Finds with coordinates, such as the recordings of a competition's train.csv or a download of GBIF."""

from __future__ import annotations

from pathlib import Path

from blendkit.core import recording_id
from blendkit.errors import BlendkitError
from blendkit.io.readers.site_coordinates import coordinate_table, line_names, off_earth
from blendkit.io.text_tables import find_columns

_FILES = ("filename", "file", "recording", "soundscape", "filepath", "path")


def read_finds(path: Path) -> list[tuple[str, float, float]]:
    """Return (class, latitude, longitude) of every row with coordinates, from a table like a competition's train.csv.

    A find without coordinates is left out. Raises BlendkitError naming columns that are missing, and every line with
    only one of its coordinates, with text in their place, or with numbers out of range.
    """
    frame = coordinate_table(path, "primary_label")
    problems = off_earth(frame, line_names(frame), required=False)
    if problems:
        raise BlendkitError(f"{path}: finds need coordinates in degrees, or none", problems[:10])
    frame = frame.dropna(subset=["latitude", "longitude"])
    columns = (frame["primary_label"].astype(str), frame["latitude"], frame["longitude"])
    return [(c, float(lat), float(lon)) for c, lat, lon in zip(*columns, strict=True)]


def recordings_of_finds(path: Path) -> tuple[str, ...]:
    """Return the recordings of finds with coordinates, where the table names files; () where it does not."""
    frame = coordinate_table(path, "primary_label").dropna(subset=["latitude", "longitude"])
    named = find_columns(frame.columns, _FILES)
    return tuple(dict.fromkeys(recording_id(str(f)) for f in frame[named[0]] if str(f).strip())) if named else ()
