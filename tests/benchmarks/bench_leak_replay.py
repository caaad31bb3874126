"""A teacher's own recordings, offered as unlabelled ones: `python -m tests.benchmarks.bench_leak_replay`.

Per seed, a small sample world: a head learns from the labelled recordings, and is the teacher of a folder that holds
them again, in a subfolder, beside new recordings. `pseudolabel gate` labels that folder, a second head learns from both
kinds of labels. Printed are how many recordings the gate left out, both heads' macro-AUC on unseen recordings, and out
of fold, which for the second head exists only with `--allow-seen`: its teacher learned from every labelled recording.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from blendkit.core import NameRule
from blendkit.io import read_labels
from blendkit.metrics import macro_auc
from blendkit.sample import WorldConfig, make_world
from blendkit.scoring import fit_features
from blendkit.store import FeatureStore
from blendkit.training import (
    GateChoice,
    GateRules,
    HeadChoice,
    HeadRequest,
    Mixture,
    PseudoLabelRequest,
    Schedule,
    TeacherSource,
    TrainingRows,
    fit_head,
    pseudo_label,
)

BLOCK = "block4_project"  # a head of a later block is nearly right without any pseudo-label
TRAIN, TEST, OFFERED = "train_soundscapes", "test_soundscapes", "offered"
RECIPE = """
recipe: 1
name: replay
audio: [offered]
members:
  head: {use: perch-seqhead, backbone: models/perch_v2.onnx, head: models/teacher.onnx}
output: head
"""


def replay(folder: Path, seed: int) -> list[Any]:
    """Make one world in `folder` and return the counts and figures of one line."""
    world = folder / "world"
    made = WorldConfig(seed=seed, train_recordings=9, test_recordings=16, unlabelled=9, seconds=30, focal_clips=4)
    make_world(world, made)
    train = sorted((world / TRAIN).iterdir())
    (world / OFFERED / "2026").mkdir(parents=True)
    for path in train:
        os.link(path, world / OFFERED / "2026" / path.name)
    for path in (world / "unlabelled_soundscapes").iterdir():
        os.link(path, world / OFFERED / path.name)
    settings = [f"model={world / 'models/perch_v2.onnx'}", f"labels={world / 'models/perch_labels.csv'}"]
    for audio in (TRAIN, TEST, OFFERED):
        fit_features("perch", world / audio, folder / audio, names=(BLOCK,), settings=settings)
    teacher = _fit(folder, "teacher")
    os.link(folder / "teacher" / "head.onnx", world / "models" / "teacher.onnx")
    (folder / "r.yaml").write_text(RECIPE, encoding="utf-8")
    source = TeacherSource(str(folder / "r.yaml"), data=world, audio=OFFERED)
    labels = pseudo_label(PseudoLabelRequest(folder / "pl", source, GateChoice(GateRules(least=0.5, soft=True))))
    again = {f"2026/{p.stem}" for p in train}
    assert set(labels["skipped_seen"]) == again, labels["skipped_seen"]
    pseudo = {"pseudo": folder / "pl", "unlabelled": folder / OFFERED}
    honest, student = _fit(folder, "student", **pseudo), _fit(folder, "student", allow_seen=True, **pseudo)
    assert honest[0] is None
    return [seed, len(again), len(labels["skipped_seen"]), labels["recordings"], *teacher, *student]


def _fit(folder: Path, name: str, *, allow_seen: bool = False, **pseudo: Path) -> tuple[float | None, float]:
    """Fit a head and return its macro-AUC out of fold, None where no row counts, and on unseen recordings."""
    world = folder / "world"
    labels, taxonomy = world / "train_soundscapes_labels.csv", world / "taxonomy.csv"
    rows = TrainingRows((), folder / TRAIN, labels, taxonomy, **pseudo)
    head, schedule = HeadChoice("scalarmix", (BLOCK,)), Schedule(epochs=10, patience=10)
    mixture = Mixture(pseudo=0.5, fewest=512)
    made = fit_head(HeadRequest(folder / name, rows, head, schedule, mixture, folds=3, allow_seen=allow_seen))
    oof = made["oof"].get("chunk")
    return None if oof is None else oof["by_fold"]["macro_auc"][0], _unseen(folder, name, made["classes"])


def _unseen(folder: Path, name: str, classes: list[str]) -> float:
    """The macro-AUC of head.onnx on the test recordings."""
    rows, features = FeatureStore.open(folder / TEST).read(BLOCK, NameRule())
    session = onnxruntime.InferenceSession(folder / name / "head.onnx", providers=["CPUExecutionProvider"])
    logits = session.run(None, {session.get_inputs()[0].name: features})[0]
    table = read_labels(folder / "world" / "test_soundscapes_labels.csv").named_as(rows.recordings())
    truth, labelled = table.matrix(rows, classes, table.classes)
    return macro_auc(truth, logits, labelled).macro


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 21)))
    print("| seed | offered again | left out | labelled | first OOF | unseen | second, --allow-seen OOF | unseen |")
    print("|---|---|---|---|---|---|---|---|")
    found = []
    for seed in parser.parse_args().seeds:
        with tempfile.TemporaryDirectory() as folder:
            line = replay(Path(folder), seed)
        found.append(line[4:])
        print(f"| {' | '.join(map(str, line[:4]))} | {' | '.join(f'{x:.3f}' for x in line[4:])} |", flush=True)
    print(f"| mean |  |  |  | {' | '.join(f'{x:.3f}' for x in np.mean(found, axis=0))} |")


if __name__ == "__main__":
    main()
