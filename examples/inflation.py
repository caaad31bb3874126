"""How much naive pseudo-label rounds flatter themselves: `python examples/inflation.py` prints the table.

A sample world with 12 labelled recordings, 40 unlabelled and 30 unseen ones, one middle block of the backbone, two
rounds: the honest protocol (each fold has its own teacher, which never saw the fold) beside the naive one (one teacher
of all folds, judged on its own labels too). Needs `pip install 'blendkit[train]'`; a few minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from blendkit.sample import WorldConfig, make_world
from blendkit.scoring import fit_features
from blendkit.training import (
    HeadChoice,
    HeadRequest,
    Mixture,
    Rounds,
    RoundsRequest,
    Schedule,
    TrainingRows,
    fit_rounds,
)

BLOCK = "block4_project"  # weak: the head of it scores little above chance on 12 recordings
AUDIO = ("train_soundscapes", "unlabelled_soundscapes", "test_soundscapes")


def rounds_of(folder: Path, seed: int, splits: int) -> dict[str, Any]:
    """Make a world in `folder`, run both protocols in it, and return what rounds.json says."""
    world = folder / "world"
    make_world(world, WorldConfig(seed=seed, train_recordings=12, test_recordings=30, unlabelled=40))
    models = world / "models"
    settings = [f"model={models / 'perch_v2.onnx'}", f"labels={models / 'perch_labels.csv'}"]
    for audio in AUDIO:
        fit_features("perch", world / audio, folder / audio, names=(BLOCK,), settings=settings)
    train, unlabelled, test = (folder / audio for audio in AUDIO)
    labels = world / "train_soundscapes_labels.csv"
    rows = TrainingRows((), train, labels, world / "taxonomy.csv", unlabelled=unlabelled)
    schedule, mixture = Schedule(epochs=10, patience=10), Mixture(pseudo=0.5, fewest=512)
    head = HeadRequest(folder / "rounds", rows, HeadChoice("scalarmix", (BLOCK,)), schedule, mixture, folds=3)
    how = Rounds(rounds=2)
    return fit_rounds(RoundsRequest(head, how, True, test, world / "test_soundscapes_labels.csv", splits))


def show(made: dict[str, Any]) -> None:
    """Print a table in Markdown."""
    print("| protocol | round | labels | as it counts | same heads, unseen | inflation | per split |")
    print("|---|---|---|---|---|---|---|")
    for protocol, found in made["protocols"].items():
        for r, one in enumerate(found):
            mean, over = one["mean"], one["inflation"]
            interval = f"{over['mean']:+.3f} [{over['low']:+.3f}, {over['high']:+.3f}]"
            each = " ".join(f"{x:+.3f}" for x in over["by_split"])
            figures = f"{mean['counted']:.3f} | {mean['unseen']:.3f} | {interval} | {each}"
            print(f"| {protocol} | {r} | {one['cells']} | {figures} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7], help="Seeds of sample worlds.")
    parser.add_argument("--splits", type=int, default=3)
    asked = parser.parse_args()
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            made = rounds_of(Path(folder), seed, asked.splits)
        print(f"\n### World {seed}, {made['splits']} splits\n")
        show(made)


if __name__ == "__main__":
    main()
