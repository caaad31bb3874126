"""`fill_uncovered`: the scores of a class that no member covers."""

from __future__ import annotations

import numpy as np

from blendkit.blending.step_context import StepContext
from blendkit.core import NO_PROBABILITIES, Float64, Scores, chunk_rows, sigmoid
from blendkit.errors import BlendkitError, did_you_mean
from blendkit.ops import congener_scores, fit_class_rates
from blendkit.recipe import StreamPlan


def fill_uncovered(stream: StreamPlan, scores: Scores, around: StepContext) -> Scores:
    """Return a stream whose uncovered classes hold what the recipe says; they count as covered in all later steps.

    Raises BlendkitError for congeners without a taxonomy, and for a prior whose labels are all of scored recordings.
    """
    fill = stream.fill
    if fill is None or scores.covered.all():
        return scores
    if fill.congeners is not None:
        if not around.taxonomy.table:
            raise BlendkitError(f"stream {stream.name!r}: fill_uncovered: congeners need a taxonomy, and there is none")
        values, covered = congener_scores(
            scores.values, around.taxonomy, scores.classes, scores.covered, fill.congeners
        )
        return Scores(values, scores.rows, scores.classes, scores.space, covered, scores.made_by)
    values = scores.values.astype(np.float64)
    values[:, ~scores.covered] = filled_constants(stream, scores, around)[~scores.covered]
    return Scores(values, scores.rows, scores.classes, scores.space, np.ones_like(scores.covered), scores.made_by)


def filled_constants(stream: StreamPlan, scores: Scores, around: StepContext) -> Float64:
    """(C,) in the stream's space."""
    assert stream.fill is not None
    fill = stream.fill
    own = _own_numbers(stream, scores.classes)
    if fill.value is not None:
        return np.where(np.isnan(own), fill.value, own)
    if scores.space in NO_PROBABILITIES:
        why = f"a {scores.space} stream can only be filled with a `value:`"
        raise BlendkitError(f"stream {stream.name!r}: fill_uncovered: {why}")
    z = np.where(np.isnan(own), fill.logit, own) if fill.logit is not None else _rates(stream, scores, around)
    return z if scores.space == "logit" else sigmoid(z)


def _own_numbers(stream: StreamPlan, classes: tuple[str, ...]) -> Float64:
    """(C,) the numbers that the recipe gives single classes, NaN for the others."""
    assert stream.fill is not None
    unknown = [c for c in stream.fill.by_class if c not in classes]
    if unknown:
        problems = [f"unknown class {c!r}{did_you_mean(c, classes)}" for c in unknown]
        raise BlendkitError(f"stream {stream.name!r}: fill_uncovered: by_class", problems)
    return np.array([stream.fill.by_class.get(c, np.nan) for c in classes])


def _rates(stream: StreamPlan, scores: Scores, around: StepContext) -> Float64:
    """(C,) log-odds that a chunk contains each class, from labels of recordings that this run does not score."""
    scored = set(scores.rows.recordings())
    table = around.files.contents.labels(around.files.paths[*stream.path, "fill_uncovered", "prior"]).named_as(
        list(scored)
    )
    other = [r for r in table.recordings if r not in scored]
    if not other:
        raise BlendkitError(
            f"stream {stream.name!r}: fill_uncovered: prior: {table.source} labels only scored recordings",
            ["a rate counted on the scored recordings would be in-sample; use `logit:` or `value:`"],
        )
    part = table.only(other)
    rows = chunk_rows(part.chunk_counts(around.chunk_s), around.chunk_s, around.names)
    truth, labelled = part.matrix(rows, scores.classes, set(around.taxonomy.classes))
    rate = fit_class_rates(truth, labelled, rows, scores.classes).rate
    return np.asarray(np.log(rate) - np.log1p(-rate))
