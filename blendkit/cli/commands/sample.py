"""`blendkit sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from blendkit.cli._options import PLACE, Number


@click.command()
@click.argument("folder", type=PLACE)
@click.option("--seed", default=7, show_default=True, help="Seed of the world; another seed makes another world.")
@click.option("--train", "train", type=click.IntRange(2), help="Number of training recordings.")
@click.option("--test", "test", type=click.IntRange(1), help="Number of test recordings.")
@click.option(
    "--shift",
    type=Number(0, 1),
    help="How much sites and hours differ between training and test, 0 (not at all) to 1 (unseen sites, other hours).",
)
@click.option("--unlabelled", type=click.IntRange(1), help="Number of recordings without labels.")
@click.option("--clips", "clips", type=click.IntRange(2), help="Number of focal clips of each class.")
@click.option("--train-audio", is_flag=True, help="Also write the focal clips of the target classes as files.")
def sample(
    folder: Path,
    seed: int,
    train: int | None,
    test: int | None,
    shift: float | None,
    unlabelled: int | None,
    clips: int | None,
    train_audio: bool,
) -> None:
    """Make the sample world in FOLDER: recordings, labels, score files and small ONNX models.

    The world is a synthetic Pantanal with the file names and formats of the real competition. The same seed makes the
    same world.
    """
    from blendkit.errors import BlendkitError
    from blendkit.sample import WorldConfig, make_world

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BlendkitError(f"{folder}: exists; the sample world is made in a new folder")
    given: dict[str, Any] = {"train_recordings": train, "test_recordings": test, "shift": shift}
    given |= {"unlabelled": unlabelled, "focal_clips": clips}
    try:
        config = WorldConfig(seed=seed, train_audio=train_audio, **{k: v for k, v in given.items() if v is not None})
    except ValueError as error:
        raise BlendkitError(f"no such world: {error}") from error
    if folder.exists():
        folder.rmdir()  # it is empty; the finished world replaces it in one step
    make_world(folder, config)
    click.echo(f"made {folder}: {config.train_recordings} training and {config.test_recordings} test recordings")
