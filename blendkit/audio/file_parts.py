"""A file that was found inside a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FilePart:
    """One file inside a file; states_length: whether its header says how long it is."""

    data: bytes
    states_length: bool = True


@dataclass(frozen=True)
class FileParts:
    """The files that one file holds, in order, and why it could not be read as it is: a note or more."""

    files: tuple[FilePart, ...]
    notes: tuple[str, ...]
