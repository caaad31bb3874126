"""Recordings on disk: find the audio files of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blendkit.core import AUDIO_SUFFIXES, natural_key
from blendkit.errors import BlendkitError


@dataclass(frozen=True)
class Recording:
    """One audio file; `id` is its path below the audio folder, without suffix."""

    id: str
    path: Path


def find_recordings(folder: Path) -> list[Recording]:
    """Return the audio files below a folder in natural order.

    Raises BlendkitError if two files have one recording id (`a.wav` beside `a.mp3`).
    """
    files = [p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES and p.is_file()]
    return unique_recordings(Recording(p.relative_to(folder).with_suffix("").as_posix(), p) for p in files)


def find_audio(paths: Sequence[Path]) -> list[Recording]:
    """Return the recordings of files and folders. Raises BlendkitError for paths that hold none."""
    found, problems = [], []
    for path in paths:
        if path.is_dir():
            inside = find_recordings(path)
            found += inside
            problems += [] if inside else [f"{path}: no audio files in this folder"]
        elif path.suffix.lower() not in AUDIO_SUFFIXES or not path.is_file():
            what = "not an audio file" if path.is_file() else "no such file or folder"
            problems.append(f"{path}: {what}")
        else:
            found.append(Recording(path.stem, path))
    if problems:
        raise BlendkitError("nothing to score", problems)
    return unique_recordings(found)


def unique_recordings(recordings: Iterable[Recording]) -> list[Recording]:
    """Order recordings naturally; raises BlendkitError listing ids that two files share."""
    found: dict[str, Recording] = {}
    clashes = []
    for r in sorted(recordings, key=lambda r: natural_key(str(r.path))):
        if r.id in found:
            clashes.append(f"{r.id}: {found[r.id].path} and {r.path}")
        found.setdefault(r.id, r)
    if clashes:
        raise BlendkitError("several audio files have one recording id", clashes)
    return sorted(found.values(), key=lambda r: natural_key(r.id))
