"""What a recording's saved values depend on: the hash of its file, and the duration expected of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from blendkit.audio import Grid, Recording, content_of, decode
from blendkit.core import text_hash
from blendkit.errors import BlendkitError, counted, shorten
from blendkit.remote import RemoteFile
from blendkit.scoring.cpus import cpu_count
from blendkit.store import Stored, file_hash, key_to_score_again

NO_AUDIO_KEY = "silence"
_WHOLE = ("ok", "padded", "silent")  # statuses of recordings that were read to their end
_HEARD = 5  # files
_REMOTE, _HASH = "remote ", 64  # digits of the hash of a file that could be read


def recording_key(recording: Recording, grid: Grid) -> str:
    """Return the key of a recording: it changes with the file's bytes, and with the duration that is expected."""
    if recording.remote is not None:
        return f"{_remote_content(recording.remote)}:{grid.expected_s.get(recording.id, 0):g}"
    try:
        content = file_hash(recording.path) if recording.path.name else NO_AUDIO_KEY
    except OSError as error:
        content = f"unreadable: {error.strerror}"
    return f"{content}:{grid.expected_s.get(recording.id, 0):g}"


def recording_keys(recordings: Iterable[Recording], grid: Grid) -> dict[str, str]:
    """Return the key of every recording; all files are read."""
    recordings = list(recordings)
    with ThreadPoolExecutor(cpu_count()) as pool:
        found = pool.map(lambda r: recording_key(r, grid), recordings)
        return dict(zip([r.id for r in recordings], found, strict=True))


def other_audio_said(
    folder: Path,
    saved: Mapping[str, Stored],
    recordings: Iterable[Recording],
    keys: Mapping[str, str],
    what: str,
    *,
    replaces: bool,
) -> list[str]:
    """Return a note on recordings of which something is saved that was made of other audio; none without any.

    what: is saved. Only what was made of a whole recording counts; of those whose files changed, the first few are
    heard, for new tags are no other audio. Raises BlendkitError instead where it is not to be replaced.
    """
    files = {r.id: r for r in recordings if r.id in keys and r.id in saved}
    whole = [r for r in files if saved[r].is_final and saved[r].chunks and saved[r].status in _WHOLE]
    other = [r for r in whole if _have_other_audio(keys[r], saved[r].key)]
    if not other or all(_sounds_as_before(files[r], saved[r]) for r in other[:_HEARD]):
        return []
    who = counted(len(other), "recording has", "recordings have")
    said, which = f"{who} other audio than when the saved {what} were made", shorten(other)
    way = "equal names in several folders: give the folder above them, or each folder a store of its own"
    if replaces:
        return [f"{said}, which are replaced now: {which} ({way})"]
    changed = f"files that were repaired or recorded anew: `--replace` makes theirs again, and the old {what} go"
    raise BlendkitError(f"{folder}: {said}", [which, way, changed])


def _sounds_as_before(recording: Recording, saved: Stored) -> bool:
    """Return whether a file holds the samples that its saved entry was made of."""
    if recording.remote is not None or saved.content is None:
        return False
    with suppress(OSError, RuntimeError):
        content = content_of(decode(recording.path))
        return content is not None and content.whole == saved.content.get("whole")
    return False


def _have_other_audio(one: str, other: str) -> bool:
    """Return whether two keys tell of different audio: not where one is of a file at an address and one of a file here,
    nor where a file could not be read.
    """
    a, b = (k.rpartition(":")[0] for k in (one, other))
    alike = a.startswith(_REMOTE) == b.startswith(_REMOTE)
    return a != b and alike and all(len(k.removeprefix(_REMOTE)) == _HASH for k in (a, b))


def _remote_content(file: RemoteFile) -> str:
    """Return what stands for the content of a file that is not fetched yet: the version and size that are stated."""
    if file.version:
        return _REMOTE + text_hash(f"{file.size} {file.version}")
    return key_to_score_again(str(time.time_ns()), "its server states no version")  # it may be another one by now
