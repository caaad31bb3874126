"""`blendkit run`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._budget_lines import time_of_a_test_set
from blendkit.cli._compile_notice import announced
from blendkit.cli._completion import recipe_argument
from blendkit.cli._data_options import RecipeCommand, data_folders, memory_option
from blendkit.cli._engine_options import engine_options, executor_of
from blendkit.cli._machine_options import LengthOfTime, timed_machine
from blendkit.cli._options import (
    OUT_FOLDER,
    json_option,
    on_option,
    outside_option,
    set_option,
)
from blendkit.cli._report_lines import report_of_run, report_option
from blendkit.cli._show import event, print_table, progress_emitter, show_statuses
from blendkit.cli._store_options import shard_option, verify_option
from blendkit.errors import counted

if TYPE_CHECKING:
    from blendkit.cli._process_start import Started
    from blendkit.engine import Dask, RunResult, TableFormat
    from blendkit.recipe import On
    from blendkit.scoring import Runtime, Shard


@click.command(cls=RecipeCommand)
@recipe_argument
@data_folders
@click.option("--out", type=OUT_FOLDER, help="Folder to write to (default: out/<recipe>).")
@set_option
@on_option("test")
@click.option(
    "--dry-run",
    type=click.IntRange(1),
    metavar="N",
    help="Rehearse the run on only N recordings; rows that score files lack get medians.",
)
@click.option(
    "--budget",
    type=LengthOfTime(),
    metavar="TIME",
    help="Time the run may take from its start to the written submission, such as 90m or 1h30m (a number "
    "alone counts seconds): what does not fit is left out (default: the recipe's `budget`, else as long as it takes).",
)
@shard_option
@verify_option
@click.option("--store", type=OUT_FOLDER, help="Folder to save the members' logits in (default: OUT/logits).")
@outside_option
@click.option(
    "--format",
    "table_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the submission and of further streams (`also:`); Parquet is smaller and faster, and every command "
    "reads it.",
)
@click.option(
    "--safe-csv",
    is_flag=True,
    help="In the CSV files of further streams (`also:`), put an apostrophe before row ids and class ids that a "
    "spreadsheet would run as formulas. submission.csv keeps its ids.",
)
@memory_option("Blend")
@click.option("--strict", is_flag=True, help="Exit with 1 if there was a warning.")
@report_option
@engine_options
@timed_machine
@json_option
@click.pass_obj
def run(
    began: Started | None,
    recipe: str,
    data: tuple[Path, ...] | None,
    out: Path | None,
    overrides: tuple[str, ...],
    on: On,
    dry_run: int | None,
    budget: float | None,
    shard: Shard | None,
    verify: bool,
    store: Path | None,
    allow_outside: bool,
    table_format: TableFormat,
    safe_csv: bool,
    memory: str | None,
    strict: bool,
    report: bool,
    dask: Dask | None,
    runtime: Runtime,
    json_out: bool,
) -> None:
    """Run RECIPE (a file, or the name of a packaged one) and write OUT/submission.csv, or .parquet.

    OUT/run.json holds the filled recipe, hashes, the figures of each stream and the status of each recording;
    OUT/timings.json holds what varies between equal runs. Logits that are saved already are not computed again. With
    --shard, a share of the recordings is scored and nothing is blended: run without it when all shares are done.
    """
    from blendkit import engine, offline
    from blendkit.io import NOT_KNOWN

    if shard is not None:
        tables = safe_csv or table_format != "csv" or report
        if budget is not None or dry_run is not None or memory is not None or tables:
            raise click.UsageError(
                "--shard scores its whole share and writes no table: leave out --budget, --dry-run, --format, "
                "--safe-csv, --memory and --report"
            )
        with progress_emitter(json_out) as emit:
            status = engine.run_shard(
                recipe, shard, data, out, overrides=overrides, on=on, allow_outside=allow_outside, stores=store,
                verify=verify, runtime=runtime, executor=executor_of(dask, runtime), emit=emit,
            )  # fmt: skip
        show_statuses(status, json_out)
        return
    with progress_emitter(json_out) as emit, announced(json_out):
        result = engine.run(
            recipe, data, out, overrides=overrides, on=on, dry_run=dry_run, allow_outside=allow_outside, stores=store,
            verify=verify, runtime=runtime, budget=budget, started=None if began is None else began.at,
            table_format=table_format, safe_csv=safe_csv, memory=memory, executor=executor_of(dask, runtime), emit=emit,
        )  # fmt: skip
    if json_out:
        event("done", {"submission": str(result.submission), "rows": result.rows, "classes": result.classes})
    else:
        _print(result)
    if report:
        where = offline.Place(data, store or result.out / engine.LOGITS, allow_outside, on)
        report_of_run(recipe, overrides, result, where, whole=budget is None and dry_run is None, json_out=json_out)
    # what nobody knows of score files is no fault of this run
    if strict and any(NOT_KNOWN not in text for text in result.warnings):
        raise click.exceptions.Exit(1)


def _print(result: RunResult) -> None:
    for text in result.alarms:
        click.secho(f"warning: {text}", fg="red", bold=True)
    if result.late_s:
        click.secho(f"warning: delivered {result.late_s:.1f} s after the time budget", fg="red", bold=True)
    rows = []
    for name, s in result.streams.items():
        figure = "" if s.macro_auc is None else f"{s.macro_auc:.6f}"
        rows.append((name, s.space, s.covered, figure, s.classes_scored or "", s.classes_skipped or ""))
    print_table("", ["stream", "space", "classes covered", "macro-AUC", "classes scored", "skipped"], rows)
    if result.recordings:
        counts = Counter(result.recordings.values())
        states = ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))
        click.echo(f"{counted(len(result.recordings), 'recording', 'recordings')}: {states}")
    _print_speeds(result)
    for text in result.warnings:
        if text not in result.alarms:
            click.echo(f"note: {text}")
    if not any(s.macro_auc is not None for s in result.streams.values()):
        why = "no label matches a row, or no class has chunks with and without it"
        click.echo(f"nothing was measured: {why if result.label_files else 'there are no labels'}")
    click.echo(f"wrote {result.submission}: {result.rows} rows x {result.classes} classes, re-read and checked")


def _print_speeds(result: RunResult) -> None:
    """Print how fast each member was; print nothing if all logits were saved already."""
    if not result.speeds:
        return
    rows = []
    for s in result.speeds:
        speed = round(s.recordings_per_s, 2), round(s.x_real_time, 1)
        rows.append((s.member, s.recordings_scored, *speed, f"{s.inference:.0%}", f"{s.post:.0%}"))
    print_table("", ["member", "recordings", "recordings/s", "x real time", "inference", "cut, pool, save"], rows)
    times = f"decoding {result.decode_s:.1f} s, resampling {result.resample_s:.1f} s, beside the models"
    click.echo(f"{times}; models on {result.threads} threads")
    click.echo(time_of_a_test_set(result.minutes, result.cores))
