"""`blendkit pseudolabel`: gate, rounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._data_options import FOLDERS, RecipeCommand, folders_given
from blendkit.cli._gate_options import RULES, rule_options
from blendkit.cli._given_paths import PATH
from blendkit.cli._machine_options import machine
from blendkit.cli._options import OUT_FOLDER, Number, bundle, json_option, lazy, set_option
from blendkit.cli._show import event, print_table, progress_emitter
from blendkit.cli.commands.pseudolabel_rounds import rounds
from blendkit.errors import shorten
from blendkit.training import GateChoice, GateRules

if TYPE_CHECKING:
    from blendkit.training import PseudoLabelRequest


@click.group()
def pseudolabel() -> None:
    """Let models label unlabelled recordings, and measure on a small scale what that gains."""


def _teacher(audio: str | None, data: tuple[Path, ...], kaggle: Path | None, **own: Any) -> object:
    from blendkit.training import TeacherSource

    own["data"] = folders_given(data, kaggle)
    return TeacherSource(**own) if audio is None else TeacherSource(audio=audio, **own)


_TEACHER = bundle(
    "teacher",
    ("source", "data", "kaggle", "audio", "stream", "space", "saw", "overrides"),
    _teacher,
    click.argument("source"),
    *FOLDERS,
    click.option("--audio", help="Folder of unlabelled recordings below --data (default: unlabelled_soundscapes)."),
    click.option("--stream", help="Stream of the recipe that is the teacher (default: the recipe's output)."),
    click.option("--space", type=click.Choice(["logit", "prob", "rank"]), help="Space of the values in a score file."),
    click.option(
        "--saw", type=PATH, help="File of labels that the teacher was also trained on; with it, all is known."
    ),
    set_option,
)


def _choice(precision: float | None, agree: tuple[str, ...], **rules: Any) -> GateChoice:
    return GateChoice(GateRules(**rules), precision, agree)


_GATES = bundle(
    "gates",
    ("precision", "agree", "soft", *RULES),
    _choice,
    click.option(
        "--precision",
        type=Number(0, 1, min_open=True),
        help="Precision that the threshold of each class must reach on --oof.",
    ),
    *rule_options(GateRules()),
    click.option(
        "--agree",
        multiple=True,
        metavar="STREAM=RANK",
        help="Percentile rank that another stream must reach in the same cell. May be repeated.",
    ),
    click.option("--soft", is_flag=True, help="Use the teacher's probabilities as targets instead of 1."),
)
_CHECK = bundle(
    "check",
    ("oof", "oof_space", "labels", "seen_audio"),
    lazy("blendkit.training:TeacherCheck"),
    click.option(
        "--oof",
        multiple=True,
        help="The teacher's out-of-fold scores (FILE.npz:ARRAY), needed for --precision and the inflation. May be "
        "repeated, for fits in other folds: a threshold must hold in each, and the inflation is their mean.",
    ),
    click.option(
        "--oof-space",
        default="logit",
        show_default=True,
        type=click.Choice(["logit", "prob"]),
        help="Space of the out-of-fold scores.",
    ),
    click.option(
        "--labels",
        type=PATH,
        help="Labels of the out-of-fold rows, in any form `eval` takes; also counted per class.",
    ),
    click.option(
        "--seen-audio",
        help="Folder of the labelled recordings below --data; the teacher scores them to measure the inflation.",
    ),
)


@pseudolabel.command(cls=RecipeCommand)
@_TEACHER
@_GATES
@_CHECK
@click.option(
    "--allow-seen/--skip-seen",
    default=False,
    show_default=True,
    help="Whether to label recordings that the teacher was trained on; skipped ones are counted.",
)
@click.option(
    "--out", required=True, type=OUT_FOLDER, help="Folder to write the labels, their cells and the report to."
)
@machine
@json_option
def gate(json_out: bool, **asked: Any) -> None:
    """Turn a stream's most confident cells on unlabelled recordings into labels, through strict gates.

    SOURCE is a recipe, which is run on the unlabelled recordings, or a score file; --space says what its values are
    where no file does. Recordings that the teacher was trained on are left out, by content or by name. The recordings
    that the teacher was trained on are saved too: for a head trained on these labels they are not out-of-fold.
    """
    from blendkit import training

    request = training.PseudoLabelRequest(**asked)
    with progress_emitter(json_out) as emit:
        made = training.pseudo_label(request, emit)
    if json_out:
        event("pseudolabels", made)
        return
    _show_gate(made, request)


def _show_gate(report: dict[str, Any], request: PseudoLabelRequest) -> None:
    shown = sorted((c for c in report["classes"] if c["chunks"]), key=lambda c: -c["chunks"])
    rows = [[c["class"], c["had"], c["chunks"], c["recordings"]] for c in shown]
    print_table("", ["class", "labelled chunks", "pseudo-labelled", "in recordings"], rows)
    click.echo(_told_mask(report))
    if report["uncovered"]:
        masked = f"{len(report['uncovered'])} classes that the teacher does not cover are masked from the loss"
        click.echo(f"{masked}: {shorten(report['uncovered'])}")
    never = [c["class"] for c in report["classes"] if not c["chunks"]]
    click.echo(
        f"{report['cells']} labels in {report['rows']} of {report['of_rows']} chunks, {report['recordings']} recordings"
    )
    click.echo(f"{len(never)} of {len(report['classes'])} classes gain nothing")
    if report["skipped_seen"]:
        skipped = len(report["skipped_seen"])
        click.echo(f"{skipped} recordings that the teacher was trained on were left out (--allow-seen keeps them)")
    click.echo(
        f"the teacher was trained on {len(report['saw'])} recordings: there, a student of these labels is in-sample"
        if report["saw_known"]
        else "not all that the teacher was trained on is known (--saw): figures on labelled recordings may be in-sample"
    )
    for note in report["notes"]:
        click.echo(note)
    if report.get("inflation"):
        f = report["inflation"]
        low, high = f["gain"][1:]
        click.echo(
            f"inflation: on labelled recordings the teacher scores {f['seen']:.4f}, out of fold {f['unseen']:.4f}: "
            f"{f['gain'][0]:+.4f} [{low:+.4f}, {high:+.4f}] is the effect of having been trained on them "
            f"({len(f['by_split'])} splits into folds)"
        )
    click.echo(f"wrote {request.out}: pseudo_labels.csv, pseudo.npz, pseudo.json")


def _told_mask(report: dict[str, Any]) -> str:
    cells, sure, every = report["cells"], report["sure"], max(report["of_cells"], 1)
    if report["gates"]["whole_rows"]:
        return f"all {sure} cells of these chunks that the teacher covers keep its probabilities as soft targets"
    rest = sure - cells
    if "negative_below" in report["gates"]:
        below = report["gates"]["negative_below"]
        masked = every - sure
        return f"{rest} cells below {below:g} count as absent; {masked} ({masked / every:.0%}) are masked from the loss"
    share = f"{rest / every:.0%}"
    return f"the other {rest} cells of these chunks ({share}) count as absent; --negative-below masks unsure ones"


pseudolabel.add_command(rounds)
