"""Artefacts that steps apply, fitted from files: `fit step` and `fit places`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blendkit.blending.artefact_contents import contents_of_fit
from blendkit.blending.conversions import convert
from blendkit.blending.cross_fitted_steps import fit_op
from blendkit.blending.step_context import StepContext
from blendkit.core import Saw, Scores, Space, Taxonomy, fitting_names
from blendkit.errors import BlendkitError, shorten
from blendkit.events import ignore_text
from blendkit.io import (
    OF_A_TEACHER,
    ColumnNames,
    Provenance,
    read_finds,
    read_labels,
    read_provenance,
    read_scores,
    read_sites,
    read_taxonomy,
    recordings_of_finds,
    saw_of_labels,
)
from blendkit.ops import OpInfo, RateTable, info_of, near_places
from blendkit.recipe import checked_fit, yaml_value
from blendkit.registry import OPS, registry
from blendkit.store import save_artefact


def fit_step_artefact(
    op: str,
    out: Path | str,
    *,
    scores: Path | str | None = None,
    space: Space | None = None,
    labels: Path | str | None = None,
    taxonomy: Path | str | None = None,
    audio: Path | str | None = None,
    settings: Sequence[str] = (),
    names: ColumnNames | None = None,
    note: Callable[[str], None] = ignore_text,
) -> Any:
    """Fit the artefact that a step applies, write it to `out`, and return it; a recipe's `artefact:` names it.

    scores: out-of-fold scores for calibration, a reference's for ranks. space: what these scores are (a store holds
    logits). labels: what priors are counted from. audio: a folder of the recordings, of which copies under other names
    are then found, too. settings: `key=value` of the fit. note: called with what a conversion did, and if some
    recordings are known by name only. The artefact lists the recordings it was fitted on. Raises BlendkitError for an
    op that is not fitted, for missing scores or labels that its fit needs, for scores of unknown space, and for a
    folder without any of the recordings.
    """
    info = _fitted_op(op)
    params = checked_fit(info, dict(_setting(text) for text in settings))
    names = names or ColumnNames()
    found = None if scores is None else _scores(scores, info.spaces, space, names, note)
    taxa = Taxonomy({}) if taxonomy is None else read_taxonomy(taxonomy)
    table = None if labels is None else read_labels(labels)
    around = StepContext(taxa, fitting_names(table.recordings if table else []).rule, names.chunk_s)
    made = fit_op(info, params, found, table, around)
    known = Provenance() if scores is None else read_provenance(scores)
    teacher = Saw()
    if table is not None and labels is not None:
        _note_in_sample(known, made.saw, note)
        teacher = saw_of_labels(labels, table)
    heard = contents_of_fit(made.saw, known.contents, None if audio is None else Path(audio), note)
    if teacher != Saw():
        made = _with_teacher(made, teacher, note)
    save_artefact(made, Path(out), {**teacher.contents, **heard}, known=teacher.known)
    return made


def _with_teacher(made: Any, teacher: Saw, note: Callable[[str], None]) -> Any:
    """Return an artefact that was fitted on pseudo-labels, with what their teacher learned from among what it saw."""
    count = f"{len(teacher)} recordings from which it learned are among those that this artefact saw"
    note(f"these labels {OF_A_TEACHER}; {count if teacher.known else 'nobody knows what it learned from'}")
    return replace(made, saw=tuple(sorted({*made.saw, *teacher.recordings})))


def _note_in_sample(known: Provenance, recordings: Sequence[str], note: Callable[[str], None]) -> None:
    """Say it where a fit uses scores of recordings that their model learned from: they are too sure."""
    seen = known.in_sample(recordings)
    if seen:
        what = f"what made these scores learned from {len(seen)} of the {len(recordings)} recordings of this fit"
        note(f"in-sample: {what}: {shorten(seen, 3)}; fit on out-of-fold scores")


def fit_places(
    finds: Path | str, sites: Path | str, out: Path | str, *, radius_km: float = 300.0, k: float = 20.0
) -> RateTable:
    """Make the table of place_prior from finds with coordinates, write it to `out`, and return it.

    The recordings that the table of finds names are those that the artefact saw, and it is refused on them.
    """
    saw = recordings_of_finds(Path(finds))
    made = near_places(read_sites(Path(sites)), read_finds(Path(finds)), radius_km=radius_km, k=k, saw=saw)
    save_artefact(made, Path(out))
    return made


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BlendkitError(f"--set {text}: expected key=value")
    return key, yaml_value(value, f"--set {key}")


def _fitted_op(name: str) -> OpInfo:
    info = info_of(registry(OPS).get(name))
    if info is None or info.fit is None:
        infos = [i for n in registry(OPS).names() if (i := info_of(registry(OPS).get(n))) is not None]
        raise BlendkitError(
            f"{name} is not a fitted op", [f"fitted ops: {shorten([i.name for i in infos if i.fit], 20)}"]
        )
    return info


def _scores(
    source: Path | str, spaces: tuple[Space, ...], space: Space | None, names: ColumnNames, note: Callable[[str], None]
) -> Scores:
    found = read_scores(source, space or "unknown", names=names)
    if found.space == "unknown":
        raise BlendkitError(f"{source}: say what its scores are: --space logit, prob or rank")
    target = found.space if found.space in spaces else spaces[0]
    if found.space == "rank" and target != "rank":
        raise BlendkitError(f"{source}: ranks cannot become a {target} again")
    return convert(found, target, note)
