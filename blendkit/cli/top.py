"""The command `blendkit` with all of its commands, which are imported only when they are called."""

from __future__ import annotations

import sys

import click

from blendkit._version import __version__
from blendkit.cli._lazy_group import LazyGroup
from blendkit.cli._process_start import Started, process_start
from blendkit.cli._steady_streams import output_failure
from blendkit.errors import BlendkitError, exhausted

GROUPS: dict[str, tuple[str, ...]] = {
    "start": ("new", "blend", "sample"),
    "run": ("run", "check", "score", "merge", "warmup"),
    "look": ("eval", "compare", "whatif", "search", "report", "studio"),
    "deliver": ("detect", "activity", "review", "convert", "wheelhouse"),
    "train": ("probe", "fit", "pseudolabel", "model"),
    "list": ("members", "ops", "recipes", "formats", "readers", "writers", "schema"),
}
TOP_COMMANDS = {
    "new": ("blendkit.cli.commands.new:new", "Write a recipe that blends score files, with comments."),
    "blend": ("blendkit.cli.commands.blend:blend", "Blend score files into a submission, and judge the blend."),
    "run": ("blendkit.cli.commands.run:run", "Run a recipe on a data folder and write a submission."),
    "check": ("blendkit.cli.commands.check:check", "Check a recipe without running it."),
    "score": ("blendkit.cli.commands.score:score", "Score audio with one member and save its logits."),
    "merge": ("blendkit.cli.commands.merge:merge", "Merge what several processes or machines scored."),
    "eval": ("blendkit.cli.commands.evaluate:evaluate", "Measure saved scores against labels; ties count half."),
    "compare": ("blendkit.cli.commands.compare:compare", "Compare recipes or score files, with paired intervals."),
    "detect": ("blendkit.cli.commands.detect:detect", "Write detections for Raven, Audacity and other tools."),
    "activity": (
        "blendkit.cli.commands.activity:activity",
        "Count detections by hour, date and site, with the effort.",
    ),
    "review": (
        "blendkit.cli.commands.review:review",
        "Draw clips to listen to, and read the answers: precision, thresholds, labels.",
    ),
    "whatif": ("blendkit.cli.commands.whatif:whatif", "Try other shares and values on saved logits."),
    "search": ("blendkit.cli.commands.search:search", "Search weights or values, and judge the search."),
    "report": ("blendkit.cli.commands.report:report", "Write all that is known of a blend as one HTML file."),
    "studio": (
        "blendkit.cli.commands.studio:studio",
        "Move a blend by hand and listen to chunks, in a browser on this machine.",
    ),
    "probe": ("blendkit.cli.commands.probe:probe", "Rank a model's blocks by nearest neighbours, before any training."),
    "fit": (
        "blendkit.cli.commands.fit:fit",
        "Fit priors and maps for steps, save features, and train heads and students.",
    ),
    "pseudolabel": (
        "blendkit.cli.commands.pseudolabel:pseudolabel",
        "Let models label unlabelled recordings, through strict gates.",
    ),
    "model": ("blendkit.cli.commands.model:model", "Cut a model down, list its blocks, or convert it."),
    "members": ("blendkit.cli.commands.listing:members", "List the installed members, show one, or write your own."),
    "ops": ("blendkit.cli.commands.listing:ops", "List the installed ops, show one, or write your own."),
    "recipes": ("blendkit.cli.commands.listing:recipes", "List the packaged recipes, or show one."),
    "formats": (
        "blendkit.cli.commands.formats:formats",
        "List the formats of files read and written, or show what is in one.",
    ),
    "readers": ("blendkit.cli.commands.formats:readers", "Write a reader of another format."),
    "writers": ("blendkit.cli.commands.formats:writers", "Write a writer of another format."),
    "convert": (
        "blendkit.cli.commands.convert:convert",
        "Write scores or detections in another format, or a notebook as a recipe.",
    ),
    "schema": ("blendkit.cli.commands.schema:schema", "Print the JSON schema of recipes, for editors."),
    "wheelhouse": (
        "blendkit.cli.commands.wheelhouse:wheelhouse",
        "Collect all wheels for a machine without a network, and check them.",
    ),
    "warmup": ("blendkit.cli.commands.warmup:warmup", "Compile all exact loops, so that no later command has to."),
    "sample": ("blendkit.cli.commands.sample:sample", "Make the built-in sample world in a folder."),
}


@click.group(cls=LazyGroup, table=TOP_COMMANDS, groups=GROUPS)
@click.version_option(__version__, prog_name="blendkit")
def cli() -> None:
    """Blend, post-process and honestly evaluate several models on the same audio chunks.

    Start with `blendkit blend a.csv b.csv --labels labels.csv`, or with `blendkit run recipes/eos7.yaml`, which runs
    on a small built-in sample world.
    """


def exit_code() -> int:
    """Run the command line and return its exit code: 0 delivered, 1 --strict or --gate failed, 2 a user's mistake, 3
    nothing delivered. What went wrong is said on standard error.
    """
    try:
        code = cli(standalone_mode=False, obj=Started(process_start()))  # click hands back the code of an Exit
        sys.stdout.flush()
        if (failure := output_failure()) is not None:  # the command itself has done all that it had to do
            raise failure
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except BlendkitError as error:
        click.echo(f"error: {error}", err=True)
        return _said_exhausted(error) or error.exit_code
    except OSError as error:
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        _said_exhausted(error)
        return 3
    except Exception as error:
        if not exhausted(error):
            raise  # a fault of blendkit
        click.echo(f"error: {str(error) or type(error).__name__}", err=True)
        return _said_exhausted(error)
    return code if isinstance(code, int) else 0


def _said_exhausted(error: BaseException) -> int:
    """Say what the machine has too little of, memory, open files or disk, and return 3; 0 if that is not the reason."""
    if what := exhausted(error):
        click.echo(f"  {what}", err=True)
    return 3 if what else 0
