"""Score files of external members: tables of test scores, and out-of-fold scores of the training recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from blendkit.sample.competition_tables import write_csv
from blendkit.sample.config import Part, Purpose, WorldConfig
from blendkit.sample.recording_schedule import PlannedRecording, row_ids, truth
from blendkit.sample.species import SPECIES, class_labels

# How far positives stand above the noise, in its standard deviations; set from the AUC each should reach.
_PROTOSSM, _BIRDNET = 2.15, 1.28
_EXTERNAL = {
    "protossm_sed.csv": (_PROTOSSM, 0),
    "external/birdnet.csv": (_BIRDNET, 1),
    "external/proto.csv": (2.1, 2),
    "external/sed.csv": (1.9, 3),
    "external/base.csv": (1.7, 4),
    "external/exp019.csv": (1.6, 5),
    "external/cnn.csv": (1.7, 6),
    "external/insects.csv": (1.5, 7),
    "external/dinov2.csv": (0.9, 8),
    "external/exp53.csv": (1.5, 9),
    "external/exp72e.csv": (1.6, 10),
    "external/exp79b.csv": (1.7, 11),
    "external/exp88.csv": (1.6, 12),
}
FOLDS = 3


def external_probabilities(
    config: WorldConfig, split: Part, labels: npt.NDArray[np.uint8], strength: float, member: int
) -> npt.NDArray[np.float32]:
    """Return a member's probabilities, strictly inside (0, 1), made from the truth and correlated noise.

    `labels` is (recordings, chunks, classes) and so is the result. Half of the noise is shared by all chunks
    of a recording, per class: such a model errs on all chunks of a recording rather than on one of them.
    """
    scores = np.empty(labels.shape)
    for i, recording in enumerate(labels):
        rng = config.rng(Purpose.EXTERNAL, member, split, i)
        shared = rng.standard_normal((1, labels.shape[2]))
        own = rng.standard_normal(recording.shape)
        scores[i] = strength * recording + np.sqrt(0.5) * (shared + own)
    bias = config.rng(Purpose.EXTERNAL, member).normal(-3, 0.7, size=labels.shape[2])
    return (1 / (1 + np.exp(-(1.4 * scores + bias)))).astype(np.float32)


def write_external(folder: Path, config: WorldConfig, recordings: tuple[PlannedRecording, ...]) -> None:
    """Write the test tables of external members: protossm_sed.csv, and one file below external/ for each of the others.

    Columns are shuffled, rows in text order (`_10` before `_5`). proto.csv holds logits, the others probabilities;
    birdnet.csv covers only birds.
    """
    labels = truth(config, recordings)
    ids = row_ids(config, recordings)
    birds = [i for i, s in enumerate(SPECIES) if s.class_name == "Aves"]
    (folder / "external").mkdir()
    for name, (strength, member) in _EXTERNAL.items():
        table = external_probabilities(config, Part.TEST, labels, strength, member).reshape(-1, labels.shape[2])
        values = np.log(table) - np.log1p(-table) if name == "external/proto.csv" else table
        shuffled = config.rng(Purpose.EXTERNAL).permutation(len(SPECIES))
        columns = [c for c in shuffled.tolist() if name != "external/birdnet.csv" or c in birds]
        _write_table(folder / name, ids, values[:, columns], [class_labels()[c] for c in columns])


def _write_table(path: Path, ids: Sequence[str], values: npt.NDArray[np.float32], names: list[str]) -> None:
    in_text_order = sorted(range(len(ids)), key=ids.__getitem__)
    write_csv(path, ("row_id", *names), ([ids[r], *(f"{v:.6g}" for v in values[r])] for r in in_text_order))


def write_out_of_fold(path: Path, config: WorldConfig, recordings: tuple[PlannedRecording, ...]) -> None:
    """Write the members' out-of-fold probabilities for all training rows, with folds by recording.

    `labels` holds the truth of all chunks; `labelled` marks those that have a row in the label file.
    """
    labels = truth(config, recordings)
    folds = config.rng(Purpose.FOLDS).permutation(len(recordings)) % FOLDS
    members = {"protossm_sed": (_PROTOSSM, 0), "birdnet_like": (_BIRDNET, 1)}
    tables: dict[str, Any] = {
        name: external_probabilities(config, Part.TRAIN, labels, *how).reshape(-1, labels.shape[2])
        for name, how in members.items()
    }
    np.savez(
        path,
        row_ids=np.array(row_ids(config, recordings)),
        classes=np.array(class_labels()),
        fold=np.repeat(folds, config.chunks).astype(np.int64),
        labels=labels.reshape(-1, labels.shape[2]),
        labelled=labelled_rows(config, recordings),
        **tables,
    )


def labelled_rows(config: WorldConfig, recordings: tuple[PlannedRecording, ...]) -> npt.NDArray[np.bool_]:
    """Return which chunks have a row in the label file: (recordings * chunks,)."""
    return np.array([chunk in r.labelled for r in recordings for chunk in range(config.chunks)])
