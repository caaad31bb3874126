"""Which suffixes of file names mean audio."""

from __future__ import annotations

from pathlib import PurePath

AUDIO_SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"})


def without_suffix(file: str) -> PurePath:
    """Return a file's path without its audio suffix; any other dot is part of the name."""
    path = PurePath(file)
    return path.with_suffix("") if path.suffix.lower() in AUDIO_SUFFIXES else path
