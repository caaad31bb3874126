"""What the recordings of a fit sound like, so that copies of them under other names are found, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blendkit.audio import content_of, decode, find_audio
from blendkit.core import Contents, match_recordings
from blendkit.errors import BlendkitError, shorten


def contents_of_fit(
    recordings: Sequence[str], known: Contents, audio: Path | None, note: Callable[[str], None]
) -> Contents:
    """Return what recordings sound like: as is known of their scores, else from their files below `audio`.

    note: called with how many are known by name only. Raises BlendkitError for a folder without audio, and for one that
    holds none of the recordings.
    """
    found = {r: known[r] for r in recordings if r in known}
    if audio is not None:
        found |= _heard([r for r in recordings if r not in found], audio)
    unheard = len(recordings) - len(found)
    if unheard:
        way_out = "" if audio is not None else "; --audio FOLDER, with their files, lets copies of them be found"
        note(f"{unheard} of the {len(recordings)} recordings of this fit are known by name only{way_out}")
    return found


def _heard(recordings: Sequence[str], audio: Path) -> Contents:
    """The contents of those recordings that have a file that can be read."""
    files = {r.id: r.path for r in find_audio([audio]).recordings if not r.problem}
    named = match_recordings(files, recordings)
    if recordings and not named:
        listed = [f"the fit: {shorten(recordings)}", f"{audio}: {shorten(files)}"]
        raise BlendkitError(f"--audio {audio}: holds none of the recordings of this fit", listed)
    with ThreadPoolExecutor(2) as pool:
        heard = pool.map(lambda file: content_of(decode(files[file]), files[file]), named)
        return {r: c for r, c in zip(named.values(), heard, strict=True) if c is not None}
