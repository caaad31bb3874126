"""The local engine: a recipe and a data folder in, an output folder out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blendkit.blending import MOSTLY_FILLED, require_divisible, rows_of_members
from blendkit.core import Rows, Scores, chunk_rows, notebook_view
from blendkit.engine.blending_and_writing import TableForm, TableFormat, streams_of, write_streams
from blendkit.engine.checks_before_scoring import preflight
from blendkit.engine.damage_notes import damage_notes
from blendkit.engine.memory_limit import ALL_IN_MEMORY, HeldStreams, held_within
from blendkit.engine.output_folder import LOGITS, RECIPE, new_outputs, own_folder, verify_stores, write_report
from blendkit.engine.recipe_data import DataFolders, open_data
from blendkit.engine.recording_names import named_rows
from blendkit.engine.row_order import rows_of_tables
from blendkit.engine.run_inputs import Inputs, find_inputs, member_context
from blendkit.engine.run_json import Figures, StreamResult, run_report
from blendkit.engine.run_provenance import Behind
from blendkit.engine.time_budget import OVER_BUDGET, BudgetKept, deadline_of, narrowed_plan, require_time, terms_of
from blendkit.errors import BlendkitError, shorten
from blendkit.events import Emit, silent
from blendkit.io import CONSTANT, Written
from blendkit.recipe import DataFolder, On, Plan, Recipe, RecipeFiles, check_files, make_plan, open_recipe
from blendkit.scoring import (
    CPU_ONLY,
    Deadline,
    Executor,
    Opened,
    Runtime,
    Scored,
    Throughput,
    grid_of,
    open_members,
    predicted_minutes,
    runtime_of,
    score_recordings,
    throughput,
    timings,
)
from blendkit.store import write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, repr=False)
class RunResult:
    """What a run made: its files, figures per stream, the status of each recording, and its warnings.

    speeds: of members that scored something; minutes: predicted for 700 recordings of 60 s on `cores` cores, from this
    run with `threads` threads. made: the streams that were written. late_s: how much later than its time budget a run
    delivered, 0 if it kept it. label_files: how many it read.
    """

    out: Path
    submission: Path
    rows: int
    classes: int
    streams: dict[str, StreamResult]
    recordings: dict[str, str]
    warnings: tuple[str, ...]
    speeds: tuple[Throughput, ...] = ()
    decode_s: float = 0.0
    resample_s: float = 0.0
    minutes: float | None = None
    threads: int = 1
    cores: int = 1
    late_s: float = 0.0
    label_files: int = 0
    made: dict[str, Scores] = field(default_factory=dict)

    @property
    def alarms(self) -> tuple[str, ...]:
        """The warnings of a result that is not what its recipe promises.

        The time budget left something out, or a member is constant or mostly stand-ins.
        """
        marks = (OVER_BUDGET, MOSTLY_FILLED, CONSTANT)
        found = sorted((i, n) for n, w in enumerate(self.warnings) for i, mark in enumerate(marks) if mark in w)
        return tuple(dict.fromkeys(self.warnings[n] for _, n in found))

    def __repr__(self) -> str:
        figures = [f"{n} {s.macro_auc:.6f}" for n, s in self.streams.items() if s.macro_auc is not None]
        measured = f"; macro-AUC {', '.join(figures)}" if figures else ""
        return f"RunResult({self.submission}: {self.rows} rows x {self.classes} classes{measured})"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stream: space, covered classes, macro-AUC, classes scored and skipped."""
        import pandas as pd

        return pd.DataFrame.from_dict({n: asdict(s) for n, s in self.streams.items()}, orient="index")

    def _repr_html_(self) -> str:
        """Show the streams in a notebook."""
        return notebook_view(repr(self), self.to_frame())


