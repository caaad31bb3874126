"""`blendkit review`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blendkit.cli._detect_options import naming_option, reading_options
from blendkit.cli._given_paths import PATH
from blendkit.cli._options import INSIDE_UNIT, OUT_FOLDER, Number, bundle, json_option, lazy
from blendkit.cli._review_lines import show_review, show_reviewed

if TYPE_CHECKING:
    from blendkit.detecting import DrawRule, Reading, ReviewRule

_READ_ONLY = {"precision", "fewest", "folds", "level"}
_BOTH = {"answered", "out", "json_out"}


def _draw_rule(value: float | None, file: Path | None, **own: Any) -> Any:
    """Return a `DrawRule`; a threshold becomes a `ThresholdRule`."""
    from blendkit.detecting import DrawRule, ThresholdRule

    asked = value is not None or file is not None
    return DrawRule(**own, thresholds=ThresholdRule(value=value, file=file) if asked else None)


draw_options = bundle(
    "drawing",
    ("per_class", "by", "strata", "seed", "value", "file"),
    _draw_rule,
    click.option(
        "--per-class", default=96, show_default=True, type=click.IntRange(1), help="Clips to draw of every class."
    ),
    click.option(
        "--by",
        default="score",
        show_default=True,
        type=click.Choice(["score", "disagreement", "uncertainty"]),
        help="What is drawn most: high scores; chunks where models disagree (several SOURCEs, or a run's members); "
        "scores near a threshold.",
    ),
    click.option(
        "--strata",
        default=8,
        show_default=True,
        type=click.IntRange(1),
        help="Strata of each class.",
    ),
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the draw."),
    click.option(
        "--threshold", "value", type=Number(), help="With --by uncertainty: the threshold (default: probability 0.5)."
    ),
    click.option("--thresholds", "file", type=PATH, help="With --by uncertainty: a table of thresholds per class."),
)
answer_options = bundle(
    "judging",
    ("precision", "fewest", "folds", "level"),
    lazy("blendkit.detecting:ReviewRule"),
    click.option(
        "--precision",
        type=Number(0, 1, min_open=True),
        help="With --read: choose for every class the lowest threshold with this precision, for `blendkit detect`.",
    ),
    click.option(
        "--fewest",
        default=10,
        show_default=True,
        type=click.IntRange(1),
        help="With --precision: answers above a threshold, below which a class gets none.",
    ),
    click.option(
        "--folds",
        default=5,
        show_default=True,
        type=click.IntRange(2),
        help="With --precision: the number of parts that judge a threshold held out.",
    ),
    click.option(
        "--level", default=0.95, show_default=True, type=INSIDE_UNIT, help="With --read: level of the intervals."
    ),
)


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--out", required=True, type=OUT_FOLDER, help="Folder to write.")
@click.option(
    "--read",
    "answered",
    type=PATH,
    metavar="PATH",
    help="Read the answers in this table or folder of a review instead of drawing clips.",
)
@draw_options
@click.option("--clips", is_flag=True, help="Cut a WAV of every clip; needs --audio.")
@click.option(
    "--context", "context_s", default=0.0, type=Number(0), metavar="SECONDS", help="With --clips: more at both ends."
)
@click.option(
    "--most-clips",
    default=5000,
    show_default=True,
    type=click.IntRange(1),
    help="With --clips: above so many none is cut, and a message says so.",
)
@naming_option
@reading_options
@answer_options
@json_option
@click.pass_context
def review(
    context: click.Context, sources: tuple[str, ...], out: Path, answered: Path | None, drawing: DrawRule, clips: bool,
    context_s: float, most_clips: int, naming: Any, reading: Reading, judging: ReviewRule, json_out: bool,
) -> None:  # fmt: skip
    """Draw clips of SOURCE (a run's folder, a store, a score file) to listen to, and read the answers back.

    `blendkit review SOURCE --out FOLDER` writes review.csv and Raven selections: some clips of every stratum of scores,
    with the probability of each. Fill the column answer with y, n or u (unsure). `blendkit review --read FOLDER --out
    ANSWERS` gives the precision per class and threshold, labels, and thresholds for a wanted precision.
    """
    from blendkit import detecting

    _require_one_use(context, bool(sources), answered is not None)
    if answered is not None:
        show_reviewed(detecting.read_review(answered, out, judging), out, json_out)
        return
    found = detecting.review(
        sources[0], out, drawing, others=sources[1:], naming=naming, reading=reading, cut_audio=clips,
        context_s=context_s, most_clips=most_clips,
    )  # fmt: skip
    show_review(found, out, json_out)


def _require_one_use(context: click.Context, draws: bool, reads: bool) -> None:
    """Raise UsageError for neither or both uses of the command, and for options of the other one."""
    if draws == reads:
        raise click.UsageError("give a SOURCE to draw clips from, or --read FOLDER to read answers", context)
    given = click.core.ParameterSource.COMMANDLINE
    wrong = [
        p.opts[0] for p in context.command.params
        if p.name and context.get_parameter_source(p.name) == given and isinstance(p, click.Option)
        and p.name not in _BOTH and (p.name in _READ_ONLY) != reads
    ]  # fmt: skip
    if wrong:
        what = "draws clips, and --read reads answers" if reads else "serve --read, which reads answers"
        raise click.UsageError(f"{', '.join(wrong)}: {what}; leave it out", context)
