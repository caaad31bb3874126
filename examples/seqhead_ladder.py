"""The eos7 head's ladder, v1 to v7, on sample worlds: `python examples/seqhead_ladder.py` prints its table.

Per world (a seed, and how much sites and hours shift between training and test): a scalarmix head on focal clips
alone (v1) and an attention head on clips and 20 % soundscapes (v4) are trained, then the packaged recipes
seqhead_v1, v4, v5 (3-shift TTA), v6 (5-shift TTA, priors 0.5, Gaussian 1.0) and v7 (priors 1.0, Gaussian 1.5) are
run with them and measured on the world's test labels. Needs `pip install 'blendkit[train]'`; two minutes a world.
`--shifts 0.3 --seeds 1` makes one world alone.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from blendkit.engine import run
from blendkit.sample import WorldConfig, make_world
from blendkit.scoring import fit_features
from blendkit.training import HeadChoice, HeadRequest, TrainingRows, fit_head

RUNGS = ("seqhead_v1", "seqhead_v4", "seqhead_v5", "seqhead_v6", "seqhead_v7")
WHAT = ("focal clips only", "attention, + 20 % soundscapes", "+ 3-shift TTA", "+ 5-TTA, priors 0.5, sigma 1.0",
        "priors 1.0, sigma 1.5 instead")  # fmt: skip
NOTE = (0.816, 0.862, 0.867, 0.879, 0.861)  # the working note's public leaderboard, on the real competition
BLOCKS = ("block4_project", "block5_add", "block6_add")


def ladder(folder: Path, seed: int, shift: float) -> list[float]:
    """Make one world in `folder`, train both heads in it, and return the macro-AUC of every rung."""
    world = folder / "world"
    make_world(world, WorldConfig(seed=seed, shift=shift, train_audio=True))
    models = world / "models"
    settings = [f"model={models / 'perch_v2.onnx'}", f"labels={models / 'perch_labels.csv'}"]
    for audio in ("train_audio", "train_soundscapes"):
        fit_features("perch", world / audio, folder / audio, names=BLOCKS, settings=settings)
    clips = TrainingRows(features=(folder / "train_audio",), taxonomy=world / "taxonomy.csv")
    labels = world / "train_soundscapes_labels.csv"
    both = replace(clips, soundscapes=folder / "train_soundscapes", labels=labels)
    fit_head(HeadRequest(folder / "v1", clips, HeadChoice("scalarmix", blocks=BLOCKS), folds=3))
    fit_head(HeadRequest(folder / "v4", both, HeadChoice("attention", blocks=BLOCKS), folds=3))
    shutil.copy(folder / "v1" / "head.onnx", models / "seqhead_v1.onnx")
    shutil.copy(folder / "v4" / "head.onnx", models / "seqhead.onnx")
    found = []
    for name in RUNGS:
        result = run(name, world, folder / name, stores=folder / "logits")
        found.append(result.streams["seqhead"].macro_auc or float("nan"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shifts", type=float, nargs="+", default=[0.0, 0.3, 0.7])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    asked = parser.parse_args()
    for shift in asked.shifts:
        rows = []
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(ladder(Path(folder), seed, shift))
            print(f"shift {shift:g}, seed {seed}: " + " ".join(f"{x:.4f}" for x in rows[-1]), flush=True)
        show(shift, np.array(rows))
        show_seeds(asked.seeds, rows)


def show_seeds(seeds: list[int], found: list[list[float]]) -> None:
    """Print every seed's own figures in Markdown: each can be made again alone, with `--shifts` and `--seeds`."""
    print(f"| seed | {' | '.join(RUNGS)} |\n|---|{'---|' * len(RUNGS)}")
    for seed, row in zip(seeds, found, strict=True):
        print(f"| {seed} | {' | '.join(f'{x:.4f}' for x in row)} |")
    print(flush=True)


def show(shift: float, found: np.ndarray) -> None:
    """Print a table in Markdown: the mean over seeds, each step's mean gain and in how many seeds it gained."""
    print(f"\n### Shift {shift:g}, {len(found)} seeds\n\n| recipe | macro-AUC | step | seeds up | in the note |")
    print("|---|---|---|---|---|")
    for i, name in enumerate(RUNGS):
        step, up, note = "", "", ""
        if i:
            gain = found[:, i] - found[:, i - 1]
            step = f"{gain.mean():+.4f} (sd {gain.std(ddof=1):.4f})" if len(gain) > 1 else f"{gain[0]:+.4f}"
            up, note = f"{int((gain > 0).sum())} of {len(gain)}", f"{NOTE[i] - NOTE[i - 1]:+.3f}"
        print(f"| {name}: {WHAT[i]} | {found[:, i].mean():.4f} | {step} | {up} | {note} |")
    print(flush=True)


if __name__ == "__main__":
    main()
