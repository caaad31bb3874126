"""`blendkit pseudolabel rounds`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.cli._gate_options import RULES, rule_options
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FOLDER, bundle, json_option, setting
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.cli.commands.fit_seqhead import fit_options
from blendkit.errors import shorten
from blendkit.training import GateRules, Rounds


def _rounds(rounds: int, **rules: Any) -> Rounds:
    return Rounds(rounds, GateRules(soft=True, **rules))


_ROUNDS = bundle(
    "rounds",
    ("rounds", *RULES),
    _rounds,
    setting(
        "--rounds", Rounds.rounds, click.IntRange(1), "Number of rounds; in each, the student becomes the next teacher."
    ),
    *rule_options(Rounds.rules),
)


@click.command()
@fit_options
@_ROUNDS
@click.option(
    "--naive", is_flag=True, help="Also run the naive protocol: one teacher of all folds, judged on its own labels."
)
@click.option("--test", type=PATH, help="Feature store of labelled recordings that no model is trained on.")
@click.option("--test-labels", type=PATH, help="File of labels for the recordings of --test.")
@click.option(
    "--splits",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Number of deals of the recordings into folds over which the inflation is measured, with --test.",
)
@click.option(
    "--out", required=True, type=OUT_FOLDER, help="Folder to write the last round's heads and rounds.json to."
)
@json_option
def rounds(
    json_out: bool, rounds: Rounds, naive: bool, test: Path | None, test_labels: Path | None, splits: int, **asked: Any
) -> None:
    """Train a head, let it label, train on both kinds of labels and repeat: noisy-student rounds on stored FEATURES.

    Each fold has its own teacher, which was not trained on it, so every round's out-of-fold figure is honest. With
    --naive the usual shortcut runs too, and the table shows how much too high its figure is. docs/inflation.md has an
    example, with its figures.
    """
    from blendkit import training

    training.need_torch()
    request = training.RoundsRequest(training.HeadRequest(**asked), rounds, naive, test, test_labels, splits)
    with progress_emitter(json_out) as emit:
        made = training.fit_rounds(request, emit)
    if json_out:
        event("rounds", made)
        return
    _show_rounds(made)
    click.echo(f"wrote {request.fit.out}: rounds.json, and the last honest round's heads")


def _show_rounds(report: dict[str, Any]) -> None:
    rows = []
    for protocol, found in report["protocols"].items():
        for r, one in enumerate(found):
            figures = [_figure(one["mean"][n]) for n in ("counted", "labelled", "unseen")]
            rows.append([protocol, r, one["rows"], one["cells"], *figures, _interval(one["inflation"])])
    header = ["protocol", "round", "pseudo rows", "labels", "as it counts", "labelled OOF", "unseen", "inflation"]
    print_table("", header, rows)
    if left_out := report["left_out"]:
        what = "unlabelled recordings are labelled ones, by name or by content, and were left out"
        click.echo(f"{len(left_out)} {what}: {shorten(left_out)}")
    if report["protocols"]["honest"][0]["inflation"] is None:
        click.echo("no figure on unseen recordings, so no inflation: give --test and --test-labels")
        return
    click.echo(
        f"means over {report['splits']} splits into folds, unseen: of the folds' heads on --test; inflation: how much "
        "more the first figure rose than the third, with its 95 % interval (recordings and splits redrawn)"
    )
    for protocol, found in report["protocols"].items():
        last = found[-1]["inflation"]
        click.echo(f"{protocol}: {_verdict(last['low'], last['high'])}")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(over: dict[str, Any] | None) -> str:
    return "" if over is None else f"{over['mean']:+.4f} [{over['low']:+.4f}, {over['high']:+.4f}]"


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "its own figure rose more than unseen recordings allow"
    return "its own figure rose less than on unseen recordings" if high < 0 else "no inflation beyond the interval"
