"""One step on one stream: what an op asks for, which classes it acts on, conversions between spaces."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from blendkit.blending.class_and_cell_choice import chosen_cells, known_taxonomy
from blendkit.blending.conversions import convert, taken_as
from blendkit.blending.cross_fitted_steps import fit_step
from blendkit.blending.missing_chunks import missing_chunks
from blendkit.blending.site_and_hour_needs import require_name_parts
from blendkit.blending.step_context import StepContext
from blendkit.core import Bools, Int64, Matrix, Scores, Space
from blendkit.errors import BlendkitError, broken
from blendkit.ops import Fitted, signature
from blendkit.recipe import Conversion, GateStep, KeyPath, OpStep, StepPlan

ReadStream = Callable[[str, Space | Literal["any"]], tuple[Matrix, Bools]]
"""Another stream's values (N, C) in a space, and which classes (C,) it covers."""


@dataclass(frozen=True)
class Chosen:
    """Which classes (C,) or cells (N, C) of some scores a step, or one of its gates, acts on; None for all.

    known: all classes of the stream, of which the scores may hold a part. fitted: the artefacts of fitted steps, where
    they are made beforehand, from the whole.
    """

    cells: Callable[[OpStep | GateStep, Scores], Bools | None]
    known: tuple[str, ...]
    fitted: Mapping[KeyPath, Fitted] = field(default_factory=dict)


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
    whole = Chosen(lambda of, wide: chosen_cells(of, wide, around.taxonomy, coverage), scores.classes)
    return apply_ops(step, scores, around, whole, note, read)


def apply_ops(
    step: OpStep | GateStep,
    scores: Scores,
    around: StepContext,
    chosen: Chosen,
    note: Callable[[str], None],
    read: ReadStream,
) -> Scores:
    """Return a stream, or some of its classes or recordings, with a step's ops applied where they are to act."""
    values = scores.values.astype(np.float64, copy=False)  # an op's results in float32 would round to ties
    wide = scores.with_values(values)
    if isinstance(step, OpStep) and step.info.kind == "step":
        mask, result = _result(step, wide, around, chosen, note, read)
        return scores.with_values(result if mask is None else np.where(mask, result, values), step.space_out)
    out, edited = values.copy(), np.zeros(values.shape, bool)
    overall = chosen.cells(step, scores) if isinstance(step, GateStep) else None
    for gate in step.ops:  # each reads the unedited stream: their order decides who edits a cell, not what a gate sees
        mask, result = _result(gate, wide, around, chosen, note, read)
        found = result[0] & ~edited
        for only in (mask, overall):
            found &= True if only is None else only
        out[found] = result[1][found]
        edited |= found
        note(f"{gate.label}: edited {int(found.sum())} of {found.size} cells")
    return scores.with_values(out)


def _result(
    step: OpStep, scores: Scores, around: StepContext, chosen: Chosen,
    note: Callable[[str], None], read: ReadStream,
) -> tuple[Bools | None, Any]:  # fmt: skip
    """Which classes (C,) or cells (N, C) the step acts on, None for all; and what its op gives for all classes, (N, C).

    A classwise op only sees the classes it acts on; the others' results are what they were.
    """
    mask = chosen.cells(step, scores)
    streams = {p: read(name, mark.space) for p, (name, mark) in step.streams.items()}
    for p, (_, covered) in streams.items():
        if not covered.all():
            mask = covered if mask is None else mask & covered
            note(f"{step.name}: {step.params[p]} does not cover {int((~covered).sum())} classes; they stay as they are")
    others = {p: values for p, (values, _) in streams.items()}
    others |= {p: read(step.params[of], "rank")[0] for p, of in step.info.kept_ranks().items() if of in streams}
    if mask is None or mask.ndim == 2 or not step.info.classwise:
        return mask, _run(step, scores, chosen, around, note, others)
    at = np.flatnonzero(mask)  # its op is given these alone, so that the others' values cannot matter
    part = Scores(
        np.ascontiguousarray(scores.values[:, at]), scores.rows, tuple(scores.classes[i] for i in at),
        scores.space, scores.covered[at],
    )  # fmt: skip
    narrow = {p: np.ascontiguousarray(v[:, at]) for p, v in others.items()}
    found = _run(step, part, chosen, around, note, narrow)
    if step.info.kind == "gate":
        edits = np.zeros(scores.values.shape, bool)
        edits[:, at] = found[0]
        return mask, (edits, _widened(scores.values, at, found[1]))
    return mask, _widened(scores.values, at, found)


