"""`blendkit fit seqhead`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import OUT_FOLDER, Number, bundle, json_option, lazy, setting, several
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.training import HeadChoice, Mixture, Schedule


def _head(head: Any, **own: Any) -> HeadChoice:
    return HeadChoice(kind=head, **own)


def _mixture(soundscape_share: float, pseudo_share: float, balance: bool) -> Mixture:
    return Mixture(soundscape=soundscape_share, pseudo=pseudo_share, balance=balance)


_ROWS = bundle(
    "rows",
    (
        "features",
        "soundscapes",
        "labels",
        "taxonomy",
        "group",
        "metadata",
        "soundscape_group",
        "secondary",
        "pseudo",
        "unlabelled",
    ),
    lazy("blendkit.training:TrainingRows"),
    click.argument("features", nargs=-1, type=PATH),
    click.option(
        "--soundscapes",
        type=PATH,
        help="Feature store of soundscapes; the head also learns from their labelled chunks.",
    ),
    click.option("--labels", type=PATH, help="Labels of the soundscapes, in any form `eval` takes."),
    click.option(
        "--taxonomy", type=PATH, help="Taxonomy of the target classes (default: the clip folders and the labels)."
    ),
    click.option(
        "--group",
        metavar="REGEX|COLUMN",
        help="Pattern whose first parenthesis names a clip's group, such as its recordist; or with --metadata the "
        "column that names it. Recordings of one group share a fold.",
    ),
    click.option(
        "--metadata",
        type=PATH,
        help="Table with a line per recording, such as train.csv: its column --group (soundscapes may be in it), and "
        "secondary_labels for --secondary.",
    ),
    click.option(
        "--soundscape-group",
        metavar="site|day|site-day|REGEX",
        help="What soundscapes of one fold share: the site, the day or both that their names give, or a pattern's "
        "first parenthesis (default: only the recording).",
    ),
    click.option(
        "--secondary",
        default="ignore",
        show_default=True,
        type=click.Choice(["positive", "mask", "ignore"]),
        help="What a clip's secondary labels are: positives of all its chunks, masked from loss and figures, or "
        "ignored (absent).",
    ),
    click.option("--pseudo", type=PATH, help="Folder of pseudo-labels that `blendkit pseudolabel gate` wrote."),
    click.option("--unlabelled", type=PATH, help="Feature store of the pseudo-labelled recordings."),
)
_HEAD = bundle(
    "head",
    ("head", "blocks", "residual", "width", "dropout"),
    _head,
    setting("--head", HeadChoice.kind, click.Choice(["attention", "scalarmix"]), "Kind of head to train."),
    click.option(
        "--blocks",
        multiple=True,
        help="Block to read (default: the probe's blocks, or all stored blocks). May be repeated.",
    ),
    click.option(
        "--residual",
        multiple=True,
        nargs=2,
        metavar="LATE EARLY",
        help="Add a token that is a late block minus an early one. May be repeated.",
    ),
    setting("--width", HeadChoice.width, click.IntRange(8), "Width of the attention head."),
    setting("--dropout", HeadChoice.dropout, Number(0, 0.9), "Share of features that dropout sets to zero."),
)
_SCHEDULE = bundle(
    "schedule",
    ("epochs", "patience", "batch", "rate", "loss", "average", "mixup"),
    Schedule,
    setting("--epochs", Schedule.epochs, click.IntRange(1), "Most epochs to train."),
    setting("--patience", Schedule.patience, click.IntRange(1), "Epochs without a gain before training stops."),
    setting("--batch", Schedule.batch, click.IntRange(2), "Number of rows in a batch."),
    setting("--rate", Schedule.rate, Number(1e-6, 1), "Learning rate."),
    setting(
        "--loss",
        Schedule.loss,
        click.Choice(["bce", "focal", "soft-auc"]),
        "Loss of each chunk and class; soft-auc: bce and half the pairs of a class in the wrong order.",
    ),
    setting(
        "--average",
        Schedule.average,
        click.Choice(["ema", "swa", "none"]),
        "How the head's parameters are averaged over training.",
    ),
    setting("--mixup", Schedule.mixup, Number(0, 10), "Alpha of mixup; 0 turns mixup off."),
)
_MIXTURE = bundle(
    "mixture",
    ("soundscape_share", "pseudo_share", "balance"),
    _mixture,
    setting("--soundscape-share", Mixture.soundscape, Number(0, 1), "Share of soundscapes beside the clips."),
    setting("--pseudo-share", Mixture.pseudo, Number(0, 0.9), "Share of pseudo-labelled rows in an epoch."),
    click.option("--balance/--no-balance", default=Mixture.balance, show_default=True,
                 help="Draw every class equally often."),
)  # fmt: skip
fit_options = several(
    _ROWS,
    _HEAD,
    click.option(
        "--probe",
        type=PATH,
        help="File probe.json of a probe, for its blocks and, for scalarmix, its starting weights.",
    ),
    _SCHEDULE,
    _MIXTURE,
    click.option(
        "--folds",
        default=5,
        show_default=True,
        type=click.IntRange(3),
        help="Number of folds; a group lies whole in one fold.",
    ),
    click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Number of heads to average."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the first head."),
)


@click.command()
@fit_options
@click.option(
    "--against",
    multiple=True,
    type=PATH,
    help="Folder of another fit on the same rows: print the paired gains over it. May be repeated.",
)
@click.option(
    "--allow-seen", is_flag=True, help="Count out-of-fold rows that the teacher of the pseudo-labels was trained on."
)
@click.option(
    "--out",
    required=True,
    type=OUT_FOLDER,
    help="Folder to write the heads, the out-of-fold table and the model card to.",
)
@json_option
def seqhead(json_out: bool, **asked: Any) -> None:
    """Train a small head on stored FEATURES of clips, of soundscapes, or of both; export it to ONNX.

    Every fold is scored by heads that were neither trained nor stopped on it; OUT/head.onnx is trained on all rows.
    FEATURES may also be stores of mixed copies of these clips (`fit features --mix`): learned from, never judged on.
    After an interruption, run the command again: it goes on after the last finished epoch.
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
    for command in made["next"]:
        click.echo(f"next: {command}")


def _show(report: dict[str, Any], probe: Path | None) -> None:
    from blendkit import training

    rows = report["rows"]
    click.echo(
        f"{report['kind']} of {report['parameters']:,} parameters; {rows['clip']} clip chunks, "
        f"{rows['chunk']} soundscape chunks, {len(report['classes'])} classes"
    )
    for note in report["notes"]:
        click.echo(note)
    for line in training.figure_lines(report):
        click.echo(f"out of fold, {line}")
    for line in training.two_figures(report):
        click.echo(line)
    probed = _probed(probe)
    header = ["token", "share", "deviation", *(["probe's top-1"] if probed else [])]
    ranked = sorted(report["weights"].items(), key=lambda w: -w[1][0])
    print_table(
        "", header, [[n, round(w, 3), round(s, 3), *([probed.get(n, "")] if probed else [])] for n, (w, s) in ranked]
    )
    if agreed := report["spearman"]:
        click.echo(
            f"Spearman of shares and the probe's ranking: {agreed['rho']:+.2f} over {agreed['tokens']} tokens "
            f"(orders by chance agree as well with probability {agreed['p']:.3f})"
        )


def _probed(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    from blendkit.core import json_value

    return {f["name"]: round(f["top_one"], 3) for f in json_value(path.read_text(encoding="utf-8"))["features"]}