def run(
    recipe: Recipe | Path | str,
    data: DataFolders = None,
    out: Path | str | None = None,
    *,
    overrides: Sequence[str] = (),
    on: On = "test",
    dry_run: int | None = None,
    allow_outside: bool = False,
    stores: Path | str | None = None,
    verify: bool = False,
    runtime: Runtime = CPU_ONLY,
    budget: float | str | Deadline | None = None,
    started: float | None = None,
    table_format: TableFormat = "csv",
    safe_csv: bool = False,
    recipe_text: str | None = None,
    memory: str | int | None = None,
    executor: Executor = score_recordings,
    emit: Emit = silent,
) -> RunResult:
    """Run a recipe (a file, the name of a packaged one, or one that is read) and write its output folder.

    data: the folder of its files, or several, searched in their order (default: its own; a packaged recipe runs on the
    sample world). out: default `out/<recipe>`. overrides: `path=value`. on: which file is read where a member names
    two. dry_run: score only that many recordings. stores: where members' logits are saved (default `out/logits`); saved
    logits are not computed again. verify: look at the hash of every saved part, and score damaged ones again. runtime:
    what runs ONNX graphs, and whether the recipe may name code. budget: the time that the run may take, as `90m` or in
    seconds (default: the recipe's own), from `started` (a reading of `time.monotonic`, default: now), or a deadline
    with its own clock; what does not fit is left out. table_format: of the submission and of further streams (`also:`);
    safe_csv: in files of the latter, ids that a spreadsheet would run get an apostrophe, and a warning names them; the
    submission keeps its ids. recipe_text:
    written beside the submission as recipe.yaml. memory: about how much the scores in work may take, as `4G` or in
    bytes: streams are then made in parts, with the same bits, and whole ones lie in mapped files. executor: what
    scores, such as `Dask`; default this process. emit: called with events as the run goes on. Raises BlendkitError for
    anything the user can correct, and DeliveryError for a budget that cannot be kept; an earlier run's files in `out`
    are changed only after all checks have passed.
    """
    begins = time.monotonic()
    began = begins if started is None else started
    found = open_recipe(recipe, overrides, on)
    plan = make_plan(found.recipe)  # a recipe that cannot run should say so before a sample world is made for it
    folder = open_data(found, data, allow_outside, emit)
    target = Path(out) if out is not None else Path("out") / found.recipe.model.name
    saved = Path(stores) if stores is not None else target / LOGITS
    if verify:
        verify_stores(saved, emit)
    deadline = deadline_of(budget, found.recipe, began)
    if memory is not None:
        require_divisible(plan)
    with held_within(memory) as held:
        since, form = begins - began, TableForm(table_format, safe_csv)
        order = _Order(target, saved, dry_run, runtime, deadline, since, form, emit, recipe_text, held, executor)
        return _run(plan, folder, order)


@dataclass(frozen=True)
class _Order:
    """How a run is to be done: where it writes and finds saved logits, how many recordings, by what, and until when."""

    out: Path
    stores: Path
    dry_run: int | None
    runtime: Runtime
    deadline: Deadline | None
    starting_s: float
    form: TableForm
    emit: Emit
    recipe_text: str | None = None
    held: HeldStreams = ALL_IN_MEMORY
    executor: Executor = score_recordings


def _run(plan: Plan, folder: DataFolder, order: _Order) -> RunResult:
    """Check, score, blend, write: each stage is another package's work."""
    clock = {"start": time.perf_counter()}
    files = check_files(plan, folder)
    inputs = find_inputs(plan, folder, order.dry_run)
    preflight(plan, inputs, files)
    # after all checks, because it writes; before scoring, because a wrong --out must not cost hours
    with own_folder(order.out):
        context = member_context(plan, inputs, order.runtime, order.held.new_matrix)
        opened = open_members(plan, context, files, order.stores, may_drop_shifts=order.deadline is not None)
        scored, rows = _score(plan, inputs, opened, files, order)
        order = replace(order, runtime=runtime_of(scored, order.runtime))
        kept = BudgetKept(order.deadline, plan, scored)
        plan, opened = narrowed_plan(plan, scored.choice), opened.without(scored.choice, scored.cut)
        if not opened.audio:  # the recordings are those of the score files, known only now
            named, rows = named_rows(plan, folder, rows)
            inputs = replace(inputs, named=named)
        order.emit("names", {**inputs.named.summary(), "text": inputs.named.said})
        clock["scored"] = time.perf_counter()
        return _delivered(plan, inputs, opened, rows, files, scored, kept, clock, order)


