"""`blendkit fit seqhead`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import PATH, json_option
from blendkit.cli._show import event, table

if TYPE_CHECKING:
    from blendkit.training import Request

_ROWS = (
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
_SHAPE = (
    click.option("--head", default="attention", show_default=True, type=click.Choice(["attention", "scalarmix"])),
    click.option("--blocks", multiple=True, help="A block to listen to; default: the probe's, or all stored blocks."),
    click.option(
        "--residual", multiple=True, nargs=2, metavar="LATE EARLY", help="A token of one block less an earlier one."
    ),
    click.option("--probe", type=PATH, help="probe.json: its blocks and, for scalarmix, its weights to start from."),
    click.option("--width", default=144, show_default=True, type=click.IntRange(8), help="Width of attention."),
    click.option("--dropout", default=0.2, show_default=True, type=click.FloatRange(0, 0.9)),
)
_TRAINING = (
    click.option("--epochs", default=40, show_default=True, type=click.IntRange(1)),
    click.option("--patience", default=10, show_default=True, type=click.IntRange(1), help="Epochs without a gain."),
    click.option("--batch", default=128, show_default=True, type=click.IntRange(2)),
    click.option("--rate", default=2e-3, show_default=True, type=click.FloatRange(1e-6, 1), help="Learning rate."),
    click.option("--loss", default="bce", show_default=True, type=click.Choice(["bce", "focal"])),
    click.option("--average", default="ema", show_default=True, type=click.Choice(["ema", "swa", "none"])),
    click.option("--mixup", default=0.4, show_default=True, type=click.FloatRange(0, 10), help="Its alpha; 0: none."),
    click.option(
        "--soundscape-share",
        default=0.2,
        show_default=True,
        type=click.FloatRange(0, 1),
        help="Beside clips, per epoch.",
    ),
    click.option("--pseudo-share", default=0.2, show_default=True, type=click.FloatRange(0, 0.9), help="Of an epoch."),
    click.option("--balance/--no-balance", default=True, show_default=True, help="Draw every class equally often."),
    click.option("--folds", default=5, show_default=True, type=click.IntRange(3)),
    click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="Heads to average."),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="The first seed."),
)


def fit_options(command: Any) -> Any:
    """Add the options that say what is learned from, by what, and how."""
    for option in reversed((*_ROWS, *_SHAPE, *_TRAINING)):
        command = option(command)
    return command


@click.command()
@fit_options
@click.option("--against", multiple=True, type=PATH, help="Another fit's folder, on the same rows: print paired gains.")
@click.option("--allow-seen", is_flag=True, help="Count rows that a pseudo-labelling teacher learned from.")
@click.option("--out", required=True, type=PATH, help="Folder of the heads, the out-of-fold table and the card.")
@json_option
def seqhead(out: Path, json_out: bool, **asked: Any) -> None:
    """Train a small head on stored FEATURES of clips, of soundscapes, or of both; export it to ONNX.

    Every fold is scored by heads that neither learned from it nor stopped on it; OUT/head.onnx is trained on all rows.
    Run again after an interruption: it goes on after the last epoch.
    """
    from blendkit.training import need_torch

    need_torch()
    from blendkit.training import Request, fit_head

    request = Request(out=out, **asked)
    with _telling(json_out) as tell:
        told = fit_head(request, tell=tell)
    if json_out:
        event("fit", told)
        return
    _show(told, request)
    click.echo(f"wrote {out}: head.onnx, folds/, oof.npz, card.md, fit.json")


def _telling(json_out: bool) -> Any:
    from blendkit.cli._show import teller

    return teller(json_out)


def _show(told: dict[str, Any], request: Request) -> None:
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
    probed = _probed(request.probe)
    header = ["token", "share", "deviation", *(["probe's top-1"] if probed else [])]
    ranked = sorted(told["weights"].items(), key=lambda w: -w[1][0])
    table("", header, [[n, round(w, 3), round(s, 3), *([probed.get(n, "")] if probed else [])] for n, (w, s) in ranked])
    if told.get("spearman") is not None:
        click.echo(
            f"Spearman of shares and the probe's ranking: {told['spearman']:+.2f} over {len(told['weights'])} tokens"
        )


def _probed(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    return {f["name"]: round(f["top_one"], 3) for f in json.loads(path.read_text(encoding="utf-8"))["features"]}
