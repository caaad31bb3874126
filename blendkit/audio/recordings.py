"""Recordings on disk: find the audio files of a folder, and tell them from what only looks like audio."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath

from blendkit.audio.decoded import Status
from blendkit.audio.decoding import decode
from blendkit.audio.unlisted import looks_unlisted
from blendkit.core import AUDIO_SUFFIXES, file_id, natural_key, recording_id
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.remote import RemoteFile, find_remote, is_remote
from blendkit.temporaries import scratch_folder

SYSTEM_FOLDERS = frozenset({"@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
EMPTY = "an empty file"
_BEST_FIRST: tuple[Status, ...] = ("ok", "holed", "short", "partial", "silent", "empty", "unreadable")


@dataclass(frozen=True)
class Recording:
    """One audio file. id: its path below the audio folder, without suffix; problem: why it cannot be used, or "".

    remote: where it is on another machine; then `path` only names it, and nothing is there.
    """

    id: str
    path: Path
    problem: str = ""
    remote: RemoteFile | None = None


@dataclass(frozen=True)
class FoundAudio:
    """The recordings that were found, in natural order, and the files that are none: `path: why` for each."""

    recordings: tuple[Recording, ...]
    left_out: tuple[str, ...] = ()


def find_recordings(folder: Path, expected: Container[str] = ()) -> FoundAudio:
    """Return the audio files below a folder, and what is left out: because it is none, though its name looks like one,
    or because it is audio by its first bytes, or of a format that is not read, though its name has no suffix of audio.

    Hidden files, those of system folders, empty ones, links that lead nowhere or to folders, folders and devices are
    left out.

    expected: ids that must have rows; their empty files stay, as recordings that cannot be read.
    Where two files have one recording id (`a.wav` beside `a.mp3`), the first that is decoded best has it; the others
    get an id with their suffix, and a problem that says so.
    """
    found, left_out = [], []
    for path in sorted(folder.rglob("*"), key=lambda p: natural_key(str(p))):
        below = path.relative_to(folder)
        why, named = _why_not(path, below), path.suffix.lower() in AUDIO_SUFFIXES
        if not named:
            linked = "" if _why_not_by_name(below) else _linked_folder(path)
            why = linked or ("" if why else looks_unlisted(path))
        if named and (not why or (why == EMPTY and file_id(below) in expected)):
            found.append(Recording(file_id(below), path))
        elif why:
            left_out.append(f"{recording_id(below.as_posix(), whole=True)}: {why}")
    return FoundAudio(tuple(unique_recordings(found)), tuple(left_out))


def find_remote_recordings(url: str) -> FoundAudio:
    """Return the audio files below an address, or the one that it names, as `find_recordings` does; none is fetched.

    Raises BlendkitError where nothing can be listed.
    """
    found, left_out = [], []
    for file in find_remote(url, AUDIO_SUFFIXES):
        below = PurePosixPath(file.below(url) if file.url != url else file.name)
        why = _why_not_by_name(below) or ("" if file.size != 0 else EMPTY)
        if why:
            left_out.append(f"{recording_id(below.as_posix(), whole=True)}: {why}")
        else:
            found.append(Recording(recording_id(below.as_posix()), Path(file.url), remote=file))
    return FoundAudio(tuple(unique_recordings(found)), tuple(left_out))


def find_audio(paths: Sequence[Path | str]) -> FoundAudio:
    """Return the recordings of files, folders, and addresses of them on other machines.

    A file that is given twice counts once; links have names of their own, and count as files. Raises BlendkitError for
    paths that hold none, and for files of several folders that have one recording id.
    """
    found: list[Recording] = []
    left_out: list[str] = []
    problems = []
    for given in paths:
        path = Path(given)
        if path.is_dir() or is_remote(given):
            inside = find_remote_recordings(str(given)) if is_remote(given) else find_recordings(path)
            found += inside.recordings
            left_out += inside.left_out
            problems += [] if inside.recordings else [f"{given}: no audio files in this folder"]
        elif path.suffix.lower() not in AUDIO_SUFFIXES or not path.is_file():
            what = "not an audio file" if path.is_file() else "no such file or folder"
            problems.append(f"{path}: {what}")
        else:
            found.append(Recording(file_id(Path(path.name)), path))
    if problems:
        raise BlendkitError("nothing to score", [*problems, *left_out])
    # links with names of their own count, and one file of one name, by whatever folders, is one
    found = list({r.remote.url if r.remote else (os.path.realpath(r.path), r.path.name): r for r in found}.values())
    _require_one_folder(found)
    return FoundAudio(tuple(unique_recordings(found)), tuple(dict.fromkeys(left_out)))


def _require_one_folder(found: Iterable[Recording]) -> None:
    """Raise BlendkitError for recordings of several folders with one id: each would be taken for the other."""
    places: dict[str, list[Path]] = {}
    for r in found:
        places.setdefault(r.id, []).append(r.path)
    shared = [files for files in places.values() if len({f.parent for f in files}) > 1]
    if shared:
        raise BlendkitError(
            f"{counted(len(shared), 'recording id is', 'recording ids are')} of files in several folders",
            [
                *(shorten(map(str, files), 3) for files in shared[:3]),
                "give the folder above them, which makes their folders part of the ids, or a store of its own to each",
            ],
        )


def unique_recordings(recordings: Iterable[Recording]) -> list[Recording]:
    """Return recordings in natural order, each id once: of files with one id, the first that is decoded best has it."""
    by_id: dict[str, list[Recording]] = {}
    for r in sorted(recordings, key=lambda r: natural_key(str(r.path))):
        by_id.setdefault(r.id, []).append(r)
    out: dict[str, Recording] = {}
    for one, files in by_id.items():
        owner = out[one] = files[0] if len(files) == 1 else _decoded_best(files)
        for r in files:
            if r is not owner:
                same = owner.path.name == r.path.name  # in two folders that look the same
                named = recording_id(str(r.path) if same else f"{one}{r.path.suffix}", whole=True)
                named = named if named not in out else f"{named} ({len(out)})"
                out[named] = replace(r, id=named, problem=_problem(r, owner))
    return sorted(out.values(), key=lambda r: natural_key(r.id))


def _decoded_best(files: Sequence[Recording]) -> Recording:
    """Return the first file with the best status; that a header can be read says nothing of what follows it."""
    statuses: list[Status] = []
    for r in files:
        with scratch_folder() as scratch:
            statuses.append("unreadable" if r.problem else decode(r.path, Path(scratch)).status)
        if statuses[-1] == _BEST_FIRST[0]:
            break
    return files[min(range(len(statuses)), key=lambda i: _BEST_FIRST.index(statuses[i]))]


def _problem(recording: Recording, owner: Recording) -> str:
    """Return why a recording lost its id to another."""
    both = zip(reversed(owner.path.parts), reversed(recording.path.parts), strict=False)
    unlike = [(a, b) for a, b in both if a != b and recording_id(a, whole=True) == recording_id(b, whole=True)]
    how = ""
    if unlike:
        whose = "its name" if unlike[0][0] == owner.path.name else "a folder's name"
        how = f", {whose} in other Unicode characters ({unlike[0][0]!a} beside {unlike[0][1]!a})"
    return f"{owner.path.name} has the same recording id, {owner.id!r}{how}"


def _why_not(path: Path, below: PurePath) -> str:
    """Return why a file below a folder is no recording; "" if it is one."""
    if why := _why_not_by_name(below):
        return why
    try:
        found = path.stat()
    except OSError as error:
        if path.is_symlink():
            return f"a link that leads nowhere ({error.strerror})"
        return ""  # it vanished: decoding says so
    if stat.S_ISDIR(found.st_mode):
        return "a folder, named like a file"
    if not stat.S_ISREG(found.st_mode):
        return "no regular file"
    return "" if found.st_size else EMPTY


def _linked_folder(path: Path) -> str:
    """Return why a link to a folder is not entered: two names of one folder would make two of each recording."""
    linked = path.is_symlink() and path.is_dir()
    return "a link to a folder, which is not entered: give the folder that it leads to" if linked else ""


def _why_not_by_name(below: PurePath) -> str:
    if below.name.startswith("._"):
        return "an AppleDouble file, no audio"
    if any(part.startswith(".") for part in below.parts):
        return "hidden"
    system = SYSTEM_FOLDERS.intersection(below.parts)
    if system:
        return f"in {min(system)}, a folder of the system"
    return ""
