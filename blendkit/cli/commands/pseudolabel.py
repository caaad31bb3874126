"""`blendkit pseudolabel`: gate, rounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._options import PATH, bundle, data_option, json_option, lazy, machine, set_option, setting
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.cli.commands.fit_seqhead import fit_options
from blendkit.training import Rounds

if TYPE_CHECKING:
    from blendkit.training import PseudoLabelRequest


@click.group()
def pseudolabel() -> None:
    """Let models label recordings nobody listened to, and see what that is worth before scaling it up."""


def _teacher(audio: str | None, **own: Any) -> object:
    from blendkit.training import TeacherSource

    return TeacherSource(**own) if audio is None else TeacherSource(audio=audio, **own)


_TEACHER = bundle(
    "teacher",
    ("source", "data", "audio", "stream", "space", "saw", "overrides"),
    _teacher,
    click.argument("source"),
    data_option,
    click.option("--audio", help="Folder of unlabelled recordings, below --data (default: unlabelled_soundscapes)."),
    click.option("--stream", help="Which stream of the recipe is the teacher (default: its output)."),
    click.option("--space", type=click.Choice(["logit", "prob", "rank"]), help="What a score file's values are."),
    click.option("--saw", type=PATH, help="A label file: what a score file's teacher learned from."),
    set_option,
)
_GATES = bundle(
    "gates",
    ("least", "precision", "percentile", "top", "agree", "soft", "power"),
    lazy("blendkit.training:GateChoice"),
    click.option("--least", type=click.FloatRange(0, 1), help="The probability a label needs."),
    click.option(
        "--precision",
        type=click.FloatRange(0, 1, min_open=True),
        help="The precision that a class's threshold reaches on --oof.",
    ),
    click.option(
        "--percentile", type=click.FloatRange(0, 100, max_open=True), help="A percentile of each class's own scores."
    ),
    click.option("--top", type=click.IntRange(1), help="How many chunks of a recording each class may have."),
    click.option(
        "--agree", multiple=True, metavar="STREAM=RANK", help="Another stream's percentile rank must reach this."
    ),
    click.option("--soft", is_flag=True, help="Targets are the teacher's probabilities, not 1."),
    click.option("--power", default=1.0, show_default=True, type=click.FloatRange(0.01), help="Sharpen soft targets."),
)
_CHECK = bundle(
    "check",
    ("oof", "oof_space", "labels", "seen_audio"),
    lazy("blendkit.training:TeacherCheck"),
    click.option("--oof", help="The teacher's out-of-fold scores (FILE.npz:ARRAY), for --precision and the inflation."),
    click.option(
        "--oof-space",
        default="logit",
        show_default=True,
        type=click.Choice(["logit", "prob"]),
        help="What the out-of-fold scores are.",
    ),
    click.option("--labels", type=PATH, help="Labels of the out-of-fold rows; also counts what each class had."),
    click.option(
        "--seen-audio", help="Folder of the labelled recordings, below --data, for the teacher to score as it is."
    ),
)


@pseudolabel.command()
@_TEACHER
@_GATES
@_CHECK
@click.option("--allow-seen", is_flag=True, help="Label recordings that the teacher learned from.")
@click.option("--out", required=True, type=PATH, help="Folder of the labels, their cells and the report.")
@machine
@json_option
def gate(json_out: bool, **asked: Any) -> None:
    """Make labels of a stream's surest cells on unlabelled recordings, once, by strict gates.

    SOURCE is a recipe (run on the unlabelled recordings) or a score file (then --space). What the teacher learned from
    is written down: where a head is trained on these labels, those recordings cannot count as out-of-fold.
    """
    from blendkit import training

    request = training.PseudoLabelRequest(**asked)
    with progress_emitter(json_out) as emit:
        made = training.pseudo_label(request, emit)
    if json_out:
        event("pseudolabels", made)
        return
    _show_gate(made, request)


def _show_gate(told: dict[str, Any], request: PseudoLabelRequest) -> None:
    shown = sorted((c for c in told["classes"] if c["chunks"]), key=lambda c: -c["chunks"])
    rows = [[c["class"], c["had"], c["chunks"], c["recordings"]] for c in shown]
    print_table("", ["class", "labelled chunks", "pseudo-labelled", "in recordings"], rows)
    never = [c["class"] for c in told["classes"] if not c["chunks"]]
    click.echo(f"{told['cells']} labels in {told['rows']} of {told['of_rows']} chunks, {told['recordings']} recordings")
    click.echo(f"{len(never)} of {len(told['classes'])} classes gain nothing")
    click.echo(
        f"the teacher learned from {len(told['saw'])} recordings: a student of these labels is not out-of-fold there"
        if told["saw_known"]
        else "what the teacher learned from is not known (--saw): no figure on labelled recordings can be trusted"
    )
    if told.get("inflation"):
        f = told["inflation"]
        low, high = f["gain"][1:]
        click.echo(
            f"inflation: on labelled recordings the teacher scores {f['seen']:.4f}, out of fold {f['unseen']:.4f}: "
            f"{f['gain'][0]:+.4f} [{low:+.4f}, {high:+.4f}] is what having seen them is worth"
        )
    click.echo(f"wrote {request.out}: pseudo_labels.csv, pseudo.npz, pseudo.json")


_ROUNDS = bundle(
    "rounds",
    ("rounds", "least", "percentile", "power"),
    Rounds,
    setting("--rounds", Rounds.rounds, click.IntRange(1), "How often a student becomes the next teacher."),
    setting("--least", Rounds.least, click.FloatRange(0, 1), "The probability a label needs."),
    setting(
        "--percentile", Rounds.percentile, click.FloatRange(0, 100, max_open=True), "A percentile of a class's scores."
    ),
    setting("--power", Rounds.power, click.FloatRange(0.01), "Sharpen soft targets."),
)


@pseudolabel.command()
@fit_options
@_ROUNDS
@click.option(
    "--naive", is_flag=True, help="Also the naive protocol: a teacher of all folds, judged on its own labels."
)
@click.option("--test", type=PATH, help="Feature store of labelled recordings nobody learns from.")
@click.option("--test-labels", type=PATH, help="Their labels.")
@click.option("--out", required=True, type=PATH, help="Folder of the last round's heads and of rounds.json.")
@json_option
def rounds(
    json_out: bool, rounds: Rounds, naive: bool, test: Path | None, test_labels: Path | None, **asked: Any
) -> None:
    """Train a head, let it label, train on both, and again: noisy-student rounds on stored FEATURES.

    Each fold has its own teacher, which never saw it, so every round's out-of-fold figure is honest. With --naive the
    usual shortcut runs beside it, and the table shows how far its figure runs ahead of the truth.
    """
    from blendkit import training

    training.need_torch()
    request = training.RoundsRequest(training.HeadRequest(**asked), rounds, naive, test, test_labels)
    with progress_emitter(json_out) as emit:
        made = training.fit_rounds(request, emit)
    if json_out:
        event("rounds", made)
        return
    _show_rounds(made)
    click.echo(f"wrote {request.fit.out}: rounds.json, and the last honest round's heads")


def _show_rounds(told: dict[str, Any]) -> None:
    kind, rows = told["kind"], []
    for protocol, found in told["protocols"].items():
        for r, one in enumerate(found):
            unseen = one["unseen"].get(kind)
            row = [
                protocol,
                r,
                one["rows"],
                one["cells"],
                f"{one['counted']:.4f}",
                f"{one['labelled'][kind]['macro_auc'][0]:.4f}",
            ]
            row.append("" if unseen is None else f"{unseen['macro_auc'][0]:.4f}")
            row.append("" if one["inflation"] is None else f"{one['inflation']:+.4f}")
            rows.append(row)
    header = ["protocol", "round", "pseudo rows", "labels", "as it counts", "labelled OOF", "unseen", "inflation"]
    print_table("", header, rows)
    click.echo(
        "inflation: how much more the protocol's own count rose than the figure on recordings nobody learned from"
    )
