"""`blendkit run`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._options import how_of, json_option, machine, set_option
from blendkit.cli._show import event, say, table, teller

if TYPE_CHECKING:
    from blendkit.engine import RunResult


@click.command()
@click.argument("recipe")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of the recipe's files (default: its own folder; packaged recipes: the sample world).",
)
@click.option("--out", type=click.Path(path_type=Path), help="Output folder (default: out/<recipe>).")
@set_option
@click.option(
    "--dry-run",
    type=click.IntRange(1),
    metavar="N",
    help="A rehearsal: score only N recordings; score files that lack them give medians.",
)
@click.option("--store", type=click.Path(path_type=Path), help="Where members' logits are kept (default: OUT/logits).")
@click.option("--allow-outside", is_flag=True, help="Let the recipe name files outside --data.")
@click.option("--strict", is_flag=True, help="Exit with 1 if there was any warning.")
@machine
@json_option
def run(
    recipe: str,
    data: Path | None,
    out: Path | None,
    overrides: tuple[str, ...],
    dry_run: int | None,
    store: Path | None,
    allow_outside: bool,
    strict: bool,
    provider: str,
    allow_code: bool,
    json_out: bool,
) -> None:
    """Run RECIPE (a file, or the name of a packaged one) and write OUT/submission.csv.

    OUT/run.json holds the filled recipe, hashes, figures per stream and what became of each
    recording; OUT/timings.json what varies between equal runs. Saved logits are never scored again.
    """
    from blendkit.engine import run as run_recipe
    from blendkit.recipe import find_recipe, make_plan, parse_recipe

    text, source, folder = find_recipe(recipe)
    loaded = parse_recipe(text, source, overrides)
    make_plan(loaded)  # a recipe that cannot run should say so before a sample world is made for it
    where = data or folder
    if where is None:
        where = sample_world(json_out)
    with teller(json_out) as tell, announced(json_out):
        result = run_recipe(
            loaded,
            where,
            out or Path("out") / loaded.model.name,
            dry_run=dry_run,
            allow_outside=allow_outside,
            stores=store,
            how=how_of(provider, allow_code),
            tell=tell,
        )
    if json_out:
        event("done", {"submission": str(result.submission), "rows": result.rows, "classes": result.classes})
    else:
        _print(result)
    if strict and result.warnings:
        raise click.exceptions.Exit(1)


def sample_world(json_out: bool) -> Path:
    """Return the cached sample world, and say that it is used."""
    from blendkit.sample import cached_world

    say("no --data given: running on the built-in sample world, a small synthetic Pantanal", json_out=json_out)
    folder = cached_world()
    say(f"sample world: {folder}", json_out=json_out)
    return folder


def _print(result: RunResult) -> None:
    rows = []
    for name, s in result.streams.items():
        figure = "" if s.macro_auc is None else f"{s.macro_auc:.6f}"
        rows.append((name, s.space, s.covered, figure, s.classes_scored or "", s.classes_skipped or ""))
    table("", ["stream", "space", "classes covered", "macro-AUC", "classes scored", "skipped"], rows)
    if result.recordings:
        counts = Counter(result.recordings.values())
        click.echo(f"{len(result.recordings)} recordings: " + ", ".join(f"{n} {s}" for s, n in sorted(counts.items())))
    _print_speeds(result)
    for text in result.warnings:
        click.echo(f"note: {text}")
    if not any(s.macro_auc is not None for s in result.streams.values()):
        click.echo("no labels match these rows: nothing was measured")
    click.echo(f"wrote {result.submission}: {result.rows} rows x {result.classes} classes, re-read and checked")


def _print_speeds(result: RunResult) -> None:
    """Print how fast each member was; nothing if all logits were saved already."""
    if not result.speeds:
        return
    rows = []
    for s in result.speeds:
        speed = round(s.recordings_per_s, 2), round(s.x_real_time, 1)
        rows.append((s.member, s.recordings_scored, *speed, f"{s.inference:.0%}", f"{s.post:.0%}"))
    table("", ["member", "recordings", "recordings/s", "x real time", "inference", "cut, pool, save"], rows)
    told = f"decoding {result.decode_s:.1f} s, resampling {result.resample_s:.1f} s, beside the models"
    click.echo(f"{told}; 700 recordings of 60 s on 4 cores: about {result.minutes or 0:.1f} minutes")
