"""From saved logits to written files: the part of a run that follows scoring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from blendkit.blending import StepContext, aligned, make_streams, make_streams_in_parts
from blendkit.core import Rows, Scores, pairs_lost_as_probabilities, require_choice
from blendkit.engine.checks_before_scoring import require_known_classes
from blendkit.engine.constant_members import with_weights
from blendkit.engine.memory_limit import ALL_IN_MEMORY, HeldStreams
from blendkit.engine.row_order import row_order
from blendkit.engine.run_inputs import Inputs
from blendkit.engine.run_json import Figures
from blendkit.engine.run_provenance import Behind
from blendkit.errors import shorten
from blendkit.events import Emit
from blendkit.io import SUBMISSION, Written, write_scores
from blendkit.recipe import Plan, RecipeFiles, group_notes, seam_notes, top_notes
from blendkit.scoring import Opened

TableFormat = Literal["csv", "parquet"]


@dataclass(frozen=True)
class TableForm:
    """How score tables are written; safe: with an apostrophe before ids that a spreadsheet would run."""

    format: TableFormat = "csv"
    safe: bool = False

    def __post_init__(self) -> None:
        require_choice(self.format, get_args(TableFormat), "format of score tables")


AS_CSV = TableForm()


def streams_of(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    behind: Behind,
    rows: Rows,
    files: RecipeFiles,
    emit: Emit,
    *,
    keep: bool = False,
    held: HeldStreams = ALL_IN_MEMORY,
) -> tuple[dict[str, Scores], Figures, list[str]]:
    """Return every stream that is written, the figures of all streams, and warnings for the user.

    keep: the finished members' tables are needed again; else they are forgotten once they are used. held: where whole
    streams are held.
    """
    release = None if keep else opened.tables.pop
    members, notes = aligned(
        plan, opened, rows, inputs.classes, inputs.names, rehearsal=inputs.rehearsal, release=release,
        new_matrix=held.new_matrix, keep=held.keep,
    )  # fmt: skip
    if inputs.rehearsal and not opened.audio:
        notes.append("no member needs audio: a dry run changes nothing")
    warnings = [*with_weights(plan, opened.warnings), *notes]
    classes = next(iter(members.values())).classes
    require_known_classes(plan, inputs, files, classes)
    if inputs.taxonomy.table:
        warnings += group_notes(plan, inputs.taxonomy, classes)
    warnings += top_notes(plan, classes)
    figures = Figures(inputs, rows, classes, emit, held.parts)
    warnings += figures.lacking(members)
    around = StepContext(inputs.taxonomy, inputs.names, plan.recipe.model.chunk_s, files, behind.contents)
    note = partial(_note, warnings)
    if held.parts is None:
        streams = make_streams(plan, members, around, made=figures.made, note=note, release=members.pop)
    else:
        streams = make_streams_in_parts(
            plan, members, around, held.parts, made=figures.made, note=note, release=members.pop
        )
    seams = list(seam_notes(plan)) if figures.labelled.any() else []
    return streams, figures, [*warnings, *seams, *figures.warnings(behind)]


def _note(warnings: list[str], stream: str, text: str) -> None:
    warnings.append(f"{stream}: {text}")


def write_streams(
    plan: Plan,
    inputs: Inputs,
    out: Path,
    streams: dict[str, Scores],
    form: TableForm = AS_CSV,
) -> tuple[dict[str, Written], list[str]]:
    """Write every stream that the recipe asks for, all in one row order; return what was written, and warnings."""
    output = plan.recipe.model.output  # its order is used for all files, so that they can be compared line by line
    order, order_warning = row_order(streams[output], inputs.template)
    stems = {n: Path(SUBMISSION).stem if n == output else n for n in streams}
    ids = None if order is None or inputs.template is None else inputs.template.spelled
    safe = form.safe and form.format == "csv"
    written = {
        n: write_scores(one, out / f"{stems[n]}.{form.format}", order, safe=safe and n != output, row_ids=ids)
        for n, one in streams.items()
    }
    warnings = [order_warning] if order_warning else []
    warnings += [_tied(n, w, streams[n]) for n, w in written.items() if w.ties_by_writing]
    warnings += [
        f"{w.path.name}: {len(w.made_safe)} ids got an apostrophe before them, because a spreadsheet would run them; "
        f"they no longer match labels and other files: {shorten(w.made_safe)}"
        for w in written.values()
        if w.made_safe
    ]
    return written, warnings


def _tied(name: str, written: Written, scores: Scores) -> str:
    """Return the note on logits whose order a file of probabilities cannot hold, and what that costs."""
    cost = (
        f"{pairs_lost_as_probabilities(scores.values):.1%} of the pairs of chunks tie there, and count half in an AUC"
    )
    return (
        f"{name}: {written.ties_by_writing} logits that differ, be it by rounding alone, became equal probabilities in "
        f"{written.path.name}: {cost}; "
        "a step `temperature` or a blend by rank keeps their order"
    )
