"""What it does to a teacher's figure that it learned from the recordings of the figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from blendkit.core import Scores
from blendkit.errors import BlendkitError
from blendkit.metrics import paired_bootstrap
from blendkit.training.jobs.gate_checks import OutOfFold


def gate_inflation(seen: Scores, splits: Sequence[OutOfFold]) -> dict[str, Any]:
    """Return {seen, unseen, gain, by_split}: the teacher's macro-AUC where it learned, and out of fold.

    seen: scores of the teacher as it is. splits: its out-of-fold scores, one per split into folds; all are measured on
    their common rows. gain: [mean over splits, low, high], with redrawn recordings and splits. Raises BlendkitError
    if the splits have no row in common.
    """
    first = splits[0]
    common = set(first.scores.rows.ids()).intersection(*(s.scores.rows.ids() for s in splits))
    own = np.isin(first.scores.rows.recording, seen.rows.recordings())
    rows = np.flatnonzero(own & np.array([i in common for i in first.scores.rows.ids()]))
    if not len(rows):
        raise BlendkitError("the files of --oof have no labelled chunk of --seen-audio in common")
    oof, truth, labelled = first.scores.take_rows(rows), first.truth.values[rows], first.truth.labelled[rows]
    scores = {"seen": seen.align(oof.rows, oof.classes, unknown_classes="ignore", source="the teacher").values}
    for k, one in enumerate(splits):
        scores[str(k)] = one.scores.align(oof.rows, oof.classes, source="--oof").values
    mask = np.tile(labelled[:, None], truth.shape[1])
    boot = paired_bootstrap(truth, scores, oof.rows.recording.tolist(), mask=mask)
    unseen = np.array([boot.replicates[str(k)] for k in range(len(splits))])
    replicates = np.arange(unseen.shape[1])
    chosen = np.random.default_rng(0).integers(0, len(splits), (len(splits), len(replicates)))
    drawn = boot.replicates["seen"] - unseen[chosen, replicates].mean(axis=0)
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    gains = [boot.estimate["seen"] - boot.estimate[str(k)] for k in range(len(splits))]
    mean = float(np.mean(gains))
    return {
        "seen": boot.estimate["seen"],
        "unseen": boot.estimate["seen"] - mean,
        "gain": [mean, float(low), float(high)],
        "by_split": gains,
    }
