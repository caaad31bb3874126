"""`blendkit`: commands are imported only when they are called."""

from __future__ import annotations

import os
import sys

import click

from blendkit._version import __version__
from blendkit.cli._lazy_group import LazyGroup
from blendkit.cli._process_start import Started, process_start
from blendkit.errors import BlendkitError, exhausted

TOP_COMMANDS = {
    "run": ("blendkit.cli.commands.run:run", "Run a recipe on a data folder and write a submission."),
    "check": ("blendkit.cli.commands.check:check", "Check a recipe without running it."),
    "score": ("blendkit.cli.commands.score:score", "Score audio with one member and save its logits."),
    "merge": ("blendkit.cli.commands.merge:merge", "Merge what several processes or machines scored."),
    "eval": ("blendkit.cli.commands.evaluate:evaluate", "Measure saved scores against labels; ties count half."),
    "compare": ("blendkit.cli.commands.compare:compare", "Compare recipes or score files, with paired intervals."),
    "whatif": ("blendkit.cli.commands.whatif:whatif", "Try other shares and values on saved logits."),
    "search": ("blendkit.cli.commands.search:search", "Search weights or values, and judge the search."),
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
    "members": ("blendkit.cli.commands.listing:members", "List the installed members, or show one."),
    "ops": ("blendkit.cli.commands.listing:ops", "List the installed ops, or show one."),
    "recipes": ("blendkit.cli.commands.listing:recipes", "List the packaged recipes, or show one."),
    "formats": ("blendkit.cli.commands.formats:formats", "List the formats of score files, or show what is in a file."),
    "convert": ("blendkit.cli.commands.convert:convert", "Turn a notebook's `solutions` dictionary into a recipe."),
    "sample": ("blendkit.cli.commands.sample:sample", "Make the built-in sample world in a folder."),
}


@click.group(cls=LazyGroup, table=TOP_COMMANDS)
@click.version_option(__version__, prog_name="blendkit")
def cli() -> None:
    """Blend, post-process and honestly evaluate several models on the same audio chunks.

    Start with `blendkit run recipes/eos7.yaml`: it runs on a small built-in sample world.
    """


def main() -> None:
    """Run the command line. Exit codes: 0 delivered, 1 --strict or --gate, 2 a user's mistake, 3 nothing delivered."""
    try:
        code = cli(standalone_mode=False, obj=Started(process_start()))  # click hands back the code of an Exit
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BlendkitError as error:
        click.echo(f"error: {error}", err=True)
        _end_where_exhausted(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reading program ended, as in `blendkit ops list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        _end_where_exhausted(error)
        sys.exit(3)
    except Exception as error:
        if not exhausted(error):
            raise  # a fault of blendkit
        click.echo(f"error: {str(error) or type(error).__name__}", err=True)
        _end_where_exhausted(error)


def _end_where_exhausted(error: BaseException) -> None:
    """Exit with 3 where the machine's memory, open files or disk were too small, whatever failed for it."""
    if what := exhausted(error):
        click.echo(f"  {what}", err=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
