"""A source of scores as detections need it: classes by id, and what is known of every recording that was heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blendkit.audio import find_recordings, probe_duration
from blendkit.core import (
    FileSpace,
    Heard,
    NameRule,
    Rows,
    Scores,
    SiteFrom,
    Taxonomy,
    fitting_names,
    make_rows,
    match_recordings,
)
from blendkit.errors import BlendkitError, shorten
from blendkit.io import ColumnNames, check_space, is_source, read_provenance, read_score_file, read_taxonomy

SUFFIX = ".wav"  # of recordings whose files nobody has shown


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    columns: the file's columns and arrays; space: of the scores, where the file does not say it. taxonomy: of the
    classes. audio: the folder of the recordings, which gives the names and lengths of their files. tz, report_tz, site:
    the time zone of the recordings' names, the one in which times are wanted, and where sites are read.
    """

    columns: ColumnNames | None = None
    space: FileSpace = "unknown"
    taxonomy: Taxonomy | Path | str | None = None
    audio: Path | str | None = None
    tz: str = "UTC"
    report_tz: str | None = None
    site: SiteFrom = "name"


@dataclass(frozen=True, eq=False)
class OpenedSource:
    """Scores whose rows are whole recordings in order, the taxonomy, and what was heard, recording by recording.

    path: of the source, None of scores in memory; name: what messages call it; notes: what was assumed.
    """

    scores: Scores
    taxonomy: Taxonomy
    heard: tuple[Heard, ...]
    audio: str
    path: Path | str | None
    name: str
    notes: tuple[str, ...]

    @property
    def space(self) -> FileSpace:
        """The space of the scores."""
        return self.scores.space


def open_source(source: Scores | Path | str, reading: Reading) -> OpenedSource:
    """Read a source. Raises BlendkitError as `read_scores` does, for recipes, for a space that the values or the file
    contradict, and for an audio folder that holds none of the recordings.
    """
    path = None if isinstance(source, Scores) else source
    name = "these scores" if path is None else str(path)
    scores, notes = (source, ()) if isinstance(source, Scores) else _read(source, reading)
    taxonomy = reading.taxonomy if isinstance(reading.taxonomy, Taxonomy) else _taxonomy(reading.taxonomy)
    scores, left_out = scores.known_to(taxonomy, source=name)
    scores = Scores.build(scores.values, scores.rows, scores.classes, scores.space, covered=scores.covered, source=name)
    if scores.space != "unknown":
        notes = (*notes, *check_space(scores.values, scores.space, name, unlikely=True))
    base = NameRule(tz=reading.tz, report_tz=reading.report_tz, site_from=reading.site)
    named = fitting_names(scores.rows.recordings(), base)
    rows = make_rows([str(r) for r in scores.rows.recording], scores.rows.start_s, scores.rows.end_s, named.rule)
    heard, audio, said = _heard(rows, named.rule, reading.audio)
    scores = Scores(scores.values, rows, scores.classes, scores.space, scores.covered)
    return OpenedSource(scores, taxonomy, heard, audio, path, name, (*notes, *left_out, *said))


def _taxonomy(path: Path | str | None) -> Taxonomy:
    return Taxonomy({}) if path is None else read_taxonomy(path)


def _read(source: Path | str, reading: Reading) -> tuple[Scores, tuple[str, ...]]:
    if not is_source(source):
        ways = ["give the folder of a run, a store of logits, or a score file", "`blendkit run RECIPE` makes a run"]
        raise BlendkitError(f"{source}: no scores here", ways)
    known = read_provenance(source).space if Path(str(source)).exists() else "unknown"
    if "unknown" not in (known, reading.space) and known != reading.space:
        raise BlendkitError(
            f"{source}: it says that its scores are {known}, not {reading.space}", ["leave --space out"]
        )
    space = reading.space if known == "unknown" else known
    file = read_score_file(source, space, names=reading.columns)
    return file.scores, file.notes


def _heard(
    rows: Rows, rule: NameRule, audio: Path | str | None
) -> tuple[tuple[Heard, ...], str, tuple[str, ...]]:  # fmt: skip
    """Return what was heard (R,), the audio folder as text, and notes."""
    recordings, last = rows.recordings(), rows.offsets()[1:] - 1
    scored = dict(zip(recordings, rows.end_s[last].tolist(), strict=True))
    files, notes = _files(recordings, Path(audio)) if audio is not None else ({}, ())
    heard = []
    for r in recordings:
        said = rule.read(r)
        file, length = files.get(r, (f"{r}{SUFFIX}", None))
        heard.append(Heard(r, file, length or scored[r], said.site, said.moment))
    return tuple(heard), "" if audio is None else Path(audio).resolve().as_posix(), notes


def _files(recordings: list[str], folder: Path) -> tuple[dict[str, tuple[str, float | None]], tuple[str, ...]]:
    """Return {recording: (path below the folder, seconds)} of those that it holds, and a note on the others."""
    if not folder.is_dir():
        raise BlendkitError(f"{folder}: no such folder of recordings", ["--audio names the folder that was scored"])
    found = {r.id: r.path for r in find_recordings(folder).recordings}
    own = {r: found[i] for i, r in match_recordings(found, recordings).items()}
    if not own:
        listed = [f"it holds {shorten(found, 3) or 'no audio'}", f"the scores are of {shorten(recordings, 3)}"]
        raise BlendkitError(f"{folder}: holds none of the recordings that were scored", listed)
    lacking = [r for r in recordings if r not in own]
    count = f"{len(lacking)} of {len(recordings)} recordings are not in {folder}"
    note = f"{count}, and are named {SUFFIX}: {shorten(lacking)}"
    out = {r: (p.relative_to(folder).as_posix(), probe_duration(p)) for r, p in own.items()}
    return out, (note,) if lacking else ()


def recording_codes(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the place (N,) of each row's recording among the recordings in order."""
    return np.repeat(np.arange(len(rows.offsets()) - 1), np.diff(rows.offsets())).astype(np.int64)
