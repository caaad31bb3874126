"""Which recordings share a fold: those of a recordist, by name or by a table, and of a site or a day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from blendkit.core import fitting_names, linked_groups, match_recordings
from blendkit.errors import BlendkitError, shorten
from blendkit.io import read_metadata_column
from blendkit.training.examples import Examples
from blendkit.training.jobs.clips import grouped
from blendkit.training.jobs.requests import TrainingRows

_CUT = re.compile(r"(.+)[_-]\d{1,4}")  # six digits are a time of day
_MOSTLY = 0.8  # of the names
_PARTS = {"site": ("site",), "day": ("date",), "site-day": ("site", "date")}
Groups = Mapping[str, str]


def grouping_problems(rows: TrainingRows) -> list[str]:
    """Return what of the grouping that a request asks for can have no effect."""
    problems = []
    if rows.metadata is not None and rows.group is None and rows.secondary == "ignore":
        problems.append("--metadata needs --group COLUMN, the column that names the recordist, or --secondary")
    if rows.group is not None and rows.metadata is None and not rows.features:
        problems.append("--group takes clips' names: group soundscapes by --soundscape-group, or add --metadata")
    if rows.soundscape_group is not None and rows.soundscapes is None:
        problems.append("--soundscape-group needs --soundscapes")
    return problems


def grouping_of(rows: TrainingRows) -> str | None:
    """Return how rows are grouped, in words; None where every recording is a group."""
    by = rows.group if rows.metadata is None or rows.group is None else f"{rows.group} of {rows.metadata.name}"
    scapes = rows.soundscape_group
    return " and ".join([*([by] if by else []), *([f"{scapes} of soundscapes"] if scapes else [])]) or None


def with_groups(examples: Examples, rows: TrainingRows) -> tuple[Examples, list[str]]:
    """Return examples with the groups that are asked for (default: recordings), and what the user should know.

    A group of clips and one of soundscapes with one name are one group. A soundscape with a site or a day and a
    recordist joins both groups. Raises BlendkitError as `grouped` and `read_metadata_column` do, for clips that the
    table lacks, and for soundscapes whose names give no site or date.
    """
    by = grouping_of(rows)
    if by is None:
        return examples, _cut_by_name(sorted(set(examples.recording[examples.kind == "chunk"].tolist())))
    clips, chunks = (sorted(set(examples.recording[examples.kind == k].tolist())) for k in ("clip", "chunk"))
    named, notes = _by_table(rows, clips, chunks) if rows.metadata and rows.group else (_by_name(clips, rows.group), [])
    placed = _placed(chunks, rows.soundscape_group)
    root = linked_groups((placed[r], named[r]) for r in chunks if r in placed and r in named)
    of_clip = {r: named.get(r, r) for r in clips}
    of_chunk = {r: placed.get(r, named.get(r, r)) for r in chunks}
    of = {"clip": of_clip, "chunk": of_chunk, "pseudo": {}}
    own = [of[k].get(r, r) for k, r in zip(examples.kind.tolist(), examples.recording.tolist(), strict=True)]
    made = replace(examples, group=np.array([root.get(g, g) for g in own], np.str_))
    return made, [_told(made, by), *notes]


def _told(examples: Examples, by: str) -> str:
    clips, chunks = (set(examples.group[examples.kind == k].tolist()) for k in ("clip", "chunk"))
    both = f"; {len(clips & chunks)} of them hold clips and chunks" if clips and chunks else ""
    return f"{len(clips | chunks)} groups by {by}{both}"


def _cut_by_name(chunks: Sequence[str]) -> list[str]:
    """Return a note where soundscapes may be cuts of longer recordings, by their names: no audio shows it."""
    stems = Counter(found[1] for r in chunks if (found := _CUT.fullmatch(r)))
    cuts = sum(n for n in stems.values() if n > 1)
    if len(stems) < 2 or cuts < _MOSTLY * len(chunks):
        return []
    few = shorten([r for r in chunks if _CUT.fullmatch(r)], 3)
    what = f"the names of {cuts} of {len(chunks)} soundscapes differ in a last number alone ({few})"
    way = f"--soundscape-group '{_CUT.pattern}' keeps those of one in one fold"
    return [f"{what}: if they are cuts of longer recordings, figures are too high, and {way}"]


def _by_name(clips: Sequence[str], group: str | None) -> Groups:
    if group is None:
        return {}
    return dict(zip(clips, grouped([r.rsplit("/", 1)[-1] for r in clips], group), strict=True))


def _by_table(rows: TrainingRows, clips: Sequence[str], chunks: Sequence[str]) -> tuple[Groups, list[str]]:
    """The column's text for every recording that has one, and how many have none."""
    assert rows.metadata is not None
    assert rows.group is not None
    table = read_metadata_column(rows.metadata, rows.group)
    at = {r: table[path] for path, r in match_recordings(table, [*clips, *chunks]).items()}
    lacking = [r for r in clips if r not in at]
    if lacking:
        what = f"{rows.metadata}: {len(lacking)} of {len(clips)} clips are not in it, so that their group is not known"
        raise BlendkitError(what, [shorten(lacking), f"its files are such as {shorten(table, 3) or 'none'}"])
    empty = [r for r, text in at.items() if not text]
    alone = "each is a group of its own" if rows.soundscape_group is None else "only --soundscape-group groups them"
    notes = [f"{len(empty)} recordings have no {rows.group}: each is a group of its own: {shorten(empty)}"] * bool(
        empty
    )
    outside = sum(r not in at for r in chunks)
    notes += [f"{rows.metadata.name} lacks {outside} of {len(chunks)} soundscapes: {alone}"] * bool(outside)
    return {r: text for r, text in at.items() if text}, notes


def _placed(chunks: Sequence[str], by: str | None) -> Groups:
    """The group of every soundscape by its name: its site, its day, both, or a pattern's match."""
    if by is None:
        return {}
    if by not in _PARTS:
        return dict(zip(chunks, grouped(chunks, by, "--soundscape-group"), strict=True))
    read = fitting_names(chunks).parts
    found = {r: [_text(getattr(read[r], part)) for part in _PARTS[by]] for r in chunks}
    lacking = [r for r, texts in found.items() if not all(texts)]
    if lacking:
        what = f"--soundscape-group {by}: {len(lacking)} names give no {' and '.join(_PARTS[by])}"
        raise BlendkitError(
            what, [shorten(lacking), "give a pattern instead, with the part that groups in parentheses"]
        )
    return {r: " ".join(texts) for r, texts in found.items()}


def _text(part: object) -> str:
    text = str(part)
    return "" if text == "NaT" else text
