"""One step on one stream: what an op asks for, which classes it acts on, conversions between spaces."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from blendkit.blending.fitting import fit_step
from blendkit.blending.missing_chunks import missing_chunks
from blendkit.blending.site_and_hour_needs import require_name_parts
from blendkit.blending.step_context import StepContext
from blendkit.blending.where import chosen_cells, known_taxonomy
from blendkit.core import (
    Bools,
    Int64,
    Matrix,
    Scores,
    Space,
    logit,
    lost_as_probabilities,
    saturated,
    saturated_pairs,
    sigmoid,
    tied_pairs,
    zero_floor,
)
from blendkit.errors import BlendkitError, broken
from blendkit.metrics import percentile_rank
from blendkit.ops import signature
from blendkit.recipe import Conversion, GateStep, OpStep, StepPlan

_MANY = 0.01  # of the cells of a stream
ReadStream = Callable[[str, Space | Literal["any"]], tuple[Matrix, Bools]]
"""Another stream's values (N, C) in a space, and which classes (C,) it covers."""


def no_streams(name: str, space: Space | Literal["any"]) -> tuple[Matrix, Bools]:
    """Refuse to read another stream, for there is none."""
    raise BlendkitError(f"stream {name!r} is not available to this step")


def apply_step(
    step: StepPlan,
    scores: Scores,
    around: StepContext,
    coverage: dict[str, Bools],
    note: Callable[[str], None],
    read: ReadStream = no_streams,
) -> Scores:
    """Return a stream with one step applied; other classes than the step's `where` stay as they are.

    read: gives the streams that the step names. Classes that one of them does not cover stay as they are, too.
    """
    if isinstance(step, Conversion):
        return taken_as(scores, step.space_out) if step.name == "as" else convert(scores, step.space_out, note)
    values = scores.values.astype(np.float64, copy=False)  # an op's results in float32 would round to ties
    wide = scores.with_values(values)
    if isinstance(step, OpStep) and step.info.kind == "step":
        mask, result = _result(step, wide, around, coverage, note, read)
        return scores.with_values(result if mask is None else np.where(mask, result, values), step.space_out)
    out, edited = values.copy(), np.zeros(values.shape, bool)
    overall = chosen_cells(step, scores, around.taxonomy, coverage) if isinstance(step, GateStep) else None
    for gate in step.ops:  # each reads the unedited stream: their order decides who edits a cell, not what a gate sees
        mask, result = _result(gate, wide, around, coverage, note, read)
        found = result[0] & ~edited
        for only in (mask, overall):
            found &= True if only is None else only
        out[found] = result[1][found]
        edited |= found
        note(f"{gate.label}: edited {int(found.sum())} of {found.size} cells")
    return scores.with_values(out)


def _result(
    step: OpStep, scores: Scores, around: StepContext, coverage: dict[str, Bools],
    note: Callable[[str], None], read: ReadStream,
) -> tuple[Bools | None, Any]:  # fmt: skip
    """Which classes (C,) or cells (N, C) the step acts on, None for all; and what its op gives for all classes, (N, C).

    A classwise op only sees the classes it acts on; the others' results are what they were.
    """
    mask = chosen_cells(step, scores, around.taxonomy, coverage)
    streams = {p: read(name, mark.space) for p, (name, mark) in step.streams.items()}
    for p, (_, covered) in streams.items():
        if not covered.all():
            mask = covered if mask is None else mask & covered
            note(f"{step.name}: {step.params[p]} does not cover {int((~covered).sum())} classes; they stay as they are")
    others = {p: values for p, (values, _) in streams.items()}
    others |= {p: read(step.params[of], "rank")[0] for p, of in step.info.kept_ranks().items() if of in streams}
    if mask is None or mask.ndim == 2 or not step.info.classwise:
        return mask, _run(step, scores, scores.classes, around, note, others)
    chosen = np.flatnonzero(mask)  # its op is given these alone, so that the others' values cannot matter
    part = Scores(
        np.ascontiguousarray(scores.values[:, chosen]), scores.rows, tuple(scores.classes[i] for i in chosen),
        scores.space, scores.covered[chosen],
    )  # fmt: skip
    narrow = {p: np.ascontiguousarray(v[:, chosen]) for p, v in others.items()}
    found = _run(step, part, scores.classes, around, note, narrow)
    if step.info.kind == "gate":
        edits = np.zeros(scores.values.shape, bool)
        edits[:, chosen] = found[0]
        return mask, (edits, _widened(scores.values, chosen, found[1]))
    return mask, _widened(scores.values, chosen, found)


def _widened(values: Matrix, chosen: Int64, part: Matrix) -> Matrix:
    out = values.copy()
    out[:, chosen] = part
    return out


def _run(
    step: OpStep, part: Scores, known: tuple[str, ...], around: StepContext, note: Callable[[str], None],
    others: dict[str, Matrix],
) -> Any:  # fmt: skip
    require_name_parts(step, part.rows, around.names, note)
    context = _context(step, part, around, note, known)
    own = {k: v for k, v in step.params.items() if k in _own_params(step)}
    kwargs = {**context, **own, **others}
    # smoothing across a gap is reported, not prevented: missing rows are never made up
    if step.info.scope == "file" and "offsets" in context:
        gaps = missing_chunks(part.rows)
        if gaps:
            note(f"{step.name}: chunks are missing in {gaps} places; their neighbours count as adjacent")
    if step.info.notes is not None:
        for text in step.info.notes(part.values, **{k: kwargs[k] for k in signature(step.info.notes)}):
            note(f"{step.name}: {text}")
    return run_op(step, part, kwargs, tuple(others))


