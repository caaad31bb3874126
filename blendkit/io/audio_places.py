"""Where the files of recordings lie, for tables that name files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from blendkit.audio import find_recordings, probe_duration
from blendkit.core import NameRule, ScoredRecording, match_recordings
from blendkit.errors import BlendkitError, counted, shorten

_SUFFIX = ".wav"  # of recordings whose files nobody has shown
UNSEEN = f"files are named {_SUFFIX}: --audio FOLDER gives their names and lengths"


def scored_recordings(
    recordings: Sequence[str], lengths: Mapping[str, float], rule: NameRule, audio: Path | str | None
) -> tuple[tuple[ScoredRecording, ...], str, tuple[str, ...]]:
    """Return what was heard (R,), the audio folder as text, and notes.

    lengths: in seconds, of recordings whose files `audio` does not show. Raises BlendkitError for a folder without any
    of the recordings.
    """
    files, _, notes = _files(recordings, Path(audio)) if audio is not None else ({}, {}, ())
    heard = []
    for r in recordings:
        said = rule.read(r)
        file, length = files.get(r, (f"{r}{_SUFFIX}", None))
        heard.append(ScoredRecording(r, file, length or lengths[r], said.site, said.moment, r in files))
    return tuple(heard), "" if audio is None else Path(audio).resolve().as_posix(), notes


def recording_lengths(
    recordings: Sequence[str], folder: Path, *, others: bool
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return {recording: seconds} of those whose files the folder holds and whose length is known, and notes.

    others: also those of its recordings that are not named: a table of all detections names none without one. Raises
    BlendkitError as `scored_recordings` does.
    """
    files, beside, _ = _files(recordings, folder)
    lengths = {r: s for r, (_, s) in files.items()}
    notes: tuple[str, ...] = ()
    if others and beside:
        lengths |= {r: probe_duration(p) for r, p in beside.items()}
        notes = (f"{_others(beside, folder)}, and count as heard, with nothing found: {shorten(beside)}",)
    return {r: s for r, s in lengths.items() if s is not None}, notes


def _others(beside: Mapping[str, Path], folder: Path) -> str:
    are = "is" if len(beside) == 1 else "are"
    return f"{counted(len(beside), 'recording', 'recordings')} of {folder} {are} not in the scores"


def _files(
    recordings: Sequence[str], folder: Path
) -> tuple[dict[str, tuple[str, float | None]], dict[str, Path], tuple[str, ...]]:
    """Return {recording: (path below the folder, seconds)} of those that a folder holds, its others, and notes."""
    if not folder.is_dir():
        raise BlendkitError(f"{folder}: no such folder of recordings", ["--audio names the folder that was scored"])
    found = {r.id: r.path for r in find_recordings(folder).recordings}
    own = {r: i for i, r in match_recordings(found, recordings).items()}
    if recordings and not own:
        listed = [f"it holds {shorten(found, 3) or 'no audio'}", f"the scores are of {shorten(recordings, 3)}"]
        raise BlendkitError(f"{folder}: holds none of the recordings that were scored", listed)
    lacking = [r for r in recordings if r not in own]
    count = f"{len(lacking)} of {len(recordings)} recordings are not in {folder}"
    notes = [f"{count}, and are named {_SUFFIX}: {shorten(lacking)}"] if lacking else []
    used = set(own.values())
    beside = {i: p for i, p in found.items() if i not in used}
    notes += [f"{_others(beside, folder)}, and do not count: {shorten(beside)}"] if beside else []
    out = {r: (found[i].relative_to(folder).as_posix(), probe_duration(found[i])) for r, i in own.items()}
    return out, beside, tuple(notes)
