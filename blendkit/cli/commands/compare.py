"""`blendkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._compile_notice import announced
from blendkit.cli._options import LEDGER, PATH, json_option, judged, offline, set_option

if TYPE_CHECKING:
    from blendkit.offline import Comparison


@click.command()
@click.argument("sources", nargs=-1, metavar="A B [C ...]")
@click.option("--labels", type=PATH, help="Labels (needed where no recipe is among the sources).")
@click.option("--taxonomy", type=PATH, help="With --labels: names classes that the scores may lack.")
@click.option("--rows", help="Score files: row id column, or NPZ array of row ids.")
@click.option("--classes", help="NPZ files: the array of class ids.")
@click.option("--folds", help="Score files: column or NPZ array of folds.")
@set_option
@offline
@judged
@click.option("--bca", is_flag=True, help="Bias-corrected and accelerated intervals instead of percentiles.")
@click.option(
    "--gate",
    type=float,
    metavar="X",
    help="Exit with 1 if the lower bound of a later source's change is below X, as in --gate -0.001.",
)
@click.option(
    "--split",
    default="recording",
    show_default=True,
    type=click.Choice(["recording", "site", "date", "site-date"]),
    help="What a simulated leaderboard keeps on one side.",
)
@click.option(
    "--public",
    default=0.34,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of rows that are public.",
)
@click.option("--leaderboard", type=PATH, help="A leaderboard CSV: the rank band of every source on it.")
@click.option("--ablate", is_flag=True, help="One recipe: what each step, gate and member contributes to it.")
@click.option("--ledger", is_flag=True, help="Add recipes to the ledger, and show how gains came through so far.")
@click.option("--ledger-file", type=PATH, default=LEDGER, show_default=True, help="The ledger.")
@click.option(
    "--lb",
    "scores_by_hand",
    multiple=True,
    metavar="NAME=PUBLIC[/PRIVATE]",
    help="Add a recipe's leaderboard scores to the ledger, as in eos7=0.950/0.942.",
)
@json_option
def compare(
    sources: tuple[str, ...],
    labels: Path | None,
    taxonomy: Path | None,
    rows: str | None,
    classes: str | None,
    folds: str | None,
    overrides: tuple[str, ...],
    data: Path | None,
    store: Path | None,
    allow_outside: bool,
    clusters: Any,
    replicates: int,
    seed: int,
    level: float,
    bca: bool,
    gate: float | None,
    split: Any,
    public: float,
    leaderboard: Path | None,
    ablate: bool,
    ledger: bool,
    ledger_file: Path,
    scores_by_hand: tuple[str, ...],
    json_out: bool,
) -> None:
    """Compare recipes (from their saved logits), score files, FILE.npz:ARRAY, stores and run folders.

    Every source is measured on the same redrawn recordings; changes are against A, with p-values
    corrected for their number (Holm). With --ablate, one recipe is held against itself without each of its
    parts. Plateaus are figures that a leaderboard shows alike; the split
    table says how far public ranks carry to the private side.
    """
    from blendkit.cli._comparison import Board, load_sources, show
    from blendkit.cli._ledger import add_to_ledger, leaderboard_entry, public_scores, show_ledger
    from blendkit.errors import BlendkitError
    from blendkit.io import Names, read_leaderboard
    from blendkit.offline import Rules
    from blendkit.offline import compare as run_comparison
    from blendkit.searching import read_ledger

    if ablate:
        from blendkit.cli._ablation import ablate_recipe

        if gate is not None or ledger or scores_by_hand or labels is not None or leaderboard is not None:
            others = "--gate, --ledger, --lb, --labels and --leaderboard"
            raise BlendkitError(f"--ablate goes without {others}: its recipe says where labels are")

        rules = Rules(clusters, replicates, seed, level, bca)
        ablate_recipe(sources, overrides, data, store, allow_outside, rules, json_out)
        return
    ledger = ledger or bool(scores_by_hand)
    if len(sources) < 2 and not (ledger and not sources):
        raise BlendkitError("give at least two sources to compare", ["or none, with --ledger, to show the ledger"])
    for text in scores_by_hand:  # what is written wrongly should be said before any work
        leaderboard_entry(text)
    if ledger and ledger_file.exists():
        read_ledger(ledger_file)
    failed = False
    if sources:
        teams = read_leaderboard(leaderboard) if leaderboard is not None else None
        with announced(json_out):
            loaded = load_sources(
                sources, labels, taxonomy, Names(rows, classes, folds), overrides, data, store, allow_outside, json_out
            )
            rules = Rules(clusters, replicates, seed, level, bca, split, public)
            found = run_comparison(loaded.scores, loaded.truth, rules)
        board = None if teams is None else Board(teams, public_scores(ledger_file, loaded.hashes, scores_by_hand))
        show(found, loaded, rules, board, json_out)
        failed = gate is not None and _fails(found, gate, json_out)
        if ledger:
            add_to_ledger(ledger_file, found, loaded)
    if ledger:
        show_ledger(ledger_file, scores_by_hand, json_out)
    if failed:
        raise click.exceptions.Exit(1)


def _fails(found: Comparison, gate: float, json_out: bool) -> bool:
    from blendkit.cli._show import event

    below = [x for x in found.lines if x.change is not None and not x.change.low >= gate]
    told = [f"{x.name}: lower bound {x.change.low:+.6f}" for x in below if x.change is not None]
    if json_out:
        event("gate", {"gate": gate, "passed": not below, "below": told})
    else:
        click.echo(f"gate {gate:+g}: " + (f"failed by {'; '.join(told)}" if below else "passed"))
    return bool(below)
