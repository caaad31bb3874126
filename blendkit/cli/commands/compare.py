"""`blendkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._ablation import ablate_recipe
from blendkit.cli._blend_options import blend_command
from blendkit.cli._compile_notice import announced
from blendkit.cli._data_options import RecipeCommand, offline
from blendkit.cli._given_paths import PATH
from blendkit.cli._ledger import LedgerUse
from blendkit.cli._options import (
    INSIDE_UNIT,
    JUDGED,
    LEDGER,
    OUT_LINES,
    OUT_PAGE,
    WHOLE,
    Number,
    bundle,
    chunked_columns,
    json_option,
    set_option,
)
from blendkit.cli._plateau import PlateauUse, plateau_options
from blendkit.cli._report_lines import said_report
from blendkit.cli._show import emitter, event
from blendkit.errors import BlendkitError

if TYPE_CHECKING:
    from blendkit.io import ColumnNames
    from blendkit.offline import Comparison, Place, Rules


def _made_rules(**own: Any) -> object:
    from blendkit.offline import Judging, Rules

    judging = Judging(**{k: own.pop(k) for k in ("clusters", "replicates", "seed", "level")})
    return Rules(judging=judging, **own)


_rules = bundle(
    "rules",
    ("clusters", "replicates", "seed", "level", "bca", "split_by", "public"),
    _made_rules,
    *JUDGED,
    click.option(
        "--bca",
        is_flag=True,
        help="Use bias-corrected and accelerated (BCa) intervals instead of percentile intervals.",
    ),
    click.option(
        "--split",
        "split_by",
        default="recording",
        show_default=True,
        type=WHOLE,
        help="What a simulated leaderboard puts whole on its public or its private side.",
    ),
    click.option(
        "--public",
        default=0.34,
        show_default=True,
        type=INSIDE_UNIT,
        help="Share of the rows that are public.",
    ),
)
_ledgers = bundle(
    "ledger",
    ("ledger", "ledger_file", "scores_by_hand"),
    LedgerUse,
    click.option(
        "--ledger",
        is_flag=True,
        help="Add the recipes to the ledger and show which earlier gains the leaderboard confirmed.",
    ),
    click.option("--ledger-file", type=OUT_LINES, default=LEDGER, show_default=True, help="File of the ledger."),
    click.option(
        "--lb",
        "scores_by_hand",
        multiple=True,
        metavar="NAME=PUBLIC[/PRIVATE]",
        help="Add a recipe's leaderboard scores to the ledger, as in eos7=0.950/0.942.",
    ),
)


@click.command(cls=RecipeCommand)
@click.argument("sources", nargs=-1, metavar="A B [C ...]")
@click.option("--labels", type=PATH, help="Labels, in any form `eval` takes (needed if no source is a recipe).")
@click.option(
    "--taxonomy", type=PATH, help="Taxonomy that names the classes which --labels may hold and the scores may lack."
)
@chunked_columns
@set_option
@offline
@_rules
@plateau_options
@click.option(
    "--gate",
    type=Number(-1, 1),
    metavar="X",
    help="Exit with 1 if the lower bound of a later source's change is below X, as in --gate -0.001.",
)
@click.option(
    "--leaderboard", type=PATH, help="Leaderboard CSV: also show the band of ranks that every source may reach on it."
)
@click.option("--ablate", is_flag=True, help="Measure what each step, gate and member contributes to one recipe.")
@click.option("--report", "page", type=OUT_PAGE, help="HTML file to write all that is known of the sources to.")
@_ledgers
@json_option
def compare(
    sources: tuple[str, ...],
    labels: Path | None,
    taxonomy: Path | None,
    names: ColumnNames,
    overrides: tuple[str, ...],
    place: Place,
    rules: Rules,
    plateau: PlateauUse,
    gate: float | None,
    leaderboard: Path | None,
    ablate: bool,
    page: Path | None,
    ledger: LedgerUse,
    json_out: bool,
) -> None:
    """Compare recipes (from their saved logits), score files, FILE.npz:ARRAY, stores and run folders.

    Every source is measured on the same redrawn recordings. Changes are against A, and p-values are corrected for
    their number (Holm). With --ablate, one recipe is compared with itself without each of its parts. A plateau
    is a set of figures that a leaderboard shows alike; the table of simulated leaderboards shows how often a public
    rank holds on the private side. --plateau 757 --at 0.950 --above 187 simulates where A ends among teams that show
    the same figure and are as good, and what a submission is worth that was not picked by its public figure.
    """
    if ablate:
        others = (gate, labels, leaderboard, page, *(() if ledger.unused and plateau.unused else ("given",)))
        if any(o is not None for o in others):
            named = "--gate, --ledger, --lb, --labels, --report, --leaderboard or --plateau"
            raise BlendkitError(f"--ablate cannot be combined with {named}: the recipe itself names its labels")
        ablate_recipe(sources, overrides, place, rules, json_out)
        return
    if page is not None and not sources:
        raise BlendkitError("a report needs sources", ["as in `blendkit compare A B --report report.html`"])
    if len(sources) < 2 and (sources or ledger.unused):
        raise BlendkitError("give at least two sources to compare", ["or none, with --ledger, to show the ledger"])
    ledger.check(sources)  # report mistakes before any work starts
    rules = plateau.rules(rules, leaderboard)
    failed = bool(sources) and _compared(
        sources, labels, taxonomy, names, overrides, place, rules, gate, leaderboard, ledger, json_out
    )
    if page is not None:
        _reported(page, sources, labels, taxonomy, names, overrides, place, rules, json_out)
    if not ledger.unused:
        ledger.show(json_out)
    if failed:
        raise click.exceptions.Exit(1)


def _compared(
    sources: tuple[str, ...], labels: Path | None, taxonomy: Path | None, names: ColumnNames,
    overrides: tuple[str, ...], place: Place, rules: Rules, gate: float | None, leaderboard: Path | None,
    ledger: LedgerUse, json_out: bool,
) -> bool:  # fmt: skip
    """Compare, print and add to the ledger. Return True if the gate failed."""
    from blendkit import offline as work
    from blendkit.cli._comparison import Board, show
    from blendkit.io import is_of_run, is_source, read_leaderboard

    teams = read_leaderboard(leaderboard) if leaderboard is not None else None
    given = None if labels is None else work.Labels(labels, taxonomy)
    with announced(json_out):
        found = work.compare(
            sources, given, names=names, overrides=overrides, place=place, rules=rules, emit=emitter(json_out)
        )
    board = None if teams is None else Board(teams, ledger.public_scores(found.hashes))
    show(found, rules, board, json_out)
    if labels is not None and not json_out and all(is_source(s) and not is_of_run(s) for s in sources):
        click.echo(f"to blend them: {blend_command(sources, labels, taxonomy, names, fill=not found.same_rows)}")
    if not ledger.unused:
        ledger.add(found, json_out)
    return gate is not None and _fails(found, gate, json_out)


def _reported(
    page: Path, sources: tuple[str, ...], labels: Path | None, taxonomy: Path | None, names: ColumnNames,
    overrides: tuple[str, ...], place: Place, rules: Rules, json_out: bool,
) -> None:  # fmt: skip
    from blendkit.offline import Labels
    from blendkit.reporting import report

    given = None if labels is None else Labels(labels, taxonomy)
    made = report(
        sources, given, page, names=names, overrides=overrides, place=place, rules=rules, emit=emitter(json_out)
    )
    said_report(made, json_out)


def _fails(found: Comparison, gate: float, json_out: bool) -> bool:
    below = [x for x in found.lines if x.change is not None and not x.change.low >= gate]
    failures = [f"{x.name}: lower bound {x.change.low:+.6f}" for x in below if x.change is not None]
    if json_out:
        event("gate", {"gate": gate, "passed": not below, "below": failures})
    else:
        text = f"failed by {'; '.join(failures)}" if below else "passed"
        click.secho(f"gate {gate:+g}: {text}", fg="red" if below else "green", bold=True)
    return bool(below)
