"""`blendkit wheelhouse`."""

from __future__ import annotations

from pathlib import Path

import click

from blendkit.cli._given_paths import PATH
from blendkit.cli._options import PLACE


@click.command()
@click.argument("folder", metavar="DIR", type=PLACE)
@click.option("--python", metavar="X.Y", help="Python of the other machine, as 3.11 (default: this one's).")
@click.option(
    "--platform",
    metavar="TAG",
    help="Platform of the other machine, as manylinux_2_28_x86_64 (default: this one's, or that one where --python "
    "names another Python).",
)
@click.option(
    "--keep",
    metavar="A,B,...",
    help="Packages that the other machine has and that must never be replaced, as numpy,pandas: their wheels are left "
    "out (default: none; pip replaces only what blendkit cannot use).",
)
@click.option(
    "--extras",
    metavar="A,B,...",
    help="Extras of blendkit that are needed there, as birdnet,mel (default: none).",
)
@click.option(
    "--constraints",
    type=PATH,
    help="File of the versions to take, as pip's -c takes it: blendkit's own .ci/constraints.txt, or what `pip freeze` "
    "said (default: the newest).",
)
def wheelhouse(
    folder: Path, python: str | None, platform: str | None, keep: str | None, extras: str | None,
    constraints: Path | None,
) -> None:  # fmt: skip
    """Fill the new or empty folder DIR with all wheels that installing blendkit needs on a machine without a network.

    There, `pip install --no-index --find-links DIR blendkit` then installs it. The folder is checked first: blendkit is
    installed from it, without an index, into a new environment. Where this machine lacks the other's Python or
    platform, pip only resolves what it would install, and the result says so.
    """
    from blendkit.installing import Target, make_wheelhouse

    kept, more = ([k.strip() for k in (text or "").split(",") if k.strip()] for text in (keep, extras))
    made = make_wheelhouse(
        folder, Target(python, platform), keep=kept, extras=more, constraints=constraints,
        tell=lambda text: click.echo(f"{text} ...", err=True),
    )  # fmt: skip
    if made.left_out:
        click.echo(f"left out, the other machine must have: {', '.join(made.left_out)}")
    else:
        click.echo("pip keeps what the other machine has, and replaces only what is too old for blendkit")
    how = "installed in a new environment" if made.installed else "only resolved: that Python or platform is not here"
    click.echo(f"wrote {made.folder}: {len(made.wheels)} wheels, {made.bytes / 1e6:.0f} MB, {how}")
    what = f"'blendkit[{','.join(more)}]'" if more else "blendkit"
    click.echo("there, with this folder beside you (in a notebook: where it is attached, as /kaggle/input/...):")
    click.echo(f"  pip install --no-index --find-links {made.folder.name} {what}")
