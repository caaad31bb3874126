"""`blendkit sample`, and the cached world that packaged recipes fall back to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option("--train", "train", type=click.IntRange(2), help="Training recordings.")
@click.option("--test", "test", type=click.IntRange(1), help="Test recordings.")
@click.option(
    "--shift",
    type=click.FloatRange(0, 1),
    help="How strongly sites and hours differ between training and test: 0 not at all, 1 unseen sites and new habits.",
)
@click.option("--unlabelled", type=click.IntRange(1), help="Recordings nobody labelled.")
@click.option("--clips", "clips", type=click.IntRange(2), help="Focal clips per class.")
@click.option("--train-audio", is_flag=True, help="Write the focal clips of the target classes as files too.")
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

    A synthetic Pantanal with the file names and contracts of the real competition; the same seed
    gives the same world.
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
        folder.rmdir()  # it is empty; the world takes its place whole
    make_world(folder, config)
    click.echo(f"made {folder}: {config.train_recordings} training and {config.test_recordings} test recordings")