def _delivered(
    plan: Plan,
    inputs: Inputs,
    opened: Opened,
    rows: Rows,
    files: RecipeFiles,
    scored: Scored,
    kept: BudgetKept,
    clock: dict[str, float],
    order: _Order,
) -> RunResult:
    """Blend and write what was scored."""
    behind = Behind.of(opened, files)
    streams, figures, warnings = streams_of(plan, inputs, opened, behind, rows, files, order.emit, held=order.held)
    warnings = [*inputs.warnings(audio=bool(opened.audio)), *damage_notes(scored), *warnings]
    clock["streams"] = time.perf_counter()
    with new_outputs(order.out) as new:
        written, notes = write_streams(plan, inputs, new, streams, order.form)
        warnings = [*kept.warnings(), *warnings, *notes]
        clock["written"] = time.perf_counter()
        report = run_report(plan, inputs, opened, behind, files, scored, figures, written, warnings)
        spent = {**timings(clock, opened, scored, order.runtime), **kept.timings()}
        if order.recipe_text is not None:
            write_text(new / RECIPE, order.recipe_text)
        write_report(new, {**report, **kept.report()}, spent, [w.path.name for w in written.values()])
    for text in warnings:
        order.emit("warning", {"text": text})
    return _result(written[plan.recipe.model.output], order, opened, scored, figures, kept, warnings, streams)


def _result(
    shown: Written, order: _Order, opened: Opened, scored: Scored, figures: Figures, kept: BudgetKept,
    warnings: list[str], streams: dict[str, Scores],
) -> RunResult:  # fmt: skip
    return RunResult(
        out=order.out,
        submission=order.out / shown.path.name,
        rows=shown.rows, classes=shown.classes, streams=figures.results, label_files=figures.label_files,
        recordings={r: s.status for r, s in scored.status.items()},
        warnings=tuple(warnings),
        speeds=tuple(throughput(opened, order.runtime)),
        decode_s=scored.decode_s,
        resample_s=scored.resample_s,
        minutes=predicted_minutes(opened, scored, order.runtime),
        threads=order.runtime.used_threads,
        cores=order.runtime.cores,
        late_s=kept.late_s(),
        made=streams,
    )  # fmt: skip


def _score(plan: Plan, inputs: Inputs, opened: Opened, files: RecipeFiles, order: _Order) -> tuple[Scored, Rows]:
    """Score what needs audio; return every recording's status and the rows the run is about."""
    model = plan.recipe.model
    if not opened.audio:
        require_time(order.deadline)
        return Scored({}), rows_of_tables(plan, inputs, opened.tables)
    recordings = inputs.to_score
    if not recordings:
        raise BlendkitError(
            f"no audio below {inputs.data.said}, and no template that lists the rows to score",
            [f"folders searched for audio: {', '.join(model.audio)}; template: {model.template}"],
        )
    grid = grid_of(plan, member_context(plan, inputs))
    terms = None if order.deadline is None else terms_of(order.deadline, plan, inputs, opened, files, order)
    scored = order.executor(opened.audio, recordings, grid, order.emit, terms)
    if not opened.without(scored.choice, {}).audio:  # only finished scores are left, and the rows are theirs
        return scored, rows_of_members(plan, opened.tables)  # late, what there is is delivered
    rows = chunk_rows({r: s.chunks for r, s in scored.status.items()}, model.chunk_s, inputs.names)
    if not len(rows):
        states = [f"{r}: {s.status} {s.note}" for r, s in scored.status.items()]
        raise BlendkitError("no recording has a chunk to score", [shorten(states)])
    if inputs.mode == "template" and inputs.template is not None:  # it may ask for some chunks of a recording only
        wanted = set(inputs.template.row_ids)
        rows = rows.take(np.flatnonzero([i in wanted for i in rows.ids()]))
    return scored, rows
