"""A source of scores as detections need it: classes by id, and what is known of every recording that was heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
)
from blendkit.errors import BlendkitError
from blendkit.io import (
    ColumnNames,
    check_space,
    heard_recordings,
    is_source,
    known_space,
    read_score_file,
    read_taxonomy,
)


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
    recordings, last = rows.recordings(), rows.offsets()[1:] - 1
    lengths = dict(zip(recordings, rows.end_s[last].tolist(), strict=True))
    heard, audio, said = heard_recordings(recordings, lengths, named.rule, reading.audio)
    scores = Scores(scores.values, rows, scores.classes, scores.space, scores.covered)
    return OpenedSource(scores, taxonomy, heard, audio, path, name, (*notes, *left_out, *said))


def _taxonomy(path: Path | str | None) -> Taxonomy:
    return Taxonomy({}) if path is None else read_taxonomy(path)


def _read(source: Path | str, reading: Reading) -> tuple[Scores, tuple[str, ...]]:
    if not is_source(source):
        ways = ["give the folder of a run, a store of logits, or a score file", "`blendkit run RECIPE` makes a run"]
        raise BlendkitError(f"{source}: no scores here", ways)
    file = read_score_file(source, known_space(source, reading.space), names=reading.columns)
    return file.scores, file.notes


def recording_codes(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the place (N,) of each row's recording among the recordings in order."""
    return np.repeat(np.arange(len(rows.offsets()) - 1), np.diff(rows.offsets())).astype(np.int64)
