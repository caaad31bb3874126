"""Where the files of recordings lie, for tables that name files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from blendkit.audio import find_recordings, probe_duration
from blendkit.core import NameRule, ScoredRecording, match_recordings, path_ids, printable
from blendkit.errors import BlendkitError, counted, shorten

_SUFFIX = ".wav"  # of recordings whose files nobody has shown
UNSEEN = f"files are named {_SUFFIX}: --audio FOLDER gives their names and lengths"
NO_EFFORT = (
    "the effort is unknown: detections do not say how long was listened to, nor which recordings have none, so that "
    "only chunks up to the last detection count; --audio FOLDER tells both"
)


@dataclass(frozen=True, eq=False)
class AudioFolder:
    """The recordings of a folder: {id: file}. Each file's length is asked once."""

    folder: Path
    files: Mapping[str, Path]
    _lengths: dict[str, float | None] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, folder: Path | str | None) -> AudioFolder | None:
        """Look into a folder; None for none. Raises BlendkitError for one that is not there."""
        if folder is None:
            return None
        path = Path(folder)
        if not path.is_dir():
            raise BlendkitError(f"{path}: no such folder of recordings", ["--audio names the folder that was scored"])
        return cls(path, {r.id: r.path for r in find_recordings(path).recordings})

    def length_s(self, recording: str) -> float | None:
        """Return the seconds of one of its recordings; None where the file does not tell."""
        if recording not in self._lengths:
            self._lengths[recording] = probe_duration(self.files[recording])
        return self._lengths[recording]

    def of_recordings(self, recordings: Sequence[str]) -> dict[str, str]:
        """Return {recording: the id here} of those it holds. Raises BlendkitError if it holds none of several."""
        own = {r: i for i, r in match_recordings(self.files, recordings).items()}
        if recordings and not own:
            listed = [f"it holds {shorten(self.files, 3) or 'no audio'}", f"the scores are of {shorten(recordings, 3)}"]
            raise BlendkitError(f"{self.folder}: holds none of the recordings that were scored", listed)
        return own

    def ids_of(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the recording of each path: the one here that it means, else by the path itself."""
        distinct = list(dict.fromkeys(paths))
        found = match_recordings(distinct, self.files)
        return path_ids(p for p in distinct if p not in found) | found

    def beside(self, own: Mapping[str, str]) -> list[str]:
        """Return the recordings here that are none of those; own: see `of_recordings`."""
        used = set(own.values())
        return [i for i in self.files if i not in used]


def scored_recordings(
    recordings: Sequence[str],
    lengths: Mapping[str, float],
    rule: NameRule,
    audio: AudioFolder | None,
    heard_s: Mapping[str, float] = MappingProxyType({}),
    *,
    to_the_end: bool = False,
) -> tuple[tuple[ScoredRecording, ...], str, tuple[str, ...]]:
    """Return what was heard (R,), the audio folder as text, and notes.

    lengths: in seconds, of recordings whose files `audio` does not show; heard_s: of those that could be read so far
    alone, whatever their files say; to_the_end: see `ScoredRecording`. Raises BlendkitError for a folder without any of
    the recordings.
    """
    own = {} if audio is None else audio.of_recordings(recordings)
    heard = []
    for r in recordings:
        said, file, length = rule.read(r), f"{r}{_SUFFIX}", None
        if audio is not None and r in own:
            file = printable(audio.files[own[r]].relative_to(audio.folder).as_posix())
            length = audio.length_s(own[r])
        known = (said.site, said.moment, r in own, said.zone, said.offset_s, to_the_end)
        heard.append(ScoredRecording(r, file, heard_s.get(r) or length or lengths[r], *known))
    if audio is None:
        return tuple(heard), "", ()
    lacking, beside = [r for r in recordings if r not in own], audio.beside(own)
    count = f"{len(lacking)} of {len(recordings)} recordings are not in {audio.folder}"
    notes = [f"{count}, and are named {_SUFFIX}: {shorten(lacking)}"] if lacking else []
    notes += [f"not counted, for the scores lack them: {_of(beside, audio)}"] if beside else []
    return tuple(heard), printable(audio.folder.resolve().as_posix()), tuple(notes)


def recording_lengths(
    recordings: Sequence[str], audio: AudioFolder, *, others: bool
) -> tuple[dict[str, float], bool, tuple[str, ...]]:
    """Return {recording: seconds} of those that a folder holds, whether all lengths are known, and notes.

    others: also those of its recordings that are not named: a table of all detections names none without one. Raises
    BlendkitError as `scored_recordings` does.
    """
    own = audio.of_recordings(recordings)
    beside = audio.beside(own) if others else []
    lengths = {r: audio.length_s(i) for r, i in {**own, **{i: i for i in beside}}.items()}
    known = {r: s for r, s in lengths.items() if s is not None}
    silent, unread = [r for r in beside if r in known], [r for r in lengths if r not in known]
    notes = [f"counted as heard, with nothing found: {_of(silent, audio)}"] if silent else []
    notes += [f"not counted, for their length cannot be read: {_of(unread, audio)}"] if unread else []
    return known, not unread and set(recordings) <= set(own), tuple(notes)


def _of(recordings: Iterable[str], audio: AudioFolder) -> str:
    listed = list(recordings)
    return f"{counted(len(listed), 'recording', 'recordings')} of {audio.folder}, {shorten(listed)}"
