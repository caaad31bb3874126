"""One step on one stream: what an op asks for, which classes it acts on, conversions between spaces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blendkit.engine.fitting import fit_step
from blendkit.engine.weights import class_mask
from blendkit.errors import BlendkitError, broken, did_you_mean
from blendkit.metrics.ranks import percentile_rank
from blendkit.ops import signature
from blendkit.ops.spaces import logit, saturated, sigmoid, zero_floor
from blendkit.recipe.steps import StepPlan
from blendkit.recipe.strict_yaml import Path as KeyPath
from blendkit.rows import NameRule
from blendkit.scores import Matrix, Scores, Space
from blendkit.taxonomy import Taxonomy


@dataclass(frozen=True)
class Surroundings:
    """What steps may ask for beside the values: taxonomy, names, and the files of fitted steps."""

    taxonomy: Taxonomy = field(default_factory=lambda: Taxonomy({}))
    names: NameRule = field(default_factory=NameRule)
    chunk_s: float = 5.0
    files: dict[KeyPath, Path] = field(default_factory=dict)


def apply_step(
    step: StepPlan,
    scores: Scores,
    around: Surroundings,
    coverage: dict[str, NDArray[np.bool_]],
    note: Callable[[str], None],
) -> Scores:
    """Return a stream with one step applied; other classes than the step's `where` stay as they are."""
    if step.info is None:
        return convert(scores, step.space_out, note)
    values = scores.values.astype(np.float64, copy=False)  # float32 would make ties that were none
    mask = where_mask(step, scores.classes, around.taxonomy, coverage)
    part = scores.with_values(values)
    narrow = mask is not None and step.info.classwise
    if mask is not None and narrow:
        chosen = np.flatnonzero(mask)
        part = Scores(
            values[:, chosen],
            scores.rows,
            tuple(scores.classes[i] for i in chosen),
            scores.space,
            scores.covered[chosen],
        )
    context = _context(step, part, around, note, scores.classes)
    params = {k: v for k, v in step.params.items() if k in _own_params(step)}
    if step.info.scope == "file" and "offsets" in context:
        gaps = int(((scores.rows.start_s[1:] > scores.rows.end_s[:-1]) & ~_new_recording(scores)).sum())
        if gaps:
            note(f"{step.name}: chunks are missing in {gaps} places; their neighbours count as adjacent")
    if step.info.notes is not None:
        wanted = {k: v for k, v in context.items() if k in ("rows", "fitted")}
        for text in step.info.notes(part.values, **wanted):
            note(f"{step.name}: {text}")
    result = run_op(step, part, {**context, **params})
    if mask is not None:
        whole = values.copy()
        whole[:, mask] = result if narrow else result[:, mask]
        result = whole
    return scores.with_values(result, step.space_out)


def _new_recording(scores: Scores) -> NDArray[np.bool_]:
    """(N - 1,) true where the next row belongs to another recording."""
    who = scores.rows.recording
    return np.asarray(who[1:] != who[:-1], bool)


def run_op(step: StepPlan, scores: Scores, kwargs: dict[str, Any]) -> Matrix:
    """Call an op on a stream: once, or per recording where a file-scope op asks for neither rows nor offsets."""
    assert step.info is not None
    function = step.info.function
    try:
        if step.info.scope != "file" or {"rows", "offsets"} & set(step.info.context().values()):
            return function(scores.values, **kwargs)
        bounds = scores.rows.offsets()
        parts = [function(scores.values[a:b], **kwargs) for a, b in itertools.pairwise(bounds)]
    except BlendkitError:
        raise
    except Exception as error:  # an op may be a third party's: say whose it is
        raise broken(f"op {step.name!r}", function, error) from error
    return np.concatenate(parts) if parts else scores.values


def convert(scores: Scores, space: Space, note: Callable[[str], None]) -> Scores:
    """Return scores in another space: float64, never clipped. Ranks go nowhere."""
    if space == scores.space:
        return scores
    if space == "rank":
        return scores.with_values(percentile_rank(scores.values), "rank")
    if space == "prob":
        return scores.with_values(sigmoid(scores.values), "prob")
    return scores.with_values(
        logit(scores.values, floor=zero_stand_in(scores.values[:, scores.covered], note)), "logit"
    )


def zero_stand_in(p: Matrix, note: Callable[[str], None]) -> float:
    """Return the probability that stands for exact zeros, and say how many cells are exactly 0 or 1."""
    floor = zero_floor(p)
    zeros, ones = saturated(p)
    if zeros or ones:
        note(f"{zeros} exact 0 (taken as {floor:.3g}) and {ones} exact 1 met the logit; they tie for good")
    return floor


def _own_params(step: StepPlan) -> set[str]:
    assert step.info is not None
    return {k for k, (_, context, _) in signature(step.info.function).items() if context is None}


def _context(
    step: StepPlan, scores: Scores, around: Surroundings, note: Callable[[str], None], known: tuple[str, ...]
) -> dict[str, Any]:
    """Supply what an op asks for; known: all classes of the stream, of which `scores` may hold some."""
    assert step.info is not None
    supply: dict[str, Callable[[], Any]] = {
        "offsets": scores.rows.offsets,
        "rows": lambda: scores.rows,
        "taxonomy": lambda: _known(step, around.taxonomy),
        "classes": lambda: scores.classes,
        "covered": lambda: scores.covered,
        "fitted": lambda: _fit(step, scores, around, note, known),
    }
    return {parameter: supply[name]() for parameter, name in step.info.context().items()}


def _known(step: StepPlan, taxonomy: Taxonomy) -> Taxonomy:
    if not taxonomy.table:
        raise BlendkitError(f"{step.name} needs a taxonomy, and the data folder has none (`taxonomy:` names it)")
    return taxonomy


def _fit(
    step: StepPlan, scores: Scores, around: Surroundings, note: Callable[[str], None], known: tuple[str, ...]
) -> Any:
    base = (*step.path, step.name)
    path = next(p for k, p in around.files.items() if k[: len(base)] == base)
    scored = scores.rows.recordings()
    return fit_step(step, path, scored, scores.classes, around.taxonomy, around.names, around.chunk_s, note, known)


def where_mask(
    step: StepPlan, classes: tuple[str, ...], taxonomy: Taxonomy, coverage: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.bool_] | None:
    """Return (C,) true for the classes a step acts on, None for all.

    Raises BlendkitError for classes, taxa and members that do not exist.
    """
    where = step.where
    if where is None:
        return None
    if where.classes is not None:
        return class_mask(where.classes, classes, f"{step.name}: where.classes")
    if where.class_name is not None:
        taxa = [_known(step, taxonomy).group_of(c, "class_name") for c in classes]
        unknown = sorted(set(where.class_name) - set(taxa))
        if unknown:
            hint = did_you_mean(unknown[0], set(taxa))
            raise BlendkitError(f"{step.name}: where.class_name: no class is {unknown[0]!r}{hint}")
        return np.array([t in where.class_name for t in taxa])
    member = where.covered_by or where.not_covered_by or ""
    if member not in coverage:
        raise BlendkitError(f"{step.name}: where: {member!r} is not a member")
    return coverage[member] if where.covered_by else ~coverage[member]
