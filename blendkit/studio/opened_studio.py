"""A studio with all that it works on: scores, the blend that is moved, audio, answers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blendkit.errors import BlendkitError
from blendkit.events import Emit, silent
from blendkit.offline import Labels, Place
from blendkit.recipe import packaged_recipes
from blendkit.reporting import Asked, Material, gather, open_material
from blendkit.studio.clip_queue import Listening, listening_of
from blendkit.studio.clip_sound import ClipSounds, find_clip_sounds
from blendkit.studio.given_answers import GivenAnswers, open_answers
from blendkit.studio.live_blend import LiveBlend
from blendkit.studio.review_sheet import ReviewSheet, open_review_sheet
from blendkit.studio.saved_recipe import RecipeText
from blendkit.studio.two_halves import halves_of

LEDGER = Path("out/ledger.jsonl")


@dataclass(frozen=True)
class StudioFiles:
    """Files beside the source. audio: the folder of recordings; answers: where answers are kept; review: the table of
    a review, or its folder; ledger: of measured recipes.
    """

    audio: Path | None = None
    answers: Path = Path("studio_answers")
    review: Path | None = None
    ledger: Path = LEDGER


@dataclass(eq=False)
class Studio:
    """An opened source. live: None where nothing can be blended anew; then no_blend says why. text: of its recipe."""

    material: Material
    listening: Listening
    live: LiveBlend | None
    no_blend: str
    text: RecipeText | None
    answers: GivenAnswers
    clips: ClipSounds | None
    sheet: ReviewSheet | None
    ledger: Path
    _report: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self) -> dict[str, Any]:
        """Return the payload of the report on the source, gathered once."""
        with self._lock:
            if not self._report:
                self._report = gather(self.material).payload()
            return self._report


def open_studio(
    source: Path | str, labels: Labels | Path | None = None, files: StudioFiles | None = None, *,
    place: Place | None = None, overrides: Sequence[str] = (), scratch: Path, emit: Emit = silent,
) -> Studio:  # fmt: skip
    """Open a recipe (from its saved logits), a run's folder or a score file.

    labels: in place of a recipe's own; scratch: a folder for clips, which may be removed afterwards. Raises
    BlendkitError as `report` does, for audio that is not that of the recordings, and answers that cannot be read.
    """
    files = files or StudioFiles()
    material = open_material([source], labels, Asked(overrides=overrides, place=place, emit=emit))
    listening = listening_of(material)
    live, why = _live_blend(material)
    names = listening.rows.recordings()
    text = _text(source, material, overrides, _options(place, labels))
    return Studio(
        material, listening, live, why, text, open_answers(files.answers),
        None if files.audio is None else find_clip_sounds(files.audio, names, scratch),
        None if files.review is None else open_review_sheet(files.review), files.ledger,
    )  # fmt: skip


def _live_blend(material: Material) -> tuple[LiveBlend | None, str]:
    if material.recipe is None or material.workspaces is None:
        return None, "scores alone have no shares or steps to move: open the recipe that made them"
    if material.truth is None:
        return None, "there are no labels, so no setting has a figure: give --labels"
    return LiveBlend(material.recipe, material.workspaces, material.truth, halves_of(material.truth)), ""


def _options(place: Place | None, labels: Labels | Path | None) -> tuple[str, ...]:
    """Return the options of `whatif` that open the same files, saved logits and labels."""
    place, out = place or Place(), list[str]()
    folders = () if place.data is None else (place.data,) if isinstance(place.data, str | Path) else place.data
    for folder in folders:
        out += ["--data", str(folder)]
    out += [] if place.store is None else ["--store", str(place.store)]
    out += [] if place.on == "oof" else ["--on", place.on]
    file = labels.table if isinstance(labels, Labels) else labels
    if isinstance(file, str | Path):
        out += ["--set", f"labels={Path(file).resolve()}"]
    return (*out, *(["--allow-outside"] if place.allow_outside or isinstance(file, str | Path) else []))


def _text(
    source: Path | str, material: Material, overrides: Sequence[str], options: tuple[str, ...]
) -> RecipeText | None:
    """The text of a recipe that was opened from a file, or is packaged; None for others."""
    path = Path(source)
    if material.recipe is None or path.is_dir():
        return None
    text = path.read_text(encoding="utf-8") if path.is_file() else packaged_recipes().get(path.stem)
    if text is None:
        raise BlendkitError(f"{path}: it was there a moment ago")
    return RecipeText(str(source), text, path.parent if path.is_file() else Path(), tuple(overrides), options)
