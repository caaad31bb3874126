"""`blendkit fit seqhead`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from blendkit.cli._options import PATH, bundle, json_option, lazy, setting, several
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.training import HeadChoice, Mixture, Schedule


def _head(head: Any, **own: Any) -> HeadChoice:
    return HeadChoice(kind=head, **own)


def _mixture(soundscape_share: float, pseudo_share: float, balance: bool) -> Mixture:
    return Mixture(soundscape=soundscape_share, pseudo=pseudo_share, balance=balance)


_ROWS = bundle(
    "rows",
    ("features", "soundscapes", "labels", "taxonomy", "group", "pseudo", "unlabelled"),
    lazy("blendkit.training:TrainingRows"),
    click.argument("features", nargs=-1, type=PATH),
    click.option(
        "--soundscapes", type=PATH, help="Feature store of soundscapes; their labelled chunks are learned too."
    ),
    click.option("--labels", type=PATH, help="Label file of the soundscapes."),
    click.option("--taxonomy", type=PATH, help="The target classes; default: the clip folders and labels."),
    click.option("--group", metavar="REGEX", help="What shares a fold: the first parenthesis, in clips' names."),
    click.option("--pseudo", type=PATH, help="Pseudo-labels (a folder of `blendkit pseudolabel gate`)."),
    click.option("--unlabelled", type=PATH, help="Feature store of the pseudo-labelled recordings."),
)
_HEAD = bundle(
    "head",
    ("head", "blocks", "residual", "width", "dropout"),
    _head,
    setting("--head", HeadChoice.kind, click.Choice(["attention", "scalarmix"]), "Which head is trained."),
    click.option("--blocks", multiple=True, help="A block to read; default: the probe's, or all stored blocks."),
    click.option(
        "--residual", multiple=True, nargs=2, metavar="LATE EARLY", help="A token of one block less an earlier one."
    ),
    setting("--width", HeadChoice.width, click.IntRange(8), "Width of attention."),
    setting("--dropout", HeadChoice.dropout, click.FloatRange(0, 0.9), "Share of features left out in a step."),
)
_SCHEDULE = bundle(
    "schedule",
    ("epochs", "patience", "batch", "rate", "loss", "average", "mixup"),
    Schedule,
    setting("--epochs", Schedule.epochs, click.IntRange(1), "Epochs at most."),
    setting("--patience", Schedule.patience, click.IntRange(1), "Epochs without a gain before it stops."),
    setting("--batch", Schedule.batch, click.IntRange(2), "Rows in a batch."),
    setting("--rate", Schedule.rate, click.FloatRange(1e-6, 1), "Learning rate."),
    setting("--loss", Schedule.loss, click.Choice(["bce", "focal"]), "Loss of a cell."),
    setting("--average", Schedule.average, click.Choice(["ema", "swa", "none"]), "How weights are averaged."),
    setting("--mixup", Schedule.mixup, click.FloatRange(0, 10), "Alpha of mixup; 0 mixes nothing."),
)
_MIXTURE = bundle(
    "mixture",
    ("soundscape_share", "pseudo_share", "balance"),
    _mixture,
    setting("--soundscape-share", Mixture.soundscape, click.FloatRange(0, 1), "Share of soundscapes beside clips."),
    setting("--pseudo-share", Mixture.pseudo, click.FloatRange(0, 0.9), "Share of pseudo-labelled rows in an epoch."),
    click.option("--balance/--no-balance", default=Mixture.balance, show_default=True,
                 help="Draw every class equally often."),
)  # fmt: skip
fit_options = several(
    _ROWS,
    _HEAD,
    click.option("--probe", type=PATH, help="probe.json: its blocks and, for scalarmix, its weights to start from."),
    _SCHEDULE,
    _MIXTURE,
    click.option("--folds", default=5, show_default=True, type=click.IntRange(3), help="Folds of whole groups."),
    click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Heads to average."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="The first seed."),
)


@click.command()
@fit_options
@click.option("--against", multiple=True, type=PATH, help="Another fit's folder, on the same rows: print paired gains.")
@click.option("--allow-seen", is_flag=True, help="Count rows that a pseudo-labelling teacher learned from.")
@click.option("--out", required=True, type=PATH, help="Folder of the heads, the out-of-fold table and the card.")
@json_option
def seqhead(json_out: bool, **asked: Any) -> None:
    """Train a small head on stored FEATURES of clips, of soundscapes, or of both; export it to ONNX.

    Every fold is scored by heads that neither learned from it nor stopped on it; OUT/head.onnx is trained on all rows.
    Run again after an interruption: it goes on after the last epoch.
    """
    from blendkit import training

    training.need_torch()
    request = training.HeadRequest(**asked)
    with progress_emitter(json_out) as emit:
        made = training.fit_head(request, emit)
    if json_out:
        event("fit", made)
        return
    _show(made, request.probe)
    click.echo(f"wrote {request.out}: head.onnx, folds/, oof.npz, card.md, fit.json")


def _show(told: dict[str, Any], probe: Path | None) -> None:
    from blendkit.training import span

    rows = told["rows"]
    click.echo(
        f"{told['kind']} of {told['parameters']:,} parameters; {rows['clip']} clip chunks, "
        f"{rows['chunk']} soundscape chunks, {len(told['classes'])} classes"
    )
    for note in told["notes"]:
        click.echo(note)
    for kind, f in told["oof"].items():
        top = f"; top-1 {span(f['top_one'])}" if f["top_one"] else ""
        click.echo(f"out of fold, {kind}s: macro-AUC {span(f['macro_auc'])}{top}")
        for name, gain in f["gains"].items():
            more = f"; top-1 {span(gain['top_one'], '+')}" if "top_one" in gain else ""
            click.echo(f"  less {name}: macro-AUC {span(gain['macro_auc'], '+')}{more}")
    probed = _probed(probe)
    header = ["token", "share", "deviation", *(["probe's top-1"] if probed else [])]
    ranked = sorted(told["weights"].items(), key=lambda w: -w[1][0])
    print_table(
        "", header, [[n, round(w, 3), round(s, 3), *([probed.get(n, "")] if probed else [])] for n, (w, s) in ranked]
    )
    if told.get("spearman") is not None:
        click.echo(
            f"Spearman of shares and the probe's ranking: {told['spearman']:+.2f} over {len(told['weights'])} tokens"
        )


def _probed(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    return {f["name"]: round(f["top_one"], 3) for f in json.loads(path.read_text(encoding="utf-8"))["features"]}