def run_op(step: OpStep, scores: Scores, kwargs: dict[str, Any], others: tuple[str, ...] = ()) -> Any:
    """Call an op on a stream: once, or per recording where a file-scope op asks for neither rows nor offsets.

    others: the parameters that are streams.
    """
    function = step.info.function
    try:
        if step.info.scope != "file" or {"rows", "offsets"} & set(step.info.context().values()):
            return function(scores.values, **kwargs)
        bounds = scores.rows.offsets()  # one call per recording, so that not even a faulty op can mix recordings
        parts = [
            function(scores.values[a:b], **{k: v[a:b] if k in others else v for k, v in kwargs.items()})
            for a, b in itertools.pairwise(bounds)
        ]
    except BlendkitError:
        raise
    except Exception as error:  # an op may be a third party's: the message names its module
        raise broken(f"op {step.name!r}", function, error) from error
    return np.concatenate(parts) if parts else scores.values


def convert(scores: Scores, space: Space, note: Callable[[str], None]) -> Scores:
    """Return scores in another space: float64, never clipped. Ranks cannot be converted back.

    `unit` keeps probabilities and ranks as they are, and makes probabilities of logits. Raises BlendkitError for scores
    of unknown space, unless ranks are wanted.
    """
    if space == scores.space:
        return scores
    if space == "rank":
        return scores.with_values(percentile_rank(scores.values), "rank")
    if scores.stated_space() != "logit" and space == "unit":
        return scores.with_values(scores.values, "unit")
    if space != "logit":
        note_ties(scores.values[:, scores.covered], note)
        return scores.with_values(sigmoid(scores.values), space)
    # covered classes alone set the floor: the constant of an uncovered class says nothing about small probabilities
    return scores.with_values(
        logit(scores.values, floor=zero_stand_in(scores.values[:, scores.covered], note)), "logit"
    )


def taken_as(scores: Scores, space: Space) -> Scores:
    """Return the same numbers, said to be in another space. Raises BlendkitError where they cannot be probabilities."""
    values = scores.values[:, scores.covered]
    if space == "prob" and values.size and (values.min() < 0 or values.max() > 1):
        row, column = (int(i[0]) for i in np.nonzero((values < 0) | (values > 1)))
        name = np.array(scores.classes)[scores.covered][column]
        cell = f"({scores.rows.recording[row]}, {scores.rows.start_s[row]:g} s, class {name}): {values[row, column]:g}"
        outside = int(((values < 0) | (values > 1)).sum())
        raise BlendkitError(
            f"`as: prob`: {outside} of {values.size} numbers lie outside 0 to 1",
            [cell, "`as: logit` takes any numbers; `to: prob` turns logits into probabilities"],
        )
    return scores.with_values(scores.values, space)


def note_ties(z: Matrix, note: Callable[[str], None]) -> None:
    """Say how many cells of logits (N, C) lose their order as probabilities, and what keeps it.

    Raises BlendkitError where they are many.
    """
    cells, classes = lost_as_probabilities(z)
    if not cells:
        return
    pairs = tied_pairs(sigmoid(z)) - tied_pairs(z)
    cost = f"{pairs:.2%} of the pairs of chunks lose their order, and count half in an AUC"
    what = f"{cells} of {z.size} cells in {classes} classes tie as probabilities: {cost}"
    why = "their logits lie too close to the end of the scale (36.7 and more are all 1)"
    if cells > z.size * _MANY:
        ways = "blend by logit or rank, which keep their order, or divide the logits first (`temperature`)"
        raise BlendkitError(what, [why, ways])
    note(f"{what}, for {why}; a logit or rank blend keeps their order")


def zero_stand_in(p: Matrix, note: Callable[[str], None]) -> float:
    """Return the probability that stands for exact zeros, and say how many cells are exactly 0 or 1."""
    floor = zero_floor(p)
    zeros, ones = saturated(p)
    if zeros or ones:
        cost = f"{saturated_pairs(p):.1%} of the pairs of chunks tie"
        note(f"logit of {zeros} exact 0 (replaced by {floor:.3g}) and {ones} exact 1: {cost}")
    return floor


def _own_params(step: OpStep) -> set[str]:
    named = step.info.streams()
    return {k for k, (_, context, _) in signature(step.info.function).items() if context is None and k not in named}


def _context(
    step: OpStep, scores: Scores, around: StepContext, note: Callable[[str], None], known: tuple[str, ...]
) -> dict[str, Any]:
    """Supply what an op asks for; known: all classes of the stream, of which `scores` may hold some."""
    supply: dict[str, Callable[[], Any]] = {
        "offsets": scores.rows.offsets,
        "rows": lambda: scores.rows,
        "space": lambda: scores.space,
        "taxonomy": lambda: known_taxonomy(step, around.taxonomy),
        "classes": lambda: scores.classes,
        "covered": lambda: scores.covered,
        "fitted": lambda: fit_step(step, scores, around, note, known),
    }
    spare = [p for p, (_, _, default) in signature(step.info.function).items() if default is None]
    without = {p for p, name in step.info.context().items() if name == "taxonomy" and p in spare}
    without = set() if around.taxonomy.table else without
    return {p: None if p in without else supply[name]() for p, name in step.info.context().items()}
