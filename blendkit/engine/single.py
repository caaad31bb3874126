"""One member over a list of audio files: scores into a store, a status for every file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from blendkit.audio import SUFFIXES, Recording, find_recordings, unique_recordings
from blendkit.engine.events import Tell, silent
from blendkit.engine.identity import member_facts
from blendkit.engine.members import CAREFUL, How, audio_member, cpu_count, is_finished, member_params
from blendkit.engine.prepare import Grid
from blendkit.engine.scoring import score_recordings
from blendkit.errors import BlendkitError
from blendkit.member import TTA, MemberContext
from blendkit.recipe.load import parse_recipe
from blendkit.recipe.paths import DataFolder, check_files
from blendkit.recipe.plan import make_plan
from blendkit.rows import NameRule
from blendkit.store import Stored
from blendkit.taxonomy import Taxonomy

_NAME = "member"


def score_audio(
    use: str,
    audio: Sequence[Path],
    out: Path,
    *,
    settings: Sequence[str] = (),
    taxonomy: Taxonomy | None = None,
    chunk_s: float = 5.0,
    how: How = CAREFUL,
    tell: Tell = silent,
) -> dict[str, Stored]:
    """Score files and folders with one member into the store `out`; return every recording's status.

    settings: `key=value` of the member, paths relative to the working folder (`model=m.onnx`,
    `tta.shifts_s=[-1, 0, 1]`). What the store holds already is not scored again.
    """
    overrides = [f"members.{_NAME}.{s}" for s in settings]
    text = f"recipe: 1\nname: score\nmembers:\n  {_NAME}:\n    use: {json.dumps(use)}\noutput: {_NAME}\n"
    plan = make_plan(parse_recipe(text, "command line", overrides))
    member, model = plan.members[_NAME], plan.recipe.model.members[_NAME]
    unused = {"steps", "fill_uncovered", "missing_rows", "unknown_classes"} & model.model_fields_set
    if unused or is_finished(member):
        why = f"{', '.join(sorted(unused))} belong to recipes" if unused else f"{use!r} reads finished scores"
        raise BlendkitError(f"score gives a model's own logits; {why}")
    files = check_files(plan, DataFolder(Path(), outside=True))
    known = taxonomy or Taxonomy({})
    recordings = gather_audio(audio)
    context = MemberContext(
        known.classes, known, NameRule(), chunk_s, cpu_count(), tuple(recordings), {}, how.provider, how.allow_code
    )
    tta = TTA(tuple(model.tta.shifts_s), model.tta.edge)
    remainder = plan.recipe.model.remainder
    facts = member_facts(member, files, context, tta, remainder)
    scorer = audio_member(member, member_params(member, files), context, tta, facts, out)
    scorer.store = scorer.store or scorer.open_store(scorer.build())
    grid = Grid(chunk_s, remainder, NameRule())
    return score_recordings([scorer], recordings, grid, tell).status


def gather_audio(paths: Sequence[Path]) -> list[Recording]:
    """Return the recordings of files and folders. Raises BlendkitError for paths that hold none."""
    found, problems = [], []
    for path in paths:
        if path.is_dir():
            inside = find_recordings(path)
            found += inside
            problems += [] if inside else [f"{path}: no audio files in this folder"]
        elif path.suffix.lower() not in SUFFIXES or not path.is_file():
            what = "not an audio file" if path.is_file() else "no such file or folder"
            problems.append(f"{path}: {what}")
        else:
            found.append(Recording(path.stem, path))
    if problems:
        raise BlendkitError("nothing to score", problems)
    return unique_recordings(found)
