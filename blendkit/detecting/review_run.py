"""`review`: clips to listen to, written as a table, Raven selections and cut audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.core import DetectionTable, Int64, Naming, Scores, json_value, named_classes, notebook_view
from blendkit.detecting.opened_source import OpenedSource, Reading, open_source, recording_codes
from blendkit.detecting.result_files import check_folder, new_files
from blendkit.detecting.review_clips import cut_clips
from blendkit.detecting.review_draw import DrawnClips, DrawRule, draw_clips
from blendkit.detecting.review_table import (
    ANSWER,
    CLIP,
    RAVEN,
    SEAL,
    TABLE,
    ReviewClips,
    drawn_facts,
    write_clips_table,
)
from blendkit.errors import BlendkitError, shorten
from blendkit.io import write_raven_tables
from blendkit.store import file_hash, write_json

if TYPE_CHECKING:
    import pandas as pd

CLIPS = "clips"
MOST_CLIPS = 5000  # WAVs of 5 s at 48 kHz are 2.4 GB, and a week of listening
_HASHES = "written.json"


@dataclass(frozen=True, eq=False, repr=False)
class Review:
    """Clips to listen to, and the files that hold them. folder: where; files: their paths below it."""

    clips: ReviewClips
    folder: Path
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.clips)

    def __repr__(self) -> str:
        return f"Review({len(self)} clips of {len(set(self.clips.class_id))} classes, {self.folder})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class and stratum: its chunks, the clips drawn, their highest and lowest score."""
        import pandas as pd

        c = self.clips
        columns = {"class": c.class_id, "name": c.name, "stratum": c.stratum, "chunks": c.chunks, "score": c.score}
        frame = pd.DataFrame(columns)
        own = frame.groupby(["class", "name", "stratum", "chunks"], sort=False)["score"]
        return own.agg(clips="size", highest="max", lowest="min").reset_index().sort_values(
            ["class", "stratum"], kind="stable", ignore_index=True)  # fmt: skip

    def _repr_html_(self) -> str:
        """Show the strata in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def review(
    source: Scores | Path | str,
    out: Path | str,
    rule: DrawRule | None = None,
    *,
    others: Sequence[Path | str] = (),
    naming: Naming = "id",
    reading: Reading | None = None,
    cut_audio: bool = False,
    context_s: float = 0.0,
    most_clips: int = MOST_CLIPS,
) -> Review:
    """Draw clips of every class to listen to, and write them as `review.csv` and Raven selection tables.

    others: further sources for a draw by disagreement. cut_audio: also write a WAV of each clip, with `context_s` more
    seconds at both ends; needs the audio folder of `reading`. Only then, or where that folder is given, recordings
    without audio are never drawn. The draw depends on chunks, scores and the seed alone. Raises BlendkitError as
    `detect` does, for a folder whose tables were changed since they were written (they may hold answers), and before
    more than `most_clips` WAVs are cut.
    """
    folder, reading = Path(out), reading or Reading()
    if cut_audio and reading.audio is None:
        raise BlendkitError("clips are cut from recordings: --clips needs --audio, the folder that holds them")
    check_folder(folder, SEAL)
    _require_unanswered(folder)
    opened = open_source(source, reading)
    rule = rule or DrawRule()
    drawn = draw_clips(opened, others, rule, naming, reading.columns)
    if cut_audio and len(drawn.clips) > most_clips:
        raise _too_many(drawn.clips, most_clips, context_s)
    notes = [*opened.notes, *drawn.notes]
    facts = {"source": opened.name, "space": opened.space, "by": rule.by, "per_class": rule.per_class,
             "strata": rule.strata, "seed": rule.seed, "clips": len(drawn.clips), "notes": notes,
             "drawn": drawn_facts(drawn.clips)}  # fmt: skip
    with new_files(folder, SEAL, facts) as new:
        write_clips_table(new / TABLE, drawn.clips)
        _write_raven(new / RAVEN, opened, drawn, naming)
        if cut_audio:
            files = {h.id: Path(opened.audio) / h.file for h in opened.recordings}
            notes += cut_clips(drawn.clips, files, new / CLIPS, context_s)
        tables = sorted(p for p in new.rglob("*") if p.suffix in (".csv", ".txt"))
        write_json(new / _HASHES, {p.relative_to(new).as_posix(): file_hash(p) for p in tables})
        files_made = tuple(sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file()))
    return Review(drawn.clips, folder, (*files_made, SEAL), tuple(dict.fromkeys(notes)))


def _too_many(clips: ReviewClips, most: int, context_s: float) -> BlendkitError:
    seconds = float((clips.end_s - clips.start_s + 2 * context_s).sum())
    ways = [
        "name the classes that you want: --species FILE, a CSV with a column `class`",
        "draw fewer of each: --per-class",
        "leave out --clips: recordings and times stand in the tables too",
        f"allow it: --most-clips {len(clips)}",
    ]
    what = f"{len(clips)} clips of {len(set(clips.class_id))} classes, {seconds / 3600:.0f} hours of sound"
    return BlendkitError(f"--clips would cut {what}; at most {most} are cut unasked", ways)


def _require_unanswered(folder: Path) -> None:
    """Raise BlendkitError if a table of an earlier draw was changed: hours of listening must not be overwritten."""
    try:
        known = json_value((folder / _HASHES).read_text(encoding="utf-8"))
        changed = [n for n, h in known.items() if (folder / n).is_file() and file_hash(folder / n) != h]
    except (OSError, ValueError, AttributeError):
        changed = [TABLE] if (folder / TABLE).exists() else []
    if changed:
        raise BlendkitError(
            f"{folder}: {shorten(changed)} changed since it was written, and may hold answers",
            ["choose another --out, or delete the folder", f"`blendkit review --read {folder}` reads the answers"],
        )


def _write_raven(folder: Path, opened: OpenedSource, drawn: DrawnClips, naming: Naming) -> None:
    """Write selection tables of the recordings with clips, with an empty column for answers."""
    code = recording_codes(opened.scores.rows)[drawn.row]
    order = np.lexsort((drawn.class_at, drawn.clips.start_s, code))
    there, place = np.unique(code[order], return_inverse=True)
    names, _ = named_classes(opened.scores.classes, opened.taxonomy, naming)
    heard = tuple(opened.recordings[r] for r in there.tolist())
    start, end, length = (
        drawn.clips.start_s[order],
        drawn.clips.end_s[order],
        np.array([h.length_s for h in heard])[place],
    )
    one: Int64 = np.ones(len(order), np.int64)
    table = DetectionTable(
        heard, names, place.astype(np.int64), drawn.class_at[order], start,
        np.where(length > start, np.minimum(end, length), end), drawn.clips.score[order], one, opened.audio,
    )  # fmt: skip
    folder.mkdir()
    clips = [drawn.clips.clip[i] for i in order]
    write_raven_tables(table, folder, {CLIP: clips, ANSWER: [""] * len(clips)})