def _widened(values: Matrix, chosen: Int64, part: Matrix) -> Matrix:
    out = values.copy()
    out[:, chosen] = part
    return out


def _run(
    step: OpStep, part: Scores, chosen: Chosen, around: StepContext, note: Callable[[str], None],
    others: dict[str, Matrix],
) -> Any:  # fmt: skip
    require_name_parts(step, part.rows, around.names, note)
    context = _context(step, part, around, note, chosen)
    own = {k: v for k, v in step.params.items() if k in _own_params(step)}
    kwargs = {**context, **own, **others}
    # smoothing across a gap is reported, not prevented: missing rows are never made up
    if step.info.effect == "smooth":
        gaps = missing_chunks(part.rows)
        if gaps:
            note(
                f"{step.name}: chunks are missing in {gaps} places; the chunks on either side are taken for neighbours"
            )
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
            return _trusted(step, scores, function(scores.values, **kwargs))
        if not len(scores):
            return scores.values
        bounds = scores.rows.offsets()  # one call per recording, so that not even a faulty op can mix recordings
        parts = [
            function(scores.values[a:b], **{k: v[a:b] if k in others else v for k, v in kwargs.items()})
            for a, b in itertools.pairwise(bounds)
        ]
        return _trusted(step, scores, np.concatenate(parts))
    except BlendkitError:
        raise
    except Exception as error:  # an op may be a third party's: the message names its module
        raise broken(f"op {step.name!r}", function, error) from error


_ROUNDING = 1e-6  # a mean of ones in float32 may lie beyond 1


def _trusted(step: OpStep, scores: Scores, found: Any) -> Any:
    """Return what an op gave; of a third party's op only if it has the shape and the range of its space.

    blendkit's own are held to that by `check_op`; a look at every value would cost as much as many of them do.
    """
    if step.info.function.__module__.partition(".")[0] == "blendkit":
        return found
    edited, values = found if step.info.kind == "gate" else (None, found)
    problems = []
    if np.shape(values) != scores.values.shape:
        problems.append(f"shape {np.shape(values)}, expected {scores.values.shape}")
    else:
        values = np.asarray(values) if edited is None else np.asarray(values)[edited]
        lost = values.size - int(np.isfinite(values).sum())
        problems += [f"{lost} values that are not finite"] if lost else []
        low, high = (float(f(values)) if values.size else 0.0 for f in (np.min, np.max))
        if not lost and step.space_out != "logit" and not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
            problems.append(f"values from {low!r} to {high!r}, in space {step.space_out}")
    if problems:
        module = step.info.function.__module__
        raise BlendkitError(
            f"op {step.name!r} ({module}) gave {'; '.join(problems)}", ["`check_op` shows it in a test"]
        )
    return found


def _own_params(step: OpStep) -> set[str]:
    named = step.info.streams()
    return {k for k, (_, context, _) in signature(step.info.function).items() if context is None and k not in named}


def _context(
    step: OpStep, scores: Scores, around: StepContext, note: Callable[[str], None], chosen: Chosen
) -> dict[str, Any]:
    """Supply what an op asks for."""
    supply: dict[str, Callable[[], Any]] = {
        "offsets": scores.rows.offsets,
        "rows": lambda: scores.rows,
        "space": lambda: scores.space,
        "taxonomy": lambda: known_taxonomy(step, around.taxonomy),
        "classes": lambda: scores.classes,
        "covered": lambda: scores.covered,
        "fitted": lambda: chosen.fitted.get(step.path) or fit_step(step, scores, around, note, chosen.known),
    }
    spare = [p for p, (_, _, default) in signature(step.info.function).items() if default is None]
    without = {p for p, name in step.info.context().items() if name == "taxonomy" and p in spare}
    without = set() if around.taxonomy.table else without
    return {p: None if p in without else supply[name]() for p, name in step.info.context().items()}
